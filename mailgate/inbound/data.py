"""One DATA block of SMTP as it streams in: where it ends, and its bytes as they are stored.

Pure: no sockets. Strict where leniency smuggles (only CRLF.CRLF ends DATA, a bare CR is
refused), generous elsewhere (a bare LF is stored as CRLF, lines up to 64 kB). Every byte
is looked at a fixed number of times, however the block is cut into chunks.
"""

from __future__ import annotations

import re
from enum import Enum

LONGEST_LINE = 65_536  # bytes, without the line end

_END = b"\r\n.\r\n"
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Flaw(Enum):
    """Why a block is refused."""

    TOO_BIG = "too big"
    NO_ROOM = "no room"  # too much mail is coming in at once
    BARE_CR = "bare CR"
    LONG_LINE = "long line"


class DataBlock:
    """Collects one block; `limit` is the largest size in bytes on the wire."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._flaw: Flaw | None = None
        # The CRLF of the DATA command itself opens the block: RFC 5321 4.1.1.4 lets it serve an empty mail's end.
        self._bytes = bytearray(b"\r\n")

    def feed(self, chunk: bytes) -> bytes | None:
        """Take a chunk. None: more must come; else what the chunk holds after the end of the block."""
        block = self._bytes
        start = max(len(block) - len(_END) + 1, 0)
        block += chunk
        end = block.find(_END, start)
        if end < 0:
            if len(block) > self._limit + 4:  # the opening CRLF, and ".CR" that may be of the end
                self.drop(Flaw.TOO_BIG)
            return None
        rest = bytes(memoryview(block)[end + len(_END) :])
        del block[end + 2 :]
        if len(block) - 2 > self._limit:
            self._flaw = self._flaw or Flaw.TOO_BIG
        return rest

    def __len__(self) -> int:
        """Bytes that are held now."""
        return len(self._bytes)

    def drop(self, flaw: Flaw) -> None:
        """Keep nothing of the message: only its end is still looked for."""
        self._flaw = self._flaw or flaw
        del self._bytes[: -len(_END)]

    def content(self) -> bytes | Flaw:
        """The message of a block that has ended. It empties the block, so it is called once."""
        block, self._bytes = self._bytes, bytearray()
        if self._flaw:
            return self._flaw
        crlf = block.count(b"\r\n")
        if block.count(b"\r") != crlf:
            return Flaw.BARE_CR  # RFC 5321 2.3.8: CR stands only in CRLF
        if _has_long_line(block):
            return Flaw.LONG_LINE
        if b"\r\n." in block:
            block = block.replace(b"\r\n.", b"\r\n")  # RFC 5321 4.5.2: one leading dot is transparency
        message = bytes(memoryview(block)[2:])
        if message.count(b"\n") != crlf - 1:
            message = _BARE_LF.sub(b"\r\n", message)
        return message


def _has_long_line(block: bytearray) -> bool:
    """Jump from line end to line end, the farthest within reach each time."""
    at = 0
    while len(block) - at > LONGEST_LINE + 2:
        line_end = block.rfind(b"\n", at, at + LONGEST_LINE + 2)
        if line_end < 0:
            return True
        at = line_end + 1
    return False
