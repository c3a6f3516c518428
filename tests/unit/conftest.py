"""A desk for every test that needs one; a file that wants another makes its own.

Tests of the folders that read and write most run on both database engines; the others on SQLite, and with
MAILGATE_TEST_DATABASE=postgresql (`make postgresql`) all of them on PostgreSQL. What is about SQLite itself is marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import ALL_ON_POSTGRESQL, ON_POSTGRESQL, Bench

_ON_BOTH = ("worker", "store")  # folders beside this file
_HERE = Path(__file__).parent


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with a `Bench` on both engines."""
    folder = metafunc.definition.path.relative_to(_HERE).parts[0]
    has_desk = "bench" in metafunc.fixturenames or hasattr(metafunc.module, "Bench")
    if ALL_ON_POSTGRESQL or folder not in _ON_BOTH or not has_desk:
        return
    if not metafunc.definition.get_closest_marker("sqlite"):
        metafunc.parametrize("on_postgresql", [False, True], ids=["sqlite", "postgresql"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without SQLite there is no test of SQLite."""
    if ALL_ON_POSTGRESQL:
        items[:] = [item for item in items if not item.get_closest_marker("sqlite")]


@pytest.fixture(autouse=True)
def on_postgresql(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the database of every `Bench` of the test is on PostgreSQL."""
    token = ON_POSTGRESQL.set(getattr(request, "param", ALL_ON_POSTGRESQL))
    yield ON_POSTGRESQL.get()
    ON_POSTGRESQL.reset(token)
