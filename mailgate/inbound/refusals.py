"""Writes what the listener refused into the trace, without letting a flood fill the disk.

At most LINES_A_MINUTE lines a minute; what goes beyond is counted and told in one line.
Losing a line at a crash is accepted: nothing was taken when something was refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from mailgate.errors import StorageError
from mailgate.inbound.smtp.replies import Refusal
from mailgate.mail import normalise
from mailgate.store.db import Store
from mailgate.store.queues import trace

LINES_A_MINUTE = 60


class Refusals:
    """Called with each refusal; writes them in the background. `clock` tells the time (aware UTC)."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._lines: list[trace.Line] = []
        self._window: datetime | None = None
        self._count = 0
        self._writing: asyncio.Task[None] | None = None

    def __call__(self, refusal: Refusal) -> None:
        """Note a refusal. Never blocks, never raises."""
        now = self._clock()
        if self._window is None or now - self._window >= timedelta(minutes=1):
            self._next_window(now)
        self._count += 1
        if self._count > LINES_A_MINUTE:
            return
        recipient = f" to {refusal.recipient}" if refusal.recipient else ""
        self._note(now, f"{refusal.peer}{recipient}: {refusal.code} {refusal.text}", normalise(refusal.sender or ""))

    def _next_window(self, now: datetime) -> None:
        if self._count > LINES_A_MINUTE:
            self._note(now, f"{self._count - LINES_A_MINUTE} more refusals since {self._window:%H:%M:%S} UTC")
        self._window = now
        self._count = 0

    def _note(self, now: datetime, text: str, address: str = "") -> None:
        self._lines.append(trace.Line(at=now, direction="in", step="refused", text=text, address=address))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="refusals")

    async def _write(self) -> None:
        try:
            while self._lines:
                lines, self._lines = self._lines, []
                await self._store.write(trace.add, lines)
        except StorageError:
            pass  # the log has them; a full disk must not be made fuller
        finally:
            self._writing = None

    async def close(self) -> None:
        """Write what is left."""
        if self._writing is not None:
            await self._writing
