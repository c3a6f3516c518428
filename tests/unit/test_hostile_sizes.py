"""Twice the size of a mail costs less than three times the work, whatever construct it is made of."""

from __future__ import annotations

import pytest

from tests import hostile
from tests.cost import LINEAR

SIZE = 48_000  # bytes; by hand up to 5 MB: python -m tests.hostile 5000000


@pytest.mark.parametrize("name", hostile.CONSTRUCTS)
def test_reading_and_rules_are_linear(name: str) -> None:
    """Tried again, up to three times, while it seems too much."""
    make = hostile.CONSTRUCTS[name]
    found = [hostile.growth(make, SIZE)]
    while found[-1][0] >= LINEAR and len(found) < 3:
        found.append(hostile.growth(make, SIZE))
    times, step = min(found)
    assert times < LINEAR, f"{step} costs {times:.0f} times as much at eight times the size"


def test_what_costs_the_square_is_found() -> None:
    """The test of the test: a step that grows with the square is the steepest."""
    wait = hostile.CONSTRUCTS["own words in an answer"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hostile, "steps", lambda raw: {"linear": len(raw) / 1e5, "square": len(raw) ** 2 / 1e9})
        times, step = hostile.growth(wait, SIZE)
    assert step == "square"
    assert times > LINEAR
