"""The page of a text that is passed on: its formatting, and not one word more."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.reading.page.excerpt import attribute_values, cut, excerpt

GMAIL = (
    '<div dir="ltr">#assign me<div>#priority high</div><div><br></div><div>Hello <b>Karen</b>,</div><div><br></div>'
    '<div>please see <a href="https://status.example/x">our page</a>:</div><ul><li>one</li><li><i>two</i></li></ul>'
    '</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Fri, Karen wrote:<br></div>'
    '<blockquote class="gmail_quote">CANARY words of the alert</blockquote></div>'
)
OUTLOOK = (
    '<html xmlns:o="urn:x"><head><style>p.MsoNormal {margin:0}</style></head><body><div class="WordSection1">'
    '<p class="MsoNormal">#resolve<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
    '<p class="MsoNormal">Hello <b>Karen</b>,<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
    '<p class="MsoNormal">it <u>works</u>.<o:p></o:p></p>'
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">From:'
    " Desk<br><b>Sent:</b> Friday<br><b>To:</b> Elliot<br><b>Subject:</b> [#1001] x</p></div>"
    '<p class="MsoNormal">CANARY words of the alert</p></div></body></html>'
)
APPLE = (
    '<html><body style="overflow-wrap: break-word;">#resolve<div><br></div><div>Hello <b>Karen</b>,<br><br>it works.'
    '<img src="cid:logo" alt=""><br><div><br><blockquote type="cite"><div>On 20. Nov 2026, Karen wrote:</div>'
    "<div>CANARY words</div></blockquote></div></div></body></html>"
)


def test_gmail_keeps_bold_links_and_lists_and_loses_commands_and_quotes() -> None:
    found = excerpt(GMAIL, "Hello Karen,\n\nplease see our page <https://status.example/x>:\n- one\n- two")
    assert found == (
        '<div dir="ltr"><div>Hello <b>Karen</b>,</div><div><br></div><div>please see '
        '<a href="https://status.example/x" rel="noopener noreferrer nofollow">our page</a>:</div>'
        "<ul><li>one</li><li><i>two</i></li></ul></div>"
    )


def test_outlook_keeps_bold_and_its_empty_paragraphs_are_the_space_between() -> None:
    found = excerpt(OUTLOOK, "Hello Karen,\n\nit works.")
    line = '<p style="margin:0">'
    assert found == f"<div>{line}Hello <b>Karen</b>,</p>{line}&nbsp;</p>{line}it <u>works</u>.</p></div>"


def test_apple_mail_keeps_its_images() -> None:
    found = excerpt(APPLE, "Hello Karen,\n\nit works.")
    assert found == '<div>Hello <b>Karen</b>,<br><br>it works.<img src="cid:logo" alt=""><br></div>'


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>Hello you</p>", "Hello"),  # not whole lines
        ("<p>Hello</p>", "Hello you"),
        ("<p>Hello</p><p>CANARY</p><p>you</p>", "Hello\nyou"),
        ('<p>Hello</p><p style="display:none">CANARY</p><p>you</p>', "Hello\nyou"),
        ("<p>\\#claim is a command</p>", "#claim is a command"),
        ("<p>Hello</p><blockquote>aside</blockquote><p>you</p>", "Hello\n> aside\nyou"),
        ("", "Hello"),
        ("<p>Hello</p>", " \n"),
        ("<p>" + "x" * 400_000 + "</p>", "x" * 400_000),
    ],
)
def test_where_page_and_text_cannot_be_matched_there_is_no_page(page: str, text: str) -> None:
    assert excerpt(page, text) == ""


def test_scripts_styles_and_remote_images_are_gone_and_an_image_is_told_in_words() -> None:
    page = (
        '<p onclick="x()" style="color:red">Hello<script>evil()</script> '
        '<img src="https://track.example/1.gif" alt="our logo"> you</p>'
    )
    assert excerpt(page, "Hello our logo you") == "<p>Hello our logo you</p>"


def test_the_place_is_the_first_where_the_text_stands_in_whole_lines() -> None:
    assert excerpt("<p>xHello</p><p><b>Hello</b></p><p>Hello</p>", "Hello") == "<p><b>Hello</b></p>"


def test_cells_stay_in_their_columns() -> None:
    page = "<table><tbody><tr><td>a</td><td></td><td>b</td></tr></tbody></table><p>Regards</p>"
    assert "<td></td>" in excerpt(page, "a  b")
    assert "Regards" not in excerpt(page, "a  b")


def test_attribute_values_are_what_a_reader_does_not_see() -> None:
    assert attribute_values('<a href="https://x.example/?a=1&amp;b=2">x</a><br><img alt="logo">') == [
        "https://x.example/?a=1&b=2",
        "logo",
    ]


WORD = st.text("abcde<>&\"'\xa0é😀", min_size=1, max_size=6).filter(str.strip)


@given(st.lists(WORD, min_size=1, max_size=8), st.data())
def test_any_run_of_whole_lines_is_cut_out_exactly(words: list[str], data: st.DataObject) -> None:
    """Each line begins with its number, so that no two runs of lines say the same."""
    words = [f"{number}{word}" for number, word in enumerate(words)]
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    tag = data.draw(st.sampled_from(["p", "div", "h2", "pre"]))
    page = "".join(f"<{tag}>{escape(word)}</{tag}>" for word in words)
    text = "\n".join(words[first : last + 1])
    found = cut(page, text)
    assert found.count(f"<{tag}>") == last - first + 1


@given(st.text(max_size=200), st.text(min_size=1, max_size=50))
def test_no_page_and_no_text_break_it(page: str, text: str) -> None:
    excerpt(page, text)
    cut(page, text)


def test_a_page_built_to_hurt_costs_little() -> None:
    excerpt("<p>a</p>" * 30_000, "a\n" * 29_999)
    excerpt("<b>" * 50_000, "a")
    excerpt('<img src="cid:' * 20_000, "a")


def test_an_end_without_a_beginning_ends_nothing() -> None:
    assert cut("</div><p>Hello</p>", "Hello") == "<p>Hello</p>"


def test_a_logo_below_the_last_line_stays_and_a_picture_behind_other_words_goes() -> None:
    page = '<p>Hello</p><p>Ann</p><p><img src="cid:logo"></p><p>CANARY</p><p><img src="cid:other"></p>'
    assert excerpt(page, "Hello\n\nAnn") == '<p>Hello</p><p>Ann</p><p><img src="cid:logo"></p>'
    assert excerpt(page.replace("Ann", '<img src="cid:above" alt="">Ann'), "Hello") == "<p>Hello</p>"
