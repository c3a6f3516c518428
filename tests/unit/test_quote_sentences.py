"""Sentences that begin as an attribution begins stay the author's own words."""

from __future__ import annotations

import pytest

from mailgate.inbound.body import read_body
from tests.lab import mail

BELOW = "\n\nOn Sat, Nov 21, 2026 at 12:00 PM Karen Client <karen@client.example> wrote:\n\n> Where is the form?\n"


@pytest.mark.parametrize(
    "text",
    [
        "On the first page.",
        "#resolved\n\nOn the first page.",
        "On Monday I wrote: yes.\nBye",
        "On Monday at 10:30 we met.\n\nSee you.",
        "On it.",
    ],
)
def test_a_sentence_above_an_attribution_stays(text: str) -> None:
    assert read_body(mail(text=text + BELOW)).visible == text


def test_a_wrapped_attribution_goes_whole() -> None:
    below = BELOW.replace(" Karen", "\nKaren").replace("> wrote", ">\nwrote")
    assert read_body(mail(text="Yes." + below)).visible == "Yes."
