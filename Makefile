# Every target starts from nothing but python3 (3.11 or 3.12) and make: the set-up runs by itself, once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?=
LANDING ?=
ARGS ?=
WORKERS ?= 2
DASHBOARDS ?= yes
UPGRADE ?=
BIN := .venv/bin
PYTHONS := python3 python3.12 python3.11

# No tool sends anything home.
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export SCARF_ANALYTICS := false
export SCARF_NO_ANALYTICS := true
export UV_PYTHON_DOWNLOADS := never
# Each task and test is a process of its own: without bytecode every one of them compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# uv takes index and certificate from pip's settings (environment or file), so that one setting serves both.
# Mixing indexes is safe here: every file must match a hash in the lock.
define as_pip
	setting() { $(BIN)/python -m pip config get "global.$$1" 2>/dev/null || true; }; \
	index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$(setting index-url)}}"; \
	extra="$${UV_INDEX:-$${PIP_EXTRA_INDEX_URL:-$$(setting extra-index-url | tr '\n' ' ')}}"; \
	certificate="$${SSL_CERT_FILE:-$${PIP_CERT:-$$(setting cert)}}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -n "$$extra" ]; then export UV_INDEX="$$extra" UV_INDEX_STRATEGY=unsafe-best-match; fi; \
	if [ -n "$$certificate" ]; then export SSL_CERT_FILE="$$certificate"; fi; \
	if ! [ -w "$${HOME:-/nonexistent}" ]; then export UV_NO_CACHE=1; fi
endef

# A progress bar on a terminal, silence elsewhere (errors always show).
install = $(BIN)/uv pip install --python $(BIN)/python --no-deps $$(test -t 2 || echo --quiet)
count = $$(grep -c '^[a-zA-Z].*==' $<)
superset = $(if $(filter no,$(DASHBOARDS)),,.venv-superset/.ready)

.PHONY: help
help: ## this list
	@echo "WRES warehouse"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.runtime ## put everything into .venv and start nothing; every other target does it by itself

.PHONY: demo
demo: .venv/.runtime ## set up, then one whole load to a published release; LANDING=dir runs on your own files
	@$(BIN)/wres demo $(if $(LANDING),--landing "$(LANDING)")

.PHONY: up
up: .venv/.runtime $(superset) ## start the warehouse, Airflow and Superset and keep them running; DASHBOARDS=no leaves Superset out
	@$(BIN)/wres up $(if $(superset),,--no-dashboards)

.PHONY: down
down: ## stop what `make up` started
	@if [ -x $(BIN)/wres ]; then $(BIN)/wres down; else echo "Nothing is set up, so nothing runs."; fi

.PHONY: test
test: .venv/.dev $(superset) ## the whole test suite, on WORKERS=2 processes; ARGS="tests/unit -k name" narrows it, to one process
	@$(BIN)/python -m pytest $(or $(ARGS),-n $(WORKERS))

.PHONY: faults
faults: .venv/.dev ## try every fault there is a test of, and write the counts into docs/reliability.md
	@$(BIN)/python -m pytest tests/integration/test_faults.py tests/integration/test_full_disk.py \
		tests/integration/test_backup.py tests/e2e/test_scheduler.py tests/e2e/test_workers.py --write-faults $(ARGS)

.PHONY: check
check: .venv/.dev ## format, lint, types, SQL, YAML, schemas of sources and expectations, known vulnerabilities
	@echo "check: Python format and lint (ruff)"
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@echo "check: types (mypy)"
	@$(BIN)/mypy
	@echo "check: SQL (sqlfluff)"
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project
	@echo "check: YAML (yamllint)"
	@$(BIN)/yamllint --strict .
	@echo "check: sources and expectations (wres check)"
	@$(BIN)/wres check
	@$(MAKE) --no-print-directory audit

