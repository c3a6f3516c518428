"""What the files of a mail say, in whatever encoding: for the leak guard, and where keys are looked for."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html import unescape

from mailgate.mail import Attachment
from mailgate.reading.parse import parse

OVERLAP = 2_000  # bytes of a piece of a large file that are read with the next one: more than any key takes
WRAPPING = re.compile(r"[\s>|]+")  # inserted into long words by mail programs
_TAG = re.compile(r"<[^<>]*>")
_NO_CHARACTER = re.compile(r"&#(?:[xX][0-9a-fA-F]{20,}|[0-9]{20,})")  # a number that Python does not read
_FIELD = re.compile(rb"(?:[!-9;-~]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}")  # RFC 5322 2.2: a mail's header
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PRINTABLE = re.compile(rb"[\t\n\r -~\xa0-\xff]{4,}")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{32,}={0,2}[ \t]*\r?\n?)+")
_QUOTED_PRINTABLE = re.compile(rb"=(?:[0-9A-F]{2}|\r?\n)")


def words_of(attachments: Iterable[Attachment]) -> list[str]:
    """The names of files, and their text to its end."""
    return [f"{each.name}\n{_readable(each.type, each.content)}" for each in attachments]


def raw_of(attachments: Iterable[Attachment]) -> Iterator[str]:
    """The content of files as Latin-1 and decoded, in which keys are searched: of a large file piece by piece."""
    for attachment in attachments:
        before = b""
        for piece in attachment.pieces():
            content = before + piece
            yield content.decode("latin-1")
            yield from _decoded(content)
            before = content[-OVERLAP:]


def _readable(kind: str, content: bytes) -> str:
    text = "" if b"\0" in content and not kind.startswith(("text/", "message/")) else content.decode("utf-8", "replace")
    if kind.startswith("message/") or _FIELD.match(content):
        mail = parse(content)
        text = f"{text}\n{mail.subject}\n{mail.text}\n{mail.html}"
    page = (unescape(_NO_CHARACTER.sub("", _TAG.sub(" ", text))),) if "<" in text or "&" in text else ()
    return "\n".join((text, *page, *_decoded(content)))


def _decoded(content: bytes) -> Iterator[str]:
    """The text that a file holds in other encodings than UTF-8: wide characters, base64, quoted-printable."""
    if content.startswith(_WIDE):
        yield content.decode("utf-16", "replace")
    elif b"\0" in content:  # Outlook's files hold UTF-16 among other data
        yield b"\n".join(_PRINTABLE.findall(content.replace(b"\0", b""))).decode("latin-1")
    for found in _BASE64.finditer(content):
        for octets in _from_base64(found[0], whole=found.start() > 0):
            yield octets.replace(b"\0", b"").decode("utf-8", "replace")
    if _QUOTED_PRINTABLE.search(content):
        yield binascii.a2b_qp(content).decode("utf-8", "replace")


def _from_base64(run: bytes, *, whole: bool) -> Iterator[bytes]:
    """Base64 decoded; a run that is not `whole` may begin within a group of four characters."""
    with suppress(binascii.Error):
        yield binascii.a2b_base64(run)
    plain = b"".join(run.split())
    for start in range(1, 1 if whole else 4):
        yield binascii.a2b_base64(plain[start : len(plain) - (len(plain) - start) % 4])
