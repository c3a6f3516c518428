"""Regular expressions by RE2: linear time, any text, helpful error messages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.patterns import BadPattern, PatternSet, compile_pattern, literal
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


def found_in(text: str, *patterns: str) -> list[int]:
    together = PatternSet()
    for position, pattern in enumerate(patterns):
        together.add(pattern, position)
    return sorted(together.found_in(text))


def test_a_set_finds_each_pattern_that_matches() -> None:
    assert found_in("Portal is down", "down", "(?i)portal", "up", r"\APortal", r"down\z", "a") == [0, 1, 3, 4, 5]
    assert found_in("x") == []
    assert found_in("x", "y") == []


@given(st.text(max_size=20), st.text(max_size=5))
def test_a_literal_matches_what_holds_it(text: str, part: str) -> None:
    assert found_in(f"{text}{part}", literal(part)) == [0]
    assert bool(found_in(text, literal(part))) == (part in text)


def test_patterns_that_need_too_much_memory_together_may_all_match() -> None:
    few, many = PatternSet(memory=1 << 20), PatternSet(memory=1 << 20)
    few.add("x", 0)
    for position in range(20):
        many.add(rf"\pL{{100}}{position}", position)
    assert list(few.found_in("nothing")) == []
    assert list(many.found_in("nothing")) == list(range(20))


def test_a_pattern_may_be_added_after_a_search() -> None:
    together = PatternSet()
    together.add("a", 7)
    assert list(together.found_in("ab")) == [7]
    together.add("b", 8)
    assert sorted(together.found_in("ab")) == [7, 8]
