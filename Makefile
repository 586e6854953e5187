# Two commands of the README: `make demo` and `make test`. Everything lives in .venv and var/.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ENVIRONMENT := .venv/.installed
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.DEFAULT_GOAL := help
.PHONY: help demo year serve test check bench format lock browser examples clean

help:  ## Show what there is to type
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(ENVIRONMENT): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" && exit 1)
	@echo "Making .venv and installing from requirements.lock (about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(ENVIRONMENT)

demo: $(ENVIRONMENT)  ## Build, plan and play a whole district; writes var/district.html
	@$(BIN)/timebank demo

year: $(ENVIRONMENT)  ## Play a year of every system beside the published table; its data is in var/year
	@TIMEBANK_HOME=var/year $(BIN)/timebank demo --year

serve: $(ENVIRONMENT)  ## Serve GraphQL for the district of the demo on localhost:8000
	@$(BIN)/timebank serve

test: $(ENVIRONMENT) browser  ## Run every test, on SQLite and on PostgreSQL
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: $(ENVIRONMENT)  ## Format, lint, types, architecture, migrations, the promise to partners
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache 
	@$(BIN)/python -m migrations.check
	@$(BIN)/python -m api.promise

bench: $(ENVIRONMENT)  ## Measure, and show every target with what was reached
	@$(BIN)/python -m benchmarks.all

format: $(ENVIRONMENT)  ## Format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

examples: $(ENVIRONMENT)  ## Run the examples and renew the outputs beside them
	@$(BIN)/python -m tests.examples.renew

lock: $(ENVIRONMENT)  ## Renew requirements.lock (needs uv on the path)
	@uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header --universal \
		--python-version 3.11 --upgrade --quiet --output-file requirements.lock

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		(echo "Installing Chromium for the tests of pages ..." && $(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-wqy-microhei >/dev/null)
	@test -n "$$(fc-list :lang=zh 2>/dev/null)" || \
		(echo "Installing a Chinese font for the tests of pages ..." && $(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends fontconfig fonts-wqy-microhei >/dev/null)

clean:  ## Remove the environment and the demo's data
	@rm -rf .venv var
