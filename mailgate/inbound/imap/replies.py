"""What a refusal of an IMAP server means: wait, and for how long, or somebody has to change something.

Pure: text in, verdict out. The words are those of RFC 5530 and of large hosts, each with its source.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

LONGEST_BACKOFF = 3600.0  # seconds; a server that asks for more is asked again then

# Exchange Online: https://learn.microsoft.com/exchange/troubleshoot/administration/throttling (2)
_SUGGESTED = re.compile(r"Suggested Backoff Time:\s*(\d{1,12})\s*milliseconds", re.IGNORECASE)
# Gmail: https://support.google.com/mail/answer/7126229 (bandwidth limits, connections), and RFC 5530 3
_LATER = re.compile(
    r"\[(?:THROTTLED|UNAVAILABLE|INUSE)\]"
    r"|request is throttled|too many simultaneous connections|exceeded (?:command or )?bandwidth limits",
    re.IGNORECASE,
)
_LOGIN_LATER = re.compile(r"\[(?:LIMIT|SERVERBUG)\]", re.IGNORECASE)  # of another command they are about that command
_NOT_CONNECTED = re.compile(r"authenticated but not connected", re.IGNORECASE)  # Exchange Online
_BYTES = re.compile(r"""\[?(b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*")\]?""")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`later`: it passes by itself, after `seconds` where the server said so. `not_connected`: see `judge`."""

    said: str
    later: bool = False
    seconds: float = 0.0
    not_connected: bool = False


def judge(said: str, *, login: bool = False) -> Refusal:
    """What a server's refusal of a command, or of a `login`, means.

    "User is authenticated but not connected" comes after a sign-in that worked: the mailbox is
    another one, a permission is missing, or Exchange has passing trouble.
    """
    text = plain(said)
    if found := _SUGGESTED.search(text):
        return Refusal(text, later=True, seconds=min(int(found[1]) / 1000, LONGEST_BACKOFF))
    if _NOT_CONNECTED.search(text):
        return Refusal(text, not_connected=True)
    later = _LATER.search(text) or (login and _LOGIN_LATER.search(text))
    return Refusal(text, later=bool(later))


def plain(text: str) -> str:
    """A server's words as it said them: the libraries pass some of them on as the repr of bytes."""

    def decoded(found: re.Match[str]) -> str:
        value: bytes = ast.literal_eval(found[1])
        return value.decode("utf-8", "replace")

    shown = _BYTES.sub(decoded, text)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in shown).split())
