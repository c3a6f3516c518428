"""Which pictures of a page are its author's, and which only the quoted mail shows."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_body
from tests.lab import mail

QUOTE = "<blockquote type=cite>{}</blockquote>"


def quoted(page: str, **fields: str) -> set[str]:
    return set(read_body(mail(subject="Re: x", html=page, **fields)).quoted_pictures)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>Yes.</p>" + QUOTE.format("<p>No <img src=cid:a>"), {"a"}),
        ("<p>Yes.</p>" + QUOTE.format("<p>No</p><img src=cid:a>"), {"a"}),
        ("<p>Yes.</p>" + QUOTE.format("<img src='CID:a%40x'>"), {"a@x"}),
        ("<p>Yes. <img src=cid:a></p>" + QUOTE.format("No <img src=cid:a>"), set()),
        ("<p>Yes.</p><img src=cid:a>" + QUOTE.format("No <img src=cid:b>"), {"b"}),
        ("<img src=cid:a><p>Yes.</p>" + QUOTE.format("No"), set()),
        ("<p>Yes.</p><br><br><img src=cid:a>", set()),
        ("<br><img src=cid:a>", set()),
        ("<pre>\n</pre><img src=cid:a><p>Yes.", set()),
        ("<p>Yes.<br><br><br><img src=cid:a>", set()),
        ("<p>Yes. <img src='https://x.example/a'></p><img>", set()),
        ("<p>Yes.</p><hr id=stopSpelling><p>No <img src=cid:a></p>", {"a"}),
    ],
)
def test_what_only_the_quoted_mail_shows(page: str, expected: set[str]) -> None:
    assert quoted(page) == expected


def test_it_is_known_where_the_text_part_is_read() -> None:
    text = "Yes, and many words that the page has lost: one two three four five six seven eight nine ten eleven."
    assert quoted("<p>Yes.</p>" + QUOTE.format("No <img src=cid:a>"), text=text) == {"a"}


def test_a_mail_that_answers_nothing_quotes_nothing() -> None:
    page = "<p>See:</p>" + QUOTE.format("<p>It <img src=cid:a></p><img src=cid:b>")
    assert read_body(mail(subject="x", html=page)).quoted_pictures == frozenset()


def test_what_is_forwarded_is_not_quoted() -> None:
    page = "<p>See.</p>" + QUOTE.format(
        "From: Ann &lt;ann@a.example&gt;<br>Date: 3 May 2026 10:00<br>To: Bob<br>Subject: x<br><br>It <img src=cid:a>"
    )
    assert read_body(mail(subject="Fwd: x", html=page)).quoted_pictures == frozenset()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<br><p></p><img src=cid:a>", ()),
        ("<img src=cid:a>", ()),
        ("<p>Ann</p><img src=cid:a>", (("a", "Ann"),)),
        ("<p>Ann</p><br><img src=cid:a><br><img src=cid:b>", (("a", "Ann"), ("b", "Ann"))),
    ],
)
def test_a_picture_on_a_line_of_its_own_belongs_to_the_words_above(page: str, expected: tuple[tuple[str, str], ...]):
    assert read_body(mail(subject="x", html=page)).own_pictures == expected


def test_a_line_has_a_hundred_pictures_at_most() -> None:
    page = "<p>Ann</p>" + "".join(f"<div><img src=cid:{number}></div>" for number in range(1000))
    assert len(read_body(mail(subject="x", html=page)).own_pictures) == 100
