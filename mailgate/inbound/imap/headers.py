"""From, Subject and Message-ID of a message that stays in its mailbox, for people to know it by.

Pure. Mail is hostile input: what cannot be read is "".
"""

from __future__ import annotations

import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TypedDict

from mailgate.mail import normalise

_LONGEST = 200  # characters
_FIELD = re.compile(rb"(?im)^(from|subject|message-id)[ \t]*:(.*(?:\r?\n[ \t].*)*)")
_ADDRESS = re.compile(r"[^\s<>\"(),:;]+@[^\s<>\"(),:;]+")


class Summary(TypedDict):
    """The headers by which a message in a mailbox is described."""

    from_email: str
    subject: str
    message_id: str


def read_summary(head: bytes) -> Summary:
    """Read header lines."""
    fields: dict[str, str] = {}
    for field in _FIELD.finditer(head):
        fields.setdefault(field[1].decode().lower(), " ".join(field[2].decode("utf-8", "replace").split()))
    addresses = _ADDRESS.findall(fields.get("from", ""))
    return Summary(
        from_email=normalise(addresses[-1]) if addresses else "",
        subject=_decoded(fields.get("subject", "")),
        message_id=fields.get("message-id", "")[:_LONGEST],
    )


def _decoded(text: str) -> str:
    """Encoded words (RFC 2047) as people read them."""
    with suppress(HeaderParseError, LookupError, ValueError):
        text = str(make_header(decode_header(text)))
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_LONGEST]
