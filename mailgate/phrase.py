"""What mailgate says, by name and with its values, before it is written in a reader's language and time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A moment (aware) that is written as its day: "Fri 20 Nov 2026"."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Short:
    """A moment (aware) that is written without year and zone, for tables: "Fri 20 Nov 13:00"."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """Values of which one is meant: "Ann Reyes or Anna Ray"."""

    among: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase by its name in `words.toml`, and the values that its `{names}` stand for."""

    name: str
    values: tuple[tuple[str, Value], ...] = ()


# Text as it is; a moment (aware), written in full; another phrase; several values, joined with commas.
Value = str | datetime | Day | Short | Choice | Phrase | tuple["Value", ...]
Sentence = str | Phrase  # text: words of a person or of the configuration


def phrase(name: str, /, **values: Value | int) -> Phrase:
    """The phrase with these values; numbers become text."""
    return Phrase(name, tuple((key, str(value) if isinstance(value, int) else value) for key, value in values.items()))
