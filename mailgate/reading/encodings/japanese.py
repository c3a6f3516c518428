"""ISO-2022-JP as Windows writes it: with characters of NEC and IBM that the standard lacks.

Python's codecs refuse circled numbers, Roman numerals and the like (row 13 and the rows
above 84 of what cp932 holds), and then the whole text. Knows this one charset; pure.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BJI]|\$\([DBQ])")


def decode(data: bytes) -> str | None:
    """The text, its two-byte characters read as cp932; None where it is something else."""
    out: list[str] = []
    mode, at = b"(B", 0
    try:
        for found in _ESCAPE.finditer(data):
            out.append(_piece(data[at : found.start()], mode))
            mode, at = found[1], found.end()
        out.append(_piece(data[at:], mode))
    except (UnicodeDecodeError, ValueError):
        return None
    return "".join(out)


def _piece(data: bytes, mode: bytes) -> str:
    if mode in (b"(B", b"(J"):
        return data.decode("ascii")
    if mode == b"(I":  # JIS X 0201 katakana in seven bits
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in data).decode("cp932")
    if mode not in (b"$B", b"$@"):
        raise ValueError("another set of characters")
    out = bytearray()
    pairs = iter(data)
    for first in pairs:
        if first <= 0x20:  # line ends stand between pairs, against the standard
            out.append(first)
            continue
        out += _shifted(first, next(pairs, 0))
    return out.decode("cp932")


def _shifted(first: int, second: int) -> bytes:
    """A pair of JIS X 0208 in Shift_JIS."""
    row = first - 0x21
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = second + 0x7E if row % 2 else second + (0x20 if second >= 0x60 else 0x1F)
    return bytes((lead, trail))
