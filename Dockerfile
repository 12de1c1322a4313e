ARG BASE_IMAGE=airbyte/python-connector-base:4.0.2

FROM ${BASE_IMAGE} AS builder
# Offline: --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src/.wheelhouse, with the wheels in .wheelhouse
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY . /src
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --quiet --require-hashes -r requirements.lock \
 && /opt/venv/bin/pip install --quiet --no-deps --no-build-isolation .

FROM ${BASE_IMAGE}
COPY --from=builder /opt/venv /opt/venv
# The root file system may be read-only: byte code was compiled above, and none is written here.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRBYTE_ENTRYPOINT=source-mailcoach
LABEL io.airbyte.name=source-mailcoach \
      io.airbyte.version=0.1.0
# The user airbyte of the base image, by number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
WORKDIR /airbyte
ENTRYPOINT ["source-mailcoach"]
