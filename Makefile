# Every target works in a fresh clone with nothing activated: the first one that needs it makes .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

# What tries the database, the software of others, or our own arithmetic at length, and hardly Python: `test` has it all.
# Over HTTP the store is PostgreSQL alone, whose driver lives in the event loop; the contract has the embedded one as well.
SAME_ON_ALL := --http-store=postgres \
  $(addprefix --ignore=tests/, audit bench fuzz interop postgres processes property cli/test_attested_past.py \
    cli/test_enrolment_walk.py cli/test_policy_past.py cli/test_policy_votes.py cli/test_runbook.py \
    cli/test_runbook_keys.py cli/test_submit.py contract/test_faulty_store.py http/test_bad_enrolments.py \
    http/test_bulk_failures.py http/test_engagement.py http/test_idle_connections.py http/test_metrics.py \
    http/test_reads.py http/test_schemathesis.py http/test_slow_clients.py http/test_tpm_enrolment.py \
    log/test_event_faults.py log/test_faults.py log/test_worst_statements.py unit/attestation \
    unit/case/test_attested_case.py unit/case/test_case.py unit/case/test_certified_case.py \
    unit/case/test_standalone.py unit/cose unit/merkle unit/policy unit/storage/test_kill.py) \
  --ignore-glob='tests/log/test_fsck_*' --ignore-glob='tests/unit/storage/test_postgres_*'

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-python strangers check fmt lint type contracts fuzz bench bench-smoke bench-attestation openapi schemas db-check vectors clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## run the main job: sign, register, verify the receipt offline, tamper, see the refusal
	@$(BIN)/counterfoil demo

dev: $(STAMP) ## make .venv with everything the other targets use

$(STAMP): pyproject.toml deploy/make-venv.sh
	@sh deploy/make-venv.sh "$(PYTHON)" "$(VENV)"
	@touch $(STAMP)

test: strangers ## run every test
	@sh deploy/find-postgres.sh
	@sh deploy/find-tpm.sh
	@$(PYTEST)

test-python: $(STAMP) ## run the tests that may fail with one Python and pass with another
	@sh deploy/find-postgres.sh
	@$(PYTEST) $(SAME_ON_ALL)

strangers: $(STAMP) ## install the software of others that the interop tests try ours against
	@$(BIN)/python -m tests.strangers

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

bench: $(STAMP) ## the service under load on both stores and the audit of what it took, in ratios; writes build/bench.json (BENCH="--seconds 3 --rounds 1")
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq wrk >/dev/null; } || true
	@sh deploy/find-postgres.sh
	@$(BIN)/python -m bench.run $(BENCH)

bench-smoke: $(STAMP) ## that the bench works: one second of it on the embedded store, and fsck
	@$(BIN)/python -m bench.run --smoke --stores sqlite --seconds 1 --rounds 1 --fsck --fail --out build/bench-smoke.json

bench-attestation: $(STAMP) ## what verifying evidence costs, in units of one ES256 verification; writes build/bench-attestation.json (BENCH="--rounds 5")
	@$(BIN)/python -m bench.attestation $(BENCH)

openapi: $(STAMP) ## write openapi/openapi.yaml from the code
	@$(BIN)/python -m counterfoil.http.openapi openapi/openapi.yaml

schemas: $(STAMP) ## write openapi/policy.schema.json, policy.cddl and trace-event/*.schema.json from the code
	@$(BIN)/python -m tests.export_schemas

db-check: $(STAMP) ## migrations from zero to head agree with the tables
	@$(BIN)/python -m pytest tests/unit/storage -k "migration or revision" -q

clean: ## remove what the targets made
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
