"""The clock that follows the wall: small corrections at once, a jump when it lasts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from mailgate.system.clock import FOLLOWED_AFTER, Clock


class Hands:
    """Two clocks that a test turns."""

    def __init__(self):
        self.wall, self.steady = 1_000_000.0, 50.0

    def pass_(self, seconds, *, jump=0.0):
        self.steady += seconds
        self.wall += seconds + jump


def test_the_clock_follows_the_wall_and_small_corrections():
    hands = Hands()
    clock = Clock(lambda: hands.wall, lambda: hands.steady)
    assert clock() == datetime.fromtimestamp(1_000_000, UTC)
    hands.pass_(10, jump=5)
    assert clock() == datetime.fromtimestamp(1_000_015, UTC)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_jump_is_believed_after_half_a_minute(jump, caplog):
    hands = Hands()
    clock = Clock(lambda: hands.wall, lambda: hands.steady)
    with caplog.at_level(logging.WARNING):
        hands.pass_(1, jump=jump)
        assert clock() == datetime.fromtimestamp(1_000_001, UTC), "nothing fires early"
        hands.pass_(FOLLOWED_AFTER - 1)
        assert clock() == datetime.fromtimestamp(1_000_030, UTC)
        hands.pass_(1)
        assert clock() == datetime.fromtimestamp(1_000_031 + jump, UTC)
    assert len(caplog.records) == 2


def test_a_jump_that_goes_away_never_was():
    hands = Hands()
    clock = Clock(lambda: hands.wall, lambda: hands.steady)
    hands.pass_(1, jump=3600)
    clock()
    hands.pass_(1, jump=-3600)
    assert clock() == datetime.fromtimestamp(1_000_002, UTC)
    hands.pass_(60, jump=3600)
    assert clock() == datetime.fromtimestamp(1_000_062, UTC), "the next one waits anew"
