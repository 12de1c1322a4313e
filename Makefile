# Everything runs from .venv, which each target makes for itself. Another Python: make venv PYTHON=python3.13
# The image is built and run by docker or podman, whichever answers: make image IMAGE=source-mailcoach:1.2.3
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help venv demo example test test-all lint format bench lock clean image test-image sbom

help:
	@echo "make venv | demo | example [CONFIG=secrets/config.json] | test | test-all | lint | format | bench [BENCH=--quick] | lock [UPGRADE=--upgrade] | clean"
	@echo "make image | test-image | sbom [IMAGE=$(IMAGE)]"

venv: $(VENV)/project

# A lock that changed gets a fresh environment: what it no longer names must not linger.
$(VENV)/dependencies: requirements-dev.lock
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit("Python 3.10 to 3.13 is needed: make venv PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# The build backend comes from the lock as well, so nothing unpinned is fetched.
$(VENV)/project: $(VENV)/dependencies pyproject.toml
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: venv
	@$(BIN)/python -m sandbox.demo

test: venv
	$(BIN)/python -m pytest -m "not image_tests" --cov --cov-report=term-missing unit_tests integration_tests

# With every Python from 3.10 to 3.13 that is on the PATH or in pyenv, each in an environment of its own.
test-all:
	@for minor in 3.10 3.11 3.12 3.13; do \
		python=$$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$minor.*/bin/python 2>/dev/null | tail -1); \
		python=$${python:-$$(command -v python$$minor)}; \
		if [ -z "$$python" ]; then echo "Python $$minor is not here"; continue; fi; \
		echo "Python $$minor: $$python"; \
		$(MAKE) test VENV=.venv-$$minor PYTHON=$$python || exit 1; \
	done

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

IMAGE ?= source-mailcoach:dev
CONTAINER_ENGINE ?= $(or $(shell for engine in docker podman; do \
	command -v $$engine >/dev/null && $$engine info >/dev/null 2>&1 && command -v $$engine && break; done),\
	$(error neither docker nor podman answers))

image:
	$(CONTAINER_ENGINE) build --tag $(IMAGE) .

# Acceptance, end-to-end and hosting tests through the image, and every command of docs/registering.md. The CDK's check
# against the version that Airbyte publishes is skipped where that cannot be asked for, with a warning.
test-image: venv
	PATH="$(CURDIR)/integration_tests/image/bin:$$PATH" CONTAINER_ENGINE=$(CONTAINER_ENGINE) IMAGE=$(IMAGE) \
		$(BIN)/python -m pytest -p airbyte_cdk.test.standard_tests.pytest_hooks --connector-image $(IMAGE) \
		-W "ignore:Skipping the spec backward-compatibility" -m image_tests --durations=5 integration_tests

# Bill of materials (CycloneDX) and licenses of what is in the image; fails on a license that may not be in it.
sbom: venv
	@mkdir -p build
	$(CONTAINER_ENGINE) run --rm --interactive --entrypoint python $(IMAGE) - < scripts/sbom.py > build/sbom.cdx.json
	$(BIN)/python scripts/licenses.py build/sbom.cdx.json > build/licenses.md
	@echo "build/sbom.cdx.json, build/licenses.md: all licenses are compatible"

# The connector and its peers side by side, in about 15 minutes. The peers have an environment of their own.
bench: venv .bench-venv/peers
	@$(BIN)/python -m benchmarks.compare $(BENCH)
	@.bench-venv/bin/python benchmarks/picture.py $(if $(findstring --quick,$(BENCH)),benchmarks/quick)

.bench-venv/peers: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv --clear .bench-venv
	.bench-venv/bin/python -m pip install --quiet -r $<
	@touch $@

# From the sandbox to answers with PyAirbyte, in about a minute once that is installed. It has an environment of its own,
# since PyAirbyte brings 200 packages and needs Python 3.10 to 3.12.
example: venv .example-venv/installed
	@.example-venv/bin/python -m examples.pyairbyte --connector $(CURDIR)/$(BIN)/source-mailcoach $(if $(CONFIG),--config $(CONFIG))

.example-venv/installed: examples/requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 13) or sys.exit("PyAirbyte needs Python 3.10 to 3.12: make example PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .example-venv
	.example-venv/bin/python -m pip --quiet install --require-hashes -r $<
	@touch $@

# uv does not read pip's configuration: an index other than the public one is given by UV_DEFAULT_INDEX.
LOCK := .lock-venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.10 --generate-hashes \
	--no-header --no-annotate $(UPGRADE)

lock:
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet --upgrade uv
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(subst pyproject.toml,examples/requirements.in,$(LOCK)) --no-strip-extras --output-file examples/requirements.lock
	rm -rf .lock-venv

clean:
	rm -rf .venv .venv-3.* .lock-venv .bench-venv .example-venv benchmarks/quick examples/results build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
