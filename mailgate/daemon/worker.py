"""The thinking half of the daemon, in a process of its own: inbox → tickets → outbox, and the clock.

Mail is read, decided and written into mails here, on a processor of its own, while the
daemon goes on to take and deliver. The two meet in the database; a thin wire (`link.py`)
says when to look there. The worker never speaks to the outside, and ends with its daemon.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mailgate.config.load import read
from mailgate.daemon.link import Link, Word
from mailgate.daemon.reload import checked, settle
from mailgate.desk.notify.admin import tell_admin
from mailgate.errors import ConfigError, MailgateError, Problem, StorageError
from mailgate.rules.sla.calendar import calendar_of
from mailgate.settings import Config
from mailgate.store.db import Store
from mailgate.store.queues import outbox
from mailgate.system.clock import Clock, pause
from mailgate.system.watchdog import Progress
from mailgate.worker import apply
from mailgate.worker.batch import recover
from mailgate.worker.lanes import Worker
from mailgate.worker.setup import make_runtime
from mailgate.worker.timers import Timers
from mailgate.worker.undelivered import tell_of_failures

GRACE = 4.0  # seconds that the batch in hand may take to finish
LOOK = 0.5  # seconds between looks for what other processes wrote
GARBAGE = 20_000  # new objects between looks for garbage; a mail makes some thousands, nearly all gone at once

log = logging.getLogger("mailgate")


class WorkerProcess:
    """Works one desk until its daemon says stop, or is gone."""

    def __init__(self, config: Config, secrets: tuple[bytes, ...]) -> None:
        self._config = config
        self._desk = make_runtime(config, secrets)
        self._clock = Clock()
        self._stop = asyncio.Event()
        self._written = Progress()
        self._writing: asyncio.Task[None] | None = None

    async def run(self, end: socket.socket) -> None:
        """Obey the daemon at the other end. Raises what a task died of."""
        self._link = await Link.over(end)
        self._store = await Store.open(self._config.storage.database)
        try:
            await self._store.write(recover, self._desk, self._clock())
            self._processor = Worker(self._store, lambda: self._desk, self._clock, self._wrote)
            clock = Timers(self._store, lambda: self._desk, self._clock, self._wrote)
            clock.start()
            # What is there now stays: the collector need not walk it again for every few mails.
            gc.freeze()
            gc.set_threshold(GARBAGE)
            working = asyncio.create_task(self._processor.run(self._stop), name="processor")
            try:
                await self._first_of(working, self._obey(), self._follow_neighbours())
            finally:
                self._stop.set()
                clock.stop()
                self._processor.wake()
                await asyncio.wait({working}, timeout=GRACE)
        finally:
            await self._store.close()

    async def _first_of(self, working: asyncio.Task[None], *others: Coroutine[Any, Any, None]) -> None:
        """Until one of them ends, which none does before the stop but by dying. Raises what it died of."""
        # The holiday calendars take most of a second to load: before a ticket needs them, but beside its work.
        warming = asyncio.create_task(asyncio.to_thread(_warm, self._config, self._clock), name="calendars")
        tasks = {working, *(asyncio.create_task(other) for other in others)}
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (*rest - {working}, warming):
            task.cancel()
        for task in done:
            task.result()

    def _wrote(self) -> None:
        """The outbox may hold something new."""
        self._link.say("outgoing")

    # ── what the daemon says ────────────────────────────────────────────────────────────

    async def _obey(self) -> None:
        while word := await self._link.hear():
            if word.name == "stop":
                return
            await self._do(word)
        os._exit(1)  # the daemon is gone: what is durable is durable, the rest is done again

    async def _do(self, word: Word) -> None:
        match word.name:
            case "mail":
                self._processor.wake()
            case "ping":
                self._answer()
            case "refused":
                await self._tell_of_failures()
            case "tell":
                await self._tell_admin(word.more["cause"], word.more["subject"], tuple(word.more["facts"]))
            case "check":
                self._link.say("checked", **await asyncio.to_thread(_checked, self._config.file))
            case "take":
                self._link.say("taken", **await self._take(word.more["text"]))
            case unknown:
                raise ValueError(f"the daemon said {unknown}")

    def _answer(self) -> None:
        """Say how the work goes on; whether the writer's thread does is seen by the next time."""
        self._link.say("alive", writer=self._written.now, **self._processor.signs())
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._pass_the_writer())

    async def _pass_the_writer(self) -> None:
        with suppress(StorageError):
            await self._store.data_version()
        self._written.step()

    async def _take(self, text: str) -> dict[str, Any]:
        """Put a configuration in force that was found right; `problems` that stand against it, if any."""
        config, _ = await asyncio.to_thread(read, self._config.file, text, os.environ)
        try:
            self._desk = await self._store.write(settle, config, self._clock())
        except MailgateError as error:
            return _against(error)
        self._config = config
        return {}

    async def _tell_admin(self, cause: str, subject: str, facts: tuple[str, ...]) -> None:
        now = self._clock()
        context = self._desk.context(now)
        mails = apply.write_mail(tell_admin(cause, subject, facts, context), context, self._desk.writer)
        try:
            await self._store.write(outbox.add, mails, now)
        except StorageError as error:
            log.warning("the admin cannot be told now: %s", error.cause)
        self._wrote()

    # ── what others wrote ───────────────────────────────────────────────────────────────

    async def _follow_neighbours(self) -> None:
        """Other processes write the same database, the daemon most of all: take up what they wrote."""
        seen = -1
        while not self._stop.is_set():
            try:
                version = await self._store.data_version()
                if version != seen:
                    self._processor.wake()
                    await self._tell_of_failures()
                    seen = version
            except StorageError as error:
                log.warning("the worker waits for the database: %s", error.cause)
            await pause(self._stop, LOOK)

    async def _tell_of_failures(self) -> None:
        try:
            if await self._store.through(tell_of_failures, self._desk, self._clock()):
                self._wrote()
        except StorageError as error:
            log.warning("refusals cannot be told of now: %s", error.cause)


def _checked(file: Path) -> dict[str, Any]:
    """The text of a right configuration, or the `problems` that it has."""
    try:
        return {"text": checked(file).text}
    except MailgateError as error:
        return _against(error)


def _against(error: MailgateError) -> dict[str, Any]:
    said = f"{error.public}{f' ({error.cause})' if error.cause else ''}"
    found = error.problems if isinstance(error, ConfigError) else (Problem("", said),)
    return {"problems": [asdict(problem) for problem in found]}


def _warm(config: Config, clock: Clock) -> None:
    for hours in config.schedules.values():
        calendar_of(hours).is_open(clock())
