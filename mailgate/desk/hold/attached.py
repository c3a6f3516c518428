"""What a reader finds in attached files, for the leak guard: an alert may be attached as it came.

Text and mails are read, by what they are and not by what they are called. Nothing is
unpacked and no other format is understood: of those only the names are words.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from html import unescape

from mailgate.mail import Attachment
from mailgate.reading.parse import parse

MOST_READ = 1_000_000  # bytes of one file
_TAG = re.compile(r"<[^<>]*>")
_FIELD = re.compile(rb"(?:[!-9;-~]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}")  # RFC 5322 2.2: a mail's header
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def words_of(attachments: Iterable[Attachment]) -> list[str]:
    """The names of files, and what can be read in them."""
    return [f"{each.name}\n{_readable(each.type, each.head(MOST_READ))}" for each in attachments]


def raw_of(attachments: Iterable[Attachment]) -> list[str]:
    """The files character by character, whatever they are: keys are found in any."""
    return [each.head(MOST_READ).decode("latin-1") for each in attachments]


def _readable(kind: str, content: bytes) -> str:
    if content.startswith(_WIDE):
        return content.decode("utf-16", "replace")
    if b"\0" in content and not kind.startswith(("text/", "message/")):
        return ""
    text = content.decode("utf-8", "replace")
    if kind.startswith("message/") or _FIELD.match(content):
        mail = parse(content)
        text = f"{text}\n{mail.subject}\n{mail.text}\n{mail.html}"
    return f"{text}\n{unescape(_TAG.sub(' ', text))}"
