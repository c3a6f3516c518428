"""The desk's two processes on the virtual loop: the real `Daemon` and `WorkerProcess`, their edges replaced.

What is replaced are clocks, threads, sockets, the disk, the scheduler that triggers checks, and IMAP's client library.
Polls that only look whether something changed are stretched: what they look for is announced as well.
"""

from __future__ import annotations

import asyncio
import importlib
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from mailgate.cli.common import secrets_of
from mailgate.config.load import load
from mailgate.daemon.main import Daemon
from mailgate.daemon.worker import WorkerProcess
from mailgate.settings import Server
from mailgate.store.db import Node
from mailgate.system import crash_points
from mailgate.system.clock import Clock
from mailgate.system.watchdog import Timeouts
from mailgate.worker.node import joined
from tests.engines import with_database
from tests.simulation.disk import Disk, Thread
from tests.simulation.life import LIFE, ROLE, Killed, Life
from tests.simulation.loop import VirtualLoop, ask
from tests.simulation.mailbox import ImapServer
from tests.simulation.server import DatabaseServer
from tests.simulation.tokens import TokenServer

CONFIG = (Path(__file__).parent / "config.toml").read_text()
POLL = 3600.0  # seconds between looks that only announce what is announced anyway
TIDY = 4 * POLL  # seconds between clean-ups, which are an hour apart otherwise
RESTING = 30.0  # seconds at most between tries of what is due and cannot be done
STRETCHED = {
    "daemon.worker": ("POLL_INTERVAL",),
    "daemon.database_tasks": ("POLL_INTERVAL", "PROBE_INTERVAL"),
    "daemon.status": ("INTERVAL",),
    "daemon.alarms": ("INTERVAL",),
    "daemon.sign_ins": ("INTERVAL",),
    "daemon.leftovers": ("INTERVAL",),
    "worker.lanes": ("RETRY_INTERVAL",),
    "outbound.deliver": ("LONGEST_SLEEP",),
    "inbound.imap.session": ("LONGEST_IDLE",),
}


