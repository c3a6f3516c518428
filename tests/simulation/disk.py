"""The disk of the database and of the files: a real file, whose writes and flushes fail as the weather says.

Real flushes are left out, for they cost most of the time: what a kill leaves behind is the same without them.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import sqlite3
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.simulation.life import LIFE, Life

_WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "BEGIN IMMEDIATE")
_FAULTS = {
    "full": ("database or disk is full", sqlite3.SQLITE_FULL),
    "broken": ("disk I/O error", sqlite3.SQLITE_IOERR),
    "read-only": ("attempt to write a readonly database", sqlite3.SQLITE_READONLY),
    "busy": ("database is locked", sqlite3.SQLITE_BUSY),
}
_ERRNO = {"full": errno.ENOSPC, "broken": errno.EIO, "read-only": errno.EROFS}


class Connection(sqlite3.Connection):
    """A connection of the desk."""

    def __init__(self, disk: Disk, life: Life, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._disk, self._life = disk, life

    def execute(self, sql: str, *params: Any) -> sqlite3.Cursor:
        """Run a statement, if the disk lets it."""
        self._life.require()
        if error := self._disk.failure(sql):
            if self.in_transaction and sql != "COMMIT":  # SQLite undoes the transaction by itself, mostly
                super().execute("ROLLBACK")
            raise error
        return super().execute(sql, *params)

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        """Run a statement for each row, if the disk lets it."""
        self._life.require()
        if error := self._disk.failure(sql):
            raise error
        return super().executemany(sql, rows)


class Disk:
    """How the disk does: `state` is "" when it is well, else a key of `_FAULTS`; then a share of the writes fails."""

    def __init__(self, dice: random.Random, database: Path) -> None:
        self.dice = dice
        self.state = ""
        self.share = 1.0
        self._database = database
        self._log, self._index = f"{database}-wal", f"{database}-shm"
        self._durable = (b"", 0)  # what of the log would outlive a power cut: the salt of its header, frames

    def failure(self, sql: str) -> sqlite3.OperationalError | None:
        """The error of a statement; None for one that goes well."""
        if not self.state or not sql.startswith(_WRITES):
            return None
        if (self.state == "busy") is not (sql == "BEGIN IMMEDIATE") or self.dice.random() >= self.share:
            return None
        words, code = _FAULTS[self.state]
        error = sqlite3.OperationalError(words)
        error.sqlite_errorcode = code
        return error

    def check(self) -> None:
        """Raise what a write or a flush of a file says now."""
        if LIFE.get() and self.state in _ERRNO and self.dice.random() < self.share:
            raise OSError(_ERRNO[self.state], os.strerror(_ERRNO[self.state]))

    # ── power cuts ──────────────────────────────────────────────────────────────────────

    def flushed(self) -> None:
        """All that the log holds now is durable."""
        head, about = _beginning(self._log, 32), _beginning(self._index, 20)
        if head is not None and about is not None:
            self._durable = head[16:24], int.from_bytes(about[16:20], sys.byteorder)  # sqlite.org/walformat.html

    def remains(self) -> tuple[bytes, bytes]:
        """Database and log as a power cut would leave them now.

        A checkpoint flushes the log before it writes to the database, so what is there is durable.
        """
        log = self._database.with_name(self._database.name + "-wal")
        written = log.read_bytes() if log.exists() else b""
        salt, frames = self._durable
        page = int.from_bytes(written[8:12], "big") if written else 0
        kept = 32 + frames * (24 + page) if written[16:24] == salt else 0
        return self._database.read_bytes(), written[:kept]

    def restore(self, database: bytes, log: bytes) -> None:
        """Put files in the place of those that are there; nobody has them open."""
        self._database.with_name(self._database.name + "-shm").unlink(missing_ok=True)
        self._database.with_name(self._database.name + "-wal").write_bytes(log)
        self._database.write_bytes(database)

    # ── what is put in the place of real calls ──────────────────────────────────────────

    def connect(self, *args: Any, **more: Any) -> sqlite3.Connection:
        """`sqlite3.connect`."""
        life = LIFE.get()
        if life is None:
            return _connect(*args, **more)
        life.require()

        def opened(*given: Any, **also: Any) -> sqlite3.Connection:
            return Connection(self, life, *given, **also)

        connection = _connect(*args, factory=opened, **more)
        sqlite3.Connection.execute(connection, "PRAGMA synchronous = OFF")
        life.connections.add(connection)
        return connection

    def system(self, wall: Callable[[], float]) -> SimpleNamespace:
        """The module `os` as files are written with it; their times are those of the wall clock."""

        def write(file: int, data: Any) -> int:
            self.check()
            return os.write(file, data)

        def flush(file: int) -> None:
            self.check()
            os.utime(file, (wall(), wall()))

        def touch(path: Path) -> None:
            os.utime(path, (wall(), wall()))

        replaced = {"write": write, "fsync": flush, "fdatasync": flush, "utime": touch, "sync": lambda: None}
        return SimpleNamespace(**{**vars(os), **replaced})


_connect = sqlite3.connect


def _beginning(path: str, size: int) -> bytes | None:
    """The first bytes of a file; None where there is none."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return os.read(file, size)
    finally:
        os.close(file)


class Thread:
    """`aiosqlite.Connection` without its thread: a call runs at the next turn of the loop."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        self._connector = connector
        self._conn: sqlite3.Connection
        self._life: Life | None = LIFE.get()
        self._thread = self

    def join(self) -> None:
        """There is nothing to wait for."""

    def __await__(self) -> Generator[Any, None, Thread]:
        return self._open().__await__()

    async def _open(self) -> Thread:
        await asyncio.sleep(0)
        self._conn = self._connector()
        return self

    async def _execute(self, work: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        if self._life:
            self._life.require()
        try:
            return work()
        finally:
            if self._life:
                self._life.require()

    async def close(self) -> None:
        """Close the connection."""
        if self._life:
            self._life.connections.discard(self._conn)
        self._conn.close()
