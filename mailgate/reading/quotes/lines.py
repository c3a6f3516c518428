"""A line of a body and what it is: what the readers of text and of HTML hand over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a line is to the person who sent the mail."""

    OWN = "own"
    QUOTE = "quote"  # quoted mail, and what introduces it
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its quote marks; `level` counts those."""

    text: str
    level: int = 0
    kind: Kind = Kind.OWN
