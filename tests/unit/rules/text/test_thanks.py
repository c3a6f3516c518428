"""A message that only thanks, and one that says more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.thanks import MOST, only_thanks

NAMES = ("Elliot Alderson", "First Bank Help Desk")


def thanks(text: str) -> bool:
    return only_thanks(text, "Karen Client", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you very much, Elliot. It works again!",
        "Thanks\nKaren",
        "Thank you, it works now.\n\nKind regards\nKaren Client\nClient Inc., 12 Street",
        "Vielen Dank für die schnelle Hilfe!\n\nMit freundlichen Grüßen\nKaren Client",
        "Merci beaucoup, tout fonctionne.",
        "¡Muchas gracias! Ya funciona perfecto.",
        "👍",
        "👍🏽 🙏",
        "Perfect ❤️",
    ],
)
def test_it_only_thanks(text):
    assert thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It works again.",
        "👎",
        "👍 but the printer?",
        "👍 The printer prints nothing.",
        "Thanks, but the printer does not.",
        "Thanks, is it fixed now",
        "Thank you. When will it be back?",
        "Thanks, my number is 555 0100.",
        "Danke, leider geht es nicht.",
        "Thank you! " + "very " * MOST,
        "Thanks! Please close my account.",
    ],
)
def test_it_says_more(text):
    assert not thanks(text)


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_is_judged(text, name):
    assert only_thanks(text, name, NAMES) in (True, False)
