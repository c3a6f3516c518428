"""The skeleton of a message: header fields and the tree of its MIME parts, as bytes.

It splits and counts, and decodes nothing but Content-* fields. Linear in the size of
the message, bounded in depth, parts and fields, and never raises; what is broken is
read as a person would and named in the defects. Enclosed messages stay closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import headers

MAX_DEPTH = 16  # multiparts inside each other; real mail stays below 8
MAX_PARTS = 1000
MAX_FIELDS = 1000  # of one header block
MAX_HEADER = 1_000_000  # bytes of one header block that are read
WINDOW = 250_000  # bytes that are searched at once
# RFC 5322 2.2: printable US-ASCII but the colon; blanks before the colon are its obsolete form (4.5).
FIELD = re.compile(rb"([!-9;-~\x80-\xff]{1,200})[ \t]*:(.*(?:\n[ \t].*)*)\n?")
LINE = re.compile(rb"(.*)\n?")
MAX_WRAPPED = 4000  # bytes of a value that goes on without a fold
MAX_BROKEN = 3  # lines that may stand between two fields
# Fields that a text does not begin a line with by chance.
MAIL_FIELD = re.compile(
    rb"(?:from|to|cc|reply-to|subject|date|message-id|in-reply-to|references|mime-version|content-[a-z-]+|user-agent"
    rb"|x-[a-z-]+|list-[a-z-]+|received|return-path|sender)$"
)
BLANK = b" \t\r"
TYPE = re.compile(r"^[^\s/;,\"]{1,100}/[^\s/;,\"]{1,200}$")


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part: a leaf with its encoded `body`, or a multipart with its `parts`.

    The body is a view of the message, so that a part costs no second copy of its bytes.
    """

    fields: tuple[tuple[str, bytes], ...]  # (lower-case name, raw value), in order
    type: str = "text/plain"
    params: Mapping[str, str] = field(default_factory=dict)
    body: memoryview = field(default=memoryview(b""), repr=False)
    parts: tuple[Part, ...] = ()

    def raw(self, name: str) -> bytes:
        """First raw value of the field `name` (lower case), or nothing."""
        return next((value for key, value in self.fields if key == name), b"")

    @property
    def multipart(self) -> bool:
        """True for a part made of parts."""
        return bool(self.parts)


@dataclass(frozen=True, slots=True)
class Tree:
    """A message taken apart, and what was wrong with it."""

    root: Part
    defects: tuple[str, ...]


def read(raw: bytes, guesses: Guesses | None = None) -> Tree:
    """Take a message apart (RFC 5322 2.1, RFC 2046 5.1)."""
    if b"\n" not in raw[:MAX_HEADER]:
        raw = raw.replace(b"\r", b"\n")  # line ends of the old Macintosh
    reader = _Reader(raw, guesses)
    start = _skip_lead(raw)
    root = reader.part(start, len(raw), 0, "text/plain")
    return Tree(root, tuple(dict.fromkeys(reader.defects)))


def _skip_lead(raw: bytes) -> int:
    """Pass over empty lines and an mbox `From ` line above the header."""
    start = 0
    while start < len(raw) and raw[start] in b" \t\r\n":
        start += 1
    return LINE.match(raw, start).end() if raw.startswith((b"From ", b">From "), start) else start  # type: ignore[union-attr]


