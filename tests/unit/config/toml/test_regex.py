"""The door to RE2: linear time, safe texts, clear errors."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.config.toml.regex import BadPattern, compile_pattern
from tests.cost import LINEAR, growth


def test_a_match_tells_what_matched() -> None:
    found = compile_pattern(r"(?i)\bdown\b").search("Portal is DOWN again")
    assert found.group(0) == "DOWN"
    assert compile_pattern("x").search("abc") is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", r"missing \).*close the bracket"),
        ("a)", r"unexpected \).*open the bracket"),
        ("[a", "missing ]"),
        ("(?=a)", "no look-ahead"),
        (r"(a)\1", "back-references"),
        ("a{1001}", "1000 times"),
        ("*a", r"write \\\*"),
        ("a\b", "backspace"),
        ("a\\", "trailing"),
        ("[z-a]", "does not compile: invalid character class range"),
    ],
)
def test_a_bad_pattern_says_what_would_be_right(pattern: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadPattern, match=said):
        compile_pattern(pattern)
    assert capfd.readouterr().err == ""  # the library's own log stays quiet


@given(st.text(alphabet=st.characters(codec=None), max_size=50))
def test_any_text_can_be_searched(text: str) -> None:
    """Lone surrogates come out of broken mail; they never raise."""
    compile_pattern("(?s).*").search(text)
    compile_pattern("a|\\?").search(text + "\ud800")


@given(st.text(max_size=30))
def test_any_pattern_compiles_or_is_refused(pattern: str) -> None:
    with suppress(BadPattern):
        compile_pattern(pattern)


def test_a_pattern_that_explodes_elsewhere_is_quick_here() -> None:
    pattern = compile_pattern("^(a+)+$")
    assert pattern.search("a" * 50_000 + "b") is None
    assert growth(lambda length: pattern.search("a" * length + "b"), 1_000_000) < LINEAR


def test_patterns_of_one_text_are_equal() -> None:
    """So that a reload tells a changed rule from an unchanged one."""
    assert compile_pattern("a.c") == compile_pattern("a.c")
    assert compile_pattern("a.c") != compile_pattern("a.d")
