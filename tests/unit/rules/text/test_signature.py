"""What stands below a block of commands: a signature, or somebody's words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.signature import only_signature


def test_nothing_and_blank_lines_are_no_text():
    assert only_signature([])
    assert only_signature(["", " ", "\u200b", "\u00a0"])


def test_the_delimiter_begins_a_signature():
    assert only_signature(["-- ", "Elliot", "please read this"])
    assert not only_signature(["Hello", "-- ", "Elliot"])


def test_a_known_signature_counts_whatever_its_spacing():
    signature = "Elliot Alderson\nFirst Bank Support\n"
    assert only_signature(["", "elliot  alderson", "", "First Bank\u00a0Support"], (signature,))
    assert not only_signature(["Elliot Alderson"], (signature,))
    assert not only_signature(["It works.", "Elliot Alderson", "First Bank Support"], (signature,))


def test_signatures_stack():
    rest = ["Elliot", "", "Sent from my iPhone", "-- ", "anything"]
    assert only_signature(rest, ("", "Elliot"))
    assert not only_signature(rest, ("",))


def test_the_longest_known_signature_is_taken():
    assert only_signature(["Ann", "Lee"], ("Lee", "Ann\nLee"))


@given(st.lists(st.text(max_size=120), max_size=8), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_is_judged(rest, signatures):
    assert only_signature(rest, signatures) in (True, False)
