"""The colour of each line of a page, by families."""

from __future__ import annotations

import pytest

from mailgate.reading.page.colours import family
from mailgate.reading.page.page import Page


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("red", "red"),
        ("#C00000", "red"),
        ("#f00", "red"),
        ("#E60026 !important", "red"),
        ("rgb(255, 0, 0)", "red"),
        ("rgb(999 0 0)", "red"),
        ("#0070C0", "blue"),
        ("#4472C4", "blue"),
        ("1F497D", "blue"),
        ("#00B050", "green"),
        ("#7030A0", "purple"),
        ("#ED7D31", "orange"),
        ("#FFFF00", "yellow"),
        ("black", ""),
        ("#000000", ""),
        ("#333", ""),
        ("#808080", ""),
        ("white", ""),
        ("windowtext", ""),
        ("", ""),
    ],
)
def test_families(colour, name):
    assert family(colour) == name


def lines(page: str) -> list[tuple[str, frozenset[str]]]:
    return [(line.text, line.colours) for line in Page(page).lines() if line.text]


def test_a_line_has_the_colours_of_its_words():
    page = (
        '<p>Which browser?</p><p><span style="font-size:11pt;color:red">Firefox<o:p></o:p></span></p>'
        '<div style="COLOR: #00f"><p>Since when? <font color="green">Monday</font></p><a href="https://x.example">it</a>'
        '</div><p style="background-color:red">Regards</p><p><span style="color:red">Ann <span style="color:black">Key'
        '</span> <b>Ltd</b></span></p><p><del style="color:red">no</del> yes</p>'
    )
    assert lines(page) == [
        ("Which browser?", set()),
        ("Firefox", {"red"}),
        ("Since when? Monday", {"blue", "green"}),
        ("it <https://x.example>", {"blue"}),
        ("Regards", set()),
        ("Ann Key Ltd", {"red"}),
        ("~~no~~ yes", {"red"}),
    ]
