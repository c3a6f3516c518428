"""Nothing that an agent quotes is done, whatever program quotes it: a fixed set of `python -m tests.answers`."""

from __future__ import annotations

import pytest

from tests.answers import run


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_answer_does_what_its_author_wrote_and_nothing_else(seed: int) -> None:
    assert run(seed, range(200)) == []
