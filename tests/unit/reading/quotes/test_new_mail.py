"""A mail that answers nothing quotes nothing: all of it is its author's, save a signature that is one."""

from __future__ import annotations

import pytest

from mailgate.mail import Body
from mailgate.reading.body import read_body
from mailgate.reading.parse import parse
from tests.lab import mail


def read(text: str) -> Body:
    return read_body(mail(text=text))


@pytest.mark.parametrize(
    "text",
    [
        "The limits are wrong for:\n> 500 users\n> 10 GB",
        "> 500 users\nare too many.",
        "First: the printer.\n--\nSecond: the fax does not answer.\nPlease send somebody.",
        "First matter.\n\n--\n\nThe second matter is that the toner is empty again.",
        "Ann wrote:\n> it is broken\nand I say it too.",
        "AK> is it yours?\nAK> or mine?",
        "Please move it.\nFrom: the third floor\nTo: the cellar\nSubject: the printer\nDate: next week\nThanks.",
        "| a | b |\n| 1 | 2 |",
        "It said:\n-----Original Message-----\nand then nothing.",
        "The log says on 3 May 2026 10:00:\n> out of paper\n\nSo we bought some.",
    ],
)
def test_all_of_it_is_shown(text: str) -> None:
    body = read(text)
    assert (body.whole, body.cut) == (text, "")


def test_what_stands_behind_a_quote_mark_is_no_command() -> None:
    assert read("Hello\n> #close").lines == ("Hello", "> #close")


@pytest.mark.parametrize("mark", ["-- ", "--"])
def test_a_signature_that_says_who_somebody_is_is_cut(mark: str) -> None:
    body = read(f"Please call me.\n\n{mark}\nKaren Client, Client Ltd.\nphone +1 555 0199")
    assert (body.visible, body.cut) == ("Please call me.", "--\nKaren Client, Client Ltd.\nphone +1 555 0199")


def test_containers_of_quotes_hold_its_own_words_too() -> None:
    page = "<p>It says:</p><blockquote type=cite>Paper jam in tray 2</blockquote><div class=gmail_quote>and more</div>"
    body = read_body(parse(b"Content-Type: text/html\n\n" + page.encode()))
    assert body.visible == "It says:\n\n> Paper jam in tray 2\nand more"


COPIED = "From: Ann Key <ann@a.example>\nSent: Monday, May 4, 2026 10:00 AM\nTo: Bob <bob@b.example>\nSubject: Paper"


UNKNOWN = "Qwe: Ann Key <ann@a.example>\nRty: 4 May 2026 10:00\nUio: bob@b.example\nPas: Paper"


@pytest.mark.parametrize(
    "text",
    [
        f"See what she says.\n\n{COPIED}\n\nThere is none.",
        f"See what she says.\n\n----- Xyz -----\n{UNKNOWN}\n\nThere is none.",
        "On Mon, 4 May 2026 at 10:00, Ann Key <ann@a.example> wrote:\n\nThere is none.",
    ],
)
def test_a_copied_mail_in_one_was_put_there_to_be_read(text: str) -> None:
    body = read(text)
    assert body.whole == text
    assert body.original
    assert (body.original.sender.email, body.original.sender.name) == ("ann@a.example", "Ann Key")


def test_a_page_cut_short_gives_way_to_the_whole_text() -> None:
    words = " ".join(f"word{number}" for number in range(50))
    head = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n"
    raw = f"{head}{words}\n--b\nContent-Type: text/html\n\n<p>word1 word2<!-- {words} </p>\n--b--\n".encode()
    assert read_body(parse(raw)).visible == words
    same = f"{head}{words}\n--b\nContent-Type: text/html\n\n<p>{words}</p>\n--b--\n".encode()
    assert read_body(parse(same)).html == f"<p>{words}</p>"
    link = f"https://x.example/{'a' * 400}"
    stub = f"{head}Your program shows no pages: {link}\n--b\nContent-Type: text/html\n\n<p>{words}\n"
    assert read_body(parse(stub.encode())).visible == words
