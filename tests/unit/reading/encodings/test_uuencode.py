"""Uuencoded files inside a text are attachments; a text about them stays a text."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.reading.encodings import uuencode
from mailgate.reading.parse import parse


def encoded(content: bytes, name: str = "x.pdf", blank: str = "`") -> str:
    lines = [binascii.b2a_uu(content[at : at + 45]).decode().rstrip("\n") for at in range(0, len(content), 45)]
    lines = [line.replace(" ", blank) for line in lines]
    return "\n".join([f"begin 644 {name}", *lines, "`", "end"])


@given(st.binary(max_size=300), st.sampled_from("` "))
def test_every_file_comes_out_whole(content: bytes, blank: str) -> None:
    text, files = uuencode.split(f"above\n{encoded(content, blank=blank)}\nbelow")
    assert (text, files) == ("above\nbelow", (("x.pdf", content),))


def test_a_mail_shows_its_text_and_attaches_its_files() -> None:
    raw = f"From: a@b.example\n\nHello\n{encoded(b'one')}\n{encoded(b'two', 'y z')}\nBye\n"
    mail = parse(raw.replace("\n", "\r\n").encode())
    assert mail.text == "Hello\nBye\n"
    assert [(a.name, a.type, a.content) for a in mail.attachments] == [
        ("x.pdf", "application/pdf", b"one"),
        ("y z", "application/octet-stream", b"two"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "We begin 644 of them today.",
        "begin 644 x\nend",
        "begin 644 x\nHELLO WORLD, THIS IS PROSE AND NOTHING BUT PROSE, LONGER THAN A LINE\nend",
        "begin 644 x\nHELLO\nend",
        "begin 644 x\n#0V%T\nso it goes\nend",
        "begin 644 x\n#0V%T\n`",
    ],
)
def test_prose_stays(text: str) -> None:
    assert uuencode.split(text) == (text, ())


def test_files_are_bounded() -> None:
    text, files = uuencode.split("\n".join([encoded(b"x")] * (uuencode.MAX_FILES + 1)))
    assert len(files) == uuencode.MAX_FILES
    assert text == encoded(b"x")
