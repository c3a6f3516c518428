"""Waits for what must come, however slow the machine: the one place of the tests that looks at a clock.

A test says what must come, never how soon. What is promised in seconds is measured by tests marked `alone`.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable

PATIENCE = 240.0  # seconds without any progress after which a wait fails; an idle machine needs a hundredth
LOOK = 0.01  # seconds between two looks


def wait_until(ready: Callable[[], object], why: Callable[[], str] = str, progress: Callable[[], object] = int) -> None:
    """Wait until `ready` returns a true value. Fails with the words of `why`.

    `progress` returns something that changes as long as the work goes on: patience starts anew at each change.
    """
    seen, since = progress(), time.monotonic()
    while not ready():
        if (now := progress()) != seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() < since + PATIENCE, f"nothing for {PATIENCE:.0f} s:\n{why()}"
        time.sleep(LOOK)


def wait_until_time(moment: float) -> None:
    """Wait until the clock shows a time (seconds since the epoch)."""
    while time.time() <= moment:
        time.sleep(LOOK)


async def until(ready: Callable[[], object], why: Callable[[], str] = str) -> None:
    """The same on the loop; `ready` may be a coroutine function."""
    since = time.monotonic()
    while True:
        answer = ready()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert time.monotonic() < since + PATIENCE, f"nothing for {PATIENCE:.0f} s:\n{why()}"
        await asyncio.sleep(LOOK)


def patience() -> asyncio.Timeout:
    """`async with patience():` fails when what is inside does not end."""
    return asyncio.timeout(PATIENCE)
