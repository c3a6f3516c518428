"""The bytes of a mail on their way out: head and words from the outbox, attachments from their folder.

Attachments are encoded while they are sent, in pieces, so neither their number nor their size
counts in memory. The digest of a file is checked while it is read: a damaged one raises
before the mail is complete.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cached_property

from mailgate.errors import UnreadableFile
from mailgate.notice import FilePart, wire_size
from mailgate.outbound import downgrade
from mailgate.store.attachments import AttachmentStore
from mailgate.writing.mail.mime import base64_lines

PIECE = 57 * 4096  # bytes of a file that are encoded at a time: whole lines of base64

_BARE_END = re.compile(rb"\r\n|\r|\n")
_Segment = bytes | FilePart


class Payload:
    """One mail. `attachments` may be None for a mail without files. What reads a file raises UnreadableFile."""

    def __init__(self, data: bytes, files: Sequence[FilePart] = (), attachments: AttachmentStore | None = None) -> None:
        self._segments = tuple(_segments(data, files))
        self._attachments = attachments

    @cached_property
    def size(self) -> int:
        """Bytes of the whole mail."""
        return sum(len(each) if isinstance(each, bytes) else wire_size(each.size) for each in self._segments)

    @property
    def start(self) -> bytes:
        """The mail up to its first file; the header stands in it whole."""
        first = self._segments[0]
        assert isinstance(first, bytes)
        return first

    @cached_property
    def needs_utf8(self) -> bool:
        """Whether its header holds more than ASCII (RFC 6532)."""
        return downgrade.needs_utf8(self.start)

    @property
    def is_ascii(self) -> bool:
        """Whether it may go out as 7bit."""
        return all(each.isascii() for each in self._segments if isinstance(each, bytes))

    def without_utf8(self) -> Payload:
        """The mail without addresses beyond ASCII."""
        return self._starting(downgrade.without_utf8(self.start))

    def with_field(self, field: bytes) -> Payload:
        """The mail with one more header field, CRLF included, above the others."""
        return self._starting(field + self.start)

    async def check(self) -> None:
        """Raise UnreadableFile unless every file is there with its size, before a server is given the mail."""
        for each in self._segments:
            if isinstance(each, FilePart):
                await asyncio.to_thread(self._store.check, each.sha256, each.size)

    def pieces(self) -> Iterator[bytes]:
        """The mail in pieces of whole lines, with CRLF line ends; the first one holds the header."""
        for segment in self._segments:
            yield from [segment] if isinstance(segment, bytes) else self._encoded(segment)

    async def stream(self) -> AsyncIterator[bytes]:
        """The same on an event loop: files are read and encoded in a thread."""
        for segment in self._segments:
            if isinstance(segment, bytes):
                yield segment
                continue
            encoded = self._encoded(segment)
            while piece := await asyncio.to_thread(next, encoded, b""):
                yield piece

    def _starting(self, start: bytes) -> Payload:
        changed = Payload(start, (), self._attachments)
        changed._segments = (start, *self._segments[1:])
        return changed

    @property
    def _store(self) -> AttachmentStore:
        assert self._attachments is not None
        return self._attachments

    def _encoded(self, file: FilePart) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in self._store.pieces(file.sha256, PIECE):
            digest.update(piece)
            yield base64_lines(piece)
        if digest.hexdigest() != file.sha256:
            raise UnreadableFile(f"{self._store.path(file.sha256)} is damaged: its content has another digest")


def _segments(data: bytes, files: Sequence[FilePart]) -> Iterator[_Segment]:
    """The mail in order; never empty, and ended by CRLF."""
    start = 0
    for file in files:
        if start < file.at:
            yield _crlf(data[start : file.at])
        yield file
        start = file.at
    end = _crlf(data[start:])
    if end or not files:
        yield end if end.endswith(b"\r\n") else end + b"\r\n"


def _crlf(text: bytes) -> bytes:
    """A bare CR or LF would let one mail look like two at the next server."""
    return text if text.count(b"\n") == text.count(b"\r") == text.count(b"\r\n") else _BARE_END.sub(b"\r\n", text)
