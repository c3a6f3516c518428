"""Files that survive a power failure.

Data is flushed as the file grows: one flush of fifty megabytes at the end would delay every
other flush on the same disk.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mailgate.system.crash_points import crossing

FLUSH_EVERY = 1_000_000  # bytes


class DurableFile:
    """A new file, readable by its owner alone: that of its folder, where root makes it. Not thread-safe.

    The constructor raises FileExistsError for an existing file; every method but `remove` may raise OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        give_to_owner(self._file, path.parent)
        self._unflushed = 0
        self._open = True
        self.size = 0

    def write(self, data: bytes | bytearray) -> None:
        """Append data, flushed in steps of `FLUSH_EVERY` bytes."""
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
        """Flush the rest and close. The file's name is durable only after `flush` of its folder."""
        crossing("flush of a file")
        os.fsync(self._file)
        crossing("file flushed")
        self.close()

    def close(self) -> None:
        """Close the file without a flush; does nothing when it is closed."""
        if self._open:
            self._open = False
            os.close(self._file)

    def remove(self) -> None:
        """Close and delete the file; errors are ignored."""
        with suppress(OSError):
            self.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Put a file, readable by its owner alone, in place of the old one. Raises OSError."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)  # of a process that died while it wrote
    with open(aside, "xb", opener=lambda name, flags: os.open(name, flags | os.O_CLOEXEC, 0o600)) as file:
        give_to_owner(file.fileno(), path.parent)
        file.write(text.encode())
    if durable:
        flush(aside)
    aside.replace(path)


def flush(path: Path) -> None:
    """Make the content of a file durable, or the names in a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        crossing("flush of names")
        os.fsync(descriptor)
        crossing("names flushed")
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Create a folder and its missing parents, readable by their owner alone. Raises OSError."""
    for folder in (folder for folder in (*reversed(path.parents), path) if not folder.exists()):
        folder.mkdir(mode=0o700, exist_ok=True)
        give_to_owner(folder, folder.parent)


def give_to_owner(path: Path | int, like: Path) -> None:
    """As root, give a path or an open file the owner of `like`, so that the daemon of that user can use it.

    A root that may give nothing away, as in some containers, keeps it.
    """
    if os.geteuid() == 0:
        owner = like.stat()
        with suppress(PermissionError):
            os.chown(path, owner.st_uid, owner.st_gid)
