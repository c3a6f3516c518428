"""The schema of the database: created, brought up to date by numbered migrations, and checked at every opening.

`schema.sql` is the whole current schema; `migrations/NNNN_name.sql` changes schema NNNN - 1 into NNNN. A fresh
database equals a migrated one. SQLite keeps the number in `user_version`; the table `migration` records how
the database came there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from mailgate.errors import StorageError, WrongSchema
from mailgate.store.connection import connect, copy, storage_errors
from mailgate.system.crash_points import crossing

VERSION = 15
OLDEST = 3  # the first that is migrated

_FILES = "mailgate.store"


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of schema: the version that it leads to, its name and its SQL script."""

    version: int
    name: str  # "record migrations"
    script: str


def migrations() -> tuple[Migration, ...]:
    """Every migration, in order."""
    found = (each for each in files(_FILES).joinpath("migrations").iterdir() if each.name.endswith(".sql"))
    return tuple(sorted((_migration(each.name, each.read_text("utf-8")) for each in found), key=lambda m: m.version))


def _migration(file: str, script: str) -> Migration:
    number, _, name = file.removesuffix(".sql").partition("_")
    return Migration(int(number), name.replace("_", " "), script)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of a database's schema; 0 while it has none. Raises WrongSchema for a database of something else."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise WrongSchema("the database is none of mailgate: it holds tables of something else")
    return version


def version(path: Path) -> int:
    """The same of a database file; 0 when there is none. Raises StorageError, WrongSchema."""
    if not path.exists():
        return 0
    with storage_errors(), closing(connect(path, "ro")) as connection:
        return version_of(connection)


def require_current(connection: sqlite3.Connection) -> None:
    """Raise WrongSchema unless the database has the schema of this program."""
    if (found := version_of(connection)) != VERSION:
        raise wrong(found)


def wrong(found: int) -> WrongSchema:
    """Why a database with this version cannot be used, and what to do."""
    if found > VERSION:
        return WrongSchema(f"the database was written by a newer mailgate (schema {found}, this program has {VERSION})")
    if found < OLDEST:
        return WrongSchema(f"the database is from before the first release (schema {found}): begin with a new one")
    what = f"the database has schema {found} and this program has {VERSION}"
    return WrongSchema(f"{what}: start the daemon, or run: mailgate database migrate")


def create(connection: sqlite3.Connection) -> None:
    """Make the schema in a database that has none; leave any other as it is."""
    if version_of(connection):
        return
    script = files(_FILES).joinpath("schema.sql").read_text("utf-8")
    with _exclusive(connection):
        if version_of(connection) == 0:  # another process may have been faster
            _run(connection, script)
            _record(connection, VERSION, "new database", None)


def pending(path: Path) -> tuple[Migration, ...]:
    """The migrations that a database file still needs; none for a missing one.

    Raises StorageError, and WrongSchema for a database that no migration leads on from.
    """
    found = version(path)
    if not found or found == VERSION:
        return ()
    if not OLDEST <= found < VERSION:
        raise wrong(found)
    return tuple(each for each in migrations() if each.version > found)


def copy_path(path: Path, version: int) -> Path:
    """Where the copy lies that is made of a database before its schema changes."""
    return path.with_name(f"{path.name}.schema-{version}")


def copies(path: Path) -> list[Path]:
    """The copies of a database that were made before its schema changed."""
    return sorted(path.parent.glob(f"{path.name}.schema-*[0-9]"))


def migrate(path: Path, now: datetime) -> tuple[Migration, ...]:
    """Bring a database up to date, after a copy of it was made; the migrations that were done.

    Each is one transaction together with its record: what is interrupted goes on from there.
    No other process may work on the database. Raises StorageError, WrongSchema.
    """
    todo = pending(path)
    if not todo:
        return ()
    try:
        copy(path, copy_path(path, todo[0].version - 1))
    except StorageError as error:
        what = "the database cannot be copied, so it was not migrated"
        raise StorageError(f"{what}: {error.public}", cause=error.cause) from error
    with storage_errors(), closing(connect(path, "rw")) as connection:
        for each in todo:
            _apply(connection, each, now)
    return todo


def _apply(connection: sqlite3.Connection, migration: Migration, now: datetime) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")  # a table that is rebuilt is dropped in between
    with _exclusive(connection):
        _run(connection, migration.script)
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise StorageError(f"migration {migration.version} leaves rows of {broken[0]} that refer to nothing")
        _record(connection, migration.version, migration.name, now)


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


def _record(connection: sqlite3.Connection, version: int, name: str, at: datetime | None) -> None:
    """Note the version; `at` None is SQLite's own now."""
    now = "(julianday('now') - 2440587.5) * 86400.0"
    values = [version, name, at.timestamp() if at else None]
    connection.execute(f"INSERT INTO migration (version, name, at) VALUES (?, ?, coalesce(?, {now}))", values)  # noqa: S608
    connection.execute(f"PRAGMA user_version = {version}")
