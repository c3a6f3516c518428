"""Pictures that a page holds in itself as `data:` URIs (RFC 2397), taken out as the files that they are.

A pasted screenshot makes a page of megabytes in which a few sentences stand; without it the page
can be read. Linear; never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_FILES = 100
MARK = b";base64,"
# An attribute's value or a url(…) in a style; what closes it is searched for, for it may be very far.
START = re.compile(
    rb"([\"'(])\s{0,10}data:([a-z]{1,40}/[a-z0-9.+-]{1,80})(?:;[a-z0-9-]{1,40}=[^;,\"']{0,100}){0,5};base64,",
    re.IGNORECASE,
)
CLOSERS = {b"(": b")"}
BASE64 = re.compile(rb"[A-Za-z0-9+/=%\s]*\Z")
CHECKED = 1000  # bytes of the data that are looked at


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of a page: its type, its data in base64, and the Content-ID by which the page names it now."""

    type: str
    base64: memoryview = field(repr=False)
    cid: str


def holds_any(pieces: Iterable[bytes]) -> bool:
    """Whether a page may hold a picture; `pieces`: its bytes, in order."""
    end = b""
    for piece in pieces:
        if MARK in piece or MARK in end + piece[: len(MARK)]:
            return True
        end = (end + piece[-len(MARK) :])[-len(MARK) :]
    return False


def take_out(page: bytes) -> tuple[bytes, tuple[Picture, ...]]:
    """The page with `cid:` links in place of the data, and the files; the same file is taken once."""
    if MARK not in page:
        return page, ()
    view = memoryview(page)
    kept: list[bytes | memoryview] = []
    files: dict[bytes, Picture] = {}
    end = 0
    for kind, opens, start, stop in _found(page):
        data = page[start:stop]
        if data not in files and len(files) >= MAX_FILES:
            break
        file = files.setdefault(data, Picture(kind, view[start:stop], f"data-uri-{len(files) + 1}"))
        kept += (view[end:opens], b"cid:" + file.cid.encode("ascii"))
        end = stop
    return b"".join((*kept, view[end:])), tuple(files.values())


def _found(page: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Of each URI: the type, where it begins, where its data begins and ends."""
    at = 0
    closes: dict[bytes, int] = {}  # where each closing mark stands next: searched for once, however many open
    while match := START.search(page, at):
        at = match.end()
        mark = CLOSERS.get(match[1], match[1])
        if closes.get(mark, 0) < at:
            found = page.find(mark, at)
            closes[mark] = found if found >= 0 else len(page)
        stop = closes[mark]
        if stop < len(page) and BASE64.match(page[at : min(at + CHECKED, stop)]):
            yield match[2].decode("ascii").lower(), match.start() + 1, at, stop
            at = stop
