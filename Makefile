# Reprovena's front door. `make` prints what there is.
# Needs Python 3.11 or newer and make; everything else comes from PyPI into .tools and .venv (VENV=… and UV_PYTHON=3.13 choose another).
SHELL := /bin/bash
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
VENV ?= .venv
export UV_PROJECT_ENVIRONMENT := $(VENV)
RUN := $(UV) run --frozen --no-sync
# Compiled once, here: whoever compiles while it starts takes longer and keeps 60 MiB more.
COMPILE ?= --compile-bytecode
SYNC := $(UV) sync --frozen --quiet $(COMPILE)
unexport PYTHONDONTWRITEBYTECODE
# A file of tests stays together, since its tests share a platform.
AT_ONCE = $(if $(filter-out 1,$(WORKERS)),-n $(WORKERS) --dist loadfile --no-loadscope-reorder)
PRODUCTION ?=
OTHERS ?= 3.12 3.13
COVERAGE_FLOOR ?=
ONLY ?=
SIZE ?= full
LOAD_REGISTRATIONS ?= 1000
LOAD_RUNS ?= 200
LOAD_CLIENTS ?= 20
WORKERS ?= 1
ENGINE ?= docker
TAG ?= latest
BUILD_OPTIONS ?=

.PHONY: help install demo up services services-down images test presto check format schemas topology problems chart client terminal migrate e2e bench load chaos coverage others docs clean
.DEFAULT_GOAL := help

help: ## Print this page
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it
demo: $(VENV)/demo ## Run the examples on the embedded platform, ask where the report comes from, write var/demo
	@$(RUN) python examples/demo.py

up: $(VENV)/demo ## Keep the platform running on http://127.0.0.1:8000 (PORT=… changes it), data in ./var
	@$(RUN) python -m onebox

##@ Real servers
services: $(VENV)/dev ## Start RabbitMQ, PostgreSQL, Neo4j, Keycloak and S3 here, natively, data in var/services (ONLY="neo4j s3", WORKERS=2 sets)
	@$(RUN) python -m deploy.services up --sets $(WORKERS) $(ONLY)

services-down: $(VENV)/dev ## End them (ONLY="neo4j s3"); their data stays
	@$(RUN) python -m deploy.services down $(ONLY)

images: ## Build the four images (ENGINE=podman)
	@set -e; for service in registry executor provenance gateway; do \
		$(ENGINE) build --build-arg SERVICE=$$service -t reprovena-$$service:$(TAG) $(BUILD_OPTIONS) .; \
	done

##@ Work on it
install: $(VENV)/dev ## Install everything for development into .venv (PRODUCTION=1: also what only production needs)

test: $(if $(COVERAGE_FLOOR),coverage,$(VENV)/dev) ## Run all tests that this machine can run, and say what was left out (WORKERS=2 at once; COVERAGE_FLOOR=90 measures, too)
	$(if $(COVERAGE_FLOOR),,@$(RUN) python -m pytest $(AT_ONCE))

presto: $(VENV)/dev ## Run the tests that need no server: seconds
	@$(RUN) python -m pytest -m presto -q

e2e: $(VENV)/dev ## Run the platform's tests over HTTP
	@$(RUN) python -m pytest tests/e2e

bench: $(VENV)/dev ## Measure everything and print one table, also in var/bench (ONLY="bus graph", SIZE=small)
	@ONLY="$(ONLY)" SIZE="$(SIZE)" $(RUN) python -m tests.bench

load: $(VENV)/dev ## Many clients at once, at full size (LOAD_REGISTRATIONS=1000 LOAD_RUNS=200 LOAD_CLIENTS=20): nothing lost, nothing twice, memory flat
	@LOAD_REGISTRATIONS=$(LOAD_REGISTRATIONS) LOAD_RUNS=$(LOAD_RUNS) LOAD_CLIENTS=$(LOAD_CLIENTS) $(RUN) python -m pytest tests/e2e/test_load.py -s

chaos: $(VENV)/dev ## Kill services, stop servers (CHAOS_OUTAGE=60 seconds), and count: sent, done, lost, doubled
	@$(RUN) python -m pytest tests/chaos -s

coverage: $(VENV)/dev ## Run all tests and report branch coverage (Python 3.12 or newer)
	@$(RUN) python -c 'import sys; sys.version_info >= (3, 12) or sys.exit("On Python 3.11 measuring can hang (CONTRIBUTING.md says why): UV_PYTHON=3.13 make coverage VENV=var/venv-3.13")'
	@folder=$$(mktemp -d) && chmod 1777 $$folder && \
		export COVERAGE_FILE=$$folder/.coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml && \
		$(RUN) coverage run -m pytest $(AT_ONCE) && $(RUN) coverage combine --quiet --data-file=.coverage $$folder; \
		code=$$?; rm -rf $$folder; exit $$code
	@$(RUN) coverage report --fail-under=$(or $(COVERAGE_FLOOR),0)

check: $(VENV)/dev ## Lint, types, imports, spelling, lock
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) typos
	@$(UV) lock --check --quiet

format: $(VENV)/dev ## Put the code into shape
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

others: ## Run `make presto` on the other Pythons (OTHERS="3.12 3.13", PRODUCTION=1 as for install)
	@set -e; for python in $(OTHERS); do \
		echo "presto on Python $$python"; \
		UV_PYTHON=$$python $(MAKE) --no-print-directory presto VENV=var/venv-$$(basename $$python) COMPILE=; \
	done

schemas: $(VENV)/dev var ## Write the JSON Schemas of all messages anew (only additive changes pass the tests)
	@$(RUN) python -m onebox schemas > var/schemas.part && mv var/schemas.part tests/contract/schemas/messages.json

topology: $(VENV)/dev var ## Write contracts/topology.py anew from the services
	@$(RUN) python -m onebox topology > var/topology.part && mv var/topology.part libs/contracts/src/contracts/topology.py

problems: $(VENV)/dev var ## Write docs/problems.md anew from contracts/problem.py
	@$(RUN) python -m onebox problems > var/problems.part && mv var/problems.part docs/problems.md

chart: $(VENV)/dev ## Write the services' settings anew into the schema of the chart's values
	@$(RUN) python -m deploy.chart.values

client: $(VENV)/dev ## Write the waiting client anew from the asynchronous one
	@$(RUN) python clients/reprovena/tools/twin.py

terminal: $(VENV)/dev ## Record docs/terminal.md anew from a real platform
	@$(RUN) python clients/reprovena/tools/terminal.py

migrate: $(VENV)/demo ## Bring the schemas of DATABASE_URL up to date
	@$(RUN) python -m onebox migrate

clean: ## Remove what was installed and built, but not ./var
	rm -rf .venv var/venv-* .tools .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

# -- what the targets above stand on ------------------------------------------------------------

var:
	@mkdir -p var

.tools/bin/uv:
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/demo: $(filter .tools/bin/uv,$(UV)) uv.lock
	@test -e $(VENV)/dev || $(SYNC) --no-dev --group examples
	@touch $@

$(VENV)/dev: $(filter .tools/bin/uv,$(UV)) uv.lock
	@$(SYNC) --all-packages --group dev $(if $(or $(PRODUCTION),$(wildcard $(VENV)/production)),--group production)
	@touch $(VENV)/demo $@ $(if $(PRODUCTION),$(VENV)/production)
