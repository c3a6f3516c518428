"""The lock of the daemon: one mailgate per database. Held by flock, so a dead one never blocks."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from mailgate.errors import LockHeld, StorageError

MOMENT = 0.1  # seconds before another holder is believed: `running` holds a lock while it looks
ORPHANED = 10.0  # seconds that the worker of a dead daemon may take to end; it holds the lock until then
PAUSE = 0.02  # seconds between tries


def lock_path(database: Path) -> Path:
    """The lock file of a database."""
    return database.with_name(database.name + ".lock")


class Lock:
    """Taken with `with`; raises LockHeld when another process holds it, StorageError when there is no place for it."""

    def __init__(self, database: Path) -> None:
        self._path = lock_path(database)
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+")
        except OSError as error:
            raise StorageError(f"cannot write {self._path}", cause=error.strerror or str(error)) from error
        try:
            _take(file, self._path)
        except OSError as error:
            file.close()
            holder = pid_of(self._path)
            raise LockHeld(
                f"another mailgate{f' (process {holder})' if holder else ''} works on this database"
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


def _take(file: IO[str], path: Path) -> None:
    """Lock, or raise OSError when another one that lives holds it."""
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            waited = time.monotonic() - began
            if waited > ORPHANED or (waited > MOMENT and _lives(pid_of(path))):
                raise
        else:
            return
        time.sleep(PAUSE)


def _lives(pid: int | None) -> bool:
    """True for a process that is there; also where no process is named."""
    if pid is None:
        return True
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def pid_of(path: Path) -> int | None:
    """The process id that a lock file holds, or None."""
    try:
        return int(path.read_text().strip() or 0) or None
    except (OSError, ValueError):
        return None


def running(database: Path) -> int | None:
    """The process id of the daemon that works on a database, or None when there is none."""
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
