ARG BASE_IMAGE=airbyte/python-connector-base:4.0.2

FROM ${BASE_IMAGE} AS builder
# Offline: --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src/.wheelhouse, with the wheels in .wheelhouse
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_COMPILE=1 \
    PIP_PYTHON=/opt/venv/bin/python \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONPYCACHEPREFIX=/opt/venv/pycache
WORKDIR /src
COPY . /src
RUN python -m venv --without-pip /opt/venv \
 && pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement requirements.lock \
 && pip install --quiet --no-index --no-deps --no-build-isolation . \
 && pip check \
 && pip uninstall --quiet --yes --requirement requirements-not-in-image.txt
# Python images come without the byte code of the standard library, and nothing may be written at run time. So what the
# connector imports is compiled here: a run that wrote no byte code of its own would spend a second on it each time.
RUN rm -rf /opt/venv/pycache \
 && /opt/venv/bin/source-mailcoach spec > /dev/null \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib

FROM ${BASE_IMAGE}
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/venv/pycache \
    AIRBYTE_ENTRYPOINT=source-mailcoach
LABEL io.airbyte.name=source-mailcoach \
      io.airbyte.version=0.1.0 \
      org.opencontainers.image.title=source-mailcoach \
      org.opencontainers.image.description="Airbyte source connector for Mailcoach, self-hosted (versions 6 to 10) and Cloud" \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.licenses=MIT
# The user airbyte of the base image, by number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
WORKDIR /airbyte
ENTRYPOINT ["source-mailcoach"]
