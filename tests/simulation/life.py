"""One run of the desk's processes, from a start until they end or are killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any


class Killed(SystemExit):
    """The process of the running code was killed; passes through `except Exception` and out of the loop."""


class Life:
    """One run of the desk. What belongs to it asks `require` before it acts on the world."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.alive = True
        self.tasks: set[asyncio.Task[Any]] = set()
        self.on_death: dict[object, Callable[[], object]] = {}  # ends of connections, listening ports
        self.connections: set[Any] = set()  # to the database: what was begun is undone once they are closed

    def die(self) -> None:
        """SIGKILL: the edges take nothing more of it."""
        if self.alive:
            self.alive = False
            for call in [*self.on_death.values()]:
                call()
            self.on_death.clear()

    def require(self) -> None:
        """Raise Killed in what still runs of a dead process."""
        if not self.alive:
            raise Killed


LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)  # of the running code; None: the world's own
ROLE: ContextVar[str] = ContextVar("ROLE", default="world")  # "daemon" or "worker" within a life
