# Everything works as root and as any other user. Nothing is downloaded where all is installed.
.DEFAULT_GOAL := help
.PHONY: help run test check fix lock notebooks conformance attacks bench clean

PY := .venv/bin/python
UV := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
      --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Gatehouse on http://localhost:7860
	@scripts/prepare run
	@exec $(PY) app.py

test: check-tools ## run everything: style, types, all tests (ARGS="tests/unit -k cookie" for a part)
	@scripts/prepare machine
	$(PY) -m ruff check --quiet
	$(PY) -m ruff format --check --quiet
	$(PY) -m mypy
	$(PY) -m pytest -n 3 --dist worksteal $(ARGS)

check: check-tools ## style, types and architecture, in seconds
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m pytest -q tests/architecture

fix: check-tools ## mend what ruff can mend, format, and clean the notebooks
	$(PY) -m ruff check --fix
	$(PY) -m ruff format
	$(PY) -m notebooks.clean

lock: check-tools ## fix versions and hashes anew after an edit of *.in or package.json (UPGRADE=1: to the newest)
	$(UV) requirements.in -o requirements.txt
	$(UV) requirements-dev.in -o requirements-dev.txt
	$(UV) bench/requirements.in -o bench/requirements.txt
	for folder in tests/parity tests/frontend bench/peers; do (cd $$folder && \
	    npm install --package-lock-only $(if $(UPGRADE),&& npm update --package-lock-only)) || exit; done

notebooks: check-tools ## prove the deployment at GATEHOUSE_URL, with pages in reports/ (ARGS=01_deployment_check)
	@$(PY) -m notebooks.report $(ARGS)

conformance: check-tools ## the official client's conformance harness (ONLY=core,sessions or IDS=..., POSTGRESQL=1)
	@$(PY) -m tests.rig.harness conformance $(if $(ONLY),--only $(ONLY)) $(if $(IDS),--id $(IDS)) $(if $(POSTGRESQL),--postgresql)

attacks: check-tools ## the black-box attacks (PROFILE=main|limits|verify|secure|slow, ONLY=SS,PW-03, POSTGRESQL=1)
	@$(PY) -m tests.rig.harness attacks --profile $(or $(PROFILE),main) $(if $(ONLY),--only $(ONLY)) \
	  $(if $(POSTGRESQL),--postgresql)

bench: check-tools ## measure beside Better Auth and others, 30 minutes (QUICK=1: three; ARGS="--only session-check,sign-in-storm")
	@$(PY) -m bench $(if $(QUICK),--quick) $(ARGS)

clean: ## remove what make has made, but never ./data
	rm -rf reports .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/parity/node_modules tests/frontend/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: check-tools
check-tools:
	@scripts/prepare tools
