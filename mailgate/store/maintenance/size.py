"""How much a desk has stored, and which schema it has, for `database status`: also of a database that is not usable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from mailgate.store.columns import moment
from mailgate.store.connection import connect, gives_back, log_path, storage_errors
from mailgate.store.raw_files import raw_folder
from mailgate.store.schema import VERSION, version_of

_TABLES = ("ticket", "entry", "event", "inbox", "raw", "outbox", "trace", "digest")


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one kind: how many, and bytes together."""

    count: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a desk has on its disk. Sizes are bytes."""

    schema: int  # 0: there is no database
    size: int = 0
    free: int = 0  # of `size`: pages that are used again
    gives_back: bool = True  # free pages are given back to the file system
    log: int = 0
    migrations: tuple[tuple[int, str, datetime], ...] = ()  # version, name, when
    rows: dict[str, int] = field(default_factory=dict)
    attachments: Files = Files()
    large_mails: Files = Files()


def stored(path: Path, attachments: Path) -> Stored:
    """What a desk has stored. Raises StorageError where the database cannot be read."""
    beside = Stored(schema=0, attachments=_files(attachments), large_mails=_files(raw_folder(path)))
    if not _size(path):
        return beside
    with storage_errors(), closing(connect(path, "ro")) as connection:
        version = version_of(connection)
        page, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "freelist_count"))
        known = version == VERSION
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _TABLES if known}  # noqa: S608
        found = connection.execute("SELECT version, name, at FROM migration ORDER BY version") if known else ()
        return replace(
            beside,
            schema=version,
            size=_size(path),
            free=page * free,
            gives_back=gives_back(connection),
            log=_size(log_path(path)),
            migrations=tuple((row["version"], row["name"], moment(row["at"])) for row in found),
            rows=rows,
        )


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _files(folder: Path) -> Files:
    sizes = [*_sizes(folder)]
    return Files(len(sizes), sum(sizes))


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        yield from (_size(Path(place, name)) for name in names if not name.startswith("."))
