"""The database of the desk on a private server of PostgreSQL, whose connections fail and which is restarted.

What flows: the desk opens a connection with `psycopg.connect`, sets it up with `execute`, and from then on each round
trip is a `_send` of `Statements` that `_write` ends before an answer is read. There a dead process is stopped, and a
connection cut: before the server gets what is sent, or when it has done it and nobody reads the answer. The socket is
really cut, so that libpq and the server find out by themselves; the server is really restarted, or crashes. Nothing
goes on before the server has ended what was cut off, so that a world is repeated exactly.

Times of leases are by the server's clock, which is the loop's here. The world's own connections never fail.
"""

from __future__ import annotations

import os
import random
import select
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from psycopg.pq.abc import PGconn

from mailgate.settings import Server
from mailgate.store.db import open_writer
from mailgate.store.postgresql.statements import Statements
from tests.postgresql import Cluster
from tests.simulation.life import LIFE, Life
from tests.waiting import PATIENCE, wait_until

# Of what a server that is restarted has not flushed everything is lost: it is not flushed meanwhile.
SETTINGS = {"wal_writer_delay": "10s"}
RENEW, RETRY = 3600.0, 30.0  # seconds between renewals of the lease, and between tries of one that failed
STATES = ("down", "cut", "unanswered")
RESTARTS = ("restart", "crash", "crash of a process")
_READY = (
    b"Z\x00\x00\x00\x05"  # the end of an answer (https://www.postgresql.org/docs/current/protocol-message-formats.html)
)