# A registry that knows no vulnerabilities says of every package that it does not know it, and pip-audit then ends in peace: whether the
# database is there is asked of one package first. A finding that does no harm here is left out by ACCEPTED, with a sentence that says why.
.PHONY: audit
audit: ACCEPTED :=
audit: .venv/.dev ## known vulnerabilities of the packages in the locks, where a database can be reached
	@echo "check: known vulnerabilities (pip-audit)"
	@ask() { \
		timeout $$1 $(BIN)/pip-audit --require-hashes --disable-pip --strict --progress-spinner off --timeout 5 \
			$(addprefix --ignore-vuln ,$(ACCEPTED)) -r $$2; \
	}; \
	if ! ask 20 .venv/uv.txt >/dev/null 2>&1; then echo "skipped: database not reachable"; exit 0; fi; \
	ask 300 requirements.lock && ask 300 requirements-dev.lock && ask 300 dashboards/requirements.lock && \
	ask 300 requirements-bench.lock

.PHONY: sbom
sbom: .venv/.dev ## a bill of materials (CycloneDX) of what is installed at run time, in dist/
	@mkdir -p dist
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-format JSON --output-file dist/sbom.cdx.json requirements.lock
	@echo "written: dist/sbom.cdx.json"

.PHONY: docs
docs: .venv/.dev ## write the reference pages of docs/, and all of them as a site into site/
	@$(BIN)/wres docs --site site

# dlt, which the load is measured beside, is not installable everywhere; the figure beside it is then left out.
.PHONY: bench
bench: .venv/.runtime ## measure everything beside plain alternatives, into docs/performance.md; FULL=1 at national size, ARGS="--part load"
	@$(MAKE) --no-print-directory .venv-bench/.ready || echo "bench: goes on without dlt"
	@$(BIN)/wres bench $(if $(FULL),--full) --write $(ARGS)

.PHONY: lock
lock: $(BIN)/uv ## resolve the locks anew from pyproject.toml; UPGRADE=1 takes newer versions
	@echo "lock: resolving requirements.lock, requirements-dev.lock, dashboards/requirements.lock and requirements-bench.lock"
	@$(as_pip); \
	compile() { \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
			$(if $(UPGRADE),--upgrade) "$$@"; \
	}; \
	compile pyproject.toml --group setup --output-file requirements.lock && \
	compile pyproject.toml --group dev --constraints requirements.lock --output-file requirements-dev.lock && \
	compile --group superset --output-file dashboards/requirements.lock && \
	compile --group bench --output-file requirements-bench.lock

.PHONY: clean
clean: ## remove the environment and caches; the warehouse's state in .wres stays
	@if [ -x $(BIN)/wres ]; then $(BIN)/wres stop || true; fi
	@rm -rf .venv .venv-bench .venv-superset dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis dbt_project/target dbt_project/logs
	@find plugins dags tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A python that can make an environment, then uv from the lock (its hash is checked by pip).
$(BIN)/uv:
	@for candidate in $(if $(PYTHON),"$(PYTHON)",$(PYTHONS)); do \
		if "$$candidate" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
			>/dev/null 2>&1; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "No Python 3.11 or 3.12 with venv was found (tried: $(or $(PYTHON),$(PYTHONS)))." >&2; \
		echo "Install one (on Debian and Ubuntu also python3-venv), or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
		exit 1; \
	fi; \
	echo "set-up: new environment in .venv ($$("$$found" --version))"; \
	"$$found" -m venv --clear .venv
	@echo "set-up: the installer (uv)"
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt

.venv/.runtime: requirements.lock pyproject.toml | $(BIN)/uv
	@echo "set-up: up to $(count) packages of $<"
	@$(as_pip); $(install) --require-hashes -r $<
	@echo "set-up: the project itself (wres)"
	@$(as_pip); $(install) --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "set-up: what tests and checks need besides ($<)"
	@$(as_pip); $(install) --require-hashes -r $<
	@touch $@

# Superset wants other versions of what Airflow and dbt use, so it has an environment of its own.
.venv-superset/.ready: dashboards/requirements.lock | $(BIN)/uv
	@echo "set-up: up to $(count) packages of $< (Superset)"
	@$(as_pip); $(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-superset && \
		$(BIN)/uv pip install --python .venv-superset/bin/python --no-deps $$(test -t 2 || echo --quiet) --require-hashes -r $<
	@touch $@

.venv-bench/.ready: requirements-bench.lock | $(BIN)/uv
	@echo "set-up: up to $(count) packages of $< (what the load is measured beside)"
	@$(as_pip); $(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-bench && \
		$(BIN)/uv pip install --python .venv-bench/bin/python --no-deps $$(test -t 2 || echo --quiet) --require-hashes -r $<
	@touch $@
