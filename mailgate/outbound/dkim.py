"""DKIM signatures (RFC 6376): rsa-sha256, relaxed header and body canonicalisation. Pure.

A header field that would change what a reader sees is signed once more often than it occurs
(RFC 6376 8.15), so that none can be added without breaking the signature.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import chain

from mailgate.settings import DkimKey

OVERSIGNED = (
    *("from", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
SIGNED = ("auto-submitted", "list-id", "list-unsubscribe")  # as often as they occur
LINE = 72  # characters of base64 or of header names in a line

_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)\r\n")
_BLANKS = re.compile(rb"[ \t]+")
_BLANK_ENDS = re.compile(rb"[ \t]+(?=\r\n)")


def key_for(sender: str, keys: Iterable[DkimKey]) -> DkimKey | None:
    """The key that signs mail from an address: that of its domain, else of the nearest domain above; None without."""
    domain = sender.rpartition("@")[2]
    fitting = [key for key in keys if f".{domain}".endswith(f".{key.domain}")]
    return max(fitting, key=lambda key: len(key.domain), default=None)


def signature(pieces: Iterable[bytes], domain: str, selector: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The DKIM-Signature field that belongs on top of a mail, CRLF included.

    `pieces` are the mail, of whole lines with CRLF line ends throughout, the header in the first one; they are
    sent unchanged afterwards. `sign` makes an RSASSA-PKCS1-v1_5 signature with SHA-256.
    """
    rest = iter(pieces)
    fields, begun = _split(next(rest))
    names = list(_names([name for name, _ in fields]))
    hashed = sha256()
    for piece in relaxed_body(chain((begun,), rest)):
        hashed.update(piece)
    digest = base64.b64encode(hashed.digest()).decode()
    head = (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};\r\n"
        f"\th={_folded(':'.join(names), ':')};\r\n\tbh={digest};\r\n\tb="
    )
    last_first = list(reversed(fields))
    chosen = []
    # RFC 6376 5.4.2: several fields of one name from the last up; one that is not there adds nothing
    for name in names:
        found = next((field for field in last_first if field[0] == name), None)
        if found is not None:
            last_first.remove(found)
            chosen.append(relaxed_field(*found))
    name, _, value = head.partition(":")
    own = relaxed_field(name.lower(), value.encode()).removesuffix(b"\r\n")
    value_of_b = base64.b64encode(sign(b"".join(chosen) + own)).decode()
    return f"{head}{_folded(value_of_b)}\r\n".encode()


def relaxed_field(name: str, value: bytes) -> bytes:
    """A header field in relaxed form (RFC 6376 3.4.2); `name` is in lower case."""
    unfolded = value.replace(b"\r\n", b"")
    return name.encode() + b":" + _BLANKS.sub(b" ", unfolded).strip(b" ") + b"\r\n"


def relaxed_body(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A body in relaxed form (RFC 6376 3.4.4), in pieces."""
    held, empty = b"", True  # blanks and line ends count once it is known what follows them
    for piece in pieces:
        joined = held + piece
        text = joined.rstrip(b" \t\r\n")
        held = joined[len(text) :]
        if text:
            empty = False
            yield _BLANKS.sub(b" ", _BLANK_ENDS.sub(b"", text))
    if not empty:
        yield b"\r\n"


def _split(data: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """The header fields as (name in lower case, value), and the body."""
    fields = []
    at = 0
    while field := _FIELD.match(data, at):
        fields.append((field[1].decode("ascii").lower(), field[2]))
        at = field.end()
    return fields, data[at:].removeprefix(b"\r\n")


def _names(present: list[str]) -> Iterable[str]:
    for name in OVERSIGNED:
        yield from [name] * (present.count(name) + 1)
    for name in SIGNED:
        yield from [name] * present.count(name)


def _folded(text: str, after: str = "") -> str:
    """Text in lines of `LINE` characters at most, ended behind `after` where that is given."""
    if not after:
        return "\r\n\t".join(text[at : at + LINE] for at in range(0, len(text), LINE))
    lines = [""]
    for part in text.split(after):
        piece = f"{part}{after}"
        if len(lines[-1]) + len(piece) > LINE:
            lines.append("")
        lines[-1] += piece
    return "\r\n\t".join(lines).removesuffix(after)
