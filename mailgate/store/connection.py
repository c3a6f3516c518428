"""Opens the database file: the only module that does, and the one that knows the engine's errors.

Knows no table. Everything raises StorageError, with words for people and the engine's own as the cause.
"""

from __future__ import annotations

import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.system.durable import flush

BUSY_TIMEOUT = 30.0  # seconds to wait for another process's transaction


def connect(path: Path | None, mode: str) -> sqlite3.Connection:
    """Open a database. Raises StorageError when the file cannot be opened.

    `mode` is that of SQLite: "rwc" (created if missing), "rw", "ro", or "memory", without a path.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}" if path else "file::memory:",
            uri=True,
            isolation_level=None,  # we say BEGIN ourselves
            timeout=BUSY_TIMEOUT,
            check_same_thread=False,  # aiosqlite makes and uses it on its own thread; `Store` closes it
            cached_statements=256,
        )
    except sqlite3.OperationalError as error:
        raise _cannot_open(path, mode, error) from error
    connection.row_factory = sqlite3.Row
    try:
        if mode in ("rw", "rwc"):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # accepted means durable
            connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.OperationalError as error:
        connection.close()
        if _code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise _cannot_open(path, mode, error) from error
        raise
    except BaseException:  # the file is not a database
        connection.close()
        raise
    return connection


def _cannot_open(path: Path | None, mode: str, error: sqlite3.OperationalError) -> StorageError:
    """The error for a file that SQLite cannot open; for missing permissions it names owner and user."""
    reason = str(error)
    wanted = os.R_OK if mode == "ro" else os.R_OK | os.W_OK
    with suppress(OSError):  # the folder may be inaccessible, too
        if path and not os.access(path, wanted, effective_ids=True):
            reason = f"permission denied (owner {_user(path.stat().st_uid)}, running as {_user(os.geteuid())})"
    return StorageError("cannot open the database", cause=f"{path}: {reason}")


def _user(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code (https://www.sqlite.org/rescode.html)."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_busy(error: sqlite3.OperationalError) -> bool:
    """True when another process or connection holds the database."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the engine's own trouble into ours; mistakes in SQL stay what they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = _code(error)
        if is_busy(error):
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
        if _code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            what = "the database is damaged, or the file is not a database: restore it, see docs/operations.md"
            raise StorageError(what, cause=str(error)) from error
        raise


def make_private(path: Path) -> None:
    """Make a new database readable by its owner alone, as the customers' mail in it should be.

    Its log and index take the mode from it. Raises StorageError where there is no place for it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StorageError(f"the database cannot be made at {path}", cause=os.strerror(error.errno or 0)) from error


def copy(path: Path, target: Path) -> None:
    """Copy a database to `target`, which is replaced; one moment's state, durable and whole when this returns.

    Others may write meanwhile. Raises StorageError; then `target` is as it was.
    """
    aside = target.with_name(target.name + ".new")
    try:
        with storage_errors():
            aside.unlink(missing_ok=True)
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(connect(path, "ro")) as source, closing(connect(aside, "rw")) as draft:
                draft.execute("PRAGMA journal_mode = DELETE")  # no log beside it: one file is the whole copy
                source.backup(draft)
                draft.execute("PRAGMA journal_mode = DELETE")
        flush(aside)
        aside.replace(target)
        flush(target.parent)
    except OSError as error:
        raise StorageError(f"cannot write {target}", cause=error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def log_path(database: Path) -> Path:
    """The write-ahead log of a database."""
    return database.with_name(database.name + "-wal")


def log_mark(database: Path) -> int:
    """A number that changes when the database's log was written to; 0 while there is none."""
    with suppress(FileNotFoundError):
        return log_path(database).stat().st_mtime_ns
    return 0


def checkpoint(database: Path) -> None:
    """Take what the log holds into the database file, as far as no reader needs it there; holds up nobody.

    Done by whoever commits, it would take a quarter of the worker's time with the
    database. Raises StorageError.
    """
    with storage_errors(), closing(connect(database, "rw")) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
