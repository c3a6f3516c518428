"""A page is cut to what may be parsed, and what no reader sees goes first."""

from __future__ import annotations

import pytest

from mailgate.reading.body import read_body
from mailgate.reading.page import limits
from mailgate.reading.parse import parse
from tests.cost import LINEAR, growth

STYLE = "p { color: #123456 }\n" * 60_000


@pytest.mark.parametrize(
    "unseen",
    [
        f"<style>{STYLE}</style>",
        f"<STYLE type='text/css'>{STYLE}</STYLE >",
        f"<script>{STYLE}</script>",
        f"<!--{STYLE}-->",
    ],
)
def test_words_behind_styles_and_comments_are_read(unseen: str) -> None:
    mail = parse(f"Content-Type: text/html\n\n<p>Before.</p>{unseen}<p>Behind.</p>".encode())
    assert read_body(mail).visible == "Before.\n\nBehind."


def test_what_is_never_closed_stays_and_is_cut() -> None:
    page = f"<p>Before.</p><style>{STYLE}"
    assert limits.bounded(page) == page[: limits.MAX_PAGE]
    assert limits.bounded(f"{page}</style") == page[: limits.MAX_PAGE]
    assert limits.bounded("<style>x</style>") == "<style>x</style>", "a page that is small enough stays as it is"


@pytest.mark.parametrize("piece", ["<style>", "<!--", "<script><!--", "<style></style", "<!---->"])
def test_many_of_them_cost_linear_time(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PAGE", 1000)
    assert growth(lambda size: limits.bounded(piece * size), 40_000) < LINEAR


@pytest.mark.parametrize(
    "page",
    [
        "<p>" + "".join(f"<b a={number}>" for number in range(300)) + "</p>" + "<p>x</p>" * 5000,
        "<div>" + "".join(f"<font size={number}>" for number in range(60)) + "</div>" + "<p>x" * 2000,
        "<td>" + "".join(f"<A HREF={number}><i x={number}>" for number in range(200)) + "<td>" * 500,
    ],
)
def test_a_page_whose_formatting_would_be_opened_again_and_again_loses_its_tags(page: str) -> None:
    """A parser makes a thousand times its size of it (HTML 13.2.4.3)."""
    assert "<" not in limits.bounded(page)


@pytest.mark.parametrize(
    "page",
    [
        "<font color=red><p>left open" * 300,  # three that are alike are all that a parser keeps
        "<p><b><i>word</i></b> <a href=x>link</a></p>" * 500,
        "</b></b></i>" * 5000,
        "".join(f"<b a={number}>x</b>" for number in range(5000)),
        "<select>" + "<option>x</option>" * 999 + "</select>",
    ],
)
def test_formatting_as_programs_write_it_stays(page: str) -> None:
    assert limits.bounded(page) == page


def test_a_page_of_a_choice_without_end_loses_its_tags() -> None:
    """At each option a parser looks through all of them."""
    assert "<" not in limits.bounded("<select>" + "<option>x" * 1001)


def test_a_long_text_is_shown_to_its_end() -> None:
    text = "The log goes on and on.\n" * 120_000
    assert len(text) > 2_000_000
    assert read_body(parse(f"Content-Type: text/plain\n\n{text}The end.".encode())).visible.endswith("The end.")


@pytest.mark.parametrize("kind", ["message/partial; id=1; number=1; total=2", "message/external-body; access-type=URL"])
def test_a_piece_of_a_mail_is_no_mail(kind: str) -> None:
    assert parse(f"Content-Type: {kind}\n\nSubject: x\n\nHello".encode()).unreadable == "only a piece of one"
