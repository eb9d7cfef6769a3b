# Two commands do everything on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The tests start the product hundreds of times: where nothing compiled is kept, each start compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup lock demo serve check format docs lint types imports test bench conformance conformance-mcp conformance-clients console-check fuzz clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(READY): requirements.lock pyproject.toml
	@echo "==> making the environment in $(VENV) (once; a minute or two)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock | awk \
	  '/^Collecting/ {n++; printf "\r    %3d packages found", n; fflush()} /^Installing/ {print "\n    installing"; fflush()}'
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## Make the environment with locked versions

lock: ## Write requirements.lock anew from pyproject.toml
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

format: setup ## Format the code
	$(BIN)/ruff format src tests bench conformance examples
	$(BIN)/ruff check --fix --quiet src tests bench conformance examples

lint: setup
	$(BIN)/ruff format --check src tests bench conformance examples
	$(BIN)/ruff check src tests bench conformance examples

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

docs: setup ## Write the parts of the docs that are made from code
	$(BIN)/python -m tests.record_pages

check: lint types imports ## Format, lint, types, import rules

# Many tests wait for processes of their own: one worker more than the cores keeps these busy.
test: setup ## Run the tests (about twelve minutes on 2 cores)
	$(BIN)/pytest -n 3 --dist worksteal

QUERIES ?= 50000
CHANGES ?= 5000
# Worlds of twelve questions each, which the oracle answers by plain loops; another seed gives others.
WORLDS ?= 250
SEED ?= $(shell date +%s)

fuzz: setup ## Run the property tests on new random examples, random queries and changes against the raw engines
	METRICGATE_EXAMPLES=fuzz $(BIN)/pytest -n 2 --dist worksteal -m hypothesis
	@for engine in duckdb postgres mysql; do $(BIN)/python -m tests.oracle $(SEED) $(WORLDS) --engine $$engine; done
	@$(BIN)/python -m conformance.differential --count $(QUERIES)
	@$(BIN)/python -m conformance.differential --writes --count $(CHANGES)

demo: setup ## Load the data and run a scripted agent session (under 90 seconds)
	@$(BIN)/python examples/demo.py

serve: setup ## Serve the default project on http://127.0.0.1:8321
	@$(BIN)/python -m metricgate.demo
	@$(BIN)/metricgate serve

bench: setup ## Print measured figures beside their floors (SUBJECTS="compile policy" for some)
	@$(BIN)/python -m bench $(SUBJECTS)

CASES ?= ../shared/conformance
ENGINE ?= duckdb

conformance: setup ## Run peers' suites: metric questions, corpora of SQL (CASES=folder ENGINE=postgres)
	@$(BIN)/python -m conformance.dialects
	@$(BIN)/python -m conformance.layers
	@$(BIN)/python -m conformance.undo
	@$(BIN)/python -m conformance.hiding
	@$(BIN)/python -m conformance.faults
	@$(BIN)/python -m conformance.doors
	@$(BIN)/python -m conformance.expressions
	@$(BIN)/python -m conformance.ossie
	@$(BIN)/python -m conformance --cases $(CASES) --engine $(ENGINE)

conformance-mcp: setup ## Run the official MCP conformance suite and Inspector (needs npm)
	@$(BIN)/python tests/mcp_conformance/run.py

conformance-clients: setup ## Take real MCP clients of npm and PyPI through one script (CLIENTS="langchain adk" for some)
	@$(BIN)/python -m conformance.clients $(CLIENTS)

console-check: setup ## Run the console's story in a real Chromium, with screenshots (needs chromium)
	@PYTHONPATH=. $(BIN)/python -m tests.console_check.run

clean: ## Remove the environment and all generated data
	rm -rf $(VENV) .clients .metricgate .pytest_cache .mypy_cache .ruff_cache
