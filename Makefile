# Reprovena's front door. `make` prints what there is.
# Needs Python 3.11 or newer and make; everything else comes from PyPI into .tools and .venv.
SHELL := /bin/bash
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
SYNC := $(UV) sync --frozen --quiet
PRODUCTION ?=
OTHERS ?= 3.12 3.13
COVERAGE_FLOOR ?=
ONLY ?=
SIZE ?= full
ENGINE ?= docker
TAG ?= latest
BUILD_OPTIONS ?=

.PHONY: help install demo up services services-down images test presto check format schemas topology problems client terminal migrate e2e bench chaos coverage others docs clean
.DEFAULT_GOAL := help

help: ## Print this page
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it
demo: .venv/demo ## Run the examples on the embedded platform, ask where the report comes from, write var/demo
	@$(RUN) python examples/demo.py

up: .venv/demo ## Keep the platform running on http://127.0.0.1:8000 (PORT=… changes it), data in ./var
	@$(RUN) python -m onebox

##@ Real servers
services: .venv/dev ## Start RabbitMQ, PostgreSQL, Neo4j, Keycloak and S3 here, natively, data in var/services (ONLY="neo4j s3")
	@$(RUN) python -m deploy.services up $(ONLY)

services-down: .venv/dev ## End them (ONLY="neo4j s3"); their data stays
	@$(RUN) python -m deploy.services down $(ONLY)

images: ## Build the four images (ENGINE=podman)
	@set -e; for service in registry executor provenance gateway; do \
		$(ENGINE) build --build-arg SERVICE=$$service -t reprovena-$$service:$(TAG) $(BUILD_OPTIONS) .; \
	done

##@ Work on it
install: .venv/dev ## Install everything for development into .venv (PRODUCTION=1: also what only production needs)

test: $(if $(COVERAGE_FLOOR),coverage,.venv/dev) ## Run all tests that this machine can run, and say what was left out (COVERAGE_FLOOR=90 measures, too)
	$(if $(COVERAGE_FLOOR),,@$(RUN) python -m pytest)

presto: .venv/dev ## Run the tests that need no server: seconds
	@$(RUN) python -m pytest -m presto -q

e2e: .venv/dev ## Run the platform's tests over HTTP
	@$(RUN) python -m pytest tests/e2e

bench: .venv/dev ## Measure everything and print one table, also in var/bench (ONLY="bus graph", SIZE=small)
	@ONLY="$(ONLY)" SIZE="$(SIZE)" $(RUN) python -m tests.bench

chaos: .venv/dev ## Kill services, stop servers (CHAOS_OUTAGE=60 seconds), and count: sent, done, lost, doubled
	@$(RUN) python -m pytest tests/chaos -s

coverage: .venv/dev ## Run all tests and report branch coverage
	@folder=$$(mktemp -d) && chmod 1777 $$folder && \
		export COVERAGE_FILE=$$folder/.coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml && \
		$(RUN) coverage run -m pytest && $(RUN) coverage combine --quiet --data-file=.coverage $$folder; \
		code=$$?; rm -rf $$folder; exit $$code
	@$(RUN) coverage report --fail-under=$(or $(COVERAGE_FLOOR),0)

check: .venv/dev ## Lint, types, imports, spelling, lock
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) typos
	@$(UV) lock --check --quiet

format: .venv/dev ## Put the code into shape
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

others: ## Run `make presto` on the other Pythons (OTHERS="3.12 3.13", PRODUCTION=1 as for install)
	@set -e; for python in $(OTHERS); do \
		echo "presto on Python $$python"; \
		folder=var/venv-$$(basename $$python); \
		UV_PROJECT_ENVIRONMENT=$$folder $(UV) sync --frozen --quiet --all-packages --group test $(if $(PRODUCTION),--group production) --no-default-groups --python $$python; \
		$$folder/bin/python -m pytest -m presto -q -p no:cacheprovider; \
	done

schemas: .venv/dev var ## Write the JSON Schemas of all messages anew (only additive changes pass the tests)
	@$(RUN) python -m onebox schemas > var/schemas.part && mv var/schemas.part tests/contract/schemas/messages.json

topology: .venv/dev var ## Write contracts/topology.py anew from the services
	@$(RUN) python -m onebox topology > var/topology.part && mv var/topology.part libs/contracts/src/contracts/topology.py

problems: .venv/dev var ## Write docs/problems.md anew from contracts/problem.py
	@$(RUN) python -m onebox problems > var/problems.part && mv var/problems.part docs/problems.md

client: .venv/dev ## Write the waiting client anew from the asynchronous one
	@$(RUN) python clients/reprovena/tools/twin.py

terminal: .venv/dev ## Record docs/terminal.md anew from a real platform
	@$(RUN) python clients/reprovena/tools/terminal.py

migrate: .venv/demo ## Bring the schemas of DATABASE_URL up to date
	@$(RUN) python -m onebox migrate

clean: ## Remove what was installed and built, but not ./var
	rm -rf .venv .tools .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

# -- what the targets above stand on ------------------------------------------------------------

var:
	@mkdir -p var

.tools/bin/uv:
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

.venv/demo: $(filter .tools/bin/uv,$(UV)) uv.lock
	@test -e .venv/dev || $(SYNC) --no-dev --group examples
	@touch $@

.venv/dev: $(filter .tools/bin/uv,$(UV)) uv.lock
	@$(SYNC) --all-packages --group dev $(if $(or $(PRODUCTION),$(wildcard .venv/production)),--group production)
	@touch .venv/demo $@ $(if $(PRODUCTION),.venv/production)
