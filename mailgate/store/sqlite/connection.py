"""Opens the database file: the only module that does, and the one that knows SQLite's errors.

Knows no table. Everything raises StorageError, with words for people and the engine's own as the cause.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from mailgate.errors import DatabaseBusy, DatabaseDamaged, StorageError
from mailgate.system.crash_points import crossing
from mailgate.system.durable import flush, give_to_owner
from mailgate.system.storage import denied, os_trouble

LOG_KEPT = 48_000_000  # bytes of the log that stay when it begins anew: more than it has in use, usually
LOG_MOST = 100_000_000  # bytes; a log that is larger is kept from beginning anew by a reader
BUSY_TIMEOUT = 30.0  # seconds to wait for another process's transaction
BUSY_INTERVAL = 0.02  # seconds between two tries where SQLite itself does not wait


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
            connection.execute(
                "PRAGMA auto_vacuum = INCREMENTAL"
            )  # of a new file; any other keeps its own until VACUUM
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA journal_size_limit = {LOG_KEPT}")
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


_LOG = ("-wal", "-shm")  # what SQLite writes beside the database (https://www.sqlite.org/tempfiles.html)
_LONGEST = 500  # bytes; MAX_PATHNAME of its Unix layer is 512, with the ending of the log


def _cannot_open(path: Path | None, mode: str, error: sqlite3.OperationalError) -> StorageError:
    """The error for a file that SQLite cannot open, with the reason that the system would give.

    The file is not opened for it: to close it again would release the locks of SQLite (POSIX).
    """
    wanted = os.R_OK if mode == "ro" else os.R_OK | os.W_OK
    if path and path.is_dir():
        return os_trouble(IsADirectoryError(errno.EISDIR, ""), path, "open")
    if path and not os.access(path, wanted, effective_ids=True):
        hidden = not os.access(path.parent, os.X_OK, effective_ids=True)
        return os_trouble(OSError(errno.EACCES if hidden or path.exists() else errno.ENOENT, ""), path, "open")
    if path and mode != "ro":
        for place in (*(path.with_name(path.name + end) for end in _LOG), path.parent):
            if place.exists() and not os.access(place, wanted, effective_ids=True):
                return os_trouble(denied(place), place)
    if path and len(os.fsencode(path.absolute())) > _LONGEST:
        return StorageError(f"cannot open {path}: SQLite takes paths of {_LONGEST} bytes", cure="use a shorter path")
    return StorageError(f"cannot open {path}: {error}")


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code (https://www.sqlite.org/rescode.html)."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_busy(error: sqlite3.OperationalError) -> bool:
    """True when another process or connection holds the database."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


_DAMAGED = "restore the database from a backup (docs/operations.md, Restore)"
_TROUBLES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: ("the disk of the database is full", "free space on it"),
        sqlite3.SQLITE_IOERR: ("the disk of the database fails", "check the disk; the kernel's log says more"),
        sqlite3.SQLITE_CANTOPEN: ("cannot open the database", "check that the file and its folder are accessible"),
        sqlite3.SQLITE_READONLY: (
            "the database cannot be written",
            "check its owner and mode, and whether the file system is read-only",
        ),
    }
)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translate SQLite's errors into StorageError; programming errors in SQL are raised unchanged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        fail(error)


def fail(error: sqlite3.DatabaseError) -> NoReturn:
    """Raise the StorageError for an error of SQLite; the error itself where it is one of programming."""
    if isinstance(error, sqlite3.OperationalError):
        if is_busy(error):
            cure = "another process holds it; find it with: fuser DATABASE"
            raise DatabaseBusy("the database is busy", cause=str(error), cure=cure) from error
        if known := _TROUBLES.get(_code(error)):
            raise StorageError(known[0], cause=str(error), cure=known[1]) from error
    elif _code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        what = "the database is damaged" if _code(error) == sqlite3.SQLITE_CORRUPT else "not a database"
        raise DatabaseDamaged(what, cause=str(error), cure=_DAMAGED) from error
    raise error


def make_private(path: Path) -> None:
    """Make a new database readable by its owner alone, as the customers' mail in it should be.

    Its log and index take the mode from it. Raises StorageError where there is no place for it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            give_to_owner(path, path.parent)
    except OSError as error:
        raise os_trouble(error, path, "create") from error


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
        raise os_trouble(error, target) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def gives_back(connection: sqlite3.Connection) -> bool:
    """Whether free pages of the database can be given back to the file system."""
    return int(connection.execute("PRAGMA auto_vacuum").fetchone()[0]) == _INCREMENTAL


_INCREMENTAL = 2  # https://www.sqlite.org/pragma.html#pragma_auto_vacuum


def rewrite(path: Path) -> None:
    """Rewrite a database: it holds nothing but its content then, and gives space back from then on.

    Nobody can write meanwhile. It takes its size once more on the disk, and once in SQLITE_TMPDIR or /var/tmp.
    Raises StorageError; then the database is as it was.
    """
    with storage_errors(), closing(connect(path, "rw")) as connection:
        connection.execute("PRAGMA temp_store = FILE")
        crossing("rewrite of the database")
        connection.execute("VACUUM")
        crossing("database rewritten")
        if not _empty_log(connection):
            raise StorageError("the log of the database could not be emptied", cause="somebody reads it all the while")


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Empty the write-ahead log; False where somebody reads it all the while.

    SQLite waits for readers, but not for another process's checkpoint (https://www.sqlite.org/c3ref/wal_checkpoint_v2.html).
    """
    until = time.monotonic() + BUSY_TIMEOUT
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            return False
        time.sleep(BUSY_INTERVAL)
    return True


def log_path(database: Path) -> Path:
    """The write-ahead log of a database."""
    return database.with_name(database.name + "-wal")
