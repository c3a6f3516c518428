"""Does the worker still work? What it says of itself, and for how long it has said nothing new.

The daemon asks every few seconds, and the worker answers with a sign of each thing that it
does: a number that grows with every step. A worker whose loop stands still answers nothing;
one whose writer or lane is stuck answers the same number again and again. What has nothing
in hand, or waits for a full disk, gives None and is believed.

Only time in which the daemon itself was looking counts: a machine that slept, and a group
of processes that was stopped and goes on, have missed nothing. It kills nothing: the daemon
ends, and its worker with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailgate.errors import MailgateError
from mailgate.system.clock import pause

Signs = Mapping[str, int | None]
ANSWER = "answer"  # the sign of a worker that answers at all

log = logging.getLogger("mailgate")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds: between questions, until it is told, until the worker is given up."""

    ask: float = 5.0
    tell: float = 120.0  # the largest mail is read in a fraction of it
    give_up: float = 300.0


class Progress:
    """A piece of work that says how it goes on."""

    def __init__(self) -> None:
        self.now: int | None = None
        self._steps = 0

    def step(self) -> None:
        """Something was done, and there is more to do."""
        self._steps += 1
        self.now = self._steps

    def rest(self) -> None:
        """Nothing is in hand."""
        self.now = None


class Watchdog:
    """What the daemon has heard from its worker. `monotonic` is a clock in seconds that nobody sets."""

    def __init__(self, patience: Patience, monotonic: Callable[[], float]) -> None:
        self.patience = patience
        self._monotonic = monotonic
        self._looked = monotonic()
        self._lived = 0.0  # seconds in which somebody looked
        self._answers = 0
        self._signs: dict[str, int | None] = {}
        self._since = {ANSWER: 0.0}  # when each sign was last a new one, by `_lived`

    async def keep(self, ping: Callable[[], None], stop: asyncio.Event) -> None:
        """Ask with `ping` until `stop`. Raises MailgateError when the worker is as good as dead."""
        told = ""
        while not stop.is_set():
            ping()
            await pause(stop, self.patience.ask)
            self.look()
            trouble = self.trouble
            if self.lost:
                raise MailgateError(f"{trouble}; it is ended, and the daemon with it, to be started again")
            if trouble and not told:
                log.error("%s", trouble)
            if told and not trouble:
                log.info("the worker process works again")
            told = trouble

    def look(self) -> None:
        """Time has passed. To be called about every `patience.ask` seconds."""
        now = self._monotonic()
        self._lived += min(now - self._looked, 2 * self.patience.ask)
        self._looked = now

    def heard(self, signs: Signs) -> None:
        """The worker has answered."""
        self._answers += 1
        for name, sign in {**signs, ANSWER: self._answers}.items():
            if sign is None or sign != self._signs.get(name):
                self._since[name] = self._lived
            self._signs[name] = sign

    @property
    def trouble(self) -> str:
        """What is wrong, for how long; "" while all is well."""
        name, silence = self._longest()
        if silence < self.patience.tell:
            return ""
        what = "has not answered" if name == ANSWER else f"answers, but its {name} has stood still"
        return f"the worker process {what} for {silence:.0f} seconds"

    @property
    def lost(self) -> bool:
        """True when there is no hope left. A worker that has yet to begin may take as long as it needs."""
        return self._answers > 0 and self._longest()[1] >= self.patience.give_up

    def _longest(self) -> tuple[str, float]:
        if (unanswered := self._lived - self._since[ANSWER]) >= self.patience.tell:
            return ANSWER, unanswered  # of the rest nothing is known
        return max(((name, self._lived - since) for name, since in self._since.items()), key=lambda each: each[1])
