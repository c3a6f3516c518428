"""What is a word for full-text search, in any script, and what a typed search finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.search_words import BYTES, LONGEST, MOST, READ, Term, limited, match, terms_of, words_of

PLAIN = st.text("abcdefg0189", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nobody can log in, NOBODY!", ["nobody", "can", "log", "in"]),
        ("Error 4711 (AB-12_x)", ["error", "4711", "ab", "12", "x"]),
        ("Straße Müller ＰＤＦ ﬁle", ["strasse", "muller", "pdf", "file"]),
        ("ёлка ΆΛΦΑ İstanbul", ["елка", "αλφα", "istanbul"]),
        ("שָׁלוֹם مُحَمَّد", ["שלום", "محمد"]),
        ("हिन्दी भाषा।", ["हिन्दी", "भाषा"]),
        ("東京の", ["東京", "京の", "の"]),
        ("PC東京 ab_cd", ["pc", "東京", "京", "ab", "cd"]),
        ("ｶﾅ 가나다", ["カナ", "ナ", "가나다"]),
        ("Karen@Client.example", ["karen", "client", "example", "karen@client.example"]),
        ("a" * 50, ["a" * LONGEST]),
        ("é" * 50, ["e" * LONGEST]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of([text]) == words


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("Printer pc", [("printer", True), ("pc", False)]),
        ("pc* 東京タワ* 京", [("pc", True), ("東京", False), ("京タ", False), ("タワ", False), ("京", True)]),
        ("東京x", [("東京", False), ("x", False)]),
        ('"100% jammed" printer jammed', [("100", False), ("jammed", True), ("printer", True)]),
        ("<Karen@Client.example>, #1042", [("karen@client.example", True), ("1042", False)]),
        ("47* v47", [("47", True), ("v47", True)]),
        ("@client.example", [("client", True), ("example", True)]),
        ("% -- *", []),
    ],
)
def test_terms_of_what_is_typed(typed: str, terms: list[tuple[str, bool]]) -> None:
    assert terms_of(typed) == tuple(Term(*each) for each in terms)


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("print", "The printer", True),
        ("inter", "The printer", False),
        ("the on", "one", False),
        ("MULLER", "Frau Müller", True),
        ("プリンター", "東京のプリンターが", True),
        ("京", "東京", True),
        ("東", "東京", True),
        ("京東", "東京", False),
        ("karen@client.example", "karen@other.example client", False),
        ("karen client", "Karen <karen@client.example>", True),
        ("printer portal", "The printer", False),
        ("", "Anything", True),
    ],
)
def test_every_term_must_be_found(typed: str, text: str, *, found: bool) -> None:
    assert match(terms_of(typed), words_of([text])) is found


@given(st.lists(st.text(max_size=40), max_size=5))
def test_each_word_of_a_text_is_found_by_itself(texts: list[str]) -> None:
    words = words_of(texts)
    for text in texts:
        for piece in text.split():
            assert match(terms_of(piece), words), piece


@given(st.text(max_size=200))
def test_words_are_what_every_engine_takes_as_one(text: str) -> None:
    """No spaces, quotes or backslashes: neither index looks into a word."""
    for word in [*words_of([text]), *(term.word for term in terms_of(text))]:
        assert word
        assert not {*" '\"\\:*&|()\0"} & {*word}
        assert all(char.isalnum() or ord(char) > 127 or char in "@.+%-_" for char in word)


@given(st.lists(PLAIN, max_size=30))
def test_words_come_once_in_the_order_of_the_text(texts: list[str]) -> None:
    assert words_of(texts) == list(dict.fromkeys(texts))


def test_a_document_has_bounds() -> None:
    assert words_of(["x " * READ + "late"]) == ["x"]
    assert len(words_of([f"w{number} " for number in range(2 * MOST)])) == MOST
    long = [str(number) + "\U00020000" * 200 for number in range(MOST)]
    kept = limited(long)
    assert kept == long[: len(kept)]
    assert BYTES // 4 < len(" ".join(kept).encode()) <= BYTES
