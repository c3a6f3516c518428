"""A desk for every test that needs one; a file that wants another makes its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
