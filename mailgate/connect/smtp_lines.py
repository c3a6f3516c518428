"""What a server says to a client of SMTP: the lines of its answers, and what it offers. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass

LONGEST_SHOWN = 1000  # characters of a line

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One line of an answer (RFC 5321 4.2.1)."""

    code: int
    text: str
    last: bool


def reply_line(line: bytes) -> ReplyLine | None:
    """A line with its end; None for what is no line of an SMTP answer."""
    found = _LINE.fullmatch(line.rstrip(b"\r\n"))
    return ReplyLine(int(found[1]), shown(found[3] or b""), last=found[2] != b"-") if found else None


def shown(line: bytes) -> str:
    """A line as it may be printed and logged."""
    text = line.decode("utf-8", "replace").strip()
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text[:LONGEST_SHOWN]


def offered(text: str) -> dict[str, str]:
    """The keywords of an answer to EHLO with their parameters; those of one keyword in several lines are one list."""
    found: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        # "AUTH=LOGIN PLAIN" is how it was written before RFC 2554; some servers still write it so, or both
        keyword, _, parameters = re.sub(r"(?i)^AUTH=", "AUTH ", line.strip()).partition(" ")
        found[keyword.upper()] = f"{found.get(keyword.upper(), '')} {parameters}".strip()
    return found


def challenge(text: str) -> bytes:
    """What a 334 asks (RFC 4954 4); nothing where it is not base64."""
    try:
        return b64decode(text)
    except ValueError:
        return b""
