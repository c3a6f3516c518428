"""Detects a hung worker process by its progress counters.

The daemon pings the worker every few seconds, and the worker replies with one counter per
activity, which grows with every step. A worker whose event loop hangs does not reply; one
whose database writer or lane hangs repeats the same number. An activity that is idle, or
waits for a full disk, reports None and is not timed.

Only time in which the daemon itself was running counts: a suspended machine and a process
group stopped with SIGSTOP cause no alarm. The watchdog kills nothing. It raises, so that
the daemon exits and its worker with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailgate.errors import MailgateError
from mailgate.system.clock import pause

_REPLY = "reply"  # the counter of replies, which the watchdog keeps itself

log = logging.getLogger("mailgate")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Times in seconds: between pings, and without progress until a warning and until the daemon exits."""

    ping: float = 5.0
    warn: float = 120.0  # the largest mail is read in a fraction of this
    exit: float = 300.0


class Progress:
    """The progress counter of one activity."""

    def __init__(self) -> None:
        self.value: int | None = None  # None while idle
        self._steps = 0

    def step(self) -> None:
        """Count one step; more work is to follow."""
        self._steps += 1
        self.value = self._steps

    def idle(self) -> None:
        """Stop the timing: there is no work."""
        self.value = None


class Watchdog:
    """Times the worker's progress counters. `monotonic` returns seconds of a clock that is never set."""

    def __init__(self, timeouts: Timeouts, monotonic: Callable[[], float]) -> None:
        self.timeouts = timeouts
        self._monotonic = monotonic
        self._last_tick = monotonic()
        self._elapsed = 0.0  # seconds in which the daemon was running
        self._replies = 0
        self._counters: dict[str, int | None] = {}
        self._changed_at = {_REPLY: 0.0}  # when each counter changed last, in `_elapsed`

    async def run(self, ping: Callable[[], None], stop: asyncio.Event) -> None:
        """Call `ping` regularly until `stop` is set. Raises MailgateError when the worker hangs for too long."""
        warned = ""
        while not stop.is_set():
            ping()
            await pause(stop, self.timeouts.ping)
            self.tick()
            problem = self.problem
            if self.expired:
                raise MailgateError(f"{problem}; exiting, so that the service manager restarts both processes")
            if problem and not warned:
                log.error("%s", problem)
            if warned and not problem:
                log.info("the worker process has recovered")
            warned = problem

    def tick(self) -> None:
        """Let time pass. To be called about every `timeouts.ping` seconds."""
        now = self._monotonic()
        self._elapsed += min(now - self._last_tick, 2 * self.timeouts.ping)
        self._last_tick = now

    def record(self, progress: Mapping[str, int | None]) -> None:
        """Note a reply: the counter of each activity, by its name."""
        self._replies += 1
        for name, counter in {**progress, _REPLY: self._replies}.items():
            if counter is None or counter != self._counters.get(name):
                self._changed_at[name] = self._elapsed
            self._counters[name] = counter

    @property
    def answered(self) -> bool:
        """Whether the worker has replied since its start."""
        return self._replies > 0

    @property
    def problem(self) -> str:
        """What hangs, and for how long; "" for nothing."""
        name, seconds = self._longest()
        if seconds < self.timeouts.warn:
            return ""
        if name == _REPLY:
            return f"the worker process has not responded for {seconds:.0f} seconds"
        return f"the worker process hangs: no progress in {name} for {seconds:.0f} seconds"

    @property
    def expired(self) -> bool:
        """True when the worker has hung for too long. A worker may take any time to start."""
        return self.answered and self._longest()[1] >= self.timeouts.exit

    def _longest(self) -> tuple[str, float]:
        """The activity without progress for the longest time, and that time in seconds."""
        if (silence := self._elapsed - self._changed_at[_REPLY]) >= self.timeouts.warn:
            return _REPLY, silence  # the other counters are out of date
        return max(((name, self._elapsed - at) for name, at in self._changed_at.items()), key=lambda each: each[1])
