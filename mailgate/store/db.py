"""One writer, read-only readers: transactions on an open database.

A transaction is a plain function `work(db, …)`; it runs whole on the writer's thread
between BEGIN IMMEDIATE and COMMIT, so that no await stands inside it. The daemon goes
through `Store` (aiosqlite); one-shot commands open a `Db` of their own.

What differs between database engines lives here (BEGIN IMMEDIATE, savepoints), in
`connection.py` (opening, pragmas, errors) and in `schema.py`, and nowhere else.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from mailgate.errors import StorageError
from mailgate.store import schema
from mailgate.store.connection import connect, is_busy, log_path, make_private, storage_errors
from mailgate.store.flush import Flusher
from mailgate.store.raw_files import RawFiles
from mailgate.system.crash_points import crossing
from mailgate.system.storage import StorageHealth

P = ParamSpec("P")
T = TypeVar("T")
Row = sqlite3.Row
Params = Sequence[Any] | dict[str, Any]

SHORT_TRIES, SHORT_PAUSE = 100, 0.0002  # how often a busy database is asked again at once; seconds between
DATABASE, LOG, READER, PLACE = "database", "log", "reader", "place"  # parts of `StorageHealth`
LONGEST_LOG = 10_000  # pages of 4 kB before whoever commits must do what `checkpoint` does


class Db:
    """A synchronous handle on one connection; used on one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, files: RawFiles) -> None:
        self._connection = connection
        self.files = files  # large mails

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Every row of a query."""
        return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a query, or None."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def run(self, sql: str, params: Params = ()) -> int:
        """Run one statement; the number of rows it changed."""
        return self._connection.execute(sql, params).rowcount

    def insert(self, sql: str, params: Params = ()) -> int:
        """Run one INSERT; the id of the new row."""
        return self._connection.execute(sql, params).lastrowid or 0

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        """Run one statement for each of many rows."""
        self._connection.executemany(sql, rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone alone when it raises."""
        self._connection.execute("SAVEPOINT one")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # a full disk has undone the whole transaction already
                self._connection.execute("ROLLBACK TO one")
                self._connection.execute("RELEASE one")
            raise
        self._connection.execute("RELEASE one")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Every read inside sees the database as it is at the first of them; nobody is kept from writing."""
        if self._connection.in_transaction:  # which sees one moment already
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")  # there is nothing to undo

    @contextmanager
    def transaction(self) -> Iterator[Db]:
        """BEGIN IMMEDIATE … COMMIT; undone when the block raises.

        Raises DatabaseBusy when another process holds the database for too long and
        StorageError for other trouble of the disk or the file.
        """
        with storage_errors():
            self._begin()
            try:
                yield self
                crossing("commit")
                self._connection.execute("COMMIT")
                crossing("committed")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """BEGIN IMMEDIATE … ROLLBACK: what the block writes is undone. Raises as `transaction` does."""
        with storage_errors():
            self._begin()
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def _begin(self) -> None:
        """BEGIN IMMEDIATE. The other process writes for a millisecond: ask again sooner than SQLite would."""
        patience = self._connection.execute("PRAGMA busy_timeout").fetchone()[0]
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            for _ in range(SHORT_TRIES):
                try:
                    self._connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if not is_busy(error):
                        raise
                else:
                    return
                time.sleep(SHORT_PAUSE)
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {patience}")
        self._connection.execute("BEGIN IMMEDIATE")

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        row = self.one("PRAGMA data_version")
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def open_writer(path: Path) -> Db:
    """Open (and where needed make) the database for a one-shot command. Raises StorageError, WrongSchema."""
    with storage_errors():
        make_private(path)
        return Db(_ready(connect(path, "rwc")), RawFiles(path))


def open_reader(path: Path) -> Db:
    """Open the database read-only. A missing file reads as an empty database. Raises StorageError, WrongSchema."""
    with storage_errors():
        if schema.version(path):
            return Db(_ready(connect(path, "ro"), make=False), RawFiles(path))
        return Db(_ready(connect(None, "memory")), RawFiles(path))


def _ready(connection: sqlite3.Connection, *, make: bool = True) -> sqlite3.Connection:
    """The connection, its schema made where it has none (`make`) and found to be this program's; else it is closed."""
    try:
        if make:
            schema.create(connection)
        schema.require_current(connection)
    except BaseException:
        connection.close()
        raise
    return connection


