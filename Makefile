# `make demo` and `make test` do all of their set-up; nothing else is needed but Python 3.11 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?= 600
SEED ?=
QUICK ?=
BACKLOG ?=

.PHONY: test lint demo up bench chaos restoring long messages pictures form constraints clean

test: $(VENV)/.test lint            ## everything that CI checks
	# What waits most comes first (testpaths), three at a time on two cores; and compiled tests are kept
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --durations 20

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: $(VENV)/.run                  ## a whole newsroom for a minute: the example article on every channel
	$(BIN)/newsroom demo --data var/demo

up: $(VENV)/.run                    ## run the newsroom in the foreground
	$(BIN)/newsroom up

bench: $(VENV)/.test                ## ratios, measured in one run; make bench QUICK=1: two minutes, and whether they are as they should be
	$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick)

long: $(VENV)/.test                 ## what chance decides, much more of it than in make test: about an hour
	TONGFA_LONG=1 $(BIN)/pytest -m long --numprocesses 2

chaos: $(VENV)/.test                ## the kill campaign: make chaos SECONDS=3600 SEED=7 BACKLOG=2000 DATABASE=postgresql
	$(BIN)/python -m tests.engine.campaign --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(BACKLOG),--backlog $(BACKLOG)) \
		$(if $(DATABASE),--database $(DATABASE))

restoring: $(VENV)/.test            ## a backup under load, put back over newer public files: make restoring SECONDS=60 SEED=7 BACKLOG=100
	$(BIN)/python -m tests.engine.restoring --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(BACKLOG),--backlog $(BACKLOG)) \
		$(if $(DATABASE),--database $(DATABASE))

messages: $(VENV)/.test             ## collect messages, update and compile the catalogues
	$(BIN)/python -m tests.messages

pictures: $(VENV)/.test             ## docs/reading.png, from what newsroom read prints (Chromium)
	$(BIN)/python -m tests.pictures

form: $(VENV)/.test                 ## templates/tv/form.docx, what all scripts for television have in common (python-docx)
	$(BIN)/python -m tests.form

constraints:                        ## renew the pinned versions, run-time and tests apart, from a fresh environment
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[postgresql,s3]'
	$(BIN)/pip freeze --exclude-editable --disable-pip-version-check > constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	$(BIN)/pip freeze --exclude-editable --disable-pip-version-check | grep -vxFf constraints.txt > constraints-test.txt

$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt constraints-test.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -c constraints-test.txt -e '.[test]'
	touch $(VENV)/.run $@

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
