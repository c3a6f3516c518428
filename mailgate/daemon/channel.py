"""Messages between the daemon and its worker process: JSON lines over a socket pair.

A message carries no mail and nothing that must survive a crash: durable state is in the
database, and a message only says that something changed there. When one process exits,
the other reads end of file.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from mailgate.errors import Problem
from mailgate.system.storage import StorageProblem, storage_problem
from mailgate.system.streams import write

MAX_MESSAGE = 16_000_000  # bytes of one line; `ApplyConfig` holds a whole configuration file


# ── daemon to worker ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MailAccepted:
    """There is new mail in the inbox."""


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """A delivery failed permanently: its agents may have to be notified."""


@dataclass(frozen=True, slots=True)
class NotifyAdmin:
    """Send a mail to the administrator; one mail per `cause`."""

    cause: str
    subject: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """Request a `Pong`."""


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """Read and validate the configuration file. Requests a `ConfigResult`."""


@dataclass(frozen=True, slots=True)
class ApplyConfig:
    """Put a validated configuration in force. Requests a `ConfigResult`."""

    text: str


@dataclass(frozen=True, slots=True)
class RunTimers:
    """Run the timers from now on: the lease of the clock is held."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish the current batch and exit."""


# ── worker to daemon ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OutboxChanged:
    """There may be new mail in the outbox."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The worker's progress counters (see `mailgate.system.watchdog`), and its storage problems."""

    progress: Mapping[str, int | None]
    storage: tuple[StorageProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigResult:
    """The reply to `CheckConfig` and `ApplyConfig`: the configuration's text, or the problems in it."""

    text: str = ""
    problems: tuple[Problem, ...] = ()


ToWorker = MailAccepted | DeliveryFailed | NotifyAdmin | Ping | CheckConfig | ApplyConfig | RunTimers | Stop
ToDaemon = OutboxChanged | Pong | ConfigResult
Message = ToWorker | ToDaemon

_TYPES: Mapping[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        *(MailAccepted, DeliveryFailed, NotifyAdmin, Ping, CheckConfig, ApplyConfig, RunTimers, Stop),
        *(OutboxChanged, Pong, ConfigResult),
    )
}


class Channel:
    """One end of the socket pair; bound to the event loop on which it was opened."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Channel:
        """Wrap one of two connected sockets."""
        return cls(*await asyncio.open_connection(sock=end, limit=MAX_MESSAGE))

    def send(self, message: Message) -> None:
        """Queue a message; discarded when the other process has exited."""
        line = json.dumps([type(message).__name__, asdict(message)], default=datetime.isoformat)
        write(self._writer, line.encode() + b"\n")

    async def receive(self) -> Message | None:
        """Wait for the next message; None when the other process has exited."""
        line = b""
        with suppress(ConnectionError):
            line = await self._reader.readline()
        return _decode(line) if line.endswith(b"\n") else None

    def close(self) -> None:
        """Close the socket."""
        self._writer.close()


def _decode(line: bytes) -> Message:
    name, fields = json.loads(line)
    if "problems" in fields:
        fields["problems"] = tuple(Problem(**each) for each in fields["problems"])
    if "storage" in fields:
        fields["storage"] = tuple(map(storage_problem, fields["storage"]))
    if "facts" in fields:
        fields["facts"] = tuple(fields["facts"])
    return _TYPES[name](**fields)