class Scheduler:
    """What APScheduler is for the timers: triggers each job at its interval, and a frequent one when it is due."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._jobs: list[asyncio.Task[None]] = []
        self._planned: list[tuple[Callable[[], Any], float, float]] = []
        self.running = False

    def add_job(
        self,
        func: Callable[[], Any],
        next_run_time: datetime,
        seconds: float = 0,
        hours: float = 0,
        **_: object,
    ) -> None:
        """Plan a job."""
        begins = round((next_run_time - datetime.now(UTC)).total_seconds())
        self._planned.append((func, seconds + 3600 * hours, max(begins, 0)))

    def start(self) -> None:
        """Begin."""
        self.running = True
        self._jobs = [asyncio.create_task(self._repeat(*each)) for each in self._planned]

    async def _repeat(self, func: Callable[[], Any], every: float, begins: float) -> None:
        await asyncio.sleep(begins)  # of the virtual clock
        rest = every
        while True:
            try:
                await func()
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler({"message": "a timer failed", "exception": error})
            if every < 1:
                # What is due and stays so, on a disk that takes nothing, is not tried twice a second for hours.
                rest = min(2 * rest, RESTING) if self._desk.next_due() <= 0 else every
                if await self._desk.look(rest):
                    rest = every
            else:
                await asyncio.sleep(max(every, TIDY if every >= 3600 else POLL))

    def shutdown(self, *, wait: bool) -> None:
        """End."""
        self.running = False
        for each in self._jobs:
            each.cancel()


class Desk:
    """The desk as its service manager sees it: started, stopped, killed, started again.

    `server` is that of its database, which is a file on the disk otherwise.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        folder: Path,
        wall: Callable[[], float],
        dice: random.Random,
        server: DatabaseServer | None = None,
    ) -> None:
        self.file = folder / "config.toml"
        self.server = server
        self.database: Path | Server = server.database if server else folder / "var/mailgate.db"
        self.config = with_database(CONFIG, server.url) if server else CONFIG
        self.disk = Disk(dice, folder / "var/mailgate.db")
        self.tokens = TokenServer(dice, loop.time)
        self.imap = ImapServer(dice, loop.signal, self.tokens.accepts)
        self.lives = 0
        self.life: Life | None = None
        self.daemon: Daemon | None = None
        self.next_due: Callable[[], float] = lambda: float("inf")  # seconds until the earliest deadline
        self.at_crossing: Callable[[str], None] = lambda crossing: None
        self.main: asyncio.Task[None] | None = None
        self._loop = loop
        self._wall = wall
        self._changed = asyncio.Event()

    # ── starting and ending ─────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Start both processes, and return when mail is accepted, or they ended before."""
        self.lives += 1
        life = self.life = Life(self.lives)
        ready = asyncio.Event()
        context = copy_context()
        context.run(LIFE.set, life)
        self.main = context.run(asyncio.create_task, self._run(life, ready), name="desk")
        self.main.add_done_callback(lambda _: ready.set())
        await ready.wait()

    async def _run(self, life: Life, ready: asyncio.Event) -> None:
        """What `mailgate run` does."""
        config, _ = load(self.file)
        secrets = secrets_of(config, new=life.number == 1)
        self.disk.flushed()
        ours, theirs = self._loop.network.pair()

        with joined(config) if self.server else nullcontext(Node()) as node:

            async def work() -> None:
                ROLE.set("worker")
                await WorkerProcess(config, secrets, node).run(theirs)

            working = asyncio.create_task(work(), name="worker process")
            ROLE.set("daemon")
            self.daemon = Daemon(
                config,
                ours,
                ready=lambda _: ready.set(),
                timeouts=Timeouts(ping=POLL, warn=10 * POLL, exit=20 * POLL),
                monotonic=self._loop.time,
                node=node,
            )
            try:
                await self.daemon.run()
            finally:
                ours.close()
                await asyncio.wait({working}, timeout=4.0)
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)

    @property
    def well(self) -> bool:
        """Whether nothing is wrong with its disk and its database."""
        return not self.disk.state and not (self.server and (self.server.state or self.server.restart_in))

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self.main is not None and not self.main.done()

    async def kill(self) -> None:
        """SIGKILL for both."""
        if self.life:
            self.life.die()
            await self.bury()

    async def bury(self, cut: Callable[[], object] = lambda: None) -> BaseException | None:
        """Let what is left of ended processes end, which has no effect any more; what they ended with.

        `cut` is called when the database is open nowhere here.
        """
        life, main = self.life, self.main
        assert life
        assert main
        life.die()
        while left := [each for each in life.tasks if not each.done()]:
            for each in left:
                each.cancel()
            await asyncio.sleep(0)
        for connection in [*life.connections]:
            connection.close()
        cut()
        error = None if main.cancelled() else main.exception()
        return None if isinstance(error, Killed) else error

    def reload(self) -> None:
        """SIGHUP."""
        if self.daemon and self.up:
            self.daemon._reload_requested.set()

    # ── time ────────────────────────────────────────────────────────────────────────────

    def clock(self) -> Clock:
        """The clock of one process."""
        return Clock(self._wall, self._loop.time)

    def changed(self) -> None:
        """Something may be due earlier than it was."""
        self._changed.set()

    async def look(self, every: float) -> bool:
        """Wait as long as a job that looks so often would find nothing, or `every` when something is due already.

        `changed` makes it look anew. Returns whether it did.
        """
        began, looked = self._loop.time(), False
        while True:
            self._changed.clear()
            left = max(every, min(self.next_due(), began + POLL - self._loop.time()))
            if left > began + POLL - self._loop.time():
                return looked
            try:
                async with asyncio.timeout(left):  # of the virtual clock
                    await self._changed.wait()
            except TimeoutError:
                return looked
            looked = True

    # ── the edges ───────────────────────────────────────────────────────────────────────

    def readable(self, sockets: Any, seconds: float) -> None:
        """What waits for sockets, on the mailbox's thread."""
        asked = [each.readable for each in sockets]
        self._loop.wait(lambda: any(each() for each in asked), seconds)

    @contextmanager
    def edges(self, **constants: object) -> Iterator[None]:
        """Everything that is replaced, while the block runs."""
        loop, module = self._loop, lambda name: importlib.import_module(f"mailgate.{name}")

        class OneThread:
            """`threading.Thread` for the mailbox and for tokens: a callback of the loop."""

            def __init__(self, target: Callable[[], None], **_: object) -> None:
                self._target = target

            def start(self) -> None:
                """Begin."""
                loop.call_soon(self._target)

            def join(self) -> None:
                """It has ended by then."""

        system = self.disk.system(self._wall)
        replaced: list[tuple[object, str, object]] = [
            (module("daemon.main"), "Clock", self.clock),
            (module("daemon.worker"), "Clock", self.clock),
            (module("daemon.worker"), "gc", SimpleNamespace(freeze=_nothing, set_threshold=_nothing)),
            (module("daemon.worker"), "os", SimpleNamespace(_exit=_exit, environ={})),
            (module("daemon.main"), "os", SimpleNamespace(environ={})),
            (module("daemon.spawn"), "os", SimpleNamespace(_exit=_exit)),
            (module("worker.timers"), "AsyncIOScheduler", lambda **_: Scheduler(self)),
            (module("worker.timers"), "time", SimpleNamespace(time=self._wall)),
            (module("cli.storage.forget"), "time", SimpleNamespace(time=self._wall)),
            (module("cli.common"), "now", lambda: datetime.fromtimestamp(self._wall(), UTC)),
            (module("store.attachments"), "os", system),
            (module("store.maintenance.backup"), "os", system),
            (module("store.maintenance.restore"), "os", system),
            (module("worker.batch"), "time", SimpleNamespace(monotonic=loop.time)),
            (module("worker.batch"), "try_in_own_process", _nothing),
            (module("store.sqlite.lane").aiosqlite, "Connection", Thread),
            (module("store.sqlite.db"), "time", SimpleNamespace(sleep=_nothing)),
            (module("store.sqlite.connection").sqlite3, "connect", self.disk.connect),
            (module("store.sqlite.flush"), "os", system),
            (module("system.durable"), "os", system),
            (module("inbound.imap.connection"), "IMAPClient", self.imap.connect),
            (module("inbound.imap.watcher"), "threading", SimpleNamespace(Thread=OneThread, Event=threading.Event)),
            (
                module("inbound.imap.watcher"),
                "socket",
                SimpleNamespace(socketpair=lambda: [Waker(loop.signal)] * 2, MSG_DONTWAIT=0),
            ),
            (module("daemon.sign_ins"), "post", self.tokens.post),
            (
                module("connect.access_tokens"),
                "threading",
                SimpleNamespace(Thread=OneThread, Lock=threading.Lock),
            ),
            (module("inbound.imap.watcher"), "readable", self.readable),
            (module("inbound.imap.session"), "readable", self.readable),
            (asyncio, "run_coroutine_threadsafe", ask),
        ]
        replaced += self.server.replaced() if self.server else []
        replaced += [(module(name), each, POLL) for name, some in STRETCHED.items() for each in some]
        sqlite = module("store.sqlite.engine").Sqlite
        checkpoint = sqlite.checkpoint

        def checkpoints(engine: Any) -> None:
            self.disk.flushed()
            checkpoint(engine)

        replaced.append((sqlite, "checkpoint", checkpoints))
        replaced += [(module("worker.batch"), name, value) for name, value in constants.items()]
        patches = [patch.object(owner, name, value) for owner, name, value in replaced]
        crash_points.observers.append(self._crossed)
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in reversed(patches):
                each.stop()
            crash_points.observers.remove(self._crossed)

    def _crossed(self, boundary: str) -> None:
        life = LIFE.get()
        if life is None:
            return
        life.require()
        if boundary == "log flushed":
            self.disk.flushed()
        if boundary == "committed":
            self._changed.set()
        self.at_crossing(f"{ROLE.get()}:{boundary}")


def _nothing(*_: object, **__: object) -> None:
    pass


def _exit(_: int) -> None:
    if life := LIFE.get():
        life.die()
    raise Killed


class Waker:
    """The socket pair with which a mailbox's wait is ended; both ends are this one."""

    def __init__(self, signal: Callable[[], None]) -> None:
        self.said = False
        self._signal = signal

    def send(self, _: bytes) -> None:
        """Wake."""
        self.said = True
        self._signal()

    def recv(self, *_: int) -> bytes:
        """Forget what was sent."""
        self.said = False
        return b"!"

    def readable(self) -> bool:
        """Whether somebody wakes."""
        return self.said

    def close(self) -> None:
        """Nothing is open."""
