# Two commands do everything: `make run` opens the console, `make test` runs all checks and tests.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test lint check-tests bench crash monkey screenshots clean

run: $(STAMP)
	@$(BIN)/taskdeck $(ARGS)

test: lint check-tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Five at a time even on two cores: a test of the screen waits for most of its time.
check-tests: $(STAMP)
	$(BIN)/pytest -q -n 5 --dist loadfile

# ARGS=quick: a look of a minute; ARGS=full: no size left out; PEERS=1: the peers of ../shared/bench as well.
bench: $(STAMP)
	@$(BIN)/python -m tests.bench $(ARGS)

# 200 rounds of kill -9 at random moments of engines, then of whole consoles; ARGS="--rounds N --seed S --kind K".
crash: $(STAMP)
	@$(BIN)/python -m tests.crash.rounds $(ARGS)

# Random keys at a real console over tmux while tasks run; ARGS="--minutes 30 --seed 7".
monkey: $(STAMP)
	@$(BIN)/python -m tests.monkey $(ARGS)

screenshots: $(STAMP)
	$(BIN)/python screenshots/make_screenshots.py

clean:
	rm -rf $(VENV) .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# The first Python from 3.11 on that can make a virtual environment; PYTHON=... chooses another.
$(STAMP): pyproject.toml constraints.txt
	@python=""; for each in $(PYTHON) python3.11 python3 python3.12 python3.13; do \
	  if $$each -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$each; break; fi; done; \
	  if [ -z "$$python" ]; then echo "taskdeck needs Python 3.11 or newer with the venv module (Debian: apt install python3-venv)" >&2; exit 2; fi; \
	  echo "Setting up $(VENV) with $$($$python --version)"; \
	  [ -x $(BIN)/python ] || $$python -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m compileall -q engine tui executors aipartnerupflow.py  # as an installed package is; a third of the start
	@touch $(STAMP)
