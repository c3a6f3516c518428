"""A desk for every test that needs one; a file that wants another makes its own.

Tests of the folders that read and write most run on both database engines (see `tests.engines`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk import Bench
from tests.engines import run_on_both

_ON_BOTH = ("worker", "store")  # folders beside this file
_HERE = Path(__file__).parent


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with a `Bench` on both engines."""
    folder = metafunc.definition.path.relative_to(_HERE).parts[0]
    has_desk = "bench" in metafunc.fixturenames or hasattr(metafunc.module, "Bench")
    if folder in _ON_BOTH and has_desk:
        run_on_both(metafunc)
