"""What an opaque S/MIME part holds: signed or compressed content, read without a key (RFC 5652, RFC 3274).

A reader of BER (X.690 8.1) for the way to that content alone; no signature is checked and no
certificate is looked at. Lengths beyond the end are cut to it, elements are counted, and it
never raises.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

MAX_ELEMENTS = 100_000  # a streamed signature comes in pieces of 1 kB or more
MAX_DEPTH = 16
MAX_UNPACKED = 10_000_000  # bytes that a compressed content may become
OCTETS, SEQUENCE, CONTENT = 0x04, 0x30, 0xA0  # tags: OCTET STRING, SEQUENCE, [0] EXPLICIT
CONSTRUCTED = 0x20


class Kind(StrEnum):
    """What a CMS object does to its content."""

    SIGNED = "signed"
    COMPRESSED = "compressed"
    ENCRYPTED = "encrypted"
    OTHER = "other"


# Content types (RFC 5652 3; RFC 3274 1.1; RFC 5083 2.1), as the bytes of their object identifiers.
_TYPES = {
    "2a864886f70d010702": Kind.SIGNED,
    "2a864886f70d010703": Kind.ENCRYPTED,  # enveloped-data
    "2a864886f70d010706": Kind.ENCRYPTED,  # encrypted-data
    "2a864886f70d0109100117": Kind.ENCRYPTED,  # authenticated-enveloped-data
    "2a864886f70d0109100109": Kind.COMPRESSED,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a CMS object is, and its content where that needs no key."""

    kind: Kind
    content: bytes = field(default=b"", repr=False)


def read(data: bytes) -> Opened:
    """Open a CMS object; `Kind.OTHER` for what is none, and no content where it is damaged."""
    reader = _Reader(data)
    try:
        return _open(reader)
    except _Damaged:
        return Opened(reader.kind)


def _open(reader: _Reader) -> Opened:
    """ContentInfo (RFC 5652 3), within it SignedData (5.1) or CompressedData (RFC 3274 1.1)."""
    oid, explicit = reader.children(reader.element(0, len(reader.data), SEQUENCE), 2)
    reader.kind = _TYPES.get(reader.data[oid.start : oid.end].hex(), Kind.OTHER)
    if reader.kind not in {Kind.SIGNED, Kind.COMPRESSED}:
        return Opened(reader.kind)
    # Version, algorithms, then EncapsulatedContentInfo: its type and, under [0], an OCTET STRING (RFC 5652 5.2).
    _version, _algorithms, encapsulated = reader.children(reader.child(explicit, SEQUENCE), 3)
    _type, content = reader.children(encapsulated, 2)
    octets = b"".join(reader.octets(reader.child(content, OCTETS, OCTETS | CONSTRUCTED), 0))
    if reader.kind is Kind.SIGNED:
        return Opened(reader.kind, octets)
    try:
        return Opened(reader.kind, zlib.decompressobj().decompress(octets, MAX_UNPACKED))
    except zlib.error:
        return Opened(reader.kind)


class _Damaged(Exception):
    """The bytes do not go on as the structure asks."""


@dataclass(frozen=True, slots=True)
class _Element:
    """One element: its tag, where its content begins, and where the next element begins."""

    tag: int
    start: int
    end: int
    after: int


class _Reader:
    """Reads elements of one object, and counts them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = MAX_ELEMENTS
        self.kind = Kind.OTHER

    def element(self, at: int, end: int, *tags: int, depth: int = 0) -> _Element:
        """The element at a place (X.690 8.1), of one of the tags where any are named."""
        self.left -= 1
        if at + 2 > end or self.left < 0 or depth > MAX_DEPTH:
            raise _Damaged
        tag, length, start = self.data[at], self.data[at + 1], at + 2
        if tag & 0x1F == 0x1F or (tags and tag not in tags):
            raise _Damaged  # a tag of several bytes stands nowhere here
        if length == 0x80:  # X.690 8.1.3.6: without a length; two zero bytes end it
            return self._indefinite(tag, start, end, depth)
        if length > 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(self.data[start : start + size]), start + size
        after = min(start + length, end)
        return _Element(tag, min(start, after), after, after)

    def _indefinite(self, tag: int, start: int, end: int, depth: int) -> _Element:
        at = start
        while at < end and self.data[at : at + 2] != b"\0\0":
            at = self.element(at, end, depth=depth + 1).after
        return _Element(tag, start, at, min(at + 2, end))

    def child(self, parent: _Element, *tags: int) -> _Element:
        """The first element inside another."""
        return self.element(parent.start, parent.end, *tags)

    def children(self, parent: _Element, many: int) -> tuple[_Element, ...]:
        """The first `many` elements inside another."""
        found: list[_Element] = []
        at = parent.start
        for _ in range(many):
            found.append(self.element(at, parent.end))
            at = found[-1].after
        return tuple(found)

    def octets(self, string: _Element, depth: int) -> Iterator[bytes]:
        """The pieces of an OCTET STRING, which may be made of others (X.690 8.7)."""
        if not string.tag & CONSTRUCTED:
            yield self.data[string.start : string.end]
            return
        at = string.start
        while at < string.end:
            piece = self.element(at, string.end, OCTETS, OCTETS | CONSTRUCTED, depth=depth)
            yield from self.octets(piece, depth + 1)
            at = piece.after
