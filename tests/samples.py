"""Many small mails in one file: tests/cases/programs.

A sample begins with a line `#### its name`; below stand `key: value` lines for the test that reads it, an empty
line, and the mail or text itself, whose last line ends where the next sample begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "cases/programs"
BEGINS = "#### "


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail or text, and what a test must know about it."""

    facts: dict[str, str]
    text: str


def samples(file: str) -> dict[str, Sample]:
    """The samples of a file, by name."""
    found: dict[str, Sample] = {}
    for part in f"\n{(FOLDER / file).read_text(encoding='utf-8')}".split(f"\n{BEGINS}")[1:]:
        name, _, rest = part.partition("\n")
        head, _, text = rest.partition("\n\n") if not rest.startswith("\n") else ("", "", rest[1:])
        facts = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in head.splitlines())
        assert name not in found, name
        found[name] = Sample(facts, text)
    return found
