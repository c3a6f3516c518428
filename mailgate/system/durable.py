"""Files written so that a power cut loses nothing of them, and a large one holds nobody up.

What a file holds reaches the disk as it grows: one flush of fifty megabytes at its end
would make everybody wait who flushes anything meanwhile. Knows nothing of what it writes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FLUSH_EVERY = 1_000_000  # bytes


class DurableFile:
    """A new file, readable by its owner alone; used on one thread at a time. Everything raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._unflushed = 0
        self._open = True
        self.size = 0

    def write(self, data: bytes | bytearray) -> None:
        """Append data."""
        view = memoryview(data)
        while view:
            written = os.write(self._file, view[:FLUSH_EVERY])
            view = view[written:]
            self.size += written
            self._unflushed += written
            if self._unflushed >= FLUSH_EVERY:
                os.fdatasync(self._file)
                self._unflushed = 0

    def finish(self) -> None:
        """Flush the rest and close. The file's name lasts only once its folder is flushed too."""
        os.fsync(self._file)
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._open:
            self._open = False
            os.close(self._file)

    def remove(self) -> None:
        """It is wanted no longer, finished or not."""
        with suppress(OSError):
            self.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
