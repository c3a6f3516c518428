"""The answer to #help: what an agent must know (docs/agents.md), then every command, from the table of commands."""

from __future__ import annotations

from collections.abc import Iterator

from mailgate.notice import Answer, Columns, Lines
from mailgate.phrase import Phrase
from mailgate.rules.commands.verbs import TABLE

# The commands of every day, as they are typed, each by the name of its explanation in [guide].
EVERY_DAY = (
    ("#note", "note_it"),
    ("#claim", "claim"),
    ("#assign NAME -- why", "assign"),
    ("#transfer DEPARTMENT", "transfer"),
    ("#snooze fri", "snooze"),
    ("#resolve", "resolve"),
    ("#priority high", "priority"),
    ("#list mine", "list"),
    ("#show", "show"),
    ("#away until mon", "away"),
)
GUIDE = ("answer", "colours", "note", "first", "commands", "names", "proof")


def _rows() -> Iterator[tuple[str, Phrase]]:
    for verb in TABLE:
        for place, usage in enumerate(verb.usage, start=1):
            yield usage, Phrase(f"help.{verb.name}" if place == 1 else f"help.{verb.name}_{place}")
    yield "#end", Phrase("help.end")


def _lines(table: str, *names: str) -> Lines:
    return Lines(tuple(Phrase(f"{table}.{name}") for name in names))


HELP: tuple[Answer, ...] = (
    *(_lines("guide", name) for name in GUIDE),
    _lines("guide", "every_day"),
    Columns(tuple((typed, Phrase(f"guide.{name}")) for typed, name in EVERY_DAY)),
    _lines("guide", "all"),
    Columns(tuple(_rows())),
    _lines("help", "reason", "escape"),
)
