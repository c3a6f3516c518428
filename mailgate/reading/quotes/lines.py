"""A line of a body and what it is: what the readers of text and of HTML hand over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_LINES = 20_000  # lines beyond are not looked at, and own where no container marks them: unread is not cut
ORNAMENT = re.compile(r"^[\s\-*#~=_+ᐧ—–.]*$")


class Kind(StrEnum):
    """What a line is to the person who sent the mail."""

    OWN = "own"
    QUOTE = "quote"  # quoted mail, and what introduces it
    ANSWER = "answer"  # what the sender wrote into quoted mail, in a colour of their own
    SIGNATURE = "signature"
    FOOTER = "footer"  # what a gateway, a company or a list added


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its quote marks; `level` counts those."""

    text: str
    level: int = 0
    kind: Kind = Kind.OWN
    pictures: tuple[str, ...] = ()  # Content-IDs of what a page shows on it, or below it on a line of its own
    colours: frozenset[str] = frozenset()  # in which a page writes it: "red", "blue"

    def __str__(self) -> str:
        """The line with its quote marks."""
        return f"{'> ' * self.level}{self.text}".rstrip()


def says_something(text: str) -> bool:
    """Whether a line has words, unlike an empty one or an ornament."""
    return bool(text.strip()) and not ORNAMENT.match(text[:200])


def first_own(lines: Sequence[Line]) -> int:
    """Where the sender first says something; the number of lines when nowhere."""
    return next((place for place, line in enumerate(lines) if is_own(line)), len(lines))


def is_own(line: Line) -> bool:
    """Whether the sender says something on a line."""
    return line.kind is Kind.OWN and says_something(line.text)
