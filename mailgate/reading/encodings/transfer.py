"""Content-Transfer-Encoding: encoded bodies into bytes, however broken (RFC 2045 6).

Never raises; what cannot be decoded is given back as it stands. A large body is decoded
piece by piece, and each time anew: it is never held decoded.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

NOT_IN_LINE = re.compile(rb"[^A-Za-z0-9+/=]")
DATA = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
NOT_DATA = bytes(set(range(256)) - set(DATA))
LINES_OF_DATA = DATA + b"\t\r\n\f\v"
PIECE = 250_000  # encoded bytes that are decoded at once: about a millisecond in which no other thread runs
SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} (.{1,250}?)\r?$")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A large body that is decoded while one walks it."""

    body: memoryview = field(repr=False)
    encoding: str

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self.body, self.encoding)


def decode(body: bytes | memoryview, encoding: str) -> bytes:
    """Return the bytes that `body` stands for under a Content-Transfer-Encoding value."""
    return b"".join(pieces(body, encoding))


def pieces(body: bytes | memoryview, encoding: str) -> Iterator[bytes]:
    """The same, in pieces: one of about PIECE encoded bytes is worked at a time."""
    token = encoding.split(None, 1)[0].strip("\"';").lower() if encoding.strip() else ""
    if token.startswith("quoted"):
        yield from map(quoted_printable, _cut(body))
    elif token.startswith("base64"):
        yield from _base64(_cut(body))
    elif token in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        yield uuencoded(bytes(body))
    else:
        yield from (bytes(body[at : at + PIECE]) for at in range(0, len(body), PIECE))


def _cut(body: bytes | memoryview) -> Iterator[bytes]:
    """The body in pieces that end with a line, where the lines are not endless."""
    at = 0
    while at < len(body):
        piece = bytes(body[at : at + PIECE])
        if at + PIECE < len(body):
            end = piece.rfind(b"\n") + 1
            if not end:
                escape = piece.rfind(b"=", PIECE - 2)  # three characters long: never cut inside it
                end = escape if escape > 0 else PIECE
            piece = piece[:end]
        yield piece
        at += len(piece)


def quoted_printable(body: bytes) -> bytes:
    """RFC 2045 6.7; blanks after a soft line break are dropped as transport padding."""
    if b"= " in body or b"=\t" in body:
        body = SOFT_BREAK.sub(b"=", body)
    return binascii.a2b_qp(body)


def base64(body: bytes) -> bytes:
    """RFC 2045 6.8; missing padding and stray characters are tolerated.

    Lines of plain words (a mailing list's footer below the data) are no data and are left out.
    """
    return b"".join(_base64([body]))


def _base64(parts: Iterable[bytes]) -> Iterator[bytes]:
    carry, begun = b"", False
    for piece in parts:
        found = _data_lines(piece, begun=begun)
        if found is None:
            yield piece  # prose that only claims to be base64
            continue
        data = carry + found.translate(None, NOT_DATA)
        if b"=" in data:
            yield _decoded(data)
            return  # what stands below the padding is no data
        whole = len(data) // 4 * 4
        yield _decoded(data[:whole])
        carry, begun = data[whole:], True
    if carry:
        yield _decoded(carry)


def _data_lines(piece: bytes, *, begun: bool) -> bytes | None:
    """The lines of a piece that are data; None for the beginning of a prose."""
    if not piece.translate(None, LINES_OF_DATA):
        return piece
    lines = [line for line in map(bytes.strip, piece.split(b"\n")) if line]
    if not begun and lines and b" " in lines[0]:
        return None
    kept = b"".join(line for line in lines if not NOT_IN_LINE.search(line))
    return kept or (b"" if begun else piece)


def _decoded(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        data = data.replace(b"=", b"")
        # One character alone carries six bits and so no byte.
        data = data[: len(data) - 1] if len(data) % 4 == 1 else data
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def uu_name(body: bytes) -> str:
    """The file name that a uuencoded body gives itself, or an empty string."""
    begin = UU_BEGIN.search(body)
    return begin[1].decode("utf-8", "replace").strip() if begin else ""


def uuencoded(body: bytes) -> bytes:
    """Decode the first uuencoded file in `body`; without one the body stands as it is."""
    begin = UU_BEGIN.search(body)
    if not begin:
        return body
    out = bytearray()
    for line in body[begin.end() :].splitlines()[1:]:
        if line.strip() in {b"end", b"`"}:
            break
        out += _uu_line(line)
    return bytes(out)


def _uu_line(line: bytes) -> bytes:
    if not line:
        return b""  # the library reads a length where there is none
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders leave rubbish behind the counted characters.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""
