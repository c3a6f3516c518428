"""The worker process: works mail from the inbox into tickets and outgoing mail, and runs the timers.

It runs beside the daemon on a processor of its own, so that reading and writing mail does
not delay accepting and delivering it. Both share the database; messages (`channel.py`) only
say when to look there. The worker opens no network connection, and exits with its daemon.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from mailgate.config.load import load, read
from mailgate.daemon.channel import (
    ApplyConfig,
    Channel,
    CheckConfig,
    ConfigResult,
    DeliveryFailed,
    MailAccepted,
    Message,
    NotifyAdmin,
    OutboxChanged,
    Ping,
    Pong,
    RunTimers,
    Stop,
)
from mailgate.desk.notify.admin import to_admin
from mailgate.errors import ConfigError, DatabaseDamaged, MailgateError, Problem, StorageError
from mailgate.rules.sla.calendar import calendar_of
from mailgate.settings import Config
from mailgate.store.db import Db, Node, Store
from mailgate.store.queues import outbox
from mailgate.system.clock import Clock, pause
from mailgate.system.watchdog import Progress
from mailgate.worker import written
from mailgate.worker.batch import recover
from mailgate.worker.carry_over import carry_over
from mailgate.worker.lanes import Worker
from mailgate.worker.runtime import Runtime, make_runtime
from mailgate.worker.secrets import open_secrets
from mailgate.worker.timers import Timers
from mailgate.worker.undelivered import process_failures
from mailgate.writing.templates.own_texts import broken_texts
from mailgate.writing.templates.phrases import shipped

STOP_TIMEOUT = 4.0  # seconds for the current batch to finish
OPEN_TIMEOUT = 30.0  # seconds for a database that does not work to come back, before the worker gives up
POLL_INTERVAL = 0.5  # seconds between checks for writes by other processes
# Seconds that a thread may keep the others waiting. Each statement of the database gives the interpreter away, so that
# with Python's 5 ms a small mail waits a second while another thread reads a large one; processor time is the same.
SWITCH_INTERVAL = 0.0002
GC_THRESHOLD = 20_000  # new objects between garbage collections; one mail makes some thousands, nearly all short-lived

log = logging.getLogger("mailgate")


class WorkerProcess:
    """The main object of the worker process: works one desk until the daemon sends `Stop` or exits."""

    def __init__(self, config: Config, secrets: tuple[bytes, ...], node: Node = Node()) -> None:  # noqa: B008
        self._config = config
        self._node = node
        self._runtime = make_runtime(config, secrets)
        self._clock = Clock()
        self._stop = asyncio.Event()
        self._early: list[Message] = []  # came before the database was open
        self._writer_progress = Progress()
        self._writer_probe: asyncio.Task[None] | None = None

    async def run(self, end: socket.socket) -> None:
        """Serve the daemon at the other end of the socket pair. Raises the exception of a task that died."""
        self._daemon = await Channel.open(end)
        store = await self._open()
        if store is None:
            return
        self._store = store
        try:
            self._worker = Worker(self._store, lambda: self._runtime, self._clock, self._outbox_changed)
            self._timers = Timers(self._store, lambda: self._runtime, self._clock, self._outbox_changed)
            # Objects that exist now are permanent: exclude them from garbage collection.
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            sys.setswitchinterval(SWITCH_INTERVAL)
            working = asyncio.create_task(self._worker.run(self._stop), name="worker")
            try:
                await self._until_first_ends(working, self._handle_messages(), self._watch_external_writes())
            finally:
                self._stop.set()
                self._timers.stop()
                self._worker.wake()
                await asyncio.wait({working}, timeout=STOP_TIMEOUT)
                working.cancel()  # while the store is open: it gives back what it has claimed
                await asyncio.wait({working})
        finally:
            await self._store.close()

    async def _open(self) -> Store | None:
        """Open the database and take up what was interrupted. While it does not work, it is tried for OPEN_TIMEOUT.

        None when the daemon stops or exits meanwhile.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + OPEN_TIMEOUT
        while True:
            try:
                store = await Store.open(self._config.storage.database, self._clock, self._node)
                try:
                    await store.write(recover, self._runtime, self._clock())
                except BaseException:
                    await store.close()
                    raise
            except StorageError as error:
                if isinstance(error, DatabaseDamaged) or not error.temporary or loop.time() > until:
                    raise
                log.warning("worker: waiting for the database: %s", error.cause or error.public)
                with suppress(TimeoutError):
                    message = await asyncio.wait_for(self._daemon.receive(), POLL_INTERVAL)
                    if message is None or isinstance(message, Stop):
                        return None
                    self._early.append(message)
            else:
                return store

    async def _until_first_ends(self, working: asyncio.Task[None], *others: Coroutine[Any, Any, None]) -> None:
        """Run until one of the tasks ends: at `Stop`, or because it died. Raises the exception that it died of."""
        # Loading the holiday calendars takes most of a second: done in a thread before a ticket needs them.
        warming = asyncio.create_task(asyncio.to_thread(_load_calendars, self._config, self._clock), name="calendars")
        tasks = {working, *(asyncio.create_task(other) for other in others)}
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (*rest - {working}, warming):
            task.cancel()
        for task in done:
            task.result()

    def _outbox_changed(self) -> None:
        self._daemon.send(OutboxChanged())

    # ── messages from the daemon ────────────────────────────────────────────────────────

    async def _handle_messages(self) -> None:
        for early in self._early:
            await self._handle(early)
        while message := await self._daemon.receive():
            if isinstance(message, Stop):
                return
            await self._handle(message)
        os._exit(1)  # the daemon has exited; work that was not committed is redone after the next start

    async def _handle(self, message: Message) -> None:
        match message:
            case MailAccepted():
                self._worker.wake()
            case Ping():
                self._reply_to_ping()
            case DeliveryFailed():
                await self._report_failed_deliveries()
            case NotifyAdmin():
                await self._notify_admin(message)
            case CheckConfig():
                self._daemon.send(await asyncio.to_thread(_check, self._config.file))
            case ApplyConfig(text):
                self._daemon.send(await self._apply(text))
            case RunTimers():
                self._timers.start()
            case unexpected:
                raise TypeError(f"the daemon sent {unexpected}")

    def _reply_to_ping(self) -> None:
        """Send the progress counters. The writer's counter shows at the next ping whether its thread works."""
        progress = {"database writer": self._writer_progress.value, **self._worker.progress()}
        self._daemon.send(Pong(progress, self._store.health.problems()))
        if self._writer_probe is None or self._writer_probe.done():
            self._writer_probe = asyncio.create_task(self._probe_writer())

    async def _probe_writer(self) -> None:
        with suppress(StorageError):
            await self._store.data_version()
        self._writer_progress.step()

    async def _apply(self, text: str) -> ConfigResult:
        """Put a validated configuration in force."""
        config, _ = await asyncio.to_thread(read, self._config.file, text, os.environ)
        try:
            self._runtime = await self._store.write(activate, config, self._clock())
        except MailgateError as error:
            return _failed(error)
        self._config = config
        return ConfigResult(text)

    async def _notify_admin(self, message: NotifyAdmin) -> None:
        now = self._clock()
        context = self._runtime.context(now)
        notices = to_admin(message.cause, message.subject, message.facts, context)
        mails = written.write_mail(notices, context)
        try:
            await self._store.write(outbox.add, mails, now)
        except StorageError as error:
            log.warning("cannot queue a mail to the administrator (%s): %s", message.subject, error.cause)
        self._outbox_changed()

    # ── writes by other processes ───────────────────────────────────────────────────────

    async def _watch_external_writes(self) -> None:
        """After each write by another process, the daemon included, look for mail to work."""
        seen = -1
        while not self._stop.is_set():
            try:
                version = await self._store.data_version()
                if version != seen:
                    self._worker.wake()
                    await self._report_failed_deliveries()
                    seen = version
            except StorageError as error:
                log.warning("worker: waiting for the database: %s", error.cause)
            await pause(self._stop, POLL_INTERVAL)

    async def _report_failed_deliveries(self) -> None:
        try:
            if await self._store.through(process_failures, self._runtime, self._clock()):
                self._outbox_changed()
        except StorageError as error:
            log.warning("cannot report failed deliveries to agents, will retry: %s", error.cause)


def _check(file: Path) -> ConfigResult:
    try:
        return ConfigResult(validate(file).text)
    except MailgateError as error:
        return _failed(error)


def _failed(error: MailgateError) -> ConfigResult:
    if isinstance(error, ConfigError):
        return ConfigResult(problems=error.problems)
    return ConfigResult(problems=(Problem("", error.told()),))


def _load_calendars(config: Config, clock: Clock) -> None:
    for hours in config.schedules.values():
        calendar_of(hours).is_open(clock())


def validate(file: Path) -> Config:
    """Read the configuration, and test the administrator's templates and canned responses.

    Raises ConfigError with every problem.
    """
    config, _ = load(file)
    # Shipped templates are skipped: an upgrade may have installed newer ones than this process can render.
    broken = tuple(each for each in broken_texts(config) if not Path(each.file).is_relative_to(shipped()))
    if broken:
        raise ConfigError(broken)
    return config


def activate(db: Db, config: Config, now: datetime) -> Runtime:
    """Build the runtime of a new configuration and carry tickets over to names that `was` renames.

    Call inside a transaction. Raises ConfigError when the secret is not the one that the database was signed with.
    """
    runtime = make_runtime(config, open_secrets(db, config))
    carry_over(db, runtime, now)
    return runtime
