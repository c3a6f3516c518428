"""Locks beside the database: one daemon per database, and no file is removed while a backup copies files.

Each is an flock, which the kernel releases when the process dies. The daemon's lock file holds its process id.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from mailgate.errors import LockHeld
from mailgate.system.durable import give_to_owner
from mailgate.system.storage import os_trouble

MIN_WAIT = 0.1  # seconds before the lock counts as held: `running` takes it for a moment to look
ORPHAN_WAIT = 10.0  # seconds to wait for the worker of a dead daemon to exit; it inherited the lock
RETRY_INTERVAL = 0.02  # seconds


def lock_path(database: Path) -> Path:
    """The lock file that belongs to a database."""
    return database.with_name(database.name + ".lock")


class Lock:
    """A context manager that holds the lock.

    Entering raises LockHeld when another process holds it, StorageError when the file cannot be written.
    """

    def __init__(self, database: Path) -> None:
        self._path = lock_path(database)
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = open(self._path, "a+", encoding="ascii", opener=_private)
        except OSError as error:
            place = Path(error.filename or self._path)
            raise os_trouble(error, place, setting="[storage] database") from error
        try:
            _take(file, self._path)
        except OSError as error:
            file.close()
            holder = pid_of(self._path)
            raise LockHeld(
                f"another mailgate{f' (process {holder})' if holder else ''} is using this database"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()


def _private(path: str, flags: int) -> int:
    new = not Path(path).exists()
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    if new:
        give_to_owner(Path(path), Path(path).parent)
    return descriptor


def _take(file: IO[str], path: Path) -> None:
    """Take the lock. Raises OSError when a live process holds it."""
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            waited = time.monotonic() - began
            if waited > ORPHAN_WAIT or (waited > MIN_WAIT and _is_alive(pid_of(path))):
                raise
        else:
            return
        time.sleep(RETRY_INTERVAL)


def _is_alive(pid: int | None) -> bool:
    """True when the process exists, or is unknown."""
    if pid is None:
        return True
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def pid_of(path: Path) -> int | None:
    """Read the process id from a lock file; None when there is none."""
    try:
        return int(path.read_text().strip() or 0) or None
    except (OSError, ValueError):
        return None


def running(database: Path) -> int | None:
    """The process id of the daemon that runs on a database; None when there is none."""
    path = lock_path(database)
    try:
        file = path.open("r")
    except OSError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return pid_of(path)
    return None


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold a lock file together with others, but with nobody who holds it alone. Raises OSError."""
    with open(path, "a", encoding="ascii", opener=_private) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock file alone. Raises OSError."""
    with open(path, "a", encoding="ascii", opener=_private) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def keep_files(database: Path) -> Iterator[None]:
    """No attachment or raw mail file is removed during the block. Raises StorageError."""
    with _files_lock(database) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def remove_files(database: Path) -> Iterator[bool]:
    """Whether files may be removed during the block: False while somebody keeps them. Raises StorageError."""
    with _files_lock(database) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


@contextmanager
def _files_lock(database: Path) -> Iterator[IO[str]]:
    path = database.with_name(database.name + ".files")
    try:
        file = open(path, "a", encoding="ascii", opener=_private)  # noqa: SIM115 - closed below
    except OSError as error:
        raise os_trouble(error, path) from error
    with file:
        yield file
