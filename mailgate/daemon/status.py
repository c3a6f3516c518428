"""The daemon's status file, which `mailgate status` reads: a small JSON file beside the database.

It holds what only the running process knows: the state of its mail sources, its relay and its
worker. Queue lengths are read from the database.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgate.connect.access_tokens import SignIn
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox
from mailgate.system.clock import pause
from mailgate.system.durable import write_private
from mailgate.system.storage import StorageProblem, storage_problem

if TYPE_CHECKING:
    from mailgate.outbound.lane import RelayState

MIN_FREE = 200_000_000  # bytes of free disk space below which a warning is due: a few mails of the largest size
INTERVAL = 2.0  # seconds between checks for a change


@dataclass(frozen=True, slots=True)
class WayIn:
    """The state of a mail source: the SMTP listener or an IMAP account."""

    name: str
    connected: bool
    last_error: str

    @property
    def problem(self) -> str:
        """What is wrong with it; "" for nothing, also while it connects for the first time."""
        return self.last_error

    @property
    def state(self) -> str:
        """The problem, or how it stands."""
        return self.last_error or ("ok" if self.connected else "connecting")


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """The state of a relay."""

    name: str = "relay"
    down: str = ""  # its answer while it accepts no mail
    lasting: bool = False  # it will refuse until somebody changes something
    refused_senders: tuple[tuple[str, str], ...] = ()  # (address, answer)
    tried: bool = True  # since the daemon's start
    accepted_senders: tuple[str, ...] = ()  # since the daemon's start

    @property
    def last_error(self) -> str:
        """What is wrong with it; "" for nothing."""
        refused = [f"does not accept {address} as sender: {answer}" for address, answer in self.refused_senders]
        return "; ".join(([self.down] if self.down else []) + refused)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.last_error


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The content of the status file."""

    ways_in: tuple[WayIn, ...] = ()
    relays: tuple[RelayStatus, ...] = ()
    worker: str = ""  # what is wrong with the worker process; "" for nothing
    sign_ins: tuple[SignIn, ...] = ()
    storage: tuple[StorageProblem, ...] = ()

    @property
    def relay(self) -> RelayStatus:
        """The first relay with a problem; without one, the first relay."""
        return next((relay for relay in self.relays if not relay.ok), next(iter(self.relays), RelayStatus()))


def relay_status(state: RelayState) -> RelayStatus:
    """The state of a relay, for the status file."""
    return RelayStatus(
        name=state.name,
        down=state.last_error,
        lasting=state.lasting,
        refused_senders=state.refused_senders,
        tried=state.tried,
        accepted_senders=tuple(sorted(state.accepted_senders)),
    )


def status_path(config: Config) -> Path:
    """The status file that belongs to the configured database."""
    return config.storage.beside.with_name(config.storage.beside.name + ".status")


async def keep_written(config: Config, current: Callable[[], DaemonStatus], stop: asyncio.Event) -> None:
    """Write the status file after every change of `current()`, until `stop` is set."""
    written: DaemonStatus | None = None
    while not stop.is_set():
        if (now := current()) != written and write(config, now):
            written = now
        await pause(stop, INTERVAL)


def write(config: Config, current: DaemonStatus) -> bool:
    """Write the status file. False where it cannot be written: a full disk must not end the daemon."""
    try:
        write_private(status_path(config), json.dumps(asdict(current), default=datetime.isoformat))
    except OSError:
        return False
    return True


def remove(config: Config) -> None:
    """Remove the status file when the daemon stops."""
    status_path(config).unlink(missing_ok=True)


def read(config: Config) -> DaemonStatus:
    """Read the status file; an empty status when there is none."""
    try:
        found = json.loads(status_path(config).read_text())
    except (OSError, ValueError):
        return DaemonStatus()
    ways_in = tuple(WayIn(**each) for each in found["ways_in"])
    sign_ins = tuple(_sign_in(each) for each in found["sign_ins"])
    storage = tuple(map(storage_problem, found["storage"]))
    relays = tuple(_relay(each) for each in found["relays"])
    return DaemonStatus(ways_in, relays, found["worker"], sign_ins, storage)


def _relay(found: dict[str, Any]) -> RelayStatus:
    refused = tuple((address, answer) for address, answer in found["refused_senders"])
    return RelayStatus(**{**found, "refused_senders": refused, "accepted_senders": tuple(found["accepted_senders"])})


def _sign_in(found: dict[str, Any]) -> SignIn:
    ends = found["expires_at"]
    return SignIn(**{**found, "expires_at": datetime.fromisoformat(ends) if ends else None})


def disks_nearly_full(config: Config) -> tuple[str, ...]:
    """A warning for each file system of ours with less than `MIN_FREE` bytes left."""
    found: dict[int, str] = {}
    for path in (config.storage.beside.parent, config.storage.attachments):
        with suppress(OSError):  # the folder does not exist yet
            device = path.stat().st_dev
            free = shutil.disk_usage(path).free
            if free < MIN_FREE:
                warning = f"only {free / 1e6:.0f} MB left on the disk of {path}; mail is refused when it is full"
                found.setdefault(device, warning)
    return tuple(found.values())


def queue_lengths(db: Db) -> dict[str, int]:
    """The number of mails in each queue, by the names that `status --json` uses."""
    received, outgoing = inbox.counts(db), outbox.counts(db)
    return {
        "inbox": received["new"] + received["working"],
        "held": received["held"],
        "quarantine": received["quarantined"],
        # "untold": delivery failed, and the mail that reports it is not written yet
        "outbox": outgoing["queued"] + outgoing["sending"] + outgoing["untold"],
        "failed": outgoing["failed"],
    }
