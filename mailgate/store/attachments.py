"""Attachments on disk, once by content: the file's name is its SHA-256.

A file is written aside, synced, renamed into place, and its folder synced, before any
row may name it. What a mail calls its attachment never becomes a path.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from mailgate.errors import StorageError


def digest(content: bytes) -> str:
    """The name under which content is kept: its SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


class AttachmentStore:
    """A folder of files named by their content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the content with this digest lies."""
        return self._folder / sha256[:2] / sha256

    def keep(self, content: bytes) -> str:
        """Store content durably; its digest. Raises StorageError when the disk will not."""
        sha256 = digest(content)
        target = self.path(sha256)
        aside = target.with_name(f".{sha256}.{os.getpid()}")
        try:
            if target.exists():
                return sha256
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.parent.mkdir(exist_ok=True)
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
            for folder in (target.parent, self._folder):
                _sync(folder)
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise StorageError("storage trouble", cause=str(error)) from error
        return sha256

    def read(self, sha256: str) -> bytes:
        """The content with this digest. Raises FileNotFoundError, or StorageError when the disk will not."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageError("storage trouble", cause=str(error)) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
