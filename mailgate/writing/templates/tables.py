"""Text in columns → tables, for the HTML of an answer: `#list`, `#search`, `#show`, reports.

The text is what was decided; this only looks at its form. What is no clear table stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_COLUMNS = 3  # as few may happen by chance
_START = re.compile(r"(?:^|(?<=  ))\S")
_ALIGNED = re.compile(r"\S {2,}\S")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text: a table with a head, lines whose blanks matter, or plain paragraphs."""

    text: str = ""
    aligned: bool = False
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def blocks(text: str) -> tuple[Block, ...]:
    """The pieces of a text, which empty lines divide; nothing of it is left out."""
    pieces = (piece.strip("\n") for piece in re.split(r"\n[ \t]*\n", text))
    return tuple(block for piece in pieces if piece.strip() for block in _read(piece.split("\n")))


def _read(lines: Sequence[str]) -> tuple[Block, ...]:
    starts = [found.start() for found in _START.finditer(lines[0])]
    rows = 1
    while len(starts) >= _COLUMNS and rows < len(lines) and _fits(lines[rows], starts):
        rows += 1
    if rows < 2:
        text = "\n".join(lines)
        return (Block(text, bool(_ALIGNED.search(text))),)
    cells = tuple(_cells(line, starts) for line in lines[:rows])
    table = Block(head=cells[0], rows=cells[1:])
    return (table, Block("\n".join(lines[rows:]))) if lines[rows:] else (table,)


def _fits(line: str, starts: Sequence[int]) -> bool:
    """Whether something stands at the start of each column, behind two blanks."""
    at_left = bool(line[:1].strip()) and len(line) > starts[-1]
    return at_left and all(line[at - 2 : at] == "  " and line[at] != " " for at in starts[1:])


def _cells(line: str, starts: Sequence[int]) -> tuple[str, ...]:
    ends = (*starts[1:], len(line))
    return tuple(line[start:end].strip() for start, end in zip(starts, ends, strict=True))
