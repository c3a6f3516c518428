"""What the leak guard reads in attached files."""

from __future__ import annotations

import base64
import binascii
import json
import quopri
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest

from mailgate.mail import Attachment
from mailgate.rules.replies.file_texts import OVERLAP, PIECE, raw_of, unwrapped, without_tags, words_of
from mailgate.rules.text.blocks import BLOCK

SECRET = "zebra canary forty two purple monkey"
MAIL = b"From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def words(name: str, kind: str, content: bytes) -> str:
    return "\n".join(words_of([Attachment(name, kind, content)]))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/plain", SECRET.encode()),
        ("application/octet-stream", SECRET.encode()),
        ("text/plain", SECRET.encode("utf-16")),
        ("message/rfc822", MAIL + b64encode(SECRET.encode())),
        ("application/octet-stream", MAIL + b64encode(SECRET.encode())),
        ("text/html", b"zebra <i>canary</i> forty<br>two purple &#109;onkey"),
    ],
)
def test_text_and_mails_are_read_whatever_they_are_called(kind: str, content: bytes) -> None:
    assert SECRET in " ".join(words("x", kind, content).split())


@pytest.mark.parametrize(
    "content",
    [
        b"\0\1" + SECRET.encode("utf-16-le"),
        b64encode(b"-" * 40 + SECRET.encode()),
        SECRET.replace("z", "=7A").encode(),
        b"\0" + SECRET.encode(),
    ],
    ids=["wide characters", "base64", "quoted-printable", "among other bytes"],
)
def test_text_in_other_encodings_is_read(content: bytes) -> None:
    assert SECRET in " ".join(words("x", "application/octet-stream", content).split())


RUSSIAN = "секретный пароль администратора лежит под синим ковром кабинета"
GERMAN = "Für Müllers größte Tür gibt es fünf Schlüssel"


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (RUSSIAN, b"\xd0\xcf\x11\xe0\0\0" + RUSSIAN.encode("utf-16-le") + b"\0\0"),
        (RUSSIAN, b"\0\1\2" + RUSSIAN.encode("utf-16-be")),
        (RUSSIAN, RUSSIAN.encode("cp1251")),
        (RUSSIAN, RUSSIAN.encode("koi8-r")),
        (RUSSIAN, b"{\\rtf1\\ansi " + "".join(f"\\u{ord(each)}?" for each in RUSSIAN).encode() + b"}"),
        (GERMAN, GERMAN.encode("latin-1")),
        (GERMAN, b"{\\rtf1\\ansi " + GERMAN.encode("cp1252").replace(b"\xfc", b"\\'fc") + b"}"),
        (GERMAN, quopri.encodestring(GERMAN.encode("latin-1"))),
        (GERMAN, json.dumps(GERMAN).encode()),
        (GERMAN, quote(GERMAN).encode()),
        (SECRET, b"begin 644 a\n" + binascii.b2a_uu(SECRET.encode()) + b"`\nend\n"),
    ],
    ids=[
        *("UTF-16 in a file of Outlook's", "UTF-16, big end first", "Windows-1251", "KOI8-R", "rich text in Unicode"),
        *("Latin-1", "rich text", "quoted-printable in Latin-1", "JSON", "a link", "uuencoded"),
    ],
)
def test_other_alphabets_and_charsets_are_read(said: str, content: bytes) -> None:
    assert said in " ".join(words("x", "application/octet-stream", content).split())


def test_keys_in_rich_text_are_found() -> None:
    document = Attachment("a.rtf", "application/rtf", b"{\\rtf1 n.7j.{\\b abc}}")
    assert any("n.7j.abc" in text for text in raw_of([document]))


def test_a_large_file_is_read_to_its_end_in_pieces() -> None:
    """Of a file of megabytes no more than a part is held, and the longest piece is little more than one."""
    filler = b"filler words and more of them\n" * 33_000
    file = Attachment("x", "text/plain", [*[filler] * 4, SECRET[:20].encode(), SECRET[20:].encode()])
    longest, found = 0, False
    tracemalloc.start()
    for text in words_of([file]):
        longest, found = max(longest, len(text)), found or SECRET in text
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found
    assert longest <= PIECE + OVERLAP
    assert most < 4 * PIECE


@pytest.mark.parametrize("change", [unwrapped, without_tags])
def test_a_long_text_is_changed_in_little_memory(change: Callable[[str], str]) -> None:
    text = "<i>a</i> " * 200_000
    tracemalloc.start()
    changed = change(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(changed) < len(text)
    assert most < 3 * len(text)


@pytest.mark.parametrize("at", [BLOCK - 5, BLOCK - 1, BLOCK, BLOCK + 1])
def test_no_tag_and_no_white_space_is_left_between_two_slices(at: int) -> None:
    page = "x" * at + "<b class=y>" + "z" * BLOCK + " < \n> " + "<i" + "w" * BLOCK
    assert without_tags(page) == "x" * at + "z" * BLOCK + "  <i" + "w" * BLOCK
    assert unwrapped("x" * at + " \n> |y" + " z" * BLOCK) == "x" * at + "y" + "z" * BLOCK


@pytest.mark.parametrize("at", [PIECE - 20, PIECE - 1, PIECE, PIECE + 3])
def test_nothing_is_lost_between_two_pieces(at: int) -> None:
    content = b"x" * (at - 7) + b" " + SECRET.encode() + b" y" * 3000
    assert any(SECRET in text for text in words_of([Attachment("x", "text/plain", content)]))
    wide = b"\0\1" + ("x" * (at // 2)).encode("utf-16-le") + f" {RUSSIAN} ".encode("utf-16-le") + b"\0\1" * 3000
    assert any(RUSSIAN in text for text in words_of([Attachment("x", "application/octet-stream", wide)]))


def test_the_name_of_any_file_is_read() -> None:
    assert words("Maintenance.pdf", "application/pdf", b"%PDF").startswith("Maintenance.pdf\n")


def test_keys_are_looked_for_in_every_byte() -> None:
    assert "n.7j.abc" in next(raw_of([Attachment("x", "image/png", b"\0\xffn.7j.abc")]))


def test_what_cannot_be_read_is_no_trouble_and_costs_linear_time() -> None:
    many = 1_000_000
    hostile = (b"<" * many, b"\xff\xfe\xff", b"a: b\n" * many, b"a:" * many, b"\n\t" * many, b"A" * many, b"=\n" * many)
    for content in (*hostile, b"\0" * many, b"=" * many, (b"A" * 40 + b"\n") * 30_000):
        words("x", "text/html", content)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_large_file_is_searched_piece_by_piece_and_nothing_is_lost_between_them(cut: int):
    plain = b"x" * 100 + b"<n.7j.abc@bank.example>" + b"y" * 100
    at = 100 + cut % 23
    assert any("n.7j.abc@bank" in text for text in raw_of([Attachment("x", "text/plain", [plain[:at], plain[at:]])]))
    coded = base64.encodebytes(plain)
    pieces = [coded[: 120 + cut], coded[120 + cut :]]
    assert any("n.7j.abc@bank" in text for text in raw_of([Attachment("x", "text/plain", pieces)]))


def test_a_piece_that_begins_within_base64_is_decoded_from_each_place():
    plain = b"x" * 6000 + b"<n.7j.abc@bank.example>" + b"y" * 60
    coded = base64.b64encode(plain)
    for at in range(4000, 4004):
        pieces = [coded[:at], coded[at:7000], coded[7000:]]
        assert any("n.7j.abc@bank" in text for text in raw_of([Attachment("x", "text/plain", pieces)]))
