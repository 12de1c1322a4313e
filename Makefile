# Everything runs from .venv, which each target makes for itself. Another Python: make venv PYTHON=python3.13
# The image is built and run by docker or podman, whichever answers: make image IMAGE=source-mailcoach:1.2.3
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help venv demo example dbt test coverage test-sandbox test-install test-dbt test-all test-newest mutants lint format bench lock clean image test-image sbom standard-tests official-checks

help:
	@echo "make venv | demo | dbt | example [CONFIG=secrets/config.json] | lint | format | bench [BENCH=--quick] | lock [UPGRADE=--upgrade] | clean"
	@echo "make test | coverage | test-sandbox | test-install | test-dbt [SEEDS=5] | test-all | test-newest | mutants"
	@echo "make image | test-image | sbom [IMAGE=$(IMAGE)] | standard-tests | official-checks"

# $(call install,ENVIRONMENT,LOCK): how every environment is made, and in the Dockerfile the image. It holds what the lock
# names and nothing else, whatever has been released since: a lock is complete, so pip looks for no dependency and chooses
# no version, and a source distribution, which is built with packages from outside the lock, is not taken. `pip check`
# then fails on a lock that lacks something.
define install
$(PYTHON) -m venv --clear $(1)
$(1)/bin/python -m pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement $(2)
$(1)/bin/python -m pip check
@touch $@
endef

venv: $(VENV)/project

# A lock that changed gets a fresh environment: what it no longer names must not linger.
$(VENV)/dependencies: requirements-dev.lock
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit("Python 3.10 to 3.13 is needed: make venv PYTHON=python3.12")'
	$(call install,$(VENV),$<)

# The build backend is in the lock as well.
$(VENV)/project: $(VENV)/dependencies pyproject.toml
	$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@

demo: venv
	@$(BIN)/python -m sandbox.demo

# All that a change of the connector can break, on all cores. Random tests try few cases, and SEEDS times as many for
# `make test SEEDS=5`. Apart are the sandbox's own tests, and those that install environments. To measure which lines they
# reach takes half as long again, and is the same test otherwise.
export SEEDS ?= 1
ON_ALL_CORES = -m pytest --numprocesses $(WORKERS) --dist worksteal
# Twice as many processes as cores, since many tests wait.
WORKERS = $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
# What is compiled is kept, whatever the environment says: each worker and each cold start would compile it anew.
test coverage test-sandbox test-install test-dbt: export PYTHONDONTWRITEBYTECODE =
INSTALLING := integration_tests/test_environments.py
OF_DBT := integration_tests/dbt
OF_THE_CONNECTOR := -m "not image_tests" --ignore unit_tests/sandbox --ignore $(INSTALLING) --ignore $(OF_DBT) \
	unit_tests integration_tests

test: venv
	$(BIN)/python $(ON_ALL_CORES) $(OF_THE_CONNECTOR)

coverage: venv
	$(BIN)/python $(ON_ALL_CORES) --cov --cov-report=term-missing $(OF_THE_CONNECTOR)

test-sandbox: venv
	$(BIN)/python $(ON_ALL_CORES) unit_tests/sandbox

test-install: venv
	$(BIN)/python $(ON_ALL_CORES) $(INSTALLING)

# The dbt package on DuckDB, and on a Postgres of its own if that is installed (Debian: postgresql).
test-dbt: venv .dbt-venv/installed
	$(BIN)/python $(ON_ALL_CORES) $(OF_DBT)

# All of these and the coverage, with many random cases and every Python from 3.10 to 3.13 that is on the PATH or in pyenv, each in an environment of its own.
test-all:
	@for minor in 3.10 3.11 3.12 3.13; do \
		python=$$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$minor.*/bin/python 2>/dev/null | tail -1); \
		python=$${python:-$$(command -v python$$minor)}; \
		if [ -z "$$python" ]; then echo "Python $$minor is not here"; continue; fi; \
		echo "Python $$minor: $$python"; \
		$(MAKE) coverage test-sandbox test-install SEEDS=5 VENV=.venv-$$minor PYTHON=$$python || exit 1; \
	done

