"""The lines of an HTML page."""

import pytest

from mailgate.mail import Mail
from mailgate.reading.body import read_body
from mailgate.reading.page import page as html
from mailgate.reading.page import rows
from mailgate.reading.parse import parse
from mailgate.reading.quotes.lines import Kind
from tests.cost import LINEAR, growth


def test_html_without_words_gives_way_to_text() -> None:
    assert read_body(Mail(text="words", html="<img src=x>")).visible == "words"


def test_html_beyond_reason_loses_its_tags() -> None:
    page = html.Page("<div>" * 10_000 + "words <b>here")
    assert "words" in page.lines()[0].text
    assert "words" in html.Page("<p title='" + "x" * 50_000 + "'>words</p>").lines()[0].text


def test_preformatted_text_keeps_its_blanks() -> None:
    assert html.to_text("<pre>a\n  b</pre><p>c  d</p>") == "a\n  b\n\nc d"


def test_links_and_pictures_are_readable() -> None:
    page = '<a href="https://x.example/">https://x.example</a> <a href="ftp://x">f</a>'
    page += ' <a href="http://y.example">y</a><img alt="cat">'
    assert html.to_text(page) == "https://x.example f y <http://y.example>cat"


def test_quotes_in_html_become_marks() -> None:
    assert html.to_text("<blockquote>a<blockquote>b</blockquote></blockquote>c") == "> a\n> > b\nc"


def test_text_beside_a_page_is_a_part_of_the_page() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n1 < 2\nand so on\n"
    mail = parse(raw + b"--b\nContent-Type: text/html\n\n<p>See <b>below</b>.</p>\n--b--\n")
    assert "<div>1 &lt; 2<br>\nand so on</div>" in mail.html
    assert "<b>below</b>" in mail.html


@pytest.mark.parametrize("cell", ["<td>a", "<td>&nbsp;", "<td> </td>", "<td></td>a"])
def test_a_row_of_very_many_cells_costs_linear_time(cell: str) -> None:
    """They once took minutes."""

    def read_row(cells: int) -> None:
        assert html.to_text("<table><tr>" + cell * cells).count("a") == cells * cell.endswith("a")

    assert growth(read_row, 40_000) < LINEAR


def test_what_follows_the_20000th_line_is_few_lines_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<p>one</p><p>two</p><blockquote><p>three</p><p>four</p></blockquote><p>five</p><br><br><p>six</p><br>"
    whole = html.Page(page)
    monkeypatch.setattr(rows, "MAX_LINES", 3)
    short = html.Page(page)
    assert short.text() == whole.text() == "one\n\ntwo\n\n> three\n>\n> four\n>\nfive\n\nsix"
    assert [line.text for line in short.lines()] == ["one", "", "two", "\n> three\n>\n> four\n>\nfive\n\nsix"]


def test_what_a_container_marks_is_quoted_behind_the_20000th_line_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_LINES", 1)
    lines = html.Page("own<div class=quote>a<br>b</div>more<div id=appendonsend></div>c<br>d").lines()
    assert [(line.kind, line.text) for line in lines] == [
        (Kind.OWN, "own"),
        (Kind.QUOTE, "a\nb"),
        (Kind.OWN, "more"),
        (Kind.QUOTE, "c\nd"),
    ]
