"""Large mails as they came, each a file in a folder beside the database, or among the attachments of several nodes.

A row of fifty megabytes would be copied three times on its way into the database, and
hold up everybody who writes meanwhile. A file is written and synced before the row that
names it; a file that no row names (a crash between the two, or a mail whose time to be
kept is over) is swept away later. Nothing is read or judged here.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mailgate.errors import StorageError
from mailgate.mail import Delivery, Kept
from mailgate.settings import Server
from mailgate.system.crash_points import crossing
from mailgate.system.durable import DurableFile, flush, make_private_folder
from mailgate.system.lock import remove_files
from mailgate.system.storage import os_trouble, unreadable

LARGE = 256_000  # bytes; smaller mails lie in the database
AMONG_ATTACHMENTS = "large-mails"  # name of the folder there
SWEPT_AFTER = 86_400.0  # seconds; a younger file may be waiting for its row


def raw_folder(database: Path | Server) -> Path:
    """The folder of large mails of a database."""
    if isinstance(database, Server) and database.shared:
        return database.shared / AMONG_ATTACHMENTS
    path = _beside(database)
    return path.with_name(f"{path.name}-raw")


def _beside(database: Path | Server) -> Path:
    return database.beside if isinstance(database, Server) else database


class RawFiles:
    """The large mails of one database."""

    def __init__(self, database: Path | Server) -> None:
        self._database = _beside(database)
        self._folder = raw_folder(database)

    def begin(self) -> Draft:
        """Begin a mail that comes in pieces. Raises StorageError."""
        name = uuid.uuid4().hex
        try:
            if not self._folder.is_dir():
                make_private_folder(self._folder)
                flush(self._folder.parent)
            return Draft(self._folder, name)
        except OSError as error:
            raise os_trouble(error, self._folder) from error

    def keep(self, raw: bytes) -> Kept:
        """Store a mail durably. Raises StorageError."""
        draft = self.begin()
        try:
            draft.write(raw)
            return draft.finish()
        except StorageError:
            draft.drop()
            raise

    def adopt(self, name: str, source: Path) -> None:
        """Copy a mail of another desk, under its name. Raises StorageError."""
        draft = self.begin()
        try:
            with source.open("rb") as file:
                while piece := file.read(1_000_000):
                    draft.write(piece)
            kept = draft.finish()
            self.path(kept.name).replace(self.path(name))
            flush(self._folder)
        except OSError as error:
            draft.drop()
            raise os_trouble(error, self.path(name)) from error

    def filed(self, delivery: Delivery) -> Delivery:
        """The delivery, the bytes of a large mail in their file. Raises StorageError."""
        if isinstance(delivery.raw, Kept) or len(delivery.raw) <= LARGE:
            return delivery
        return replace(delivery, raw=self.keep(delivery.raw))

    def path(self, name: str) -> Path:
        """The path of a mail."""
        return self._folder / name

    def read(self, name: str) -> bytes:
        """A mail as it came. Raises UnreadableFile."""
        try:
            return self.path(name).read_bytes()
        except OSError as error:
            raise unreadable(error, self.path(name)) from error

    def forget(self, kept: Kept) -> None:
        """Remove a mail that no row will name."""
        with suppress(OSError):
            self.path(kept.name).unlink(missing_ok=True)

    def old(self, now: float, *, older_than: float = SWEPT_AFTER) -> set[str]:
        """Names of the files whose row must stand by now, if there is to be one."""
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            return {entry.name for entry in entries if now - entry.stat().st_mtime > older_than}
        return set()

    def sweep(self, names: Collection[str]) -> None:
        """Remove files that no row names; none while a backup copies files. Raises StorageError."""
        with remove_files(self._database) as free:
            for name in names if free else ():
                crossing("removal of a file")
                with suppress(OSError):
                    self.path(name).unlink(missing_ok=True)
                crossing("file removed")


class Draft:
    """A mail while it is being written; used on one thread at a time. `write` and `finish` raise StorageError."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._file = DurableFile(folder / name)

    def write(self, piece: bytes | bytearray) -> None:
        """The next piece."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise os_trouble(error, self._folder / self._name) from error

    def finish(self) -> Kept:
        """The mail is whole; it is durable when this returns."""
        try:
            self._file.finish()
            flush(self._folder)
        except OSError as error:
            raise os_trouble(error, self._folder / self._name) from error
        return Kept(self._name, self._file.size)

    def drop(self) -> None:
        """The mail will not be whole."""
        self._file.remove()
