"""One writer, read-only readers: the only file that opens a database.

A transaction is a plain function `work(db, …)`; it runs whole on the writer's thread
between BEGIN IMMEDIATE and COMMIT, so that no await stands inside it. The daemon goes
through `Store` (aiosqlite); one-shot commands open a `Db` of their own.

What differs between database engines (pragmas, BEGIN IMMEDIATE, savepoints, how
trouble is told) lives here and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.store.flush import Flusher
from mailgate.store.raw_files import RawFiles

P = ParamSpec("P")
T = TypeVar("T")
Row = sqlite3.Row
Params = Sequence[Any] | dict[str, Any]

BUSY_TIMEOUT = 30.0  # seconds that we wait for another process's transaction
SHORT_TRIES, SHORT_PAUSE = 100, 0.0002  # of those, how often it is asked again at once; seconds between
SCHEMA_VERSION = 3
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
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _begin(self) -> None:
        """BEGIN IMMEDIATE. The other process writes for a millisecond: ask again sooner than SQLite would."""
        patience = self._connection.execute("PRAGMA busy_timeout").fetchone()[0]
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            for _ in range(SHORT_TRIES):
                try:
                    self._connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if not _is_busy(error):
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


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the engine's own trouble into ours; mistakes in SQL stay what they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if _is_busy(error):
            raise DatabaseBusy("the database is busy", cause=str(error)) from error
        if code in (
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
        ):
            raise StorageError("storage trouble", cause=str(error)) from error
        raise
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise StorageError("the database is damaged or is none", cause=str(error)) from error
        raise


def _connect(path: str, *, read_only: bool, uri: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        uri=uri,
        isolation_level=None,  # we say BEGIN ourselves
        timeout=BUSY_TIMEOUT,
        check_same_thread=False,  # aiosqlite makes and uses it on its own thread; `Store` closes it
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    try:
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # accepted means durable
            connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:  # it is no database
        connection.close()
        raise
    return connection


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the schema in an empty database; refuse one from the future."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise StorageError(f"the database was written by a newer mailgate (schema {version}, mine is {SCHEMA_VERSION})")
    if version:
        raise StorageError(f"the database is from before the first release (schema {version}): begin with a new one")
    schema = files("mailgate.store").joinpath("schema.sql").read_text("utf-8")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _statements(schema):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _make_private(path: Path) -> None:
    """Make a new database readable by its owner alone, as the customers' mail in it should be.

    Its log and index take the mode from it. Raises StorageError where there is no place for it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StorageError(f"the database cannot be made at {path}", cause=os.strerror(error.errno or 0)) from error


def open_writer(path: Path) -> Db:
    """Open (and where needed make) the database for a one-shot command."""
    with storage_errors():
        _make_private(path)
        connection = _connect(_uri(path, "rwc"), read_only=False)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return Db(connection, RawFiles(path))


def open_reader(path: Path) -> Db:
    """Open the database read-only. A missing file reads as an empty database."""
    with storage_errors():
        if path.exists() and path.stat().st_size:
            return Db(_connect(_uri(path, "ro"), read_only=True), RawFiles(path))
        connection = _connect("file::memory:", read_only=True)
        _prepare(connection)
        return Db(connection, RawFiles(path))


class Store:
    """The daemon's door to the database: one writer thread, a reader beside it."""

    def __init__(
        self, writer: aiosqlite.Connection, reader: aiosqlite.Connection, flusher: Flusher, files: RawFiles
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._flusher = flusher
        self.files = files  # large mails

    @classmethod
    async def open(cls, path: Path) -> Store:
        """Open the database file, making it and its folder where needed."""
        _make_private(path)

        def write_connection() -> sqlite3.Connection:
            connection = _connect(_uri(path, "rwc"), read_only=False)
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            connection.execute("PRAGMA synchronous = NORMAL")  # `write` waits for the flusher instead
            connection.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG}")  # `checkpoint` comes before
            return connection

        with storage_errors():
            writer = await _opened(write_connection)
            try:
                reader = await _opened(lambda: _connect(_uri(path, "ro"), read_only=True))
            except BaseException:
                await writer.close()
                raise
        return cls(writer, reader, Flusher(path.with_name(path.name + "-wal")), RawFiles(path))

    async def write(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(db, …)` as one transaction on the writer's thread; durable when it returns."""
        result = await self.commit(work, *args, **kwargs)
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

        return await _hop(self._writer, whole)

    async def commit(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `write`, but durable with the next `write` of anybody: for what tells nobody outside.

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

        return await _hop(self._reader, whole)

    async def data_version(self) -> int:
        """A number that changes when another process has committed. Raises StorageError."""

        def whole(connection: sqlite3.Connection) -> int:
            with storage_errors():
                return Db(connection, self.files).data_version()

        return await _hop(self._writer, whole)

    async def close(self) -> None:
        """Finish what is queued, then close both connections."""
        await self._flusher.close()
        await self._reader.close()
        await self._writer.close()


def log_mark(path: Path) -> int:
    """A number that changes when the database's log was written to; 0 while there is none."""
    with suppress(FileNotFoundError):
        return path.with_name(path.name + "-wal").stat().st_mtime_ns
    return 0


def checkpoint(path: Path) -> None:
    """Take what the log holds into the database file, as far as no reader needs it there; holds up nobody.

    Done by whoever commits, it would take a quarter of the worker's time with the
    database. Raises StorageError.
    """
    with storage_errors(), closing(_connect(_uri(path, "rw"), read_only=False)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


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
