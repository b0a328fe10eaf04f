# Everything one does with a checkout. Needs Python 3.11 or later, make, and a network for packages; never root.
#
#   make demo       see it work: a full site with stand-in servers on high ports, tried out
#   make test       set-up and the fast tests, in under three minutes on two cores
#   make test-all   the fast tests, then those that need programs of the system or root, and the full-size random ones
#   make check      lint, types, import contracts, documentation, generated files, packages
#   make bench      measure what hapilot renders against other ways to do the same
#   make docs       the documentation as HTML, in docs/_build/html
#   make clean      remove what the above have made, but for the environment

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
# A uv on the PATH is used; otherwise one is installed into a folder of the project.
UV := $(or $(shell command -v uv 2>/dev/null),.cache/uv-env/bin/uv)
BIN := .venv/bin
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS)

# --inexact keeps what other targets have added, so that they do not undo each other's work.
SYNC := $(UV) sync --locked --inexact --quiet

.PHONY: demo test test-all check bench docs clean
.PHONY: check-lock check-lint check-types check-imports check-dependencies check-docs check-packages

demo: .venv/.ready
	$(BIN)/hapilot demo

test: .venv/.ready
	$(PYTEST) -m "not system"

test-all: test
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then .ci/packages; \
	else echo "not root, or no apt-get: tests whose programs are missing will be skipped, each with its reason"; fi
	HAPILOT_FULL=1 $(PYTEST) -m "system or differential"
	HAPILOT_FULL=1 $(PYTEST) tests/unit/sources/file/test_fuzz.py tests/integration/test_fuzz_haproxy.py tests/roundtrip/test_fuzz.py tests/roundtrip/test_import.py --fuzz-examples 10000

check: check-lock check-lint check-types check-imports check-dependencies check-docs check-packages

check-lock: .venv/.ready-all
	$(UV) lock --check

check-lint: .venv/.ready-all
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check-types: .venv/.ready-all
	$(BIN)/basedpyright

check-imports: .venv/.ready-all
	PYTHONPATH=src $(BIN)/lint-imports

check-dependencies: .venv/.ready-all
	$(BIN)/deptry src

check-docs: .venv/.ready-all
	$(BIN)/python docs/generate.py --check
	$(BIN)/sphinx-build -n -W --keep-going -q -E -b html docs docs/_build/html

# Builds both, looks into them, and runs what a user would install.
check-packages: .venv/.ready-all
	rm -rf dist
	$(UV) build --quiet --out-dir dist
	$(BIN)/python .ci/distributions.py dist
	$(UV) run --quiet --isolated --no-project --with dist/hapilot-*.whl hapilot demo >/dev/null

bench: .venv/.ready
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then .ci/packages; fi
	$(SYNC) --group bench
	$(BIN)/python -m bench

docs: .venv/.ready-all
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -n -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf dist docs/_build .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	find src tests bench docs -name __pycache__ -prune -exec rm -rf {} +

.venv/.ready: pyproject.toml uv.lock | $(UV)
	$(SYNC) --group test
	@touch $@

.venv/.ready-all: pyproject.toml uv.lock | $(UV)
	$(SYNC) --all-groups
	@touch $@ .venv/.ready

.cache/uv-env/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than 3.11: say make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .cache/uv-env \
		|| { rm -rf .cache/uv-env; echo "install Python's venv module (Debian: apt install python3-venv), or put uv on the PATH"; exit 1; }
	.cache/uv-env/bin/pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
