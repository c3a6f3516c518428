"""The daemon: accepts mail into the inbox and delivers the outbox, as named tasks under one stop event.

Tickets are worked by a second process, the worker (`worker.py`). When a task or the worker dies, the daemon stops and
exits with an error. The first SIGTERM or SIGINT drains (within ten seconds), the second exits at once. SIGHUP reloads.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from mailgate.config.diff import changes
from mailgate.config.load import read
from mailgate.daemon import active_config, alarms, status
from mailgate.daemon.channel import (
    ApplyConfig,
    Channel,
    CheckConfig,
    ConfigResult,
    DeliveryFailed,
    MailAccepted,
    NotifyAdmin,
    OutboxChanged,
    Ping,
    Pong,
    RunTimers,
    Stop,
)
from mailgate.daemon.database_tasks import Membership, checkpoint_wal, watch_external_writes, watch_storage
from mailgate.daemon.http import Health, check_health, problems_of
from mailgate.daemon.leftovers import report_leftovers
from mailgate.daemon.listeners import STOP_TIMEOUT, Listeners
from mailgate.daemon.sign_ins import SignIns
from mailgate.daemon.spawn import exit_now
from mailgate.errors import ConfigError, MailgateError, Refused
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.refusals import Refusals
from mailgate.outbound.backoff import Reply
from mailgate.outbound.deliver import Deliverer
from mailgate.outbound.maildir import Transport
from mailgate.outbound.relay import transport
from mailgate.settings import Config, Relay
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Node, Store, engine_of
from mailgate.store.queues import arrivals
from mailgate.system import maillog
from mailgate.system.clock import Clock
from mailgate.system.log_format import EventCounter
from mailgate.system.service_manager import Notifier, OpenSockets
from mailgate.system.watchdog import Timeouts, Watchdog

SHUTDOWN_TIMEOUT = 9.0  # seconds from the first signal until the process exits, whatever still runs

log = logging.getLogger("mailgate")


class Daemon:
    """The daemon process on one database.

    `worker` is its end of the socket pair to its worker process. `ready` is called once mail is accepted. `monotonic`
    is a clock in seconds. `opened` are sockets of the service manager.
    """

    def __init__(
        self,
        config: Config,
        worker: socket.socket,
        *,
        ready: Callable[[Daemon], None] | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - an immutable value
        monotonic: Callable[[], float] = time.monotonic,
        notifier: Notifier = Notifier(""),  # noqa: B008 - one without a socket does nothing
        opened: OpenSockets = OpenSockets(),  # noqa: B008 - an immutable value
        node: Node = Node(),  # noqa: B008 - an immutable value
    ) -> None:
        self._config = config
        self._node = node
        self._worker_socket = worker
        self._ready = ready
        self._notifier = notifier
        self._opened = opened
        self._events = EventCounter()
        self._clock = Clock()
        self._monotonic = monotonic
        self._watchdog = Watchdog(timeouts, monotonic)
        self._stop = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None  # of the first task that died
        self._forced_exit: asyncio.TimerHandle | None = None
        self._being_replaced: set[asyncio.Task[None]] = set()
        self._reload_requested = asyncio.Event()  # twenty signals in a row are one reload
        self._config_results: asyncio.Queue[ConfigResult] = asyncio.Queue()

    async def run(self) -> None:
        """Run until a signal or `stop`. Raises the exception of a task that died."""
        self._store = await Store.open(self._config.storage.database, self._clock, self._node)
        maillog.log.addHandler(self._events)
        try:
            self._worker = await Channel.open(self._worker_socket)
            active_config.save(self._config)
            self._build()
            self._handle_signals()
            try:
                await self._start()
                await self._stop.wait()
                if self._failure:
                    raise self._failure
            finally:
                await self._close()
        finally:
            maillog.log.removeHandler(self._events)
            await self._store.close()
            if self._forced_exit:
                self._forced_exit.cancel()

    def stop(self) -> None:
        """Drain and stop."""
        self._stop.set()

    @property
    def port(self) -> int | None:
        """The port of the SMTP listener; None when there is none."""
        return self._listeners.smtp_port

    @property
    def http_port(self) -> int | None:
        """The port of the HTTP server; None while there is none."""
        return self._listeners.http_port

    # ── start ───────────────────────────────────────────────────────────────────────────

    def _build(self) -> None:
        self._acceptor = Acceptor(self._store, self._clock, lambda: self._worker.send(MailAccepted()))
        self._refusals = Refusals(self._store, self._clock)
        self._sign_ins = SignIns(self._config, self._clock, self._notify_admin)
        self._listeners = Listeners(
            lambda: self._config,
            self._store,
            self._acceptor,
            self._refusals,
            self._clock,
            self._health,
            self._sign_ins.account,
            self._opened,
        )
        self._membership = Membership(
            self._store,
            lambda: self._config,
            self._listeners,
            run_timers=lambda: self._worker.send(RunTimers()),
            renewed=self._wake_deliverer,
            reload=self._reload_requested.set,
            monotonic=self._monotonic,
        )
        self._deliverer = self._make_deliverer(self._config)

    def _make_deliverer(self, config: Config) -> Deliverer:
        def connect(relay: Relay) -> Transport:
            return transport(relay, config.hostname, self._sign_ins.account(relay.credentials))

        return Deliverer(
            self._store,
            [(relay, partial(connect, relay)) for relay in config.relays],
            self._clock,
            take_failure=lambda: self._worker.send(DeliveryFailed()),
            report_file=self._report_file,
            attachments=AttachmentStore(config.storage.attachments),
            may_send=lambda: self._membership.lasts,
        )

    async def _start(self) -> None:
        await self._listeners.start_receiving()
        status.write(self._config, self._status())  # whoever was told "ready" may ask for it
        if self._ready:
            self._ready(self)
        self._notifier.ready()
        self._run("worker", self._receive_messages())
        self._run("watchdog", self._watchdog.run(lambda: self._worker.send(Ping()), self._stop))
        self._run("membership", self._membership.run(self._stop))
        self._run("deliverer", self._deliverer.run())
        self._run("external writes", watch_external_writes(self._store, self._on_external_write, self._stop))
        leftovers = report_leftovers(
            self._store, self._clock, lambda: self._config.max_mail_size, self._notify_admin, self._stop
        )
        self._run("leftovers", leftovers)
        engine = engine_of(self._config.storage.database)
        self._run("storage", watch_storage(self._store, engine, self._config.storage, self._stop))
        self._run("checkpoint", checkpoint_wal(engine, self._stop))
        self._run("reload", self._reload_on_request())
        self._run("sign-ins", self._sign_ins.run(self._on_sign_in, self._stop))
        watch = alarms.Alarms(lambda: self._config, self._clock, self._send_alarm, self._notify_admin)
        self._run("alarms", watch.run(self._status, self._silence, self._stop))
        self._run("status", status.keep_written(self._config, self._status, self._stop))
        await self._listeners.start_others()
        log.info("ready: %s", ", ".join(self._listeners.names()) or "no mail source but `mailgate ingest`")

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        """Stop the daemon when a task ends before it should."""
        error = None if task.cancelled() else task.exception()
        expected = isinstance(error, MailgateError)  # printed by the command line, without a traceback
        if self._stop.is_set() or task in self._being_replaced:
            if error:
                log.error("task %s failed while stopping", task.get_name(), exc_info=None if expected else error)
            return
        log.error("task %s ended unexpectedly", task.get_name(), exc_info=None if expected else error)
        self._failure = error
        self._stop.set()

    # ── stop ────────────────────────────────────────────────────────────────────────────

    async def _close(self) -> None:
        """Stop everything, sources of mail first."""
        self._stop.set()
        self._notifier.stopping()
        self._worker.send(Stop())
        self._listeners.stop_http()
        self._reload_requested.set()
        if task := self._tasks.get("reload"):  # first, since it may be replacing a listener or the deliverer
            await asyncio.wait({task}, timeout=STOP_TIMEOUT)
            task.cancel()
        stops = self._listeners.stop_receiving()
        if "deliverer" in self._tasks:
            stops.append(self._deliverer.stop(STOP_TIMEOUT))
        await asyncio.gather(*stops, return_exceptions=True)
        await self._acceptor.close()
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks.values(), timeout=STOP_TIMEOUT)
            for task in unfinished:
                task.cancel()
        await self._refusals.close()
        self._worker.close()
        status.remove(self._config)
        log.info("stopped")

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_on_signal)
        loop.add_signal_handler(signal.SIGHUP, self._reload_requested.set)

    def _stop_on_signal(self) -> None:
        if self._stop.is_set():  # the second signal
            exit_now(1)
        log.info("stopping")
        self._forced_exit = asyncio.get_running_loop().call_later(SHUTDOWN_TIMEOUT, _exit_late)
        self.stop()

    # ── callbacks and status ────────────────────────────────────────────────────────────

    async def _receive_messages(self) -> None:
        """Handle the worker's messages until it exits. Raises MailgateError when it was not told to stop."""
        while message := await self._worker.receive():
            match message:
                case OutboxChanged():
                    self._wake_deliverer()
                case Pong(progress, storage):
                    self._watchdog.record(progress)
                    self._tell_service_manager()
                    self._store.health.adopt(storage)
                case ConfigResult():
                    self._config_results.put_nowait(message)
        if not self._stop.is_set():
            raise MailgateError("worker exited unexpectedly, see the log above")

    def _tell_service_manager(self) -> None:
        """Feed its watchdog while the worker makes progress, and say what is wrong now."""
        if self._stop.is_set():  # it was told so
            return
        now = self._status()
        if not now.worker:
            self._notifier.alive()
        self._notifier.status("; ".join(problems_of(now)) or "ready")

    def _on_external_write(self) -> None:
        """Another process wrote: there may be mail to send, or a mail to move to junk."""
        self._wake_deliverer()
        self._listeners.look_for_spam()

    def _wake_deliverer(self) -> None:
        self._deliverer.notify()  # a reload may replace it

    def _report_file(self, reply: Reply) -> None:
        what = "Mails that hold it wait, and are tried again with growing pauses. Other mail is not affected."
        self._notify_admin(f"file:{self._clock().isoformat()}", "An attachment cannot be read", (reply.text, what))

    def _notify_admin(self, cause: str, subject: str, facts: tuple[str, ...]) -> None:
        self._worker.send(NotifyAdmin(cause, subject, facts))

    def _status(self) -> status.DaemonStatus:
        relays = tuple(map(status.relay_status, self._deliverer.states))
        ways_in = tuple(self._listeners.ways_in())
        storage = self._store.health.problems()
        return status.DaemonStatus(ways_in, relays, self._watchdog.problem, self._sign_ins.states(), storage)

    async def _send_alarm(self, channel: str, what: dict[str, Any]) -> None:
        await alarms.send(self._config, channel, what)

    async def _silence(self) -> datetime | None:
        return await self._store.read(arrivals.unusual_silence, self._clock()) if self._membership.has_clock else None

    async def _on_sign_in(self, account: str) -> None:
        """Retry at once what waits for a sign-in of `account`: `mailgate login` stored a new token."""
        self._listeners.retry_now(account)
        await self._deliverer.retry_now()

    async def _health(self) -> Health:
        starting = not self._watchdog.answered
        return await check_health(self._status(), self._store, self._events.counts, self._clock(), starting=starting)

    # ── reload ──────────────────────────────────────────────────────────────────────────

    async def _reload_on_request(self) -> None:
        while not self._stop.is_set():
            await self._reload_requested.wait()
            self._reload_requested.clear()
            if not self._stop.is_set():
                self._notifier.reloading()
                await self.reload(everywhere=not self._membership.take_request())
                self._notifier.ready()

    async def reload(self, *, everywhere: bool = False) -> None:
        """Put the configuration file in force, `everywhere` on all nodes; after an error the old one stays in force."""
        problems: tuple[str, ...] = ()
        try:
            # The worker validates: it has loaded the modules that this takes.
            text = (await self._request(CheckConfig())).text
            await self._apply(read(self._config.file, text, os.environ, thorough=False)[0])
            self._membership.reloaded(everywhere=everywhere)
        except ConfigError as error:
            problems = tuple(str(problem) for problem in error.problems)
        except MailgateError as error:
            problems = (error.told(),)
        if problems:
            log.error("reload refused:\n%s", "\n".join(problems))
            cause = f"reload:{self._clock():%Y-%m-%dT%H:%M:%S}"
            self._notify_admin(cause, "The reload was refused", ("The old configuration stays in force.", *problems))
        await asyncio.to_thread(active_config.save_verdict, self._config, problems)

    async def _apply(self, new: Config) -> None:
        """Put a validated configuration in force: first every step that can fail, then the switch."""
        old = self._config
        if new.storage.database != old.storage.database:
            raise Refused("another database needs a restart")
        if new.storage.node != old.storage.node:
            raise Refused("another name of the node needs a restart")
        servers = await self._listeners.prepare(new)
        try:
            await self._request(ApplyConfig(new.text))
        except BaseException:
            await self._listeners.discard(servers)
            raise
        self._config = new
        self._sign_ins.apply(new)
        await asyncio.to_thread(active_config.save, new)
        await self._listeners.switch(old, servers)
        if _delivery(old) != _delivery(new):
            await self._replace_deliverer(new)
        log.info("reloaded: %s", "; ".join(changes(old, new)) or "nothing changed")

    async def _request(self, message: CheckConfig | ApplyConfig) -> ConfigResult:
        """Send a request to the worker and wait for the reply. Raises ConfigError when it reports problems."""
        self._worker.send(message)
        result = await self._config_results.get()
        if result.problems:
            raise ConfigError(result.problems)
        return result

    async def _replace_deliverer(self, new: Config) -> None:
        task = self._tasks["deliverer"]
        self._being_replaced.add(task)
        await self._deliverer.stop(STOP_TIMEOUT)
        await asyncio.wait({task})
        self._being_replaced.discard(task)
        if not self._stop.is_set():
            self._deliverer = self._make_deliverer(new)
            await self._deliverer.retry_now()  # the change may be the cure of what waits
            self._run("deliverer", self._deliverer.run())


def _delivery(config: Config) -> tuple[object, ...]:
    """What the deliverer was made from."""
    return config.relays, config.hostname, config.storage.attachments


def _exit_late() -> None:
    log.warning("shutdown timed out, exiting")
    exit_now(0)