class DatabaseServer:
    """How the server does: `state` is "" when it is well, else one of `STATES`; then a share of round trips fails."""

    def __init__(self, dice: random.Random, cluster: Cluster, folder: Path, now: Callable[[], float]) -> None:
        self.dice = dice
        self.state = ""
        self.share = 1.0
        self.at_commits = False  # only round trips that end a transaction fail
        self.restart_in = 0  # round trips until the next restart; 0: none is planned
        self.restart = RESTARTS[0]
        self.restarted: Callable[[str], object] = lambda how: None
        self._cluster = cluster
        self._now = now
        self._slept = 0.0
        self._name = cluster.empty_database()
        self.url = cluster.url(self._name)
        self.database = Server(self.url, folder / "var/mailgate.db", folder / "var/attachments")
        self._admin = _connect(cluster.url(), autocommit=True)
        open_writer(self.database).close()

    def close(self) -> None:
        """The world is over."""
        self._admin.execute(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._admin.close()

    def empty(self) -> None:
        """The database is lost, and there is a new one of its name."""
        self._admin.execute(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._admin.execute(f"CREATE DATABASE {self._name}")

    def plan_restart(self) -> None:
        """Sooner or later on this day it is restarted."""
        self.restart, self.restart_in = self.dice.choice(RESTARTS), self.dice.choice((1, 3, 10, 60, 200))

    def trouble(self) -> str:
        """Something goes wrong from now on; what it is."""
        self.state = self.dice.choice(STATES)
        self.at_commits = self.state != "down" and self.dice.random() < 0.5
        self.share = 1.0 if self.state == "down" else self.dice.choice((0.02, 0.2))
        if self.at_commits:
            self.share = 0.4
        return f"server {self.state} {self.share}{' at commits' if self.at_commits else ''}"

    # ── round trips of the desk ─────────────────────────────────────────────────────────

    def _fails(self, *states: str, commits: bool) -> bool:
        return self.state in states and commits >= self.at_commits and self.dice.random() < self.share

    def before(self, life: Life, pgconn: PGconn, *, commits: bool = False) -> None:
        """Something is about to be sent."""
        life.require()
        if self.restart_in:
            self.restart_in -= 1
            if not self.restart_in:
                self._restart()
        if self._fails("down", "cut", commits=commits):
            self._cut(pgconn)

    def behind(self, pgconn: PGconn, *, commits: bool) -> None:
        """Something was sent."""
        if self._fails("unanswered", commits=commits):
            answer, readable = b"", select.poll()
            readable.register(pgconn.socket, select.POLLIN)
            while _READY not in answer:
                assert readable.poll(PATIENCE * 1000), "the server does not answer"
                if not (more := os.read(pgconn.socket, 65536)):
                    break
                answer += more
            self._cut(pgconn)

    def _cut(self, pgconn: PGconn) -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(pgconn.socket)) as end:
            end.shutdown(socket.SHUT_RDWR)
        gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: self._admin.execute(gone, [pgconn.backend_pid]).fetchone() == (True,))

    def _restart(self) -> None:
        if self.restart == "crash of a process":
            before = self._recovered()
            os.kill(self._admin.info.backend_pid, signal.SIGKILL)
            # Who connects before the server has noticed is cut off when it begins anew.
            wait_until(lambda: self._connects() and self._recovered() not in (None, before))
        else:
            self._cluster.stop(signal.SIGINT if self.restart == "restart" else signal.SIGKILL)
            self._cluster.start()
            assert self._connects()
        Context().run(self.restarted, self.restart)  # outside of the desk's life

    def _recovered(self) -> object:
        """When the server began to count, which it does anew after a crash; None when it is not there."""
        with suppress(psycopg.Error):
            return self._admin.execute("SELECT stats_reset FROM pg_stat_bgwriter").fetchone()
        return None

    def _connects(self) -> bool:
        with suppress(psycopg.Error):
            self._admin.execute("SELECT 1")
            return False  # it has not noticed yet that one of its processes was killed
        with suppress(psycopg.OperationalError):
            self._admin = _connect(self._cluster.url(), autocommit=True)
            return True
        return False

    # ── what is put in the place of real calls ──────────────────────────────────────────

    def connect(self, *args: Any, **more: Any) -> psycopg.Connection[Any]:
        """`psycopg.connect`."""
        life = LIFE.get()
        if life is None:
            return _connect(*args, **more)
        life.require()
        if self._fails("down", commits=False):
            raise psycopg.OperationalError("connection failed: Connection refused")
        connection = Connection.connect(*args, **more)
        connection.server, connection.life = self, life
        life.connections.add(connection)
        return connection

    def statements(self, connection: Any) -> Statements:
        """`Statements`."""
        return RoundTrips(connection) if isinstance(connection, Connection) else Statements(connection)

    def replaced(self) -> list[tuple[object, str, object]]:
        """Owner, name and what is in its place."""
        module = lambda name: import_module(f"mailgate.{name}")  # noqa: E731
        time = SimpleNamespace(monotonic=lambda: self._now() + self._slept, sleep=self._sleep, time=self._now)
        return [
            (psycopg, "connect", self.connect),
            (module("store.postgresql.db"), "Statements", self.statements),
            (module("store.postgresql.db"), "time", time),
            (module("store.postgresql.sql").Expressions, "clock", _Clock(self._now)),
            (module("worker.node"), "time", time),
            (module("store.queues.nodes"), "RENEW", RENEW),
            (module("store.queues.nodes"), "LEASE", 4 * RENEW),
            (module("daemon.database_tasks"), "RETRY", RETRY),
        ]

    def _sleep(self, seconds: float) -> None:
        """Somebody waits on a thread, which is this one: nothing else goes on."""
        self._slept += seconds


class Connection(psycopg.Connection[Any]):
    """A connection of the desk."""

    server: DatabaseServer
    life: Life

    def execute(self, *args: Any, **more: Any) -> Any:
        """Run a statement, if the server is reached."""
        self.server.before(self.life, self.pgconn)
        return super().execute(*args, **more)


class RoundTrips(Statements):
    """The statements of a connection of the desk."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._server, self._life = connection.server, connection.life
        self._commits = False

    def _send(self, wanted: int) -> Any:
        self._commits = any(each.sql == "COMMIT" for each in self._queue)
        self._server.before(self._life, self._pgconn, commits=self._commits)
        return super()._send(wanted)

    def _write(self) -> None:
        super()._write()
        self._server.behind(self._pgconn, commits=self._commits)


class _Clock:
    """The expression for the server's time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def __get__(self, *_: object) -> str:
        return f"CAST({self._now():.3f} AS double precision)"


_connect = psycopg.connect
