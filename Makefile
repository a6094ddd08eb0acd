# Everything here works with Python 3.11, make and the network; it makes its own .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types contracts tools postgres package unit bench soak lock clean

demo: $(VENV)/.runtime
	$(BIN)/gatebridge demo $(DEMO)

test: $(VENV)/.dev lint types contracts unit package

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.dev tools postgres
	$(BIN)/pytest -m "not soak" -n $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90 $(PYTEST)

# What the tests of deploy/ run; the system is left as it is.
tools: $(VENV)/.dev
	sh tests/deploy/install-tools.sh $(VENV)/tools

# The tests run servers of their own; where the system has no PostgreSQL, its package is installed.
postgres:
	sh tests/postgres/install.sh

# The image's steps in clean virtual environments.
package: $(VENV)/.dev
	$(BIN)/python -m tests.deploy.image

soak: $(VENV)/.dev postgres
	$(BIN)/pytest -m soak $(PYTEST)

# BENCH=ack for one, BENCH=quick for a short run: see README.
bench: $(VENV)/.dev postgres
	$(BIN)/python -m tests.bench $(BENCH)

# Exact versions with hashes, for any index: the files name no address.
lock: $(VENV)/.dev
	$(PIP) install uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --extra postgres pyproject.toml -o deploy/requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --group build -o deploy/requirements-build.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --group test -c deploy/requirements.txt -o tests/requirements.txt

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis var

$(VENV)/.runtime: pyproject.toml deploy/requirements.txt deploy/requirements-build.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gatebridge needs Python 3.11 or newer: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r deploy/requirements.txt -r deploy/requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime tests/requirements.txt
	$(PIP) install --require-hashes -r tests/requirements.txt
	touch $@
