# The single door. Every target makes its own environment in .venv first; nothing is installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help env demo test check format lint types bench test-containers test-soak clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 20

$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@

env: $(STAMP) ## Make the environment in .venv.

demo: env ## Probe a healthy phone, then one whose gateway got another certificate, on an embedded lab.
	@$(BIN)/vpnprobe lab try healthy gateway-certificate-replaced

test: env ## Run the tests (loopback only, no root).
	@$(BIN)/python -m pytest

check: format lint types test ## Format, lint, types and tests.

format: env ## Check the formatting.
	@$(BIN)/ruff format --check .

lint: env ## Lint.
	@$(BIN)/ruff check .

types: env ## Check the types (mypy strict).
	@$(BIN)/mypy

bench: env ## Measure start-up, first flights, TFTP, enumeration, federation, certificates and fleets, each beside another tool in the same run.
	@$(BIN)/python -m tests.bench

test-containers: env ## Run the tests against real servers in containers (root, podman; installs what it needs).
	@containers/prepare
	@$(BIN)/python -m pytest -m '(container or netns) and not soak'

test-soak: env ## Watch gateways that die, hang and change for ten minutes (root).
	@$(BIN)/python -m pytest -m soak

clean: ## Remove what was made.
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
