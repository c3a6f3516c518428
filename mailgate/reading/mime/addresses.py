"""Address fields into mailboxes (RFC 5322 3.4), read as tolerantly as people write them.

Linear in its input and bounded in the number of addresses; never raises. It does not
judge whether an address exists or may be answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailgate.mail import normalise
from mailgate.reading.encodings.charset import Guesses
from mailgate.reading.mime import headers
from mailgate.ticket import Address

MAX_CHARACTERS = 100_000
MAX_ADDRESSES = 1000
SHORT = 300  # characters
PLAIN = re.compile(r"[^\s\"(),:;<>@\[\]\\=?]+@[^\s\"(),:;<>@\[\]\\=?]+$")
NAMED = re.compile(r"\"?([^\"(),:;<>@\[\]\\=?]*?)\"?\s*<([^\s\"(),:;<>@\[\]\\=?]+@[^\s\"(),:;<>@\[\]\\=?]+)>$")
# A quoted local part, a quoted word, what stands in angle brackets, a mark, plain words.
# An escaped quote opens nothing, or each of ten thousand would be tried as a beginning.
TOKEN = re.compile(
    r"""("(?:[^"\\]|\\.)*"@[^\s<>"(),;]{1,300})|"((?:[^"\\]|\\.)*)"|<([^<>]*)>|([,;:()])|((?:[^",;:()<>\\]|\\.)+)|.""",
    re.DOTALL,
)
MAILBOX = re.compile(r"[^\s<>\"(),;:]{1,200}@[^\s<>\"(),;]{1,300}")
QUOTED = re.compile(r'"(?:[^"\\]|\\.){1,200}"@[^\s<>"(),;]{1,300}')  # RFC 5322 3.4.1: a local part in quotes

# An address inside a name, also with the at signs of other scripts: a reader would take it for the sender's.
AT = re.compile("[@\uff20\ufe6b]")
IN_NAME = re.compile(r"[^\s<>()\[\]\"',;:]{1,200}[@\uff20\ufe6b][^\s<>()\[\]\"',;:]{1,200}")
STRAY = " \t<>()[]\"',;:-"


@dataclass(slots=True)
class _Entry:
    """One mailbox while it is being read."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None

    def __bool__(self) -> bool:
        return bool(self.words or self.angle is not None)


def read(value: str, guesses: Guesses | None = None) -> tuple[Address, ...]:
    """Every mailbox of an undecoded field value, groups opened, names decoded.

    An address in a name is no part of it: `"ceo@bigco.example" <evil@x.example>` has no name.
    """
    value = value.strip()
    if len(value) <= SHORT:  # most mail has one plain mailbox in each field
        if PLAIN.match(value):
            return (Address(normalise(value)),)
        named = NAMED.match(value)
        if named:
            return (Address(normalise(named[2]), _name(named[1], guesses)),)
    value = headers.sealed(value[:MAX_CHARACTERS])
    found = tuple(address for _, address in zip(range(MAX_ADDRESSES), _addresses(value, guesses), strict=False))
    if not any("@" in address.email for address in found) and "=?" in value:
        # The whole mailbox was put into an encoded word, against RFC 2047 5 (3).
        again = headers.words(value, guesses)
        if again != value:
            return tuple(address for address in _addresses(again, guesses) if "@" in address.email) or found
    return found


def _addresses(value: str, guesses: Guesses | None) -> Iterator[Address]:
    carry = ""  # a name with a comma that nobody quoted: `Doe, John <john@…>`
    for entry in _entries(value):
        email, name = _resolve(entry, guesses)
        if not email and entry.angle is None:
            carry = f"{carry}{name}, " if name else carry
            continue
        yield Address(normalise(email), f"{carry}{name}".strip() if name else carry.strip(", "))
        carry = ""
    rest = carry.strip(", ")
    if rest:  # `MAILER-DAEMON` alone is a local mailbox
        local = value.strip() == rest and rest.isascii() and " " not in rest
        yield Address(normalise(rest)) if local else Address("", rest)


def _entries(value: str) -> Iterator[_Entry]:
    entry, depth = _Entry(), 0
    for match in TOKEN.finditer(value):
        mark = match[4]
        if mark == "(" or (mark == ")" and depth):
            depth += 1 if mark == "(" else -1
        elif depth:
            entry.comments.append(match[0])
        elif mark in {",", ";"}:
            if entry:
                yield entry
            entry = _Entry()
        elif mark == ":":
            # RFC 5322 3.4: a group's name ends here; a colon inside a word is somebody's typing.
            entry = entry if any("@" in word for word in entry.words) else _Entry()
        else:
            _take(entry, match)
    if entry:
        yield entry


def _take(entry: _Entry, match: re.Match[str]) -> None:
    """Add one token of a mailbox to it."""
    local, quoted, angle, _, plain = match.groups()
    if local is not None:
        entry.angle = entry.angle or local
    elif angle is not None:
        entry.angle = angle if entry.angle is None or "@" not in entry.angle else entry.angle
    elif quoted is not None:
        entry.words.append(re.sub(r"\\(.)", r"\1", quoted) if "\\" in quoted else quoted)
    elif plain and plain.strip():
        entry.words.append(plain.strip())


def _resolve(entry: _Entry, guesses: Guesses | None) -> tuple[str, str]:
    """Return the address and the decoded name of one mailbox."""
    phrase = " ".join(entry.words)
    name = _name(phrase, guesses)
    if entry.angle is not None:
        inner = entry.angle.strip()
        inner = inner.rpartition(":")[2] if inner.startswith(("@", "mailto:", "MAILTO:")) else inner  # RFC 5322 4.4
        if QUOTED.fullmatch(inner):
            return inner, name or _name(" ".join(entry.comments), guesses)
        inner = "".join(inner.split()).strip("'\"")
        if "@" in inner or not MAILBOX.search(phrase):
            return inner, name or _name(" ".join(entry.comments), guesses)
    bare = MAILBOX.search(phrase)
    if bare:
        rest = (phrase[: bare.start()] + phrase[bare.end() :]).strip()
        return bare[0].strip("'"), _name(rest, guesses) or _name(" ".join(entry.comments), guesses)
    return "", name


def _name(phrase: str, guesses: Guesses | None) -> str:
    decoded = headers.words(phrase, guesses).strip()
    if len(decoded) > 1 and decoded[0] == decoded[-1] and decoded[0] in "\"'":
        decoded = decoded[1:-1].strip()
    return IN_NAME.sub("", decoded).strip(STRAY) if AT.search(decoded) else decoded
