"""The words by which full-text search finds a text: of what is indexed, and of what is typed.

Both go through the same functions, and the index of a database engine gets finished words, so that every engine finds
the same. A word is a run of letters and digits without regard to case, compatibility forms and accents (NFKC, full case
folding, diacritics dropped as SQLite's `remove_diacritics` does). Scripts that put no spaces between words, such as
Chinese and Thai, are indexed as pairs of neighbouring characters. An address is a word of its own beside its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from unicodedata import normalize

READ = 200_000  # characters of a text that are indexed
MOST = 8000  # words of a document
BYTES = 900_000  # of all words of a document, encoded; a tsvector of PostgreSQL holds 1 MB
LONGEST = 30  # characters of a word that count
_LONGEST_ADDRESS = 60
_BEGINNING = 3  # characters from which on a typed word also finds the words that begin with it

# Optional marks: of Latin, Greek and Cyrillic letters, Hebrew points, Arabic vowel signs and tatweel.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_SIGNS = "\u0900-\u0963\u0966-\u0e3a\u0e40-\u109f\u1780-\u17d3"  # of India and its neighbours: letters and vowel signs
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PLAIN_WORD = re.compile("[a-z0-9]+")
_WORD = re.compile(rf"[\w{_SIGNS}]+")
_RUN = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_FIRST_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")


class Term(NamedTuple):
    """A word that must be found; with `begins`, or any that begins with it."""

    word: str
    begins: bool


def words_of(texts: Iterable[str]) -> list[str]:
    """The words of a document, each once."""
    found: dict[str, None] = {}
    for text in texts:
        folded = _folded(text[:READ])
        found.update(dict.fromkeys(_words(folded)))
        if "@" in folded:
            found.update((each[:_LONGEST_ADDRESS], None) for each in _ADDRESS.findall(folded))
    return limited(found)


def limited(words: Iterable[str]) -> list[str]:
    """As many of the words as a document may have."""
    kept = [*words][:MOST]
    while len(" ".join(kept).encode()) > BYTES:
        del kept[len(kept) // 2 :]
    return kept


def terms_of(typed: str) -> tuple[Term, ...]:
    """The terms of what is typed to search for; all of them must be found.

    Words of three characters or more also stand for the words that begin with them; numbers and shorter words before
    a `*` alone.
    """
    return tuple(dict.fromkeys(term for each in _folded(typed).split() for term in _terms(each)))


def match(terms: Iterable[Term], words: Iterable[str]) -> bool:
    """Whether a document with these words is found."""
    known = {*words}
    return all(
        term.word in known or (term.begins and any(word.startswith(term.word) for word in known)) for term in terms
    )


def _terms(typed: str) -> Iterator[Term]:
    """The terms of a typed piece without spaces."""
    if address := _ADDRESS.search(typed):
        yield Term(address[0][:_LONGEST_ADDRESS], begins=True)
        return
    for word in _WORD.findall(typed.replace("_", " ")):
        for run in _RUN.findall(word):
            if not _FIRST_UNSPACED.match(run):
                begins = len(run) >= _BEGINNING and not run.isdecimal()
                yield Term(run[:LONGEST], begins or typed.endswith(f"{run}*"))
            elif len(run) == 1:
                yield Term(run, begins=True)  # of a pair
            else:
                yield from (Term(pair, begins=False) for pair in _pairs(run))


def _words(folded: str) -> Iterator[str]:
    if folded.isascii():
        yield from (word[:LONGEST] for word in _PLAIN_WORD.findall(folded))
        return
    spaced = not _FIRST_UNSPACED.search(folded)
    for word in _WORD.findall(folded.replace("_", " ")):
        for run in (word,) if spaced else _RUN.findall(word):
            if spaced or not _FIRST_UNSPACED.match(run):
                yield run[:LONGEST]
            else:
                yield from _pairs(run)
                yield run[-1]  # begins no pair


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return normalize("NFKC", _MARKS.sub("", normalize("NFKD", text).casefold()))