# Without a lock, on purpose: the newest releases that pyproject.toml allows, as whoever installs the package gets them.
test-newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --editable '.[dev]'
	.venv-newest/bin/python -m pip list
	.venv-newest/bin/python $(ON_ALL_CORES) -m "not image_tests" --ignore unit_tests/test_locks.py --ignore $(OF_DBT) unit_tests integration_tests

# Do the tests notice when the core is broken? To be run before a release; a workflow does it every week.
mutants: venv
	$(BIN)/python -m scripts.mutants

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

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
		$(BIN)/python $(ON_ALL_CORES) -p airbyte_cdk.test.standard_tests.pytest_hooks --connector-image $(IMAGE) \
		-W "ignore:Skipping the spec backward-compatibility" -m image_tests --durations=5 integration_tests

# Bill of materials (CycloneDX) and licenses of what is in the image; fails on a license that may not be in it.
sbom: venv
	@mkdir -p build
	$(CONTAINER_ENGINE) run --rm --interactive --entrypoint python $(IMAGE) - < scripts/sbom.py > build/sbom.cdx.json
	$(BIN)/python scripts/licenses.py build/sbom.cdx.json > build/licenses.md
	@echo "build/sbom.cdx.json, build/licenses.md: all licenses are compatible"

# What Airbyte runs on a connector: the CDK's command, and the checks of its repository. These have an environment of
# their own, and need Python 3.11 or 3.12.
standard-tests: venv
	$(BIN)/python -m scripts.standard_tests

official-checks: .official-venv/installed
	.official-venv/bin/python -m scripts.official_checks

.official-venv/installed: scripts/official-checks.lock
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 13) or sys.exit("Python 3.11 or 3.12 is needed: make official-checks PYTHON=python3.12")'
	$(call install,.official-venv,$<)

# The connector and its peers side by side, in about 15 minutes. The peers have an environment of their own.
bench: venv .bench-venv/installed
	@$(BIN)/python -m benchmarks.compare $(BENCH)
	@.bench-venv/bin/python benchmarks/picture.py $(if $(findstring --quick,$(BENCH)),benchmarks/quick)

.bench-venv/installed: benchmarks/peers/requirements.lock
	$(call install,.bench-venv,$<)

# From the sandbox with PyAirbyte and dbt to pictures and a page, in about two minutes once these are installed. PyAirbyte
# has an environment of its own, since it brings 200 packages and needs Python 3.10 to 3.12.
example: venv .example-venv/installed .dbt-venv/installed
	@.example-venv/bin/python -m examples.pyairbyte --connector $(CURDIR)/$(BIN)/source-mailcoach $(if $(CONFIG),--config $(CONFIG))

.example-venv/installed: examples/requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 13) or sys.exit("PyAirbyte needs Python 3.10 to 3.12: make example PYTHON=python3.12")'
	$(call install,.example-venv,$<)

# From the sandbox to the marts of the dbt package, in half a minute once dbt is installed. It has an environment of its
# own: dbt brings 50 packages.
dbt: venv .dbt-venv/installed
	@$(BIN)/python -m examples.warehouse

.dbt-venv/installed: dbt/requirements.lock
	$(call install,.dbt-venv,$<)

# Pins stay as they are unless they must change, or UPGRADE=--upgrade is given. uv does not read pip's configuration: an
# index other than the public one is given by UV_DEFAULT_INDEX.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --only-binary :all: --generate-hashes \
	--no-header --no-annotate $(UPGRADE)

lock: $(VENV)/dependencies
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) pyproject.toml --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) examples/requirements.in --output-file examples/requirements.lock
	$(LOCK) dbt/requirements.in --output-file dbt/requirements.lock
	$(LOCK) benchmarks/peers/requirements.in --constraint requirements.lock --output-file benchmarks/peers/requirements.lock
	$(subst 3.10,3.11,$(LOCK)) scripts/official-checks.in --output-file scripts/official-checks.lock

clean:
	rm -rf .venv .venv-* .bench-venv .dbt-venv .example-venv .official-venv benchmarks/quick dbt/target examples/results build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
