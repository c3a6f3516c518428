"""The same examples for everybody: property tests draw nothing from this machine, this run or its order."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def examples() -> list[object]:
    """Every value that a property test of these strategies is tried with."""
    drawn: list[object] = []

    @settings(max_examples=300)
    @given(st.integers() | st.text() | st.binary())
    def property_test(value: object) -> None:
        drawn.append(value)

    property_test()
    return drawn


def test_a_property_test_has_the_same_examples_each_time() -> None:
    assert examples() == examples()


def test_the_examples_do_not_depend_on_what_else_was_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which modules are imported depends on the choice of tests and on the order in which they run."""
    before = examples()
    path = tmp_path / "constants.py"
    path.write_text("VALUES = " + repr([f"constant {number}" for number in range(100)]))
    spec = spec_from_file_location("constants", path)
    assert spec
    monkeypatch.setitem(sys.modules, "constants", module_from_spec(spec))
    assert examples() == before


def test_no_time_limit_and_no_earlier_run_decides() -> None:
    now = settings.default
    assert now is not None
    assert now.deadline is None
    assert now.database is None
    assert now.derandomize
    assert HealthCheck.too_slow in now.suppress_health_check
