"""Text as it is compared: NFKC, of piles of combining marks the first thirty."""

from __future__ import annotations

import unicodedata

import pytest

from mailgate.rules.text.cleanup import MAX_COMBINING, clean, nfkc, seen, visible

ACUTE, BELOW = "\u0301", "\u0323"


@pytest.mark.parametrize(
    "text", ["Zo\u0308e\u0301", "\ufb01ne \uff21\uff22", "e" + ACUTE * MAX_COMBINING, "\u2014" * 80]
)
def test_real_text_is_normalised_whole(text: str) -> None:
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("pair", [ACUTE + BELOW, "\u0f73\u0f71", "\uff9e\u0301"])
def test_a_pile_of_marks_is_cut(pair: str) -> None:
    """Each of these reorders its marks, which costs the square of their number."""
    pile = f"x{pair * 50_000}y"
    assert nfkc(pile) == unicodedata.normalize("NFKC", f"x{(pair * MAX_COMBINING)[:MAX_COMBINING]}y")
    assert visible(f" {pile} ") == seen(pile) == nfkc(pile)


def test_marks_on_different_letters_are_no_pile() -> None:
    text = f"\u044f{ACUTE}" * 100 + "\u2014" * 40 + ACUTE
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


def test_a_line_that_was_struck_out_is_no_command() -> None:
    assert clean("~~#close~~") == "~~#close~~"
    assert clean("~#close~") == "#close"
