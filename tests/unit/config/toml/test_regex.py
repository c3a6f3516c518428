"""Regular expressions by RE2: linear time, any text, helpful error messages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.config.toml.regex import BadPattern, compile_pattern
from tests.cost import LINEAR, growth


def test_a_match_has_the_matched_text() -> None:
    found = compile_pattern(r"(?i)\bdown\b").search("Portal is DOWN again")
    assert found.group(0) == "DOWN"
    assert compile_pattern("x").search("abc") is None


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", r"missing \).*close the bracket"),
        ("a)", r"unexpected \).*open the bracket"),
        ("[a", "missing ]"),
        ("(?=a)", "not support look-ahead"),
        (r"(a)\1", "back-references"),
        ("a{1001}", "1000 times"),
        ("*a", r"write \\\*"),
        ("a\b", "backspace"),
        ("a\\", "trailing"),
        ("[z-a]", "does not compile: invalid character class range"),
    ],
)
def test_an_invalid_pattern_has_a_helpful_message(
    pattern: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadPattern, match=message):
        compile_pattern(pattern)
    assert capfd.readouterr().err == ""  # the library logs nothing


@given(st.text(alphabet=st.characters(codec=None), max_size=50))
def test_any_text_can_be_searched(text: str) -> None:
    """Lone surrogates occur in malformed mail and raise nothing."""
    compile_pattern("(?s).*").search(text)
    compile_pattern("a|\\?").search(text + "\ud800")


@given(st.text(max_size=30))
def test_any_pattern_compiles_or_raises_bad_pattern(pattern: str) -> None:
    with suppress(BadPattern):
        compile_pattern(pattern)


def test_a_pattern_with_exponential_backtracking_elsewhere_takes_linear_time() -> None:
    pattern = compile_pattern("^(a+)+$")
    assert pattern.search("a" * 50_000 + "b") is None
    assert growth(lambda length: pattern.search("a" * length + "b"), 1_000_000) < LINEAR


def test_patterns_with_the_same_text_are_equal() -> None:
    """So that a reload can tell changed rules from unchanged ones."""
    assert compile_pattern("a.c") == compile_pattern("a.c")
    assert compile_pattern("a.c") != compile_pattern("a.d")
