"""An attribution on several lines: where it begins and ends among a body's lines.

What is one on a line is `attribution`'s decision; a line of the sender's own above it is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgate.reading.quotes import attribution, shape
from mailgate.reading.quotes.lines import Kind, Line

COMMAND = re.compile(r"[\s*_`~•-]{0,6}#[^\W\d_]")  # one that is no number and not escaped
_MOST_LINES = 5


def above(lines: Sequence[Line], place: int) -> int:
    """How many lines right above `place` are an attribution, blank ones included."""
    end = place
    while end > 0 and place - end <= 2 and not lines[end - 1].text.strip():
        end -= 1
    found, joined = 0, ""
    for size in range(1, _MOST_LINES + 1):
        start = end - size
        if start < 0 or lines[start].kind is not Kind.OWN or COMMAND.match(lines[start].text):
            break
        text = lines[start].text
        if not text.strip():
            continue
        apart = not lines[start + 1].text.strip()
        if joined and not attribution.goes_on(text, joined, apart=apart):
            break
        joined = f"{text} {joined}".rstrip()
        if attribution.is_attribution(joined):
            found = found or place - start
            if shape.has_date(joined):  # else its beginning stands on the lines above
                return place - start + _name_above(lines, start, joined)
    return found


def _name_above(lines: Sequence[Line], start: int, joined: str) -> int:
    """1 where the line above has name and address: "Ann <ann@…> escreveu" above "(segunda, 2/11/2026 à(s) 10:00):"."""
    name = lines[start - 1] if start else None
    if name is None or name.kind is not Kind.OWN or shape.EMAIL.search(joined) or not shape.EMAIL.search(name.text):
        return 0
    return int(attribution.is_whole(f"{name.text} {joined}"))


def certain_at(lines: Sequence[Line], place: int) -> int:
    """How many lines from `place` on are a certain attribution; it may be wrapped."""
    if attribution.is_whole(lines[place].text):
        return 1
    if memo := shape.memo_size([line.text for line in lines[place : place + shape.MAX_MEMO]]):
        return memo
    words = lines[place].text.lstrip("- ").split(None, 1)
    starts = bool(words) and words[0].lower().rstrip(".,:") in attribution.STARTS
    if not starts and (not shape.has_date(lines[place].text) or (place and lines[place - 1].text.strip())):
        return 0
    joined = ""
    for size, line in enumerate(lines[place : place + 7], 1):
        if not line.text.strip() and not shape.has_date(joined):
            return 0  # "On the first page." is a sentence, though the program's "On …, … wrote:" stands below it
        joined = f"{joined} {'> ' * line.level}{line.text}".strip()
        if len(joined) > shape.MAX_ATTRIBUTION:
            return 0
        ends = joined.endswith((":", "：", "--"))
        if ends and (attribution.is_certain(joined) if starts else attribution.is_whole(joined)):
            return 0 if any(_begins_anew(lines, place, below, size) for below in range(1, size)) else size
    return 0


def _begins_anew(lines: Sequence[Line], place: int, below: int, size: int) -> bool:
    """Whether of the lines that end as an attribution those from the one `below` the first on are one by themselves."""
    if certain_at(lines, place + below):
        return True
    upper, rest = (
        " ".join(line.text for line in some)
        for some in (lines[place : place + below], lines[place + below : place + size])
    )
    return not attribution.goes_on(upper, rest, apart=not lines[place + below - 1].text.strip())
