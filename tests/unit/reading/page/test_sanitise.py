"""What of a clean page could deceive: links that would look like the desk's own, words that nobody sees."""

from __future__ import annotations

import pytest

from mailgate.reading.page.sanitise import clean, without_links


@pytest.mark.parametrize(
    ("link", "stays"),
    [
        ("mailto:support@bank.example", False),
        ("mailto:support%40bank.example?body=%23close", False),
        ("MAILTO:support@bank.example?subject=x&amp;body=y", False),
        ("mailto:me@client.example?body=x", True),
        ("https://bank.example/?x=mailto:support@bank.example", True),
    ],
)
def test_links_to_some_addresses_are_text(link: str, stays: bool) -> None:
    page = without_links(clean(f'<p><a href="{link}">Claim</a></p>'), lambda email: email == "support@bank.example")
    assert "Claim" in page
    assert ("href" in page) is stays


@pytest.mark.parametrize(
    ("colour", "stays"),
    [
        ("red", True),
        (" #FF0000", True),
        ("#f00", True),
        ("1f497d", True),
        ("white", False),
        ("#FFFFFF", False),
        ("#ffc", False),
        ("#fefefe", False),
        ("yellow", False),
        ("#12345", False),
        ("no colour", False),
    ],
)
def test_words_keep_a_colour_in_which_they_can_be_read(colour: str, stays: bool) -> None:
    page = clean(f'<p><font color="{colour}">pay at once</font></p>')
    assert "pay at once" in page
    assert ("color" in page) is stays
