"""The wire between the daemon and its worker: words, each a line of JSON, over a pair of sockets.

It carries no mail and nothing that must not be lost: what matters stands in the
database, and a word says where to look. When one side dies, the other reads an end.
"""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

LONGEST = 16_000_000  # bytes of a word: a config's text is one


@dataclass(frozen=True, slots=True)
class Word:
    """What one side says to the other."""

    name: str
    more: dict[str, Any] = field(default_factory=dict)


class Link:
    """One end of the wire; lives on the loop on which it was opened."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Link:
        """Open one of a pair of connected sockets."""
        return cls(*await asyncio.open_connection(sock=end, limit=LONGEST))

    def say(self, name: str, **more: Any) -> None:
        """Say a word; to nobody when the other side is gone."""
        self._writer.write(json.dumps([name, more]).encode() + b"\n")

    async def hear(self) -> Word | None:
        """The next word; None when the other side is gone."""
        line = b""
        with suppress(ConnectionError):
            line = await self._reader.readline()
        return Word(*json.loads(line)) if line.endswith(b"\n") else None

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
