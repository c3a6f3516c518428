"""`winmail.dat` of Outlook: the files and the text inside it (MS-OXTNEF).

Gives what it can read up to the first fault, and never raises. Compressed RTF is read where
it is the only form of the text.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailgate.reading.encodings import charset, lzfu, rtf

SIGNATURE = 0x223E9F78
MAX_ATTRIBUTES = 10_000
MAX_PROPERTIES = 2000  # of one attribute
# Attributes (MS-OXTNEF 2.1.3.1).
BODY, CODEPAGE, MESSAGE_PROPERTIES = 0x800C, 0x9007, 0x9003
ATTACHMENT_BEGINS, TITLE, DATA, ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
# MAPI properties (MS-OXPROPS).
TEXT, HTML, RTF, SHORT_NAME, LONG_NAME, MIME_TYPE, CONTENT_ID = 0x1000, 0x1013, 0x1009, 0x3704, 0x3707, 0x370E, 0x3712
STRING, UNICODE, OBJECT, BINARY = 0x1E, 0x1F, 0x0D, 0x102
SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
MULTIPLE = 0x1000


@dataclass(slots=True)
class File:
    """A file inside; `name` is hostile, as every name of a mail's."""

    name: str = ""
    type: str = ""
    cid: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Inside:
    """What a winmail.dat holds."""

    text: str = ""
    html: str = ""
    files: list[File] = field(default_factory=list)
    damaged: bool = False  # it has a body that cannot be read

    @property
    def has_body(self) -> bool:
        """Whether words were found in it."""
        return bool(self.text.strip() or self.html.strip())


def read(data: bytes) -> Inside:
    """Unpack; an empty answer for what is no TNEF."""
    inside, codepage = Inside(), ""
    for kind, value in _attributes(data):
        if kind == CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif kind == BODY:
            inside.text = charset.decode(value, codepage)
        elif kind == MESSAGE_PROPERTIES:
            found = dict(_properties(value, codepage))
            inside.text = _string(found, TEXT, codepage) or inside.text
            inside.html = _string(found, HTML, codepage)
            if not inside.has_body and isinstance(packed := found.get(RTF), bytes):
                _read_rich_text(inside, packed)
        elif kind == ATTACHMENT_BEGINS:
            inside.files.append(File())
        elif inside.files:
            _fill(inside.files[-1], kind, value, codepage)
    inside.files = [file for file in inside.files if file.content]
    return inside


def _read_rich_text(inside: Inside, packed: bytes) -> None:
    """The body where it is nothing but compressed RTF (MS-OXCMSG 2.2.1.58.4)."""
    found = rtf.read(lzfu.decompress(packed))
    inside.text, inside.html = found.text, found.html
    inside.damaged = not inside.has_body


def _fill(file: File, kind: int, value: bytes, codepage: str) -> None:
    if kind == TITLE:
        file.name = file.name or charset.decode(value.rstrip(b"\0"), codepage)
    elif kind == DATA:
        file.content = value
    elif kind == ATTACHMENT_PROPERTIES:
        found = dict(_properties(value, codepage))
        file.name = _string(found, LONG_NAME, codepage) or file.name or _string(found, SHORT_NAME, codepage)
        file.type = _string(found, MIME_TYPE, codepage).lower()
        file.cid = _string(found, CONTENT_ID, codepage).strip("<>")


def _string(found: dict[int, str | bytes], wanted: int, codepage: str) -> str:
    value = found.get(wanted, "")
    return value if isinstance(value, str) else charset.decode(value.rstrip(b"\0"), codepage)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Id and value of each attribute: level, id, type, length, value, checksum (MS-OXTNEF 2.1.3)."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:
        return
    at = 6
    for _ in range(MAX_ATTRIBUTES):
        if at + 9 > len(data):
            return
        kind, _type, length = struct.unpack_from("<HHI", data, at + 1)
        at += 9
        if at + length > len(data):
            return
        yield kind, data[at : at + length]
        at += length + 2


def _properties(data: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """Id and value of the texts and bytes among the MAPI properties (MS-OXTNEF 2.1.3.4); the rest is skipped."""
    try:
        yield from _read_properties(data, codepage)
    except struct.error:
        return  # cut off: what came before holds


def _read_properties(data: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, MAX_PROPERTIES)):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _after_name(data, at)
        multiple, base = kind & MULTIPLE, kind & ~MULTIPLE
        if base in SIZES:
            many = 1
            if multiple:
                (many,) = struct.unpack_from("<I", data, at)
                at += 4
            at += SIZES[base] * many
            continue
        if base not in {STRING, UNICODE, OBJECT, BINARY}:
            return  # its length is unknown, and so is where the next begins
        (many,) = struct.unpack_from("<I", data, at)
        at += 4
        for number in range(min(many, MAX_PROPERTIES)):
            (length,) = struct.unpack_from("<I", data, at)
            value = data[at + 4 : at + 4 + length]
            at += 4 + length + -length % 4
            if number == 0:
                yield name, _value(base, value, codepage)


def _after_name(data: bytes, at: int) -> int:
    """Pass over the name of a named property: a GUID, then a number or a text."""
    (kind,) = struct.unpack_from("<I", data, at + 16)
    at += 20
    if kind == 0:
        return at + 4
    length = int(struct.unpack_from("<I", data, at)[0])
    return at + 4 + length + -length % 4


def _value(base: int, value: bytes, codepage: str) -> str | bytes:
    if base == UNICODE:
        return value.decode("utf-16-le", "replace").partition("\0")[0]
    return charset.decode(value.rstrip(b"\0"), codepage) if base == STRING else value
