"""What the leak guard reads in attached files."""

from __future__ import annotations

from base64 import b64encode

import pytest

from mailgate.desk.hold.leak_guard import MOST_READ, raw_of, words_of
from mailgate.mail import Attachment

SECRET = "zebra canary forty two purple monkey"
MAIL = b"From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def words(name: str, kind: str, content: bytes) -> str:
    (text,) = words_of([Attachment(name, kind, content)])
    return text


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


def test_the_name_of_any_file_is_read_and_of_other_formats_nothing_else() -> None:
    assert words("Maintenance.pdf", "application/pdf", b"%PDF\0Maintenance") == "Maintenance.pdf\n"


def test_keys_are_looked_for_in_every_byte() -> None:
    assert "n.7j.abc" in raw_of([Attachment("x", "image/png", b"\0\xffn.7j.abc")])[0]


def test_what_cannot_be_read_is_no_trouble_and_costs_linear_time() -> None:
    for content in (b"<" * MOST_READ, b"\xff\xfe\xff", b"a: b\n" * 200_000, b"a:" * 500_000, b"\n\t" * 500_000):
        words("x", "text/html", content)
