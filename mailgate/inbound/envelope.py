"""The envelope of a mail that comes without one: read from its topmost trace fields.

Mail from a folder or a pipe has lost its SMTP envelope; the last delivery left it in
`Return-Path` (RFC 5321 4.4), `Delivered-To` and `X-Original-To`. Looks at header bytes
alone, decodes nothing else and refuses to guess: what is not there stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.mail import Envelope, header_of

HEADER_BYTES = 262_144  # how far into a mail trace fields are looked for
_FIELD = re.compile(rb"(?im)^(return-path|x-original-to|delivered-to)[ \t]*:(.*(?:\r?\n[ \t].*)*)")
_ANGLES = re.compile(r"<([^<>]*)>")


def read_envelope(raw: bytes, fallback: Sequence[str] = ()) -> Envelope:
    """The envelope in the topmost trace fields; only those of the last delivery count.

    The sender is "" for `Return-Path: <>` (the null sender) and None when it is unknown.
    Recipients are the address before aliases (`X-Original-To`) and the mailbox that took
    it (`Delivered-To`), else those of `fallback` that are addresses.
    """
    found = _trace_fields(raw)
    sender = found.get("return-path")
    named = (found.get("x-original-to", ""), found.get("delivered-to", ""))
    recipients = tuple(dict.fromkeys(address for address in named if "@" in address))
    return Envelope(sender, recipients or tuple(address for address in fallback if "@" in address))


def _trace_fields(raw: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in _FIELD.finditer(header_of(raw, HEADER_BYTES)):
        name = field[1].decode("ascii").lower()
        if name not in found:  # the topmost one is the last delivery's, the others are history or forged
            found[name] = _address(field[2].decode("utf-8", "replace"))
    return found


def _address(value: str) -> str:
    angles = _ANGLES.search(value)
    return "".join((angles[1] if angles else value).split())