class Store:
    """The daemon's door to the database: one writer thread, a reader beside it."""

    def __init__(
        self,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        flusher: Flusher,
        files: RawFiles,
        health: StorageHealth,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._flusher = flusher
        self.files = files  # large mails
        self.health = health

    @classmethod
    async def open(cls, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Store:
        """Open the database file, making it and its folder where needed. `clock` dates trouble with it."""
        make_private(path)

        def write_connection() -> sqlite3.Connection:
            connection = _ready(connect(path, "rwc"))
            connection.execute("PRAGMA synchronous = NORMAL")  # `write` waits for the flusher instead
            connection.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG}")  # `checkpoint` comes before
            return connection

        with storage_errors():
            writer = await _opened(write_connection)
            try:
                reader = await _opened(lambda: connect(path, "ro"))
            except BaseException:
                await writer.close()
                raise
        return cls(writer, reader, Flusher(log_path(path), path), RawFiles(path), StorageHealth(clock))

    async def write(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(db, …)` as one transaction on the writer's thread; durable when it returns."""
        result = await self.commit(work, *args, **kwargs)
        with self._noting(LOG):
            await self._flusher.flushed()
        return result

    async def through(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `commit`, for work that makes its own transactions, one after the other."""

        def whole(connection: sqlite3.Connection) -> T:
            before = connection.total_changes
            try:
                with storage_errors():
                    return work(Db(connection, self.files), *args, **kwargs)
            finally:
                if connection.total_changes != before:
                    self._flusher.changed = True

        with self._noting(DATABASE):
            return await _hop(self._writer, whole)

    async def commit(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, but durable with the next `write`: for writes that acknowledge nothing to the outside.

        A process that dies loses nothing of it; a power cut may, together with all that came after it.
        """

        def whole(db: Db) -> T:
            with db.transaction():
                return work(db, *args, **kwargs)

        return await self.through(whole)

    async def read(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(db, …)` on the reader's thread; writing there fails."""

        def whole(connection: sqlite3.Connection) -> T:
            with storage_errors():
                return work(Db(connection, self.files), *args, **kwargs)

        with self._noting(READER):
            return await _hop(self._reader, whole)

    async def data_version(self) -> int:
        """A number that changes when another process has committed. Raises StorageError."""

        def whole(connection: sqlite3.Connection) -> int:
            with storage_errors():
                return Db(connection, self.files).data_version()

        return await _hop(self._writer, whole)

    @contextmanager
    def _noting(self, part: str) -> Iterator[None]:
        """Note in `health` whether a part of the database works."""
        try:
            yield
        except StorageError as error:
            self.health.failed(part, error)
            raise
        else:
            self.health.worked(part)

    async def probe(self) -> None:
        """Look whether the database is in its place, and where it did not work, whether it does again."""
        with suppress(StorageError), self._noting(PLACE):
            self._flusher.require_in_place()
        if self.health.fails(DATABASE, LOG, READER):
            with suppress(StorageError):
                await self.read(_looked)
                await self.write(_touched)

    async def close(self) -> None:
        """Finish what is queued, then close both connections."""
        await self._flusher.close()
        await self._reader.close()
        await self._writer.close()


def _looked(db: Db) -> None:
    db.one("SELECT value FROM meta LIMIT 1")


def _touched(db: Db) -> None:
    now = "datetime('now')"
    db.run(f"INSERT INTO meta (key, value) VALUES ('probe', {now}) ON CONFLICT (key) DO UPDATE SET value = {now}")  # noqa: S608


async def _opened(connect: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    connection = aiosqlite.Connection(connect, iter_chunk_size=64)
    try:
        return await connection
    except BaseException:
        # Its thread has a last word to say to the loop, which must not be closed by then.
        await asyncio.to_thread(connection._thread.join)  # noqa: SLF001
        raise


async def _hop(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    # aiosqlite's public calls hop to its thread once a statement, which costs five times
    # the whole transaction; its one-hop call is private, so it is used in this one place.
    result: T = await connection._execute(lambda: work(connection._conn))  # type: ignore[no-untyped-call]  # noqa: SLF001
    return result
