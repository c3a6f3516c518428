"""A backup is verified, and put back into an empty place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mailgate.connect.token_file import FOLDER
from mailgate.errors import Refused, StorageError
from mailgate.store import meta, schema
from mailgate.store.attachments import AttachmentStore, named
from mailgate.store.db import open_reader
from mailgate.store.maintenance.backup import (
    ABOUT,
    ATTACHMENTS,
    CONFIG,
    DATABASE,
    FORMAT,
    RAW,
    SECRET,
    SUMS,
    TEMPLATES,
    TOKENS,
    digest,
)
from mailgate.store.queues import inbox
from mailgate.store.raw_files import RawFiles, raw_folder
from mailgate.store.sqlite.connection import log_path
from mailgate.system.durable import flush, give_to_owner, make_private_folder
from mailgate.system.storage import os_trouble


@dataclass(frozen=True, slots=True)
class Places:
    """Where a backup is put back. `config` is the configuration file itself."""

    config: Path
    database: Path
    attachments: Path
    large_mails: Path
    secrets: tuple[Path, ...]

    def of(self, name: str) -> Path:
        """The place of one file of the backup."""
        first, _, rest = name.partition("/")
        folders = {
            RAW: self.large_mails,
            ATTACHMENTS: self.attachments,
            TOKENS: self.database.parent / FOLDER,
            TEMPLATES: self.config.parent / TEMPLATES,
        }
        if rest and first in folders:
            return folders[first] / rest
        if first.startswith(SECRET):
            return self.secrets[int(first.removeprefix(SECRET)) - 1]
        return {DATABASE: self.database, CONFIG: self.config}[name]


def about(source: Path) -> dict[str, Any]:
    """The manifest of a backup. Raises Refused for a folder that is none, or was never finished."""
    try:
        found = json.loads((source / ABOUT).read_bytes())
    except (OSError, ValueError):
        raise Refused(f"{source} is no backup, or was not finished: it has no {ABOUT}") from None
    if found["format"] > FORMAT or found["schema"] > schema.VERSION:
        raise Refused(f"{source} was made by a newer mailgate ({found['program']})")
    return dict(found)


def places(source: Path, config: Path) -> Places:
    """Where the parts of a backup belong when its configuration is put at `config`."""
    folder, found = config.absolute().parent, about(source)["places"]
    return Places(
        config.absolute(),
        folder / found["database"],
        folder / found["attachments"],
        folder / found["large_mails"] if "large_mails" in found else raw_folder(folder / found["database"]),
        tuple(folder / path for path in found["secrets"]),
    )


def verify(source: Path) -> Iterator[str]:
    """What is wrong with a backup, a sentence each. Raises Refused, StorageError."""
    about(source)
    for name, expected in _sums(source):
        path = source / name
        if not path.is_file():
            yield f"{name} is missing"
        elif digest(path) != expected:
            yield f"{name} is damaged: its digest is another one"
        elif name == DATABASE:
            yield from _inside(source)


def _inside(source: Path) -> Iterator[str]:
    """The same of the database: its integrity, and the files that it names."""
    attachments = AttachmentStore(source / ATTACHMENTS)
    raw = RawFiles(source / DATABASE)
    with closing(open_reader(source / DATABASE)) as db:
        yield from db.damage(5)
        yield from (f"{RAW}/{name} is not in it" for name in inbox.raw_files(db) if not raw.path(name).is_file())
        for name in named(db):
            if not attachments.path(name).is_file():
                yield f"{ATTACHMENTS}/{name[:2]}/{name} is not in it"


def restore(source: Path, to: Places) -> int:
    """Put a verified backup back; how many files. What lies there already with the same content stays.

    Raises Refused where anything else is in the way, and StorageError. The database comes last, so
    that an interrupted restore is none.
    """
    names = [name for name, _ in _sums(source)]
    if blocked := [str(path) for path in _in_the_way(source, names, to)]:
        raise Refused(f"in the way of the backup: {', '.join(blocked[:5])}; it is restored into an empty place")
    try:
        for name in names:
            if name != DATABASE:
                _put(source / name, to.of(name))
        aside = to.database.with_name(to.database.name + ".new")
        aside.unlink(missing_ok=True)
        _put(source / DATABASE, aside)
        os.sync()
        for of_unused in (log_path(to.database), to.database.with_name(to.database.name + "-shm")):
            of_unused.unlink(missing_ok=True)  # SQLite would read the log into the restored database
        aside.replace(to.database)
        flush(to.database.parent)
    except OSError as error:
        raise os_trouble(error, Path(error.filename or to.database.parent)) from error
    return len(names)


def _in_the_way(source: Path, names: list[str], to: Places) -> Iterator[Path]:
    if not _never_used(to.database):
        yield from filter(Path.exists, (to.database, log_path(to.database)))
    for name in names:
        path = to.of(name)
        if name not in (DATABASE, CONFIG) and path.exists() and digest(path) != digest(source / name):
            yield path


def _never_used(database: Path) -> bool:
    """Whether it is what a start leaves that is refused for its secret: a database that never was a desk's."""
    if not database.exists():
        return False
    try:
        with closing(open_reader(database)) as db:
            return meta.get(db, meta.FINGERPRINT) is None
    except StorageError:
        return False


def _put(source: Path, target: Path) -> None:
    """Copy one file, whole or not at all; a configuration that is there stays."""
    if target.exists():
        return
    make_private_folder(target.parent)
    aside = target.with_name(target.name + ".part")
    aside.unlink(missing_ok=True)
    with source.open("rb") as reader, open(aside, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        shutil.copyfileobj(reader, file)
    give_to_owner(aside, aside.parent)
    aside.replace(target)


def _sums(source: Path) -> Iterator[tuple[str, str]]:
    """(name, digest) of every file, as SHA256SUMS lists them. Raises Refused for a list of something else."""
    try:
        lines = (source / SUMS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise Refused(f"{source} is no whole backup: it has no {SUMS}") from None
    for line in lines:
        expected, _, name = line.partition("  ")
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts:
            raise Refused(f"{source}/{SUMS} names no file of a backup: {line}")
        yield name, expected
