# Each target sets up all that it needs, also in a fresh clone. HACKING.md says more.
#
#   make demo [ARGS=--once]              the desk plays a few tickets by mail before your eyes
#   make run ARGS="-c config.toml"       the daemon, in the foreground
#   make test [ARGS="-k imap"]           every test, with the same examples and seeds for everybody
#   make explore [ARGS="--minutes 10"]   property tests and fuzzers with new seeds, until Ctrl-C
#   make sweep [ARGS="--every 20"]       kills the daemon at every durability boundary of five scenarios (three hours)
#   make soak [ARGS="--days 10000"]      simulated days in which everything fails, until Ctrl-C
#   make mutants [ARGS="sla"]            small changes of the code, each of which a test should notice (an hour)
#   make coverage                        the core at 100 % branch coverage by the unit tests
#   make nodes [ARGS="--still 60"]       three nodes on one PostgreSQL, killed and stopped while 4,000 mails come
#   make postgresql                      the tests whose desks are on SQLite otherwise, on PostgreSQL (half an hour)
#   make uvloop                          the tests of connections and of the real daemon on uvloop instead of asyncio's loop
#   make others                          the unit tests on Python 3.12 and 3.13, where they are installed
#   make check                           lint, format, types, the rules of the house
#   make lock                            newer versions of what mailgate builds on
#   make clean

.DEFAULT_GOAL := help
.PHONY: help demo run test postgresql uvloop nodes explore sweep soak mutants coverage others check lock clean
PYTHON_HERE := .venv/bin/python
# Each test that starts mailgate would compile it anew, which takes as long as all else that it does.
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n 's/^#   //p' Makefile

demo:
	@scripts/setup run
	@$(PYTHON_HERE) -m mailgate demo $(ARGS)

run:
	@scripts/setup run
	@$(PYTHON_HERE) -m mailgate run $(ARGS)

# The order of sets is the same for everybody, too; `make explore` tries others.
test postgresql coverage: export PYTHONHASHSEED = 0

# Three at a time, also on two cores: those that run the real process wait for its clock a third of their time.
test:
	@scripts/system-packages
	@scripts/setup dev
	$(PYTHON_HERE) -m pytest -q -m alone $(ARGS) || [ $$? -eq 5 ]  # 5: ARGS leave none of them
	$(PYTHON_HERE) -m pytest -n 3 --dist worksteal -m 'not alone' $(ARGS) || [ $$? -eq 5 ]

postgresql: export MAILGATE_TEST_DATABASE = postgresql
postgresql:
	@scripts/system-packages
	@scripts/setup dev
	$(PYTHON_HERE) -m pytest -q -n 3 --dist worksteal -m 'not alone' tests/unit/desk tests/unit/cli tests/acceptance $(ARGS)

uvloop: export MAILGATE_TEST_LOOP = uvloop
uvloop:
	@scripts/system-packages
	@scripts/setup dev
	$(PYTHON_HERE) -m pytest -q -n 3 --dist worksteal tests/integration tests/acceptance $(ARGS)

nodes:
	@scripts/system-packages
	@scripts/setup dev
	@$(PYTHON_HERE) -m tests.acceptance.nodes $(ARGS)

explore:
	@scripts/system-packages
	@scripts/setup dev
	@$(PYTHON_HERE) scripts/explore $(ARGS)

sweep:
	@scripts/system-packages
	@scripts/setup dev
	@$(PYTHON_HERE) -m tests.crash $(ARGS)

soak mutants: export PYTHONHASHSEED = 0
soak:
	@scripts/setup dev
	@$(PYTHON_HERE) -m tests.simulation $(ARGS)

mutants:
	@scripts/setup dev
	@$(PYTHON_HERE) -m tests.mutation $(ARGS)

coverage:
	@scripts/setup dev
	$(PYTHON_HERE) scripts/coverage

others:
	@scripts/other-pythons

check:
	@scripts/setup dev
	$(PYTHON_HERE) -m ruff check
	$(PYTHON_HERE) -m ruff format --check
	$(PYTHON_HERE) -m mypy
	$(PYTHON_HERE) -m pytest -q tests/house

lock:
	@scripts/setup dev
	scripts/lock

clean:
	rm -rf .venv .venv-* .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
