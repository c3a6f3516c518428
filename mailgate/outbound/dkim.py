"""DKIM signatures (RFC 6376): rsa-sha256, relaxed header and body canonicalisation. Pure.

A header field that would change what a reader sees is signed once more often than it occurs
(RFC 6376 8.15), so that none can be added without breaking the signature.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from hashlib import sha256

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
_EMPTY_END = re.compile(rb"(?:\r\n)*\Z")


def key_for(sender: str, keys: Iterable[DkimKey]) -> DkimKey | None:
    """The key that signs mail from an address: that of its domain, else of the nearest domain above; None without."""
    domain = sender.rpartition("@")[2]
    fitting = [key for key in keys if f".{domain}".endswith(f".{key.domain}")]
    return max(fitting, key=lambda key: len(key.domain), default=None)


def signed(data: bytes, domain: str, selector: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The mail with a DKIM-Signature on top.

    `data` has CRLF line ends throughout, also at its end, and is sent unchanged afterwards; `sign` makes an
    RSASSA-PKCS1-v1_5 signature with SHA-256.
    """
    fields, body = _split(data)
    names = list(_names([name for name, _ in fields]))
    digest = base64.b64encode(sha256(relaxed_body(body)).digest()).decode()
    head = (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};\r\n"
        f"\th={_folded(':'.join(names), ':')};\r\n\tbh={digest};\r\n\tb="
    )
    last_first = list(reversed(fields))
    chosen = []
    for (
        name
    ) in names:  # RFC 6376 5.4.2: several fields of one name from the last up; one that is not there adds nothing
        found = next((field for field in last_first if field[0] == name), None)
        if found is not None:
            last_first.remove(found)
            chosen.append(relaxed_field(*found))
    name, _, value = head.partition(":")
    own = relaxed_field(name.lower(), value.encode()).removesuffix(b"\r\n")
    signature = base64.b64encode(sign(b"".join(chosen) + own)).decode()
    return f"{head}{_folded(signature)}\r\n".encode() + data


def relaxed_field(name: str, value: bytes) -> bytes:
    """A header field in relaxed form (RFC 6376 3.4.2); `name` is in lower case."""
    unfolded = value.replace(b"\r\n", b"")
    return name.encode() + b":" + _BLANKS.sub(b" ", unfolded).strip(b" ") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """A body in relaxed form (RFC 6376 3.4.4)."""
    lines = _BLANKS.sub(b" ", _BLANK_ENDS.sub(b"", body))
    lines = _EMPTY_END.sub(b"", lines, count=1)
    return lines + b"\r\n" if lines else b""


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
