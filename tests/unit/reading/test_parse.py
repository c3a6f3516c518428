"""A message as a mail; a fault of ours is a defect of its."""

import pytest

from mailgate.reading.body import read_body
from mailgate.reading.mime import parts as mime
from mailgate.reading.page import page as html
from mailgate.reading.parse import parse, read
from mailgate.ticket import Address


def test_a_fault_of_ours_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mime, "read", lambda raw, guesses: 1 / 0)
    mail = parse(b"Subject: x\n\nbody")
    assert mail.defects == ("unreadable: ZeroDivisionError",)
    assert "body" in mail.text


def test_a_page_of_html_is_parsed_once_for_text_and_body(monkeypatch):
    pages = []
    parser = html.LexborHTMLParser
    monkeypatch.setattr(html, "LexborHTMLParser", lambda page: pages.append(page) or parser(page))
    opened = read(b"Subject: Re: x\nContent-Type: text/html\n\n<p>Hello<blockquote type=cite>quoted</blockquote>")
    body = read_body(opened.mail, opened.page)
    assert (opened.mail.text, body.visible, body.html) == ("Hello\n\n> quoted", "Hello", "<p>Hello</p>")
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("fields", "author", "by_sender"),
    [
        ("From: undisclosed-recipients:;\nSender: karen@client.example", Address("karen@client.example"), True),
        ("From: (ann@bank.example) nobody:;\nSender: karen@client.example", Address("karen@client.example"), True),
        ("Sender: Karen Client <karen@client.example>", Address("karen@client.example", "Karen Client"), True),
        ("From: Karen Client\nSender: robot@client.example", Address("robot@client.example", "Karen Client"), True),
        ("From: karen@client.example\nSender: robot@client.example", Address("karen@client.example"), False),
        ("From: MAILER-DAEMON\nSender: robot@client.example", Address("mailer-daemon"), False),
        ("From: undisclosed-recipients:;\nSender: nobody", Address(""), False),
    ],
)
def test_where_from_names_nobody_the_sender_wrote(fields, author, by_sender):
    """RFC 6854 lets From be a group without members; then RFC 5322 3.6.2 wants a Sender."""
    mail = parse(f"{fields}\nSubject: x\n\nHello".encode())
    assert (mail.author, mail.by_sender) == (author, by_sender)
