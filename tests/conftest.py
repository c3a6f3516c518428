"""What holds for every test: its database engine, and the same examples for everybody, or new ones from a seed.

Property tests (hypothesis) and the tests marked `seeds` run with fixed seeds. `--hypothesis-seed N`, which
`make explore` gives, draws new examples and new seeds from N, and prints after each failure the line that repeats it.
"""

from __future__ import annotations

import os
import pkgutil
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

import mailgate
from mailgate.system import event_loop
from tests.engines import ALL_ON_POSTGRESQL, ON_POSTGRESQL, run_on_both

# No limit of time for an example or for drawing it: a slow machine is no failure. No examples of earlier runs.
COMMON = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("fixed", derandomize=True, **COMMON)
settings.register_profile("explore", derandomize=False, max_examples=400, print_blob=True, **COMMON)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the examples before the first test is imported, and the event loop of daemons: that of a plain install."""
    os.environ.setdefault(event_loop.VARIABLE, os.environ.get("MAILGATE_TEST_LOOP", "asyncio"))
    if _seed(config) is None:
        settings.load_profile("fixed")
        # hypothesis would draw constants from the modules that are imported at that moment, which differ by
        # the choice of tests, by their order and by the worker process
        assert callable(providers._get_local_constants)
        providers._get_local_constants = lambda: providers._local_constants
    else:
        settings.load_profile("explore")
        for module in pkgutil.walk_packages(mailgate.__path__, "mailgate."):  # so that their constants are the same
            if not module.name.endswith("__main__"):
                import_module(module.name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`@pytest.mark.seeds(1, 2, 3)` runs a test with these seeds, or with as many new ones; `both` on both engines."""
    if metafunc.definition.get_closest_marker("both"):
        run_on_both(metafunc)
    if mark := metafunc.definition.get_closest_marker("seeds"):
        first = _seed(metafunc.config)
        seeds = mark.args if first is None else range(first, first + len(mark.args))
        metafunc.parametrize("seed", seeds)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without SQLite there is no test of SQLite. The long tests begin first: no processor is idle at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if ALL_ON_POSTGRESQL:
        items[:] = [item for item in items if not item.get_closest_marker("sqlite")]


@pytest.fixture(autouse=True)
def on_postgresql(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the desks of the test are on PostgreSQL."""
    token = ON_POSTGRESQL.set(getattr(request, "param", ALL_ON_POSTGRESQL))
    yield ON_POSTGRESQL.get()
    ON_POSTGRESQL.reset(token)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The line that repeats each failure under a new seed."""
    failed = [*terminalreporter.stats.get("failed", ()), *terminalreporter.stats.get("error", ())]
    if (seed := _seed(config)) is None or not failed:
        return
    terminalreporter.section("to repeat")
    hashes = f"PYTHONHASHSEED={value} " if (value := os.environ.get("PYTHONHASHSEED")) else ""
    for test in dict.fromkeys(report.nodeid for report in failed):
        command = f".venv/bin/python -m pytest --hypothesis-seed={seed} {shlex.quote(test)}"
        terminalreporter.write_line(f"{hashes}{command}")


def _seed(config: pytest.Config) -> int | None:
    given = config.getoption("hypothesis_seed")
    return None if given is None else int(given)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the public corpus of real mails; whoever has it not beside the checkout skips what needs it."""
    from tests.corpus import CORPUS

    if not CORPUS.is_dir():
        pytest.skip("the public corpus of real mails is not beside the checkout")
    return CORPUS
