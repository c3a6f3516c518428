"""The daemon: the ways in and out, as named tasks under one stop event, closed in reverse.

It takes mail into the inbox and brings the outbox to the relay; what lies between is done
by its worker, a process beside it (`worker.py`). If one task or the worker dies, all stop
and the exit code says so. The first SIGTERM or SIGINT drains (within ten seconds), the
second ends at once. SIGHUP reloads.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

from mailgate.config.diff import changes
from mailgate.config.load import read
from mailgate.daemon import reload, status
from mailgate.daemon.http import Health, health
from mailgate.daemon.link import Link, Word
from mailgate.daemon.listeners import GRACE, Listeners
from mailgate.daemon.upkeep import follow_neighbours, keep_log_short
from mailgate.errors import ConfigError, MailgateError, Problem, Refused
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.refusals import Refusals
from mailgate.outbound.backoff import Reply
from mailgate.outbound.deliver import Deliverer
from mailgate.outbound.relay import transport
from mailgate.settings import Config
from mailgate.store.db import Store
from mailgate.system.clock import Clock
from mailgate.system.watchdog import Patience, Watchdog

LAST = 9.0  # seconds after the signal to stop at which the process ends, whatever still holds on

log = logging.getLogger("mailgate")


class Daemon:
    """One mailgate on one database. `worker` is the wire to its worker; `ready` is called when mail can be taken."""

    def __init__(
        self,
        config: Config,
        worker: socket.socket,
        *,
        ready: Callable[[Daemon], None] | None = None,
        patience: Patience = Patience(),  # noqa: B008 - a value
    ) -> None:
        self._config = config
        self._wire = worker
        self._ready = ready
        self._clock = Clock()
        self._watchdog = Watchdog(patience, time.monotonic)
        self._stop = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._died: BaseException | None = None
        self._last: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._asked = asyncio.Event()  # a reload was asked for; twenty signals in a row are one
        self._answers: asyncio.Queue[Word] = asyncio.Queue()  # of the worker's to what it was asked

    async def run(self) -> None:
        """Run until a signal or `stop`. Raises what a task died of."""
        self._store = await Store.open(self._config.storage.database)
        try:
            self._worker = await Link.over(self._wire)
            reload.remember(self._config)
            self._build()
            self._take_signals()
            try:
                await self._start()
                await self._stop.wait()
                if self._died:
                    raise self._died
            finally:
                await self._close()
        finally:
            await self._store.close()
            if self._last:
                self._last.cancel()

    def stop(self) -> None:
        """Drain and end."""
        self._stop.set()

    @property
    def port(self) -> int | None:
        """The port of the SMTP listener, when there is one."""
        return self._listeners.port

    @property
    def http_port(self) -> int | None:
        """The port of the pages for probes, when they are open."""
        return self._listeners.http_port

    # ── building and starting ───────────────────────────────────────────────────────────

    def _build(self) -> None:
        self._acceptor = Acceptor(self._store, self._clock, lambda: self._worker.say("mail"))
        self._refusals = Refusals(self._store, self._clock)
        self._listeners = Listeners(
            lambda: self._config, self._store, self._acceptor, self._refusals, self._clock, self._health
        )
        self._deliverer = self._make_deliverer(self._config)

    def _make_deliverer(self, config: Config) -> Deliverer:
        hostname = socket.gethostname()
        return Deliverer(
            self._store,
            lambda: transport(config.relay, hostname),
            self._clock,
            gave_up=lambda: self._worker.say("refused"),
            relay_ill=self._relay_ill,
        )

    async def _start(self) -> None:
        await self._listeners.listen()
        if self._ready:
            self._ready(self)
        self._run("worker", self._hear_the_worker())
        self._run("watchdog", self._watchdog.keep(lambda: self._worker.say("ping"), self._stop))
        self._run("deliverer", self._deliverer.run())
        self._run("neighbours", follow_neighbours(self._store, self._look_out, self._stop))
        self._run("checkpoint", keep_log_short(self._config.storage.database, self._stop))
        self._run("reload", self._follow_reloads())
        self._run("status", status.keep(self._config, self._standing, self._stop))
        await self._listeners.open()
        log.info("ready: %s", ", ".join(self._listeners.names()) or "no way in but ingest")

    async def _health(self) -> Health:
        return await health(self._standing(), self._store)

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task that ends before it should takes all others along."""
        error = None if task.cancelled() else task.exception()
        if self._stop.is_set() or task in self._leaving:
            if error:
                log.error("the task %s failed at its end", task.get_name(), exc_info=error)
            return
        expected = isinstance(error, MailgateError)  # its words say all
        log.error("the task %s ended", task.get_name(), exc_info=None if expected else error)
        self._died = error
        self._stop.set()

    # ── stopping ────────────────────────────────────────────────────────────────────────

    async def _close(self) -> None:
        self._stop.set()
        self._worker.say("stop")
        self._listeners.close_pages()
        self._asked.set()
        if task := self._tasks.get("reload"):  # before what it may be putting in another's place
            await asyncio.wait({task}, timeout=GRACE)
            task.cancel()
        ways = self._listeners.stopping()
        if "deliverer" in self._tasks:
            ways.append(self._deliverer.stop(GRACE))
        await asyncio.gather(*ways, return_exceptions=True)
        await self._acceptor.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=GRACE)
            for task in late:
                task.cancel()
        await self._refusals.close()
        status.forget(self._config)
        log.info("stopped")

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._asked.set)

    def _end(self) -> None:
        if self._stop.is_set():
            os._exit(1)  # asked twice: what is durable is durable
        log.info("stopping")
        self._last = asyncio.get_running_loop().call_later(LAST, _end_now)
        self.stop()

    # ── what the parts call back ────────────────────────────────────────────────────────

    async def _hear_the_worker(self) -> None:
        """Do what the worker says until it is gone, which it is only after it was told to stop."""
        while word := await self._worker.hear():
            match word.name:
                case "outgoing":
                    self._look_out()
                case "alive":
                    self._watchdog.heard(word.more)
                case "checked" | "taken":
                    self._answers.put_nowait(word)
        if not self._stop.is_set():
            raise MailgateError("the worker process is gone; what it said last stands above")

    def _look_out(self) -> None:
        """There may be something to deliver; the deliverer is another one after a reload with another relay."""
        self._deliverer.notify()

    def _standing(self) -> status.DaemonStatus:
        return status.DaemonStatus(tuple(self._listeners.standing()), self._relay_state(), self._watchdog.trouble)

    def _relay_ill(self, reply: Reply) -> None:
        self._tell_admin(
            f"relay:{self._clock():%Y-%m-%dT%H:%M}",
            "The relay takes no mail",
            (f"The relay answers: {reply}", "Outgoing mail is kept and tried again with growing pauses."),
        )

    def _tell_admin(self, cause: str, subject: str, facts: tuple[str, ...]) -> None:
        self._worker.say("tell", cause=cause, subject=subject, facts=facts)

    def _relay_state(self) -> status.RelayWord:
        state = self._deliverer.state
        return status.RelayWord(ok=state.ill_since is None, last_error=state.last_error)

    # ── reload ──────────────────────────────────────────────────────────────────────────

    async def _follow_reloads(self) -> None:
        while not self._stop.is_set():
            await self._asked.wait()
            self._asked.clear()
            if not self._stop.is_set():
                await self.reload()

    async def reload(self) -> None:
        """Take the configuration file again: whole, or not at all; the administrator hears why."""
        try:
            text = (await self._ask("check")).more["text"]  # the worker has loaded what that takes
            await self._take(read(self._config.file, text, os.environ, thorough=False)[0])
        except ConfigError as error:
            self._refuse(tuple(str(problem) for problem in error.problems))
        except MailgateError as error:
            self._refuse((f"{error.public}{f' ({error.cause})' if error.cause else ''}",))

    def _refuse(self, problems: tuple[str, ...]) -> None:
        log.error("reload refused:\n%s", "\n".join(problems))
        cause = f"reload:{self._clock():%Y-%m-%dT%H:%M:%S}"
        self._tell_admin(cause, "The reload was refused", ("The old configuration stays in force.", *problems))

    async def _take(self, new: Config) -> None:
        """First everything that may fail, then the change itself."""
        old = self._config
        if new.storage.database != old.storage.database:
            raise Refused("another database needs a restart")
        doors = await self._listeners.doors_for(new)
        try:
            await self._ask("take", text=new.text)
        except BaseException:
            await self._listeners.leave(doors)
            raise
        self._config = new
        await asyncio.to_thread(reload.remember, new)
        await self._listeners.change(old, doors)
        if old.relay != new.relay:
            await self._change_relay(new)
        log.info("reloaded: %s", "; ".join(changes(old, new)) or "nothing changed")

    async def _ask(self, name: str, **more: str) -> Word:
        """What the worker answers. Raises ConfigError when there are problems."""
        self._worker.say(name, **more)
        answer = await self._answers.get()
        if problems := answer.more.get("problems"):
            raise ConfigError(tuple(Problem(**problem) for problem in problems))
        return answer

    async def _change_relay(self, new: Config) -> None:
        task = self._tasks["deliverer"]
        self._leaving.add(task)
        await self._deliverer.stop(GRACE)
        await asyncio.wait({task})
        self._leaving.discard(task)
        if not self._stop.is_set():
            self._deliverer = self._make_deliverer(new)
            self._run("deliverer", self._deliverer.run())


def _end_now() -> None:
    """What holds on (a locked database, most of all) is left as it is: what is durable is durable."""
    log.warning("something still holds on; ended without it")
    logging.shutdown()
    os._exit(0)
