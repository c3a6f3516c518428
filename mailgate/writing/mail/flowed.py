"""Text as `format=flowed` (RFC 3676): lines of mail width that a reader's program joins again.

The other way round is `mailgate.reading.encodings.flowed`. It breaks at blanks alone: a word that is
too long for a line, such as a link, stays whole.
"""

from __future__ import annotations

import re

WIDTH = 76  # RFC 3676 4.2: 78 at most, the blank at a soft end included
_QUOTE = re.compile(r"(?:> ?)+")
_STUFFED = (" ", ">", "From ")  # RFC 3676 4.4: what would be read as something else begins with one more blank
_SIGNATURE = "-- "
_LABEL = 40  # characters


def flow(text: str) -> str:
    """Return the text in lines of at most `WIDTH` characters where blanks allow it.

    Leading `>` are quote marks; blanks at the end of a line are dropped, but for the
    signature's line (RFC 3676 4.3).
    """
    lines: list[str] = []
    for line in text.split("\n"):
        if len(line) <= WIDTH and line[:1] not in {" ", ">", "F"} and line[-1:] != " ":
            lines.append(line)
        else:
            lines += _lines(line)
    return "\n".join(lines)


def _lines(line: str) -> list[str]:
    """One line of text as lines on the wire; all but the last end in a blank."""
    if line == _SIGNATURE:
        return [line]
    quote = _QUOTE.match(line)
    if not quote:
        pieces = _pieces(line.rstrip(" "), WIDTH - 1)
        return [f" {piece}" if piece.startswith(_STUFFED) else piece for piece in pieces]
    marks = ">" * line.count(">", 0, quote.end())
    pieces = _pieces(line[quote.end() :].rstrip(" "), WIDTH - len(marks) - 1)
    return [f"{marks} {piece}" if piece else marks for piece in pieces]


def _pieces(content: str, width: int) -> list[str]:
    """Break at blanks; the blank stays at the end of its line."""
    pieces: list[str] = []
    start, length = 0, len(content)
    while length - start >= width:
        cut = content.rfind(" ", start, start + width)
        if cut < 0:
            cut = content.find(" ", start + width)
        elif _stays(content, start, cut, width):
            cut = content.find(" ", cut + 1)
        if cut < 0:
            break
        pieces.append(content[start : cut + 1])
        start = cut + 1
    pieces.append(content[start:])
    return pieces


def _stays(content: str, start: int, cut: int, width: int) -> bool:
    """Must the word after `cut` stay beside what is before it?"""
    if content[start:cut] == "--":  # alone on a line that would begin a signature
        return True
    end = content.find(" ", cut + 1)
    word = (len(content) if end < 0 else end) - cut - 1
    return word >= width and cut - start <= _LABEL  # a link that fits no line stays with its label
