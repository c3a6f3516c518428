"""How the daemon does, kept in a small file beside the database for `mailgate status`.

Queues are counted from the database by whoever asks; the file holds what only the
running process knows: its ways in and its relay.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox
from mailgate.system.clock import pause

LITTLE_ROOM = 200_000_000  # bytes; some mails of the largest size
EVERY = 2.0  # seconds between looks; the file is written when something changed


@dataclass(frozen=True, slots=True)
class WayIn:
    """A way in: is it connected, and what was wrong last."""

    name: str
    connected: bool
    last_error: str

    @property
    def trouble(self) -> str:
        """What is wrong; "" when all is well."""
        return self.last_error or ("" if self.connected else "not connected")


@dataclass(frozen=True, slots=True)
class RelayWord:
    """How the relay does."""

    ok: bool = True
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """What the daemon last said of itself."""

    ways_in: tuple[WayIn, ...] = ()
    relay: RelayWord = field(default_factory=RelayWord)
    worker: str = ""  # what is wrong with the worker process


def path_of(config: Config) -> Path:
    """The status file of a database."""
    return config.storage.database.with_name(config.storage.database.name + ".status")


async def keep(config: Config, standing: Callable[[], DaemonStatus], stop: asyncio.Event) -> None:
    """Write the status file whenever something changed, until `stop`."""
    written = ""
    while not stop.is_set():
        text = json.dumps(asdict(standing()))
        if text != written:
            with suppress(OSError):  # a full disk must not end the daemon: tried again at the next look
                _write(path_of(config), text)
                written = text
        await pause(stop, EVERY)


def _write(path: Path, text: str) -> None:
    aside = path.with_name(path.name + ".new")
    aside.write_text(text)
    aside.replace(path)


def forget(config: Config) -> None:
    """Remove the status file: the daemon stops."""
    path_of(config).unlink(missing_ok=True)


def read(config: Config) -> DaemonStatus:
    """What the daemon last said; empty when it said nothing."""
    try:
        found = json.loads(path_of(config).read_text())
    except (OSError, ValueError):
        return DaemonStatus()
    return DaemonStatus(tuple(WayIn(**each) for each in found["ways_in"]), RelayWord(**found["relay"]), found["worker"])


def disks_nearly_full(config: Config) -> tuple[str, ...]:
    """A sentence about each place of ours whose disk has little room: a full one takes no mail."""
    found: dict[int, str] = {}
    for path in (config.storage.database.parent, config.storage.attachments):
        with suppress(OSError):  # a place that is not made yet
            where = path.stat().st_dev
            free = shutil.disk_usage(path).free
            if free < LITTLE_ROOM:
                found.setdefault(where, f"the disk of {path} has {free / 1e6:.0f} MB left; a full one takes no mail")
    return tuple(found.values())


def queues(db: Db) -> dict[str, int]:
    """How long each queue is."""
    coming, going = inbox.counts(db), outbox.counts(db)
    return {
        "inbox": coming["new"] + coming["working"],
        "held": coming["held"],
        "quarantine": coming["quarantined"],
        "outbox": going["queued"] + going["sending"] + going["untold"],  # of a refusal, a mail will tell
        "failed": going["failed"],
    }
