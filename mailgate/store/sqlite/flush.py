"""Commits made durable: one flush of the write-ahead log serves everybody who waits for it.

SQLite commits into its log; a commit is safe from a power cut once that file is flushed.
Flushing inside the commit would hold up the writer for as long as the disk takes, so it
is done beside it, in a thread. Callers that acknowledge to the outside wait here.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from mailgate.errors import DatabaseDamaged, StorageError
from mailgate.system.crash_points import crossing
from mailgate.system.storage import identity, os_trouble


class LogFlusher:
    """Flushes the log of one database. Lives on one loop; `changed` may be set from the writer's thread.

    What is flushed counts only while log and `database` are the files that they were at the start: a
    commit to a file that was deleted is gone with the process.
    """

    def __init__(self, log: Path, database: Path) -> None:
        self.changed = False  # a commit came since the last flush began
        self._log = log
        self._database = database
        self._was = identity(database)
        self._file: int | None = None
        self._next: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def flushed(self) -> None:
        """Return when every commit before this call is on the disk. Raises StorageError."""
        if self._running is None and not self.changed:
            return
        if self._next is None:  # a flush that runs already may have begun before our commit
            self._next = asyncio.get_running_loop().create_future()
            if self._running is None:
                self._running = asyncio.create_task(self._run(), name="flush")
        await asyncio.shield(self._next)

    async def close(self) -> None:
        """Wait for the flush that runs, and let go of the file."""
        if self._running is not None:
            await self._running
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _run(self) -> None:
        try:
            while self._next is not None:
                waiting, self._next = self._next, None
                self.changed = False
                try:
                    await asyncio.to_thread(self._flush)
                except StorageError as error:
                    self.changed = True
                    waiting.set_exception(error)
                    waiting.exception()  # perhaps nobody waits any longer
                else:
                    waiting.set_result(None)
        finally:
            self._running = None

    def _flush(self) -> None:
        # SQLite locks the database file and never its log: opening that here takes no lock away.
        try:
            if self._file is None:
                self._file = os.open(self._log, os.O_RDONLY)
            crossing("flush of the log")
            os.fdatasync(self._file)
            crossing("log flushed")
            opened = os.fstat(self._file)
        except OSError as error:
            raise os_trouble(error, self._log) from error
        self.require_in_place((opened.st_dev, opened.st_ino))

    def require_in_place(self, log: tuple[int, int] | None = None) -> None:
        """Raise DatabaseDamaged when the database, or its `log`, is another file by now, or gone."""
        if identity(self._database) == self._was and (log is None or identity(self._log) == log):
            return
        raise DatabaseDamaged(
            f"{self._database} was deleted or replaced while it was in use",
            cure="stop the daemon, restore the database (docs/operations.md, Restore) and start it again",
        )
