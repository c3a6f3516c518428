"""The lock of the daemon: one mailgate per database. Held by flock, so a dead one never blocks."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from mailgate.errors import LockHeld, StorageError

LOOKS = 5  # tries before another holder is believed
PAUSE = 0.02  # seconds between them


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
            _take(file)
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


def _take(file: IO[str]) -> None:
    """Lock, or raise OSError; tried for a moment, for `running` holds a lock while it looks."""
    for _ in range(LOOKS):
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(PAUSE)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


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
