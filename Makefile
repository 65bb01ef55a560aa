# Everything here installs what it needs into .venv and runs from a bare checkout.
PYTHON ?= python3.11
PORT ?= 3000
# Tests at once: as many as there are cores. Each worker holds models of its own.
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install demo ui test test-envs coverage lint audit browser clean

help: ## show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/pip.stamp:
	$(PYTHON) -m venv .venv
	@touch $@

.venv/install.stamp: pyproject.toml .venv/pip.stamp
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev.stamp: pyproject.toml .venv/install.stamp
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@# Its weights are wanted, not what it depends on: TensorFlow, of another numpy.
	$(BIN)/python -m pip install --quiet --no-deps basic-pitch==0.4.0
	@# Likewise: a framework for voice agents, of another soxr.
	$(BIN)/python -m pip install --quiet --no-deps pipecat-ai==1.14.0
	@# It asks for triton, of CUDA, and calls it on CUDA alone.
	$(BIN)/python -m pip install --quiet --no-deps openai-whisper==20250625
	@# Likewise: it asks for a webrtcvad that has no wheel.
	$(BIN)/python -m pip install --quiet --no-deps Resemblyzer==0.1.4
	@touch $@

install: .venv/install.stamp ## make .venv with what the demo needs

demo: .venv/install.stamp ## a real two-speaker recording becomes a Meeting Pack
	@$(BIN)/modellab demo

ui: .venv/install.stamp ## the Dagster UI with its daemon, sensors and schedules, on http://127.0.0.1:3000
	@$(BIN)/python -m modellab_dagster.ui --port $(PORT)

browser: # the tests of HTML pages drive a real browser; Debian's, where we may install it
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null; } \
		|| echo "chromium is not installed: the tests that need a browser will skip"

test: .venv/dev.stamp browser ## install what tests need and run them all
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-envs: .venv/dev.stamp ## models in environments of their own: builds these (a GB each), runs the models in them
	$(BIN)/python -m pytest -m environments tests/models

coverage: .venv/dev.stamp browser ## run all tests; branch coverage of modellab, children included, the least covered files first
	@mkdir -p build/coverage
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov --cov-report=; failed=$$?; \
	$(BIN)/coverage report --skip-covered --sort=cover > build/coverage/report.txt; \
	head -22 build/coverage/report.txt; grep TOTAL build/coverage/report.txt; exit $$failed

lint: .venv/dev.stamp ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy modellab models resources assets modellab_dagster benchmarks

.venv/audit.stamp: .venv/install.stamp
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet pip-audit==2.10.1 cyclonedx-bom==7.5.0
	@touch $@

audit: .venv/audit.stamp ## vulnerabilities (needs a network), licences and a bill of materials of what is installed
	@.venv/audit/bin/python tools/audit.py $(BIN)/python build/audit

clean: ## remove what was installed (the lab's data in warehouse/ stays)
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache
