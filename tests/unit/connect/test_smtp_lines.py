"""The lines of a relay's answers, and what it offers."""

from __future__ import annotations

import pytest

from mailgate.connect.smtp_lines import LONGEST_SHOWN, ReplyLine, challenge, offered, reply_line


@pytest.mark.parametrize(
    ("line", "code", "text", "last"),
    [
        (b"250 ok\r\n", 250, "ok", True),
        (b"250-SIZE 10\r\n", 250, "SIZE 10", False),
        (b"550 5.1.1 gone\n", 550, "5.1.1 gone", True),  # a bare LF
        (b"550\r\n", 550, "", True),
        (b"250-\r\n", 250, "", False),
        (b"550  Stra\xdfe \r\n", 550, "Stra\N{REPLACEMENT CHARACTER}e", True),
        ("550 Grüße\r\n".encode(), 550, "Grüße", True),
        (b"554 \x1b[31mred\x00\r\n", 554, "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}", True),
        (b"554 " + 5000 * b"x" + b"\r\n", 554, LONGEST_SHOWN * "x", True),  # RFC 5321 4.5.3.1.5: 512 would be allowed
    ],
)
def test_a_line_of_an_answer(line, code, text, last):
    assert reply_line(line) == ReplyLine(code, text, last)


@pytest.mark.parametrize(
    "line",
    [b"\r\n", b"ok\r\n", b"25 ok\r\n", b"999 ok\r\n", b"250ok\r\n", b"* OK IMAP\r\n", b" 250 ok\r\n", b"250+ok\r\n"],
)
def test_what_is_no_line_of_an_answer(line):
    assert reply_line(line) is None


def test_what_a_relay_offers():
    text = "mx.example greets you\nPIPELINING\nsize 1000\n8BITMIME \nAUTH PLAIN LOGIN\nX-ODD  two  words"
    assert offered(text) == {
        "PIPELINING": "",
        "SIZE": "1000",
        "8BITMIME": "",
        "AUTH": "PLAIN LOGIN",
        "X-ODD": "two  words",
    }
    assert offered("STARTTLS") == {}, "the first line is its name"


@pytest.mark.parametrize(
    "lines",
    ["AUTH PLAIN\nAUTH GSSAPI", "AUTH=PLAIN GSSAPI", "auth=PLAIN\nAUTH GSSAPI", "AUTH PLAIN\nAUTH\nAUTH GSSAPI"],
)
def test_mechanisms_in_several_lines_or_as_before_rfc_2554_are_one_list(lines):
    assert offered(f"mx.example\n{lines}") == {"AUTH": "PLAIN GSSAPI"}


@pytest.mark.parametrize(("text", "asked"), [("VXNlcm5hbWU6", b"Username:"), ("", b""), ("a", b""), ("Größe", b"")])
def test_what_a_relay_asks_at_sign_in(text, asked):
    assert challenge(text) == asked
