"""Links in a clean page that would look like the desk's own."""

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
