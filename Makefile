# Everything runs from .venv, which each target makes for itself. Another Python: make venv PYTHON=python3.13
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint format bench lock clean

help:
	@echo "make venv | demo | test | lint | format | bench [BENCH=--quick] | lock [UPGRADE=--upgrade] | clean"

venv: .venv/project

# A lock that changed gets a fresh environment: what it no longer names must not linger.
.venv/dependencies: requirements-dev.lock
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit("Python 3.10 to 3.13 is needed: make venv PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# The build backend comes from the lock as well, so nothing unpinned is fetched.
.venv/project: .venv/dependencies pyproject.toml
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: venv
	@$(BIN)/python -m sandbox.demo

test: venv
	$(BIN)/python -m pytest -m "not image_tests" --cov --cov-report=term-missing unit_tests integration_tests

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The connector and its peers side by side, in about 15 minutes. The peers have an environment of their own.
bench: venv .bench-venv/peers
	@$(BIN)/python -m benchmarks.compare $(BENCH)
	@.bench-venv/bin/python benchmarks/picture.py $(if $(findstring --quick,$(BENCH)),benchmarks/quick)

.bench-venv/peers: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv --clear .bench-venv
	.bench-venv/bin/python -m pip install --quiet -r $<
	@touch $@

# uv does not read pip's configuration: an index other than the public one is given by UV_DEFAULT_INDEX.
LOCK := .lock-venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.10 --generate-hashes \
	--no-header --no-annotate $(UPGRADE)

lock:
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet --upgrade uv
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	rm -rf .lock-venv

clean:
	rm -rf .venv .lock-venv .bench-venv benchmarks/quick build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
