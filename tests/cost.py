"""What work costs, in no second of any machine: against itself at another size, or against ordinary work.

Measured is the processor time of the thread, which other processes do not count towards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from mailgate.reading.body import read_body
from mailgate.reading.parse import parse

# How often the cost of an ordinary mail one mail may cost. The dearest that is known costs a tenth of this.
MOST = 300
LARGER = 8  # times
# What an eightfold size may cost: 8 when the work is linear, 64 when it is quadratic.
LINEAR = 24


def seconds(work: Callable[[], object]) -> float:
    """Seconds of processor time that the work takes once."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


@cache
def ordinary() -> float:
    """Seconds that reading an ordinary mail of 100 kB costs here; the best of three."""
    text = b"From: ann@client.example\nSubject: Hello\n\n" + b"The portal has been down since nine.\n" * 2700
    return min(seconds(lambda: read_body(parse(text))) for _ in range(3))


def in_mails(work: Callable[[], object]) -> float:
    """How many ordinary mails the work costs as much as; tried again, up to three times, while that seems too many."""
    return _least(lambda: seconds(work) / ordinary(), MOST)


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as much the work costs at `size` as at an eighth of it; tried as above."""

    def once() -> float:
        small = min(seconds(lambda: work(size // LARGER)) for _ in range(2))
        return seconds(lambda: work(size)) / small

    return _least(once, LINEAR)


def _least(measure: Callable[[], float], good: float) -> float:
    """The first of three measurements below `good`, or the least of them."""
    found = float("inf")
    for _ in range(3):
        found = min(found, measure())
        if found < good:
            break
    return found
