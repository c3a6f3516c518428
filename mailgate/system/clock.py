"""The time of day, checked against the monotonic clock (guarantee 13), and a pause that a stop ends.

A jump of the wall clock of over a minute is logged and believed only after it has lasted
half a minute, so that a clock that is set wrong for a moment makes nothing fire early.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

JUMP = 60.0  # seconds between the two clocks that count as a jump
BELIEVED_AFTER = 30.0  # seconds for which a jump must last

log = logging.getLogger(__name__)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Clock:
    """Tells aware UTC time; call it."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._jumped_at: float | None = None

    def __call__(self) -> datetime:
        """Now."""
        wall, steady = self._wall(), self._monotonic()
        jump = wall - steady - self._offset
        if abs(jump) <= JUMP:
            self._jumped_at = None
            self._offset = wall - steady  # small corrections (NTP) are followed
        elif self._jumped_at is None:
            self._jumped_at = steady
            log.warning("the clock jumped by %.0f seconds; waiting to see whether it stays so", jump)
        elif steady - self._jumped_at >= BELIEVED_AFTER:
            log.warning("the clock stays %.0f seconds away: believed", jump)
            self._jumped_at = None
            self._offset = wall - steady
        return datetime.fromtimestamp(steady + self._offset, UTC)
