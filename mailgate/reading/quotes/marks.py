"""Quote marks other than a plain `>`: initials, bars, and the rests of lines that a program wrapped without a mark.

They change what kind a line is. Which lines are cut because of that is decided in `mailgate.reading.quotes.split`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mailgate.reading.quotes import attribution, attribution_lines
from mailgate.reading.quotes.lines import MAX_LINES, Kind, Line

# "AK> text": quotes that bear their author's initials or name
INITIALS = re.compile(r"^ {0,8}([A-Z][A-Za-z]{0,15})> ?")
NARROW = 40  # characters of the longest quoted line: shorter ones are wrapped by nobody
WRAPS = 2  # lines that a program wrapped for sure: then it wraps all
SENTENCE_ENDS = (".", "!", "?", ":", "。", "？", "！")
COMMAND = re.compile(r"[\s*_`~\\•-]{0,6}#")
SHORT = 2  # letters of initials; what is longer may be a prompt: "SQL> select 1"


def glued(lines: Sequence[Line]) -> str:
    """The first line like a command right below a quoted line that had room for it: who knows whose it is?"""
    width = _widest(lines)
    for above, line in pairwise(lines[:MAX_LINES]):
        below = line.kind is Kind.OWN and above.kind is Kind.QUOTE and above.level and above.text
        if below and attribution_lines.COMMAND.match(line.text) and (width < NARROW or _room(above, line) <= width):
            return line.text
    return ""


def read_initials(lines: list[Line]) -> None:
    """Quote marks with the initials of who is quoted; one alone is an arrow of the sender's.

    A name or a longer word is believed below a line that announces a quote.
    """
    seen: dict[str, list[int]] = {}
    for place, line in enumerate(lines[:MAX_LINES]):
        found = INITIALS.match(line.text) if line.kind is Kind.OWN and ">" in line.text[:26] else None
        if found:
            seen.setdefault(found[1], []).append(place)
    for name, places in seen.items():
        believed = len(places) > 1 and (len(name) <= SHORT or _is_introduced(lines, places[0]))
        for place in places if believed else ():
            text = INITIALS.sub("", lines[place].text)
            lines[place] = replace(lines[place], text=text, level=1, kind=Kind.QUOTE)


def _is_introduced(lines: Sequence[Line], place: int) -> bool:
    """Whether a quote or what announces one stands right above, but for an empty line."""
    above = next((line for line in reversed(lines[max(0, place - 2) : place]) if line.text.strip()), None)
    return above is not None and (above.kind is Kind.QUOTE or attribution.is_attribution(above.text))


def read_bars(lines: list[Line]) -> None:
    """Some programs quote with bars; below an attribution they can be nothing else."""
    open_ = False
    for place in range(1, min(len(lines), MAX_LINES)):
        line = lines[place]
        if line.kind is not Kind.OWN or not line.text.startswith("|"):
            open_ = False
        elif open_ or attribution_lines.above(lines, place):
            open_ = True
            lines[place] = replace(line, text=line.text[1:].removeprefix(" "), level=1, kind=Kind.QUOTE)


def read_wrapped(lines: list[Line]) -> None:
    """What is glued to a quoted line: the rest of a line that a program wrapped without a quote mark of its own.

    It is known by its first word, for which there was no room above; an answer that somebody typed there ends nothing
    that was cut off, unless the program is known to wrap. A line like a command is read as quoted here, see `glued`.
    """
    if _cut_wrapped(lines, _widest(lines), surely=True) >= WRAPS:
        _cut_wrapped(lines, _widest(lines), surely=False)


def _cut_wrapped(lines: list[Line], width: int, *, surely: bool) -> int:
    """Mark the rests of lines, with `surely` those that continue a sentence; how many there are."""
    rests = 0
    for place in range(1, min(len(lines), MAX_LINES)):
        line, above = lines[place], lines[place - 1]
        if line.kind is not Kind.OWN or above.kind is not Kind.QUOTE or not (above.level and above.text and line.text):
            continue
        rest = width >= NARROW and _room(above, line) > width
        if surely:
            rest = rest and not above.text.endswith(SENTENCE_ENDS) and not line.text.lstrip()[:1].isupper()
        rests += rest
        if rest or COMMAND.match(line.text):
            lines[place] = replace(line, level=above.level, kind=Kind.QUOTE)
    return rests


def _widest(lines: Sequence[Line]) -> int:
    return max((len(line.text) + 2 * line.level for line in lines[:MAX_LINES] if line.level), default=0)


def _room(above: Line, line: Line) -> int:
    return len(above.text) + 2 * above.level + 1 + len(line.text.split(None, 1)[0])
