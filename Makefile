# Every target works in a fresh clone with nothing activated: the first one that needs it makes .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo dev test check fmt lint type contracts fuzz bench bench-smoke openapi schemas db-check vectors clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## run the main job: sign, register, verify the receipt offline, tamper, see the refusal
	@$(BIN)/counterfoil demo

dev: $(STAMP) ## make .venv with everything the other targets use

$(STAMP): pyproject.toml deploy/make-venv.sh
	@sh deploy/make-venv.sh "$(PYTHON)" "$(VENV)"
	@touch $(STAMP)

test: $(STAMP) ## run every test
	@$(BIN)/python -m tests.strangers
	@sh deploy/find-postgres.sh
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

check: lint type contracts test ## exactly what CI runs: format, lint, types, import contracts, tests

fmt: $(STAMP) ## rewrite the sources in the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

lint: $(STAMP) ## format and lint, changing nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

type: $(STAMP) ## mypy --strict over sources, tests and migrations
	@$(BIN)/mypy

contracts: $(STAMP) ## the import contracts
	@$(BIN)/lint-imports

fuzz: $(STAMP) ## 200,000 inputs to every parser; only our own errors may come out
	@$(BIN)/python -m tests.fuzz.run --inputs 200000

bench: $(STAMP) ## the service under load on both stores, in ratios; writes build/bench.json (BENCH="--seconds 3 --rounds 1")
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq wrk >/dev/null; } || true
	@sh deploy/find-postgres.sh
	@$(BIN)/python -m bench.run $(BENCH)

bench-smoke: $(STAMP) ## that the bench works: one second of it on the embedded store, and fsck
	@$(BIN)/python -m bench.run --smoke --stores sqlite --seconds 1 --rounds 1 --fsck --fail --out build/bench-smoke.json

openapi: $(STAMP) ## write openapi/openapi.yaml from the code
	@$(BIN)/python -m counterfoil.http.openapi openapi/openapi.yaml

schemas: $(STAMP) ## write openapi/policy.schema.json, policy.cddl and trace-event/*.schema.json from the code
	@$(BIN)/python -m tests.export_schemas

db-check: $(STAMP) ## migrations from zero to head agree with the tables
	@$(BIN)/python -m pytest tests/unit/storage -k "migration or revision" -q

clean: ## remove what the targets made
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
