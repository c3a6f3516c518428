"""How much a desk has stored, and which schema it has, for `database status`: also of a database that is not usable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mailgate.store.engine import Engine, Size
from mailgate.store.raw_files import raw_folder

_TABLES = ("ticket", "entry", "event", "inbox", "raw", "outbox", "trace", "digest")


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one kind: how many, and bytes together."""

    count: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a desk has stored: the database, and files beside it."""

    database: Size
    attachments: Files
    large_mails: Files


def stored(engine: Engine, attachments: Path) -> Stored:
    """What a desk has stored. Raises StorageError where the database cannot be read."""
    large_mails = raw_folder(engine.database)
    return Stored(
        database=engine.size(_TABLES),
        attachments=_files(attachments, without=large_mails),
        large_mails=_files(large_mails),
    )


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _files(folder: Path, without: Path | None = None) -> Files:
    sizes = [*_sizes(folder, without)]
    return Files(len(sizes), sum(sizes))


def _sizes(folder: Path, without: Path | None) -> Iterator[int]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(place, name) != without]
        yield from (_size(Path(place, name)) for name in names if not name.startswith("."))
