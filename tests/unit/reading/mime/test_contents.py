"""The text of a message, and why none can be read."""

import pytest

from mailgate.reading.mime import contents
from mailgate.reading.mime import parts as mime
from mailgate.reading.parse import parse
from tests import smime

PGP = (
    b"Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    b"--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n--b--\n"
)


def test_an_empty_part_is_empty() -> None:
    parts = mime.read(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--\n").root.parts
    assert [part.body for part in parts] == [b"", b""]


def test_a_text_without_end_is_read_in_part_and_attached_whole(monkeypatch):
    monkeypatch.setattr(contents, "MAX_TEXT", 50)
    mail = parse(b"Content-Type: text/plain; charset=utf-8\n\n" + b"A line.\n" * 100)
    assert mail.text == ("A line.\n" * 7)[:50]
    assert [(a.name, a.type, a.content) for a in mail.attachments] == [
        ("attachment.txt", "text/plain", b"A line.\n" * 100)
    ]
    assert "text too long" in mail.defects


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Type: application/pgp-encrypted; name=key.asc\n\n-----BEGIN PGP MESSAGE-----\n",
        smime.part(smime.enveloped(), "application/pkcs7-mime; name=contract.pdf.p7m"),
        b"Content-Type: application/x-unheard-of\n\nx",
    ],
)
def test_a_file_beside_a_text_makes_no_mail_unreadable(part: bytes) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nMy words.\n--b\n" + part + b"\n--b--\n"
    mail = parse(raw)
    assert (mail.text, mail.unreadable, len(mail.attachments)) == ("My words.", "", 1)


def test_a_file_alone_is_no_unreadable_text() -> None:
    assert parse(b"Content-Type: application/x-foo; name=a.foo\n\nx").unreadable == ""
    assert parse(b"Content-Type: application/pdf\n\nx").unreadable == ""
    assert parse(b"Content-Type: application/x-foo\n\nx").unreadable == "of the type application/x-foo"
