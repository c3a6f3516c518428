"""Large texts, a block at a time: one expression, or one list of words, over all of one takes many times its size."""

from __future__ import annotations

from collections.abc import Iterator

BLOCK = 100_000  # characters


def blocks(text: str, end: str) -> Iterator[str]:
    """The text in blocks that end with the character `end`, so that nothing which ends with it is cut."""
    at = 0
    while at < len(text):
        behind = text.find(end, at + BLOCK) + 1 or len(text)
        yield text[at:behind]
        at = behind
