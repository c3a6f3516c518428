"""A desk's database in a file of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from mailgate.errors import StorageError, WrongSchema
from mailgate.store import schema
from mailgate.store.columns import moment
from mailgate.store.engine import Db, Engine, Flusher, Found, Lane, Migration, Node, Size
from mailgate.store.raw_files import RawFiles
from mailgate.store.sqlite import connection as files
from mailgate.store.sqlite.connection import connect, log_path, make_private, storage_errors
from mailgate.store.sqlite.db import SqliteDb
from mailgate.system.crash_points import crossing
from mailgate.system.storage import os_trouble, probe

LONGEST_LOG = 10_000  # pages of 4 kB before whoever commits must do what `checkpoint` does


class Sqlite(Engine):
    """The database file at `path`."""

    oldest = 3
    alone = True

    def __init__(self, path: Path) -> None:
        self.path = self.beside = self.database = path
        self.name = str(path)

    def exists(self) -> bool:
        """Whether the file is there. Raises StorageError where that is hidden."""
        try:
            return self.path.exists()
        except OSError as error:  # a folder above it may not be entered
            raise os_trouble(error, self.path, "open", setting="[storage] database") from error

    def open_writer(self) -> Db:
        """A connection for a one-shot command."""
        with storage_errors():
            make_private(self.path)
            return SqliteDb(_ready(connect(self.path, "rwc")), RawFiles(self.path))

    def open_reader(self) -> Db:
        """A connection that cannot write; an empty one in memory where there is no database, or no schema yet."""
        with storage_errors():
            if self.version():
                return SqliteDb(_ready(connect(self.path, "ro"), make=False), RawFiles(self.path))
            return empty(RawFiles(self.path))

    async def open_lanes(self, node: Node) -> tuple[Lane, Lane, Flusher]:
        """A writer, a reader, and the flusher of the log."""
        # late: asyncio takes time to load, which commands do not need to pay
        from mailgate.store.sqlite.flush import LogFlusher
        from mailgate.store.sqlite.lane import SqliteLane

        make_private(self.path)

        def write_connection() -> sqlite3.Connection:
            connection = _ready(connect(self.path, "rwc"))
            connection.execute("PRAGMA synchronous = NORMAL")  # the flusher makes commits durable instead
            connection.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG}")  # `checkpoint` comes before
            return connection

        raw, flusher = RawFiles(self.path), LogFlusher(log_path(self.path), self.path)
        with storage_errors():
            writer = await SqliteLane.open(write_connection, raw, node, flusher)
            try:
                reader = await SqliteLane.open(lambda: connect(self.path, "ro"), raw, node)
            except BaseException:
                await writer.close()
                raise
        return writer, reader, flusher

    def schema(self) -> Found:
        """The schema of the file; none when there is no file, or nothing in it."""
        if not self.exists():
            return Found(0, 0)
        with storage_errors(), closing(connect(self.path, "ro")) as connection:
            return _found(connection)

    def keep_copy(self, version: int) -> None:
        """Copy the file."""
        files.copy(self.path, schema.copy_path(self.path, version))

    def copies(self) -> list[Path]:
        """The copies that were made before the schema changed."""
        return sorted(self.path.parent.glob(f"{self.path.name}.schema-*[0-9]"))

    def apply(self, migrations: Sequence[Migration], now: datetime) -> None:
        """Run migrations. No other process may work on the database."""
        with storage_errors(), closing(connect(self.path, "rw")) as connection:
            for each in migrations:
                _apply(connection, each, now)

    def copy_to(self, target: Path) -> None:
        """Copy the file: see `connection.copy`."""
        files.copy(self.path, target)

    def close_log(self) -> None:
        """Take the log into the file and leave none beside it: the file is the whole database then."""
        with storage_errors(), closing(connect(self.path, "rw")) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")

    def size(self, tables: Sequence[str]) -> Size:
        """Bytes of the file, and rows."""
        if not self.exists() or not (size := _size(self.path)):
            return Size(schema=0)
        with storage_errors(), closing(connect(self.path, "ro")) as connection:
            has = _found(connection)
            known = schema.is_usable(has)
            found = connection.execute("SELECT version, name, at FROM migration ORDER BY version") if known else ()
            return Size(
                schema=has.version,
                compatible=has.compatible,
                size=size,
                free=_pragma(connection, "page_size") * _pragma(connection, "freelist_count"),
                gives_back=files.gives_back(connection),
                log=_size(log_path(self.path)),
                migrations=tuple((row["version"], row["name"], moment(row["at"])) for row in found),
                rows={each: _count(connection, each) for each in tables} if known else None,
            )

    def keeps_space(self) -> bool:
        """Whether the file is from before space could be given back, so that it should be rewritten once."""
        with storage_errors(), closing(connect(self.path, "ro")) as connection:
            return not files.gives_back(connection)

    def rewrite(self) -> None:
        """Rewrite the file, and before that the full-text index, which still has words of deleted documents."""
        with storage_errors(), closing(connect(self.path, "rw")) as connection:
            if version_of(connection) == schema.VERSION:
                connection.execute("INSERT INTO document_index (document_index) VALUES ('optimize')")
        files.rewrite(self.path)

    def log_mark(self) -> int:
        """When the log was written to."""
        with suppress(FileNotFoundError):
            return log_path(self.path).stat().st_mtime_ns
        return 0

    def checkpoint(self) -> None:
        """Take what the log holds into the file, as far as no reader needs it there."""
        with storage_errors(), closing(connect(self.path, "rw")) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def trouble(self, folders: Iterable[Path]) -> Iterator[StorageError]:
        """See `probe`; and that the log grows, because a reader does not let go of what it holds."""
        yield from probe(self.path, folders)
        size = _size(log_path(self.path))
        if size > files.LOG_MOST:
            what = "the log of the database grows: a reader holds it"
            yield StorageError(what, cause=f"{size / 1e6:.0f} MB", cure=f"find it with: fuser {self.path}")


def empty(raw: RawFiles) -> Db:
    """An empty database in memory."""
    return SqliteDb(_ready(connect(None, "memory")), raw)


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - names of our own


# ── schema ──────────────────────────────────────────────────────────────────────────────


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the schema, kept in `user_version`. Raises WrongSchema for a database of something else."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise WrongSchema("the database is none of mailgate: it holds tables of something else")
    return version


def _found(connection: sqlite3.Connection) -> Found:
    """The schema of a database. Raises WrongSchema for a database of something else."""
    version = version_of(connection)
    if version < schema.RECORDED:
        return Found(version, version)
    return Found(version, int(connection.execute("SELECT max(compatible) FROM migration").fetchone()[0]))


def _ready(connection: sqlite3.Connection, *, make: bool = True) -> sqlite3.Connection:
    """The connection, its schema made where it has none (`make`) and found to be this program's; else it is closed."""
    try:
        if make and not version_of(connection):
            _create(connection)
        schema.require_usable(_found(connection), Sqlite.oldest)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    with _exclusive(connection):
        if version_of(connection) == 0:  # another process may have been faster
            _run(connection, schema.script())
            _record(connection, schema.VERSION, "new database", schema.COMPATIBLE, None)


