# nli-lifecycle: `make help` lists the verbs. Every verb sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The interpreter that makes .venv: the first of these that is supported, or the one you name.
PYTHON ?= python3.11 python3.12 python3.13 python3
VENV ?= .venv
BIN := $(VENV)/bin
ENV ?= dev
# What data_engineering runs on: pandas, or spark (needs Java 17, or SPARK_REMOTE).
ENGINE ?= pandas
# Wheel index for PyTorch: the small CPU build where no NVIDIA GPU is seen; empty: pip's own index.
TORCH_INDEX ?= $(if $(shell command -v nvidia-smi 2>/dev/null),,$(if $(filter Linux,$(shell uname -s)),https://download.pytorch.org/whl/cpu))
# How many processes share the tests, one file at a time; the machine's cores bound what that gains.
PROCESSES ?= 2
SHARED := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder   # in order: the long ones first
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export DO_NOT_TRACK := 1

.PHONY: help install install-spark run test test-slow check lifecycle drill viz viz-static screenshots docs reference serve ui bench audit package rename clean clean-data

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## ?/\t/' | \
	  awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/python:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python -m venv failed: install its venv module (Debian/Ubuntu: apt install python3-venv)." >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "nli-lifecycle needs Python 3.11, 3.12 or 3.13; none was found among: $(PYTHON)" \
	  "($$(python3 --version 2>&1 || true)). Install one, then: make PYTHON=python3.12 run" >&2; \
	exit 1

# One stamp a set of extras; each says what it installs, because the first time takes minutes.
$(VENV)/.installed-run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing nli-lifecycle into $(VENV) (a few minutes, once) …"
	@# --no-deps: only PyTorch itself comes from that index; without it, pip's own index decides.
	@$(if $(TORCH_INDEX),$(PIP) --retries 1 --no-deps --index-url $(TORCH_INDEX) torch 2>/dev/null ||) $(PIP) torch
	@$(PIP) --editable '.[sample]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed-run
	@echo "Installing the development tools …"
	@$(PIP) --editable '.[sample,dev]'
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed-run
	@echo "Installing the extra '$*' …"
	@$(PIP) --editable '.[sample,$*]'
	@touch $@

install: $(VENV)/.installed-run  ## make .venv and install what `make run` needs

install-spark: $(VENV)/.installed-spark  ## add Spark, for ENGINE=spark

run: install $(if $(filter spark,$(ENGINE)),install-spark)  ## run the environment's pipelines (ENV=dev|staging|prod) and print a summary
	@$(BIN)/kedro run --env $(ENV) $(if $(filter pandas,$(ENGINE)),,--params engine=$(ENGINE))

test: $(VENV)/.installed-test  ## run the tests
	@OMP_NUM_THREADS=1 $(BIN)/pytest $(SHARED)   # models this small only wait for a second thread

# In an environment of its own: it needs a newer pytest than ours.
$(VENV)-schemathesis/.installed: | $(BIN)/python
	@echo "Installing schemathesis …"
	@$(BIN)/python -m venv $(VENV)-schemathesis
	@$(VENV)-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check 'schemathesis>=4,<5'
	@touch $@

test-slow: $(VENV)/.installed-test $(VENV)/.installed-spark $(VENV)-schemathesis/.installed  ## run the slow and server-bound tests
	@$(BIN)/pytest -m alone --durations=10   # what is timed, or uses all cores itself
	@NLI_SCHEMATHESIS=$(abspath $(VENV)-schemathesis/bin/st) OMP_NUM_THREADS=1 \
	  $(BIN)/pytest -m 'slow and not alone' $(SHARED) --durations=15

check: $(VENV)/.installed-test  ## format, lint, type, dependency and Databricks bundle checks
	@$(BIN)/black --check --quiet . || { echo "Formatting differs: run $(BIN)/black ." >&2; exit 1; }
	@$(BIN)/flake8 src tests bench demo docsite deployment adoption
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m deployment.check   # the Databricks bundle, without a workspace

lifecycle: install  ## tell the whole story: promote, approve, reject, roll back (about 11 minutes)
	@$(BIN)/python demo/lifecycle.py

drill: $(VENV)/.installed-serve  ## hold a fire drill: traffic, a shift, an alert, freeze, rollback, report (about five minutes)
	@$(BIN)/python demo/drill.py

viz: $(VENV)/.installed-viz  ## look at the pipelines in kedro-viz
	@$(BIN)/kedro viz run --env $(ENV)

# kedro-viz writes into build/, which is setuptools' too.
viz-static: $(VENV)/.installed-viz  ## the pipelines as files, with previews: .site/pipelines
	@rm -rf build .site/pipelines && mkdir -p .site
	@$(BIN)/kedro viz build --include-previews
	@mv build .site/pipelines

screenshots: viz-static $(VENV)/.installed-test  ## write the documentation's pictures of kedro-viz
	@$(BIN)/python docsite/screenshots.py

docs: $(VENV)/.installed-docs  ## build the documentation as a site: .site/index.html, readable offline
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet   # it empties .site: viz-static comes after it
	@echo "Built .site/index.html: open it in a browser."

reference: $(VENV)/.installed-test  ## write docs/reference from parameters, commands and catalog
	@$(BIN)/python docsite/reference.py
	@$(BIN)/python docsite/diagram.py

serve: $(VENV)/.installed-serve  ## answer requests with the environment's champion (ENV=prod), page at http://127.0.0.1:8000
	@$(BIN)/nli-serve --env $(ENV)

ui: install  ## look at runs and models in the MLflow UI
	@PATH="$(abspath $(BIN)):$$PATH" kedro mlflow ui --env $(ENV)   # it looks for `mlflow` on the path

bench: $(VENV)/.installed-bench  ## measure the published figures (quick settings)
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script --quick; done

audit: | $(BIN)/python  ## look the pinned packages up among known vulnerabilities (asks pypi.org)
	@$(BIN)/python -m venv $(VENV)-audit && $(VENV)-audit/bin/python -m pip install --quiet pip-audit
	@$(VENV)-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

package: $(VENV)/.installed-test  ## build the wheel and the archive of conf/ that belongs to it, in dist/
	@$(BIN)/kedro package

rename: $(VENV)/.installed-test  ## give your own copy its name (NAME=claims_nli), before its first run: docs/adopting.md
	@$(BIN)/python adoption/rename.py $(NAME)
	@$(BIN)/black --quiet .   # names of another length wrap elsewhere
	@$(BIN)/python -m pip uninstall --quiet --yes nli-lifecycle && rm -f $(VENV)/.installed-*   # the next `make` installs anew

clean:  ## remove .venv, caches and build products; data and MLflow stores stay
	@rm -rf $(VENV) $(VENV)-schemathesis $(VENV)-audit build dist .site .mypy_cache .pytest_cache .hypothesis .coverage .import_linter_cache src/*.egg-info

clean-data:  ## remove every environment's data and the embedded MLflow store
	@find data -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	@rm -rf mlruns
