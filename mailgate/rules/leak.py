"""Leak guard: does a public reply carry words of the desk's internal text?

A reply leaks when, after folding case, white space, wrapping and quote marks, it holds
six consecutive words (or a whole shorter line) of a note or internal block that stands
in no public entry, or a key, or the name of a department that is not public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mailgate.rules.cleaning import seen

SHINGLE = 6  # consecutive words
SHORT_LINE = 3  # a whole line of at least so many words counts when it is shorter than a shingle; "Thanks" does not
CODED = 6  # characters of a shorter line with a digit in it, a code or password, that counts within a line too
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # an underscore is an emphasis mark
_QUOTE_MARKS = re.compile(r"^[\s>|]+")


def _words(text: str) -> list[str]:
    """The words as a reader sees them: no soft hyphen, zero-width mark or wide letter makes two of one."""
    return _WORD.findall(" ".join(_QUOTE_MARKS.sub("", line) for line in seen(text).splitlines()).casefold())


def _shingles(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1))


def _short_lines(text: str) -> Iterator[tuple[str, ...]]:
    """Whole lines shorter than a shingle; of one or two words those that hold a digit: a code, a password."""
    for line in text.splitlines():
        words = tuple(_words(line))
        coded = any(mark.isdigit() for mark in line)
        if (len(words) >= SHORT_LINE or (words and coded)) and len(words) < SHINGLE:
            yield words


def _runs_of_lines(text: str) -> set[tuple[str, ...]]:
    """Whole lines and runs of them, shorter than a shingle: a mail program may have wrapped a line."""
    lines = [words for line in text.splitlines() if (words := tuple(_words(line)))]
    runs: set[tuple[str, ...]] = set()
    for start in range(len(lines)):
        run: tuple[str, ...] = ()
        for words in lines[start : start + SHINGLE]:
            run += words
            if len(run) >= SHINGLE:
                break
            runs.add(run)
    return runs


def leak(
    text: str,
    *,
    internal: Iterable[str],
    public: Iterable[str],
    hidden_names: Iterable[str],
    keys: Iterable[str] = (),
) -> str:
    """The internal words that `text` would give away, or an empty string.

    `internal` and `public` are the texts of notes and of everything the requester wrote
    or was sent; `hidden_names` are names never to be shown; `keys` reply keys found in the text.
    """
    words = _words(text)
    known = " ".join(_words("\n".join(public)))
    folded = f" {' '.join(words)} "
    for name in hidden_names:
        wanted = " ".join(_words(name))
        if wanted and f" {wanted} " in folded and f" {wanted} " not in f" {known} ":
            return name
    for key in keys:
        return key
    secret_texts = tuple(internal)
    secrets = {shingle for each in secret_texts for shingle in _shingles(_words(each))}
    for shingle in _shingles(words):
        if shingle in secrets and not _holds(known, shingle):
            return " ".join(shingle)
    own_lines = _runs_of_lines(text)
    short = (line for each in secret_texts for line in _short_lines(each))
    shown = (line for line in short if line in own_lines or (_is_code(line) and _holds(folded.strip(), line)))
    return next((" ".join(line) for line in shown if not _holds(known, line)), "")


def _is_code(words: Sequence[str]) -> bool:
    text = "".join(words)
    return len(text) >= CODED and any(mark.isdigit() for mark in text)


def _holds(known: str, words: Sequence[str]) -> bool:
    return f" {' '.join(words)} " in f" {known} "
