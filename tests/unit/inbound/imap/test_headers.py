"""What is told of a message that stays in its mailbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.inbound.imap.headers import read_summary


@pytest.mark.parametrize(
    ("head", "summary"),
    [
        (
            b"From: Karen Client <Karen@Client.example>\r\nSubject: Plans\r\nMessage-ID: <1@client.example>\r\n\r\n",
            ("karen@client.example", "Plans", "<1@client.example>"),
        ),
        (b"SUBJECT: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n folded\r\n\r\n", ("", "Grüße folded", "")),
        (b"Subject: =?nonsense?q?x?=\n\n", ("", "=?nonsense?q?x?=", "")),
        (b"Subject: =?utf-8?b?A?=\n\n", ("", "=?utf-8?b?A?=", "")),
        (b"Subject: =?utf-8?q?=1B[31m?=\n\n", ("", " [31m", "")),
        (b"Subject: first\nSubject: second\n\n", ("", "first", "")),
        (b'From: "evil@x.example" <real@client.example>\n\n', ("real@client.example", "", "")),
        (b"", ("", "", "")),
    ],
)  # fmt: skip
def test_header_lines_are_read(head: bytes, summary: tuple[str, str, str]) -> None:
    found = read_summary(head)
    assert (found["from_email"], found["subject"], found["message_id"]) == summary


def test_nothing_is_longer_than_people_read() -> None:
    found = read_summary(b"Subject: " + b"x" * 5000 + b"\nMessage-ID: <" + b"y" * 5000 + b">\n")
    assert (len(found["subject"]), len(found["message_id"])) == (200, 200)


@given(st.binary(max_size=500))
def test_no_bytes_break_it(head: bytes) -> None:
    assert all(value.isprintable() for value in (read_summary(b"Subject: " + head)["subject"],))
