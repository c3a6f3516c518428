"""What a browser draws: numbers of list items, words struck out, paragraphs without space around them."""

from __future__ import annotations

import pytest

from mailgate.reading.page.excerpt import excerpt
from mailgate.reading.page.lists import Lists
from mailgate.reading.page.page import to_text

SPACED = "<style>p.MsoNormal, li.MsoNormal {margin-top:0cm; margin-bottom:8.0pt}</style>"
ONE_TWO = "<p class=MsoNormal>One</p><p class=MsoNormal>Two</p>"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<ol><li>One</li><li>Two</li></ol>", "1. One\n2. Two"),
        ("<ol start=5><li>One<li value=9>Two<li>Three</ol>", "5. One\n9. Two\n10. Three"),
        ("<ol start=x><li value=y>One</ol>", "1. One"),
        ("<ol type=a start=26><li>One<li>Two</ol>", "z. One\n27. Two"),
        ("<ol type=A><li>One</ol><ol type=I start=4><li>Two</ol>", "A. One\nIV. Two"),
        ("<ol type=i start=1999><li>One</ol><ol type=i start=4000><li>Two</ol>", "mcmxcix. One\n4000. Two"),
        ("<ul><li>One<ol><li>Two<li>Three</ol><li>Four</ul>", "- One\n  1. Two\n  2. Three\n- Four"),
        ("<ol><li><p>One</p></li><li><div>Two</div></li></ol>", "1. One\n\n2. Two"),
        ("<ol><li></li><li>Two</li></ol>", "1.\n2. Two"),
        ("<li>One", "- One"),
    ],
)
def test_items_have_their_numbers_and_lists_in_lists_their_place(page: str, text: str) -> None:
    assert to_text(page) == text


def test_a_list_that_never_began_does_not_end() -> None:
    lists = Lists()
    lists.end()
    assert (lists.depth, lists.item({})) == (0, "- ")


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("Do <del>not</del> call", "Do ~~not~~ call"),
        ("Do <s>not <b>ever</b></s> call", "Do ~~not ever~~ call"),
        ("Do <strike> </strike>call", "Do call"),
        ("Do <s><del>not</del> ever</s> call", "Do ~~not ever~~ call"),
        ("<del>One<br>Two</del>", "~~One~~\n~~Two~~"),
        ("<del><p>One</p></del>", "~~One~~"),
        ("<p style='text-decoration: line-through'>One</p>Two", "~~One~~\n\nTwo"),
        ("Do <span style='text-decoration-line:line-through'>not</span> call", "Do ~~not~~ call"),
    ],
)
def test_words_that_were_struck_out_do_not_read_as_said(page: str, text: str) -> None:
    assert to_text(page) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (ONE_TWO, "One\nTwo"),
        (ONE_TWO.replace("</p><p", "</p><p class=MsoNormal>&nbsp;</p><p"), "One\n\nTwo"),
        (ONE_TWO.replace("</p><p", "</p><p class=MsoNormal><o:p></o:p></p><p"), "One\n\nTwo"),
        (ONE_TWO.replace("MsoNormal", "MsoListParagraph"), "One\nTwo"),
        (ONE_TWO.replace("MsoNormal", "Other"), "One\n\nTwo"),
        (SPACED + ONE_TWO, "One\n\nTwo"),
        (SPACED.replace("8.0pt", ".0001pt") + ONE_TWO, "One\nTwo"),
        (ONE_TWO.replace("MsoNormal", "'MsoNormal' style='margin-bottom:12.0pt'"), "One\n\nTwo"),
        (ONE_TWO.replace("MsoNormal", "x style='margin:0'"), "One\nTwo"),
        (ONE_TWO.replace("MsoNormal", "x style='margin:0cm 0cm .0001pt; color:red'"), "One\nTwo"),
        (ONE_TWO.replace("MsoNormal", "x style='margin-top:0px;margin-bottom:0'"), "One\nTwo"),
        (ONE_TWO.replace("MsoNormal", "x style='margin:0 0 12px'"), "One\n\nTwo"),
        (ONE_TWO.replace("MsoNormal", "x style='margin:;margin-top:0'"), "One\n\nTwo"),
    ],
)
def test_a_paragraph_without_space_is_a_line_and_an_empty_one_the_space(page: str, text: str) -> None:
    assert to_text(page) == text


@pytest.mark.parametrize(
    "page",
    [
        '<ol start="3" type="a"><li>One</li><li value="9">Two<ol><li>Three</li></ol></li></ol>',
        "<p>Do <del>not <b>ever</b></del> call</p><s>One<br>Two</s>",
        '<p style="margin:0">One</p><p style="margin:0"><br></p><p style="margin:0">Two</p>',
        "<ul><li>One</li></ul><p>Two</p>",
    ],
)
def test_the_page_that_is_passed_on_says_the_same(page: str) -> None:
    assert excerpt(page, to_text(page)) == page


def test_a_style_that_strikes_words_out_does_not_pass_and_so_the_text_goes_alone() -> None:
    page = '<p>Do <span style="text-decoration:line-through">not</span> call</p>'
    assert excerpt(page, to_text(page)) == ""


def test_of_the_styles_of_a_paragraph_only_its_space_is_passed_on() -> None:
    page = '<p style="margin:0px;position:fixed">One</p><p style="color:red">Two</p>'
    assert excerpt(page, to_text(page)) == '<p style="margin:0">One</p><p>Two</p>'
