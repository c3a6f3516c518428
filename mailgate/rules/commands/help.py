"""The answer to #help, from the table of commands."""

from __future__ import annotations

from collections.abc import Iterator

from mailgate.notice import Answer, Columns, Lines
from mailgate.phrase import Phrase
from mailgate.rules.commands.verbs import TABLE


def _rows() -> Iterator[tuple[str, Phrase]]:
    for verb in TABLE:
        for place, usage in enumerate(verb.usage, start=1):
            yield usage, Phrase(f"help.{verb.name}" if place == 1 else f"help.{verb.name}_{place}")
    yield "#end", Phrase("help.end")


def _paragraphs(*names: str) -> Lines:
    return Lines(tuple(Phrase(f"help.{name}") for name in names))


HELP: tuple[Answer, ...] = (
    _paragraphs("write", "text"),
    Columns(tuple(_rows())),
    _paragraphs("reason", "start", "escape"),
)
