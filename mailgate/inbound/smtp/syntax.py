"""The arguments of MAIL and RCPT, read from the command line of a peer.

Pure. Lenient about angle brackets and spaces, deaf to control characters; whether an
address is wanted is not asked here.
"""

from __future__ import annotations

import re
from enum import Enum

# A path with or without angle brackets, a source route before it (RFC 5321 4.1.2, C), parameters behind.
_PATH = re.compile(
    r"""\s*(?:<(?:@[^<>:\s]*:)?(?P<path>(?:"(?:[^"\\]|\\.)*"|[^\s<>"])*)>|(?P<bare>[^\s<>"]+))(?:\s+(?P<rest>.*))?"""
)


class MailTrouble(Enum):
    """Why the parameters of a MAIL command cannot be taken."""

    TOO_BIG = "too big"  # RFC 1870 6.1
    BAD_SIZE = "bad size"
    UNKNOWN = "unknown"


def read_path(argument: str, keyword: str) -> tuple[str, str] | None:
    """Address ("" is the null path) and parameters of `FROM:<…> …`; None when that is not what it is."""
    if argument[: len(keyword)].upper() != keyword or not argument.isprintable():
        return None  # unprintable: control characters, and bytes that are no UTF-8
    found = _PATH.fullmatch(argument, len(keyword))
    if found is None:
        return None
    return found["path"] if found["bare"] is None else found["bare"], found["rest"] or ""


def mail_trouble(parameters: str, max_size: int, *, login: bool = False) -> MailTrouble | None:
    """What is wrong with the parameters of MAIL for a listener that takes `max_size` bytes, and offers AUTH or not."""
    for parameter in parameters.upper().split():
        name, _, value = parameter.partition("=")
        if name == "SIZE":
            if not (value.isascii() and value.isdecimal()):
                return MailTrouble.BAD_SIZE
            if len(value) > 20 or int(value) > max_size:  # RFC 1870 5: at most 20 digits
                return MailTrouble.TOO_BIG
        elif name == "AUTH" and login:
            continue  # RFC 4954 5: who wrote it by the client's word; the login counts
        elif parameter not in ("BODY=7BIT", "BODY=8BITMIME", "SMTPUTF8"):  # RFC 6152 2, RFC 6531 3.4
            return MailTrouble.UNKNOWN
    return None
