# Each target sets up all that it needs, also in a fresh clone. HACKING.md says more.
#
#   make demo [ARGS=--once]           the desk plays a few tickets by mail before your eyes
#   make run ARGS="-c config.toml"    the daemon, in the foreground
#   make test [ARGS="-k imap"]        every test
#   make coverage                     the core at 100 % branch coverage by the unit tests
#   make others                       the unit tests on Python 3.12 and 3.13, where they are installed
#   make check                        lint, format, types, the rules of the house
#   make lock                         newer versions of what mailgate builds on
#   make clean

.DEFAULT_GOAL := help
.PHONY: help demo run test coverage others check lock clean
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

# Three at a time, also on two cores: those that run the real process wait for its clock a third of their time.
test:
	@scripts/setup dev
	@scripts/system-packages
	$(PYTHON_HERE) -m pytest -q -m alone
	$(PYTHON_HERE) -m pytest -n 3 --dist worksteal -m 'not alone' $(ARGS)

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