class _Reader:
    """Walks one message; holds what is common to the walk: the bytes, the budget, the defects."""

    def __init__(self, raw: bytes, guesses: Guesses | None) -> None:
        self.data = raw
        self.view = memoryview(raw)
        self.guesses = guesses
        self.left = MAX_PARTS
        self.defects: list[str] = []

    def part(self, start: int, end: int, depth: int, default: str) -> Part:
        self.left -= 1
        fields, body = self.fields(start, end)
        kind, params = default, dict[str, str]()
        declared = next((value for name, value in fields if name == "content-type"), None)
        if declared is not None:
            kind, params = headers.parameters(headers.raw_text(declared, self.guesses), self.guesses)
            if not TYPE.match(kind):
                self.defects.append("bad content type")
                kind = _mend(kind, default)
        if kind.startswith("multipart/"):
            spans = self.spans(body, end, params.get("boundary", ""), depth)
            if spans:
                inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"  # RFC 2046 5.1.5
                parts = tuple(self.part(a, b, depth + 1, inner) for a, b in spans)
                return Part(fields, kind, params, parts=parts)
            kind = "text/plain"  # a multipart that is none: its text is read as text
        return Part(fields, kind, params, self.view[body:end])

    def fields(self, start: int, end: int) -> tuple[tuple[tuple[str, bytes], ...], int]:
        """Read a header block; returns the fields and where the body begins."""
        data, found, at = self.data, list[tuple[str, bytes]](), start
        names: set[str] = set()
        limit = min(end, start + MAX_HEADER)
        while at < limit:
            match = FIELD.match(data, at, limit)
            if match:
                at = match.end()
                if len(found) < MAX_FIELDS:
                    found.append((match[1].decode("latin-1").lower(), match[2].strip()))
                    names.add(found[-1][0])
                continue
            line = LINE.match(data, at, end)
            if line is None or not line[1].strip(BLANK):
                return tuple(found), line.end() if line else at
            if data[at] not in b" \t" and not self._goes_on(line.end(), end, names):
                self.defects.append("no empty line below the header")
                return tuple(found), at
            self.defects.append("broken header line")
            if found and data[at : at + 1] != b">" and len(found[-1][1]) < MAX_WRAPPED:
                # A value wrapped without a blank in front; ">From " was put there by a mailbox.
                found[-1] = (found[-1][0], b" ".join((found[-1][1], line[1].strip())))
            at = line.end()
        if at < end:
            self.defects.append("header too long")
            gap = re.compile(rb"\n\r?\n").search(data, at, end)
            at = gap.end() if gap else end
        return tuple(found), at

    def _goes_on(self, at: int, end: int, names: set[str]) -> bool:
        """Whether the header goes on below a line that is no field: at once, or soon with a field not seen yet."""
        for count in range(MAX_BROKEN):
            line = FIELD.match(self.data, at, end) or LINE.match(self.data, at, end)
            if line is None or not line[0].strip():
                return False
            name = line[1].strip().lower() if line.re is FIELD else b""
            if name and (count == 0 or (MAIL_FIELD.match(name) and name.decode("latin-1") not in names)):
                return True
            at = line.end()
        return False

    def spans(self, start: int, end: int, boundary: str, depth: int) -> list[tuple[int, int]]:
        """Where the parts of a multipart lie (RFC 2046 5.1.1); none when it cannot be split."""
        if not boundary:
            self.defects.append("multipart without boundary")
            return []
        if depth >= MAX_DEPTH:
            self.defects.append("nested too deep")
            return []
        marker = b"--" + boundary.encode("latin-1", "replace").rstrip()
        spans: list[tuple[int, int]] = []
        at, opened = start, -1
        while (at := _find(self.data, marker, at, end)) >= 0:
            if at > start and self.data[at - 1] != 10:
                at += len(marker)
                continue
            line_end = self.data.find(b"\n", at, end)
            line_end = end if line_end < 0 else line_end
            tail = self.data[at + len(marker) : line_end].strip(BLANK)
            if tail and tail[:2] != b"--":
                at = line_end
                continue
            if opened >= 0:
                spans.append((opened, _before_line_end(self.data, at, opened)))
            opened = -1 if tail else min(line_end + 1, end)
            if len(spans) >= self.left:
                self.defects.append("too many parts")
                return spans[: max(self.left, 0)]
            at = line_end
        if opened >= 0:
            self.defects.append("multipart not closed")
            if (
                self.data[opened : opened + WINDOW].strip() or opened + WINDOW < end
            ):  # else it was cut off before it began
                spans.append((opened, end))
        if not spans:
            self.defects.append("multipart without parts")
        return spans


def _find(data: bytes, marker: bytes, at: int, end: int) -> int:
    """Like `data.find`, window by window: one search through a large mail would hold up all other threads."""
    while at < end:
        found = data.find(marker, at, min(at + WINDOW + len(marker) - 1, end))
        if found >= 0:
            return found
        at += WINDOW
    return -1


def _before_line_end(data: bytes, at: int, start: int) -> int:
    """The line end in front of a boundary belongs to the boundary (RFC 2046 5.1.1)."""
    if at > start and data[at - 1] == 10:
        at -= 1
        if at > start and data[at - 1] == 13:
            at -= 1
    return max(at, start)


def _mend(kind: str, default: str) -> str:
    """What a broken content type most likely means."""
    if kind in {"text", "plain"}:
        return "text/plain"
    if kind in {"html", "htm"} or kind.startswith("text/html"):
        return "text/html"
    if kind.startswith("multipart"):
        return "multipart/mixed"
    return default
