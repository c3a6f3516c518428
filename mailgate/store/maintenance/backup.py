"""A backup: a folder with a copy of one moment's state of a desk, taken while the daemon runs.

    backup.json        what it is, and where the parts belong; written last
    SHA256SUMS         the digest of every other file, as `sha256sum -c` reads it
    mailgate.db        the database, without a log beside it
    mailgate.db-raw/   attachments/   secret-1   sign-in/   config.toml   templates/

Folders are readable by their owner alone (0700), and so are files (0600). Only files that the copied
database names are taken; nothing that it names is removed meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Self

from mailgate import __version__
from mailgate.connect.token_file import FOLDER
from mailgate.errors import Refused
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.settings import Config
from mailgate.store import schema
from mailgate.store.attachments import AttachmentStore, named
from mailgate.store.db import engine_of, open_reader
from mailgate.store.queues import inbox
from mailgate.store.raw_files import RawFiles, raw_folder
from mailgate.system.durable import DurableFile, flush, make_private_folder
from mailgate.system.lock import keep_files
from mailgate.system.storage import os_trouble
from mailgate.ticket import Json

ABOUT, SUMS = "backup.json", "SHA256SUMS"
CONFIG, TEMPLATES, DATABASE, RAW, ATTACHMENTS, SECRET, TOKENS = (
    *("config.toml", "templates", "mailgate.db", "mailgate.db-raw", "attachments", "secret-", "sign-in"),
)
FORMAT = 1
PIECE = 1_000_000  # bytes read at a time


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup. `missing` are files that the database names and that are not there."""

    made_at: datetime
    files: int
    size: int  # bytes
    missing: tuple[str, ...]


def make(config: Config, target: Path, now: datetime) -> Made:
    """Write a backup into `target`, which must be empty or missing. Raises Refused, StorageError, WrongSchema."""
    engine = engine_of(config.storage.database)
    if not engine.exists():
        raise Refused(f"there is no database at {config.storage.database}")
    schema.require_own(engine)
    try:
        make_private_folder(target)
        if any(target.iterdir()):
            raise Refused(f"{target} is not empty")
        target.chmod(0o700)
        with keep_files(engine.beside), _Writer(target) as writer:
            engine.copy_to(target / DATABASE)
            writer.note(DATABASE)
            missing = [*_files(config, writer)]
        about: dict[str, Json] = {
            "format": FORMAT,
            "program": __version__,
            "schema": schema.VERSION,
            "made_at": rfc3339(now),
            "files": writer.count,
            "size": writer.size,
            "places": places(config),
        }
        _write(target / ABOUT, json.dumps(about, indent=1).encode() + b"\n")
        flush(target)
    except OSError as error:
        raise os_trouble(error, Path(error.filename or target)) from error
    return Made(now, writer.count, writer.size, tuple(missing))


def places(config: Config) -> dict[str, Json]:
    """Where the parts of a backup belong: relative to the configuration file where they lie below it."""
    folder = config.file.absolute().parent

    def place(path: Path) -> str:
        return str(path.relative_to(folder) if path.is_relative_to(folder) else path)

    return {
        "database": place(config.storage.beside),
        "attachments": place(config.storage.attachments),
        "large_mails": place(raw_folder(config.storage.database)),
        "secrets": [place(path) for path in config.desk.secret if isinstance(path, Path)],
    }


def _files(config: Config, writer: _Writer) -> Iterator[str]:
    """Copy everything but the database; yields the files that are missing."""
    attachments, raw = AttachmentStore(config.storage.attachments), RawFiles(config.storage.database)
    with closing(open_reader(writer.target / DATABASE)) as db:
        parts = [(f"{RAW}/{name}", raw.path(name)) for name in inbox.raw_files(db)]
        parts += [(f"{ATTACHMENTS}/{name[:2]}/{name}", attachments.path(name)) for name in named(db)]
    secrets = (path for path in config.desk.secret if isinstance(path, Path))
    parts += [(f"{SECRET}{number}", path) for number, path in enumerate(secrets, start=1)]
    parts += _tree(TOKENS, config.storage.beside.parent / FOLDER)
    parts += _tree(TEMPLATES, config.templates) if config.templates else []
    for name, path in parts:
        if path.is_file():
            writer.copy(name, path)
        else:
            yield str(path)
    writer.write(CONFIG, config.text.encode())


def _tree(name: str, folder: Path) -> list[tuple[str, Path]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(PurePosixPath(name, path.relative_to(folder).as_posix())), path) for path in found]


class _Writer:
    """Writes the files of a backup and notes their digests. On leaving, everything is on the disk."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.count = 0
        self.size = 0

    def __enter__(self) -> Self:
        self._sums = DurableFile(self.target / SUMS)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            os.sync()  # thousands of small files: one flush of all is quicker than one of each
            self._sums.finish()
        self._sums.close()

    def copy(self, name: str, source: Path) -> None:
        """Copy a file."""
        path = self.target / name
        make_private_folder(path.parent)
        with source.open("rb") as reader, open(path, "xb", opener=_private) as file:
            while piece := reader.read(PIECE):
                file.write(piece)
        self.note(name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        _write(self.target / name, content)
        self.note(name)

    def note(self, name: str) -> None:
        """Note the digest of a file that was written."""
        path = self.target / name
        self._sums.write(f"{digest(path)}  {name}\n".encode())
        self.count += 1
        self.size += path.stat().st_size


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    with open(path, "xb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
