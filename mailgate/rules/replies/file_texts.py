"""What the files of a mail say, in whatever encoding: for the leak guard, and where keys are looked for.

A file is read to its end in pieces of a bounded size, which overlap, so that nothing is lost between two of them.
Compressed files are not unpacked.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html import unescape
from string import ascii_letters, digits
from urllib.parse import unquote

from mailgate.mail import Attachment
from mailgate.reading.encodings import charset, rtf, uuencode
from mailgate.reading.parse import parse
from mailgate.rules.text.blocks import BLOCK, blocks

PIECE = 1_000_000  # bytes that are read at once
OVERLAP = 4_000  # bytes of a piece that are read with the next one: more than any key or six words take
LINE = 2_000  # bytes of the overlap in which the beginning of a line is looked for
MAX_MAIL = 5_000_000  # bytes of a file that is read as a mail; a larger one as any other file
_TAG = re.compile(r"<[^<>]*>")
_NO_CHARACTER = re.compile(r"&#(?:[xX][0-9a-fA-F]{20,}|[0-9]{20,})")  # a number that Python does not read
_FIELD = re.compile(rb"(?:[!-9;-~]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}")  # RFC 5322 2.2: a mail's header
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PRINTABLE = re.compile(rb"[\t\n\r -~\xa0-\xff]{20,}")  # what is shorter may be anything
# Characters of two bytes, of the alphabets up to U+14FF, and of Latin Extended Additional to punctuation.
_HIGH, _LOW = rb"[\x00-\x14\x1e-\x20]", rb"[\x09-\xff]"
_WIDE = (
    ("utf-16-le", re.compile(rb"(?:%s%s){12,}" % (_LOW, _HIGH))),
    ("utf-16-be", re.compile(rb"(?:%s%s){12,}" % (_HIGH, _LOW))),
)
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{32,}={0,2}[ \t]*\r?\n?)+")
# Translated so, data without any such run are told from others thirty times as fast as by the expression.
_IN_BASE64 = bytes(ord("x") if chr(each) in f"{ascii_letters}{digits}+/" else ord(" ") for each in range(256))
_QUOTED_PRINTABLE = re.compile(rb"=(?:[0-9A-F]{2}|\r?\n)")
_UUENCODED = re.compile(rb"^begin [0-7]{3,4} ", re.MULTILINE)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")  # JSON's


def words_of(attachments: Iterable[Attachment]) -> Iterator[str]:
    """The names of files, and their text to its end."""
    guesses = charset.Guesses(20)
    for file in attachments:
        yield file.name
        for content in overlapping(file.pieces()):
            yield from _read(file.type, content, guesses)
        yield from _rich_text(file)
        if file.type.startswith("message/") or _FIELD.match(file.head(PIECE)):
            yield from _as_mail(file)


def raw_of(attachments: Iterable[Attachment]) -> Iterator[str]:
    """The content of files as Latin-1 and decoded, in which keys are searched."""
    for file in attachments:
        for content in overlapping(file.pieces()):
            yield content.decode("latin-1")
            if b"\0" in content:
                yield content.replace(b"\0", b"").decode("latin-1")
            yield from (octets.decode("latin-1") for octets in _decoded(content))
        yield from _rich_text(file)


def without_tags(page: str, between: str = "") -> str:
    """The text of a page, with `between` in place of each tag."""
    text = "".join(_TAG.sub(between, part) for part in blocks(page, ">"))
    return unescape(_NO_CHARACTER.sub("", text))


def unwrapped(text: str) -> str:
    """The text without what mail programs put into long words: line ends, blanks, quote marks."""
    blanks_gone = "".join("".join(text[at : at + BLOCK].split()) for at in range(0, len(text), BLOCK))
    return blanks_gone.replace(">", "").replace("|", "")


def overlapping(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a bounded size, each behind the end of the one before, from the beginning of a line if it is short."""
    before = b""
    for piece in pieces:
        for at in range(0, len(piece), PIECE):
            content = before + piece[at : at + PIECE]
            yield content
            before = content[-OVERLAP:]
            before = before[before.find(b"\n", 0, LINE) + 1 :]


def _rich_text(file: Attachment) -> Iterator[str]:
    if file.head(LINE).lstrip().startswith(b"{\\rtf"):
        yield from (rtf.read(b"{\\rtf1 " + content).text for content in overlapping(file.pieces()))


def _read(kind: str, content: bytes, guesses: charset.Guesses) -> Iterator[str]:
    """One piece of a file, in each way in which it may be text."""
    if b"\0" not in content or kind.startswith(("text/", "message/")):
        text = charset.decode(content, "", guesses)
        yield text
        if "<" in text or "&" in text:
            yield without_tags(text, " ")
        if "%" in text:
            yield unquote(text)
        if "\\u" in text:
            yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if b"\0" in content:  # Outlook's files hold UTF-16 among other data
        yield charset.decode(b"\n".join(_PRINTABLE.findall(content.replace(b"\0", b""))), "", guesses)
    for octets in _decoded(content):
        yield charset.decode(octets, "", guesses)
    yield from _wide(content)


def _as_mail(file: Attachment) -> Iterator[str]:
    content = file.head(MAX_MAIL)
    mail = parse(content)
    yield from (mail.subject, mail.text, mail.html)


def _decoded(content: bytes) -> Iterator[bytes]:
    """What a piece of a file holds in base64, quoted-printable and uuencoded."""
    if b"x" * 32 in content.translate(_IN_BASE64):
        yield from _base64_runs(content)
    if b"\0" not in content and _QUOTED_PRINTABLE.search(content):  # a text, that is, and not other data
        yield binascii.a2b_qp(content)
    if b"begin " in content and _UUENCODED.search(content):
        yield from (data for _, data in uuencode.split(content.decode("latin-1").replace("\r\n", "\n"))[1])


def _base64_runs(content: bytes) -> Iterator[bytes]:
    for found in _BASE64.finditer(content):
        for octets in _from_base64(found[0], whole=found.start() > 0):
            yield octets.replace(b"\0", b"")


def _wide(content: bytes) -> Iterator[str]:
    """Text in UTF-16, with its mark or among other data."""
    if content.startswith(_BOMS):
        yield content.decode("utf-16", "replace")
    for codec, runs in _WIDE:
        if found := [run[0].decode(codec, "replace") for run in runs.finditer(content)]:
            yield "\n".join(found)


def _from_base64(run: bytes, *, whole: bool) -> Iterator[bytes]:
    """Base64 decoded; a run that is not `whole` may begin within a group of four characters."""
    with suppress(binascii.Error):
        yield binascii.a2b_base64(run)
    plain = b"".join(run.split())
    for start in range(1, 1 if whole else 4):
        yield binascii.a2b_base64(plain[start : len(plain) - (len(plain) - start) % 4])
