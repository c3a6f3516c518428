"""One DATA block of SMTP as it streams in: where it ends, and its bytes as they are stored.

Pure: no sockets, no files. Strict where leniency smuggles (only CRLF.CRLF ends DATA, a
bare CR is refused), generous elsewhere (a bare LF is stored as CRLF, lines up to 64 kB).
What is finished can be taken out at any time, so that a large mail is never whole in
memory. Every byte is looked at a fixed number of times, however the block is cut.
"""

from __future__ import annotations

import re
from enum import Enum

LONGEST_LINE = 65_536  # bytes, without the line end

_END = b"\r\n.\r\n"
_BEGUN = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))  # what may become the end, longest first
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Flaw(Enum):
    """Why a block is refused."""

    TOO_BIG = "too big"
    NO_ROOM = "no room"  # the disk does not take it
    BARE_CR = "bare CR"
    LONG_LINE = "long line"


class DataBlock:
    """Collects one block; `limit` is the largest size in bytes on the wire."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._flaw: Flaw | None = None
        # The CRLF of the DATA command itself opens the block: RFC 5321 4.1.1.4 lets it serve an empty mail's end.
        self._held = b"\r\n"  # may be the beginning of the end, which the next chunk shows
        self._opened = False  # whether that CRLF was left out of the message
        self._message = bytearray()
        self._size = -2  # on the wire, with the dots of transparency and without that CRLF
        self._line = 0  # bytes of the line that is not ended yet

    def feed(self, chunk: bytes) -> bytes | None:
        """Take a chunk. None: more must come; else what the chunk holds after the end of the block."""
        data = self._held + chunk
        end = data.find(_END)
        if end >= 0:
            self._add(data[: end + 2])
            return data[end + len(_END) :]
        self._held = next((begun for begun in _BEGUN if data.endswith(begun)), b"")
        self._add(data[: len(data) - len(self._held)])
        return None

    def __len__(self) -> int:
        """Bytes that are held now."""
        return len(self._message)

    def take(self) -> bytearray:
        """What is finished of the message; it is held here no longer."""
        message, self._message = self._message, bytearray()
        return message

    def drop(self, flaw: Flaw) -> None:
        """Keep nothing of the message: only its end is still looked for."""
        self._flaw = self._flaw or flaw
        self._message.clear()

    @property
    def flaw(self) -> Flaw | None:
        """Why the block is refused, as far as it was seen."""
        return self._flaw

    def content(self) -> bytes | Flaw:
        """The message of a block that has ended, or what of it was not taken out yet."""
        return self._flaw or bytes(self.take())

    def _add(self, piece: bytes) -> None:
        """One more piece of the wire, which parts no CRLF and no dot from the CRLF above it."""
        self._size += len(piece)
        if not self._opened and piece:
            self._opened = True
            piece = piece[2:] if piece[2:3] != b"." else piece[3:]
        if self._flaw or not piece:
            return
        crlf = piece.count(b"\r\n")
        if self._size > self._limit:
            self.drop(Flaw.TOO_BIG)
        elif piece.count(b"\r") != crlf:
            self.drop(Flaw.BARE_CR)  # RFC 5321 2.3.8: CR stands only in CRLF
        elif self._ends_too_late(piece):
            self.drop(Flaw.LONG_LINE)
        else:
            if b"\r\n." in piece:
                piece = piece.replace(b"\r\n.", b"\r\n")  # RFC 5321 4.5.2: one leading dot is transparency
            if piece.count(b"\n") != crlf:
                piece = _BARE_LF.sub(b"\r\n", piece)
            self._message += piece

    def _ends_too_late(self, piece: bytes) -> bool:
        """Jump from line end to line end, the farthest within reach each time."""
        at, room = 0, LONGEST_LINE + 2 - self._line
        while len(piece) - at >= room:
            line_end = piece.rfind(b"\n", at, at + room)
            if line_end < 0:
                return True
            at, room = line_end + 1, LONGEST_LINE + 2
        last = piece.rfind(b"\n")
        self._line = len(piece) - last - 1 if last >= 0 else self._line + len(piece)
        return False
