"""Attachments on disk, once by content: the file's name is its SHA-256.

A file is written aside, piece by piece, synced, renamed into place, and its folder
synced, before any row may name it. What a mail calls its attachment never becomes a path.

A file that no row names is swept away a day after it was last stored. Storing content that is there
already renews its time, and the sweep looks at the time again before it removes a file: both hold a
lock, so that no file goes between its storing and the row that names it.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from mailgate.errors import UnreadableFile
from mailgate.store.db import Db
from mailgate.store.raw_files import SWEPT_AFTER
from mailgate.system.crash_points import crossing
from mailgate.system.durable import DurableFile, flush, make_private_folder
from mailgate.system.lock import alone, shared
from mailgate.system.storage import os_trouble, unreadable


def digest(pieces: Iterable[bytes]) -> tuple[str, int]:
    """The name under which content is kept, its SHA-256 in hex, and how many bytes it is."""
    sha256, size = hashlib.sha256(), 0
    for piece in pieces:
        sha256.update(piece)
        size += len(piece)
    return sha256.hexdigest(), size


def named(db: Db) -> list[str]:
    """The digests of the files that thread entries and outgoing mails name, each once."""
    rows = db.all(
        f"SELECT {db.member('value', 'sha256')} AS sha256 FROM entry, {db.elements('attachments')}"  # noqa: S608
        f" WHERE attachments <> '[]' UNION SELECT {db.member('value', 1)} FROM outgoing, {db.elements('files')}"
        " WHERE files <> '[]' ORDER BY sha256"
    )
    return [row["sha256"] for row in rows]


SWEPT_AT_ONCE = 100  # files that are removed while nobody can store one


class AttachmentStore:
    """A folder of files named by their content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the content with this digest lies."""
        return self._folder / sha256[:2] / sha256

    def keep(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Store content durably; its digest and size. Raises StorageError when the disk will not.

        Content of one piece that is here already is not written again.
        """
        walk = iter(pieces)
        first, *more = tuple(itertools.islice(walk, 2)) or (b"",)
        if not more:
            sha256, size = digest([first])
            return (sha256, size) if self._renewed(sha256) else self._write([first])
        return self._write(itertools.chain([first], more, walk))

    def _renewed(self, sha256: str) -> bool:
        """Whether the content is there; its time is now, then."""
        path = self.path(sha256)
        try:
            if not path.exists():
                return False
            with shared(self._lock):
                os.utime(path)
        except (FileNotFoundError, PermissionError):
            return False
        except OSError as error:
            raise os_trouble(error, path, "read") from error
        return True

    @property
    def _lock(self) -> Path:
        return self._folder / ".lock"

    def _write(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        sha256 = hashlib.sha256()
        try:
            make_private_folder(self._folder)
            aside = self._folder / f".{uuid.uuid4().hex}"
            file = DurableFile(aside)
            try:
                for piece in pieces:
                    sha256.update(piece)
                    file.write(piece)
                file.finish()
                target = self.path(sha256.hexdigest())
                make_private_folder(target.parent)
                with shared(self._lock):
                    crossing("new name")
                    aside.replace(target)
                    crossing("named")
            finally:
                file.remove()
            for folder in (target.parent, self._folder):
                flush(folder)
        except OSError as error:
            raise os_trouble(error, self._folder) from error
        return target.name, file.size

    def old(self, now: float, *, older_than: float = SWEPT_AFTER) -> set[str]:
        """Digests of the files that were last stored so long ago that their row must stand, if there is to be one."""
        return {path.name for path in self._files() if _is_old(path, now, older_than)}

    def sweep(self, digests: Iterable[str], now: float, *, older_than: float = SWEPT_AFTER) -> None:
        """Remove those of the files that were last stored `older_than` seconds ago, and what a crash left half written.

        Raises StorageError.
        """
        names = iter(digests)
        try:
            while portion := [*itertools.islice(names, SWEPT_AT_ONCE)]:
                with alone(self._lock):
                    for path in map(self.path, portion):
                        if _is_old(path, now, older_than):
                            crossing("removal of a file")
                            path.unlink(missing_ok=True)
                            crossing("file removed")
            for path in self._folder.glob(".?*"):
                if path != self._lock and _is_old(path, now):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise os_trouble(error, self._folder) from error

    def _files(self) -> Iterator[Path]:
        for folder in self._folder.glob("[0-9a-f][0-9a-f]"):
            yield from folder.iterdir()

    def read(self, sha256: str) -> bytes:
        """The content with this digest. Raises UnreadableFile."""
        try:
            return self.path(sha256).read_bytes()
        except OSError as error:
            raise unreadable(error, self.path(sha256)) from error

    def check(self, sha256: str, size: int) -> None:
        """Raise UnreadableFile unless content of this digest and size can be read."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise unreadable(error, path) from error
        if found != size:
            raise UnreadableFile(f"{path} has {found} bytes of {size}")

    def pieces(self, sha256: str, length: int) -> Iterator[bytes]:
        """The content in pieces of `length` bytes, the last one shorter. Raises UnreadableFile."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                while piece := file.read(length):
                    yield piece
        except OSError as error:
            raise unreadable(error, path) from error


def _is_old(path: Path, now: float, older_than: float = SWEPT_AFTER) -> bool:
    """Whether a file is there and was last stored `older_than` seconds before `now` (seconds since 1970 UTC)."""
    with suppress(FileNotFoundError):
        return now - path.stat().st_mtime > older_than
    return False
