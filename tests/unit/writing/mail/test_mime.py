"""MIME bodies of outgoing mail: what goes in is what a mail program gets out."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.notice import wire_size
from mailgate.reading.encodings.flowed import join
from mailgate.ticket import StoredAttachment
from mailgate.writing.mail import mime
from mailgate.writing.mail.flowed import flow


def read(body: bytes) -> EmailMessage:
    message = message_from_bytes(b"MIME-Version: 1.0\r\n" + body, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def filled(pieces: list[mime.Piece], content: bytes = b"") -> bytes:
    """The body with the content of its files, which is the same in all."""
    return b"".join(each if isinstance(each, bytes) else mime.base64_lines(content) for each in pieces)


def body(text: str, html: str, files: list[StoredAttachment], seed: str = "<1@b>") -> list[mime.Piece]:
    parts = mime.text_part("plain", text), mime.text_part("html", html) if html else b""
    return mime.body(parts, html, files, seed)


def stored(name: str, kind: str = "application/pdf") -> StoredAttachment:
    return StoredAttachment(name, kind, 3, "0" * 64)


TEXT = st.text(st.characters(exclude_categories=["Cn"]), max_size=2000)


def content(part: bytes) -> str:
    """The text as a mail program has it, before it joins flowed lines."""
    octets = read(part).get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.decode().replace("\r\n", "\n").rstrip("\n")


def safe(part: bytes) -> None:
    assert b"\n" not in part.replace(b"\r\n", b"")
    assert b"\r" not in part.replace(b"\r\n", b"")
    assert max(map(len, part.split(b"\r\n"))) <= 998
    assert part.isascii()


@given(TEXT)
def test_any_html_reads_back(text: str):
    part = mime.text_part("html", text)
    assert unescape(content(part)) == unescape(mime.readable(text).rstrip("\n"))
    safe(part)


@given(TEXT)
def test_any_text_reads_back(text: str):
    part = mime.text_part("plain", text)
    assert content(part) == flow(mime.readable(text).rstrip("\n")).rstrip("\n")
    safe(part)


WORDS = st.text(st.sampled_from(">-ab \n"), max_size=300) | st.lists(
    st.sampled_from(["From", "-- ", "\n", "> ", "word", " ", "\n-- \n", "x" * 90]), max_size=60
).map(" ".join)


@given(WORDS)
def test_a_reader_who_joins_flowed_lines_sees_what_was_written(text: str):
    flowed = flow(text)
    assert [_same(line) for line in join(flowed).split("\n")] == [_same(line) for line in text.split("\n")]
    for line in flowed.split("\n"):
        assert len(line) <= 78 or max(map(len, line.split())) > 70, "nothing can break it"
        assert not line.startswith("From ")


def _same(line: str) -> str:
    """A line without what quoting and flowing may change: blanks between marks and at the end."""
    if line == "-- ":
        return line
    marks = re.match(r"(?:> ?)*", line)
    assert marks is not None
    return (">" * marks[0].count(">") + "|" * bool(marks[0]) + line[marks.end() :]).rstrip(" ")


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("short", "short"),
        ("a " * 50, ("a " * 37 + "\n" + "a " * 13).rstrip()),
        ("  code", "   code"),
        ("From here", " From here"),
        ("trailing  ", "trailing"),
        ("-- ", "-- "),
        ("-- x", "-- x"),
        ("> quoted", "> quoted"),
        (">> deep", ">> deep"),
        ("> > deep", ">> deep"),
        (">", ">"),
        ("Close: " + "x" * 90, "Close: " + "x" * 90),
        (">  code", ">  code"),
        ("> " + "b " * 50, "> " + "b " * 37 + "\n> " + ("b " * 13).rstrip()),
    ],
)
def test_what_flowed_text_looks_like_on_the_wire(text: str, wire: str):
    assert flow(text) == wire


def test_no_line_of_flowed_text_looks_like_the_start_of_a_signature():
    flowed = flow("x" * 74 + " -- " + "y" * 74)
    assert "-- " not in flowed.split("\n")


def test_text_says_that_it_is_flowed():
    head = read(mime.text_part("plain", "x"))
    assert dict(head["Content-Type"].params) == {"charset": "utf-8", "format": "flowed", "delsp": "no"}


def test_a_space_at_the_end_of_a_line_survives():
    assert b"--=20\r\nSupport" in mime.text_part("plain", "Grüße\n-- \nSupport\n")


def test_a_line_that_begins_with_from_cannot_be_altered_on_the_way():
    for text in ("From here on\n", "Hello\nFrom here on\n", "Höhe\nFrom here on"):
        assert b"\n From here on" in mime.text_part("plain", text)
        assert b"\n=46rom here on" in mime.text_part("html", text) or not text.isascii()
        assert b"\nFrom " not in mime.text_part("html", text)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("short\n", b"7bit"),
        ("word " * 100, b"7bit"),
        ("https://bank.example/" + "x" * 800, b"7bit"),
        ("https://bank.example/" + "x" * 900, b"quoted-printable"),
        ("Grüße aus Köln, und bis bald", b"quoted-printable"),
        ("Добрый день", b"base64"),
        ("こんにちは", b"base64"),
    ],
)
def test_the_encoding_is_the_one_that_takes_least_room(text: str, encoding: bytes):
    assert b"Content-Transfer-Encoding: " + encoding in mime.text_part("plain", text)


def test_html_is_sent_as_it_is_where_its_lines_are_short_enough():
    assert b"7bit" in mime.text_part("html", "<p>" + "x" * 200)
    assert b"quoted-printable" in mime.text_part("html", "<p>" + "x" * 901)


def test_html_in_any_language_is_sent_as_it_is():
    assert mime.text_part("html", "<p>Grüße\n").endswith(b"7bit\r\n\r\n<p>Gr&#252;&#223;e\r\n")


def test_control_characters_do_not_reach_mail_programs():
    assert mime.readable("a\x00b\x07c\r\nd\re\tf\x7f\x81\udcff") == "abc\nd\ne\tf?"


def test_text_and_html_are_alternatives_and_files_stand_beside_them():
    message = read(filled(body("text", "<p>html", [stored("a.pdf")]), b"\x00\xff" * 500))
    assert message.get_content_type() == "multipart/mixed"
    alternative, file = message.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "text/html"]
    assert file.get_content() == b"\x00\xff" * 500
    assert file.get_filename() == "a.pdf"
    assert file.get_content_disposition() == "attachment"


def test_without_html_there_is_one_part():
    assert read(filled(body("text", "", []))).get_content_type() == "text/plain"


@given(st.binary(max_size=1000), st.integers(1, 5))
def test_whole_lines_of_base64_may_be_joined(content: bytes, lines: int):
    """As a file is encoded that is too large to be read at once."""
    pieces = [content[at : at + 57 * lines] for at in range(0, len(content), 57 * lines)]
    assert b"".join(map(mime.base64_lines, pieces)) == mime.base64_lines(content)
    assert len(mime.base64_lines(content)) == wire_size(len(content))


def test_an_empty_file_is_a_file():
    *_, file = read(filled(body("text", "", [stored("empty.bin")]), b"")).iter_parts()
    assert file.get_payload(decode=True) == b""


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "", "evil", "text/plain\r\nX: y", "a/b; name=c"])
def test_a_type_that_cannot_be_base64_or_is_none_becomes_octets(kind: str):
    content = b"Subject: inner\r\n\r\nText"
    *_, file = read(filled(body("text", "", [stored("mail.eml", kind)]), content)).iter_parts()
    assert file.get_content_type() == "application/octet-stream"
    assert file.get_payload(decode=True) == content


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\k\\report.doc", "report.doc"),
        ("", "attachment"),
        ("...", "attachment"),
        ("a\r\nContent-Type: text/html", "html"),
        ("a\r\nX: b.pdf", "a X: b.pdf"),
        ("x" * 300 + ".pdf", "x" * 109 + ".pdf"),
        ("x" * 300, "x" * 120),
        ("x." + "y" * 300, "x." + "y" * 118),
    ],
)
def test_a_file_name_is_only_a_name(name: str, shown: str):
    assert mime.file_name(name) == shown


def test_boundaries_differ_from_mail_to_mail_and_are_the_same_for_the_same_mail():
    assert body("a", "b", []) == body("a", "b", [])
    assert body("a", "b", []) != body("a", "b", [], "<2@b>")
