"""A message taken apart: fields, boundaries, defects."""

import pytest

from mailgate.reading.mime import parts as mime
from mailgate.reading.parse import parse


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"A: b\nbroken line\nC: d\n\nx", "broken header line"),
        (b"A: b\nno field\nno field\n", "no empty line below the header"),
        (b"Content-Type: multipart/mixed\n\nx", "multipart without boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\n\nx", "multipart without parts"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "multipart not closed"),
        (b"Content-Type: rubbish\n\nx", "bad content type"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1100, "too many parts"),
        (b"A: b\n" * 250_000 + b"\nx", "header too long"),
        (b"A: b\n" * 250_000, "header too long"),
    ],
)
def test_defects_are_named(raw: bytes, defect: str) -> None:
    assert defect in mime.read(raw).defects


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"From: a@b.example\nSubject: It is\nbroken\nTo: c@d.example\n\nHi", "It is broken", "Hi"),
        (b"Subject: It is\nbroken in\nfour\nlines\nFrom: a@b.example\n\nHi", "It is broken in four lines", "Hi"),
        (b"Subject: It is\nbroken\n\nFrom: a@b.example\n\nHi", "It is", "broken\n\nFrom: a@b.example\n\nHi"),
        (
            b"Subject: Limits\nHello,\nplease\nnote the\nend\nFrom: x",
            "Limits",
            "Hello,\nplease\nnote the\nend\nFrom: x",
        ),
        (b"Subject: Limits\nHello,\nplease see\nSubject: x", "Limits", "Hello,\nplease see\nSubject: x"),
        (b"Subject: Limits\n>From a@b.example\nTo: c@d.example\n\nHi", "Limits", "Hi"),
        (b"Subject: Limits\nbroken at the end", "Limits", "broken at the end"),
    ],
)
def test_a_value_wrapped_without_a_fold_goes_on(raw: bytes, subject: str, text: str) -> None:
    mail = parse(raw)
    assert (mail.subject, mail.text) == (subject, text)


def test_a_value_goes_on_for_a_while_only() -> None:
    mail = parse(b"Subject: x\n" + b"no field at all\nA: b\n" * 5000 + b"\n")
    assert len(mail.subject) < 5000
    assert parse(b"Subject: x\nTo: y\n" + b"goes on\nA: b\nB: c\n" * 2000 + b"\nHi").text == "Hi"
    lines = b"goes on and on and on\n" * 2 + b"Cc: a@b.example\n"
    assert len(parse(b"Subject: " + b"x" * mime.MAX_WRAPPED + b"\n" + lines + b"\n").subject) == mime.MAX_WRAPPED


def test_a_boundary_that_nothing_follows_is_no_file() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n"
    assert [(m.text, m.attachments) for m in (parse(raw), parse(raw + b"\n \n"))] == [("Hello", ())] * 2


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("text", "text/plain"),
        ("html", "text/html"),
        ("text/html/x", "text/html"),
        ("multipart", "text/plain"),
        ("", "text/plain"),
    ],
)
def test_broken_content_types_are_mended(kind: str, meant: str) -> None:
    assert mime.read(f"Content-Type: {kind}; x=y\n\nbody".encode()).root.type == meant


@pytest.mark.parametrize(
    "raw", [b"From a Mon\nSubject: x\n\ny", b"\n\n Subject: x\n\ny", b"Subject: x\r\ry", b">From b\nSubject: x\n\ny"]
)
def test_leads_and_old_line_ends(raw: bytes) -> None:
    """An mbox line, empty lines and the Macintosh's line ends stand in nobody's way."""
    assert parse(raw).subject == "x"


def test_a_digest_holds_messages() -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b--\n"
    assert [(a.type, a.name) for a in parse(raw).attachments] == [("message/rfc822", "one.eml")]