def _apply(connection: sqlite3.Connection, migration: Migration, now: datetime) -> None:
    # A table that is rebuilt is dropped in between. To check every row then takes a minute for five gigabytes.
    rebuilds = "DROP TABLE" in migration.script
    connection.execute(f"PRAGMA foreign_keys = {'OFF' if rebuilds else 'ON'}")
    with _exclusive(connection):
        _run(connection, migration.script)
        if rebuilds and (broken := connection.execute("PRAGMA foreign_key_check").fetchone()):
            raise StorageError(f"migration {migration.version} leaves rows of {broken[0]} that refer to nothing")
        _record(connection, migration.version, migration.name, migration.compatible, now)


@contextmanager
def _exclusive(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that nobody else reads or writes beside."""
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
        crossing("commit of the schema")
        connection.execute("COMMIT")
        crossing("schema committed")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of a script; `executescript` would commit before."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _record(connection: sqlite3.Connection, version: int, name: str, compatible: int, at: datetime | None) -> None:
    """Note the version; `at` None is SQLite's own now."""
    now = "(julianday('now') - 2440587.5) * 86400.0"
    values = [version, name, at.timestamp() if at else None]
    connection.execute(f"INSERT INTO migration (version, name, at) VALUES (?, ?, coalesce(?, {now}))", values)  # noqa: S608
    if version >= schema.RECORDED:
        connection.execute("UPDATE migration SET compatible = ? WHERE version = ?", [compatible, version])
    connection.execute(f"PRAGMA user_version = {version}")
