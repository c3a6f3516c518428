"""The current time, checked against the monotonic clock, and a pause that a stop event ends.

A jump of the wall clock by more than a minute is logged, and followed only after it has
lasted half a minute, so that a clock set wrong for a moment fires no timer early.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

JUMP = 60.0  # seconds of difference between the two clocks that count as a jump
FOLLOWED_AFTER = 30.0  # seconds for which a jump must last

log = logging.getLogger(__name__)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds`, or until `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Clock:
    """Returns the current time when called, as an aware datetime in UTC."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._jumped_at: float | None = None

    def __call__(self) -> datetime:
        """The current time in UTC."""
        wall, steady = self._wall(), self._monotonic()
        jump = wall - steady - self._offset
        if abs(jump) <= JUMP:
            self._jumped_at = None
            self._offset = wall - steady  # small corrections (NTP) are followed at once
        elif self._jumped_at is None:
            self._jumped_at = steady
            log.warning("the system clock jumped by %.0f seconds; ignored unless it lasts", jump)
        elif steady - self._jumped_at >= FOLLOWED_AFTER:
            log.warning("the system clock is still off by %.0f seconds: following it", jump)
            self._jumped_at = None
            self._offset = wall - steady
        return datetime.fromtimestamp(steady + self._offset, UTC)
