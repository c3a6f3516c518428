"""Signatures: the block below "-- ", and the lines that phones and mail programs add.

A sentence is none. Where unsure it cuts less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile, takewhile

from mailgate.reading.quotes import device_lines
from mailgate.reading.quotes.lines import MAX_LINES, Kind, Line, first_own, is_own, says_something

MAX_SIGNATURE = 12  # lines
SENTENCE = 5  # words of a line that ends like a sentence, and
POSTSCRIPT = re.compile(r"P\.? ?S\b[.:]?", re.IGNORECASE)  # of the text, although it stands below the signature
PLAIN = 3  # words of a line without any capital, number or address, and
LONG = 14  # words of any line: then it is no line of a signature


def cut(lines: list[Line], *, strictly: bool, alone: bool) -> None:
    """The block below "-- " (RFC 3676 4.3), and the line that a telephone adds; never all that there is (`alone`)."""
    first = first_own(lines)
    looking = True  # one signature above each quote: the last; further "--" above it divide a text
    for place in range(min(len(lines), MAX_LINES) - 1, 0, -1):
        line = lines[place]
        if line.kind is Kind.QUOTE:
            looking = True
        elif looking and line.kind is Kind.OWN and line.text in {"--", "-- "}:
            looking = False
            end = _signature_end(lines, place)
            sure = line.text == "-- " and not strictly
            if end and first < place and (sure or _is_signature(lines[place + 1 : end])):
                _sign(lines, place, end)
    for place in range(min(len(lines), MAX_LINES) - 1, -1, -1):
        line = lines[place]
        if line.kind is not Kind.OWN or not says_something(line.text):
            continue
        if (alone and first >= place) or not _is_device_line(lines, place, followed=not alone):
            return
        _sign(lines, place, place + 1)


def cut_address(lines: list[Line], author: str) -> None:
    """The author's own address as the last line that they wrote: Foxmail puts it between text and history."""
    first = first_own(lines)
    last = next((place for place in range(min(len(lines), MAX_LINES) - 1, first, -1) if is_own(lines[place])), first)
    if first < last and author and lines[last].text[:400].strip(" <>\t").lower() == author:
        _sign(lines, last, last + 1)


def of(lines: Sequence[Line]) -> str:
    """The first signature that was cut, without its `-- ` and without the line of a telephone."""
    below = dropwhile(lambda line: line.kind is not Kind.SIGNATURE, lines)
    signed = takewhile(lambda line: line.kind is Kind.SIGNATURE or not line.text.strip(), below)
    texts = (line.text.rstrip() for line in signed)
    said = [text for text in texts if text != "--" and not device_lines.is_device_line(text)]
    return "\n".join(said).strip("\n")


def _is_device_line(lines: Sequence[Line], place: int, *, followed: bool) -> bool:
    """By its words; or, in any language, as a paragraph of its own between the author's words and quoted mail."""
    text = lines[place].text
    if device_lines.is_device_line(text):
        return True
    apart = place > 0 and not lines[place - 1].text.strip() and device_lines.may_be_device_line(text)
    return apart and (followed or any(line.kind is Kind.QUOTE for line in lines[place + 1 :]))


def _is_signature(lines: Sequence[Line]) -> bool:
    """Whether lines say who somebody is: names, numbers, addresses; a sentence among them is a text's."""
    for line in lines:
        words = line.text.split()
        if len(words) >= PLAIN and line.text.isascii() and line.text.replace(" ", "").isalpha() and line.text.islower():
            return False
        if len(words) > LONG or (len(words) >= SENTENCE and words[-1].endswith((".", "!", "?", "。", "？"))):
            return False
    return True


def _signature_end(lines: Sequence[Line], place: int) -> int:
    """Where the signature that begins at `place` ends; 0 when it is too long for one."""
    written = 0
    for end in range(place + 1, len(lines)):
        if lines[end].kind is not Kind.OWN or (not lines[end - 1].text.strip() and POSTSCRIPT.match(lines[end].text)):
            return end
        written += bool(lines[end].text.strip())
        if written > MAX_SIGNATURE or end - place > 4 * MAX_SIGNATURE:
            return 0
    return len(lines)


def _sign(lines: list[Line], start: int, end: int) -> None:
    for place in range(start, end):
        lines[place] = replace(lines[place], kind=Kind.SIGNATURE)
