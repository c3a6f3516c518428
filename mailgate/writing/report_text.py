"""Figures as people say them: durations, shares, the backlog as a line. For terminal and mail alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.figures import Attainment, Satisfaction

NONE = "–"
_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60  # columns of the backlog's line; a longer period shows its last days


def titles(dimension: str) -> str:
    """The heading above a dimension's rows."""
    return {"agent": "By agent", "topic": "By help topic"}.get(dimension, f"By {dimension}")


def when(at: datetime, zone: ZoneInfo) -> str:
    """A moment as it stands in a heading: "Mon 23 Nov 2026, 08:00 CET"."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def duration(seconds: float | None) -> str:
    """Seconds as people say them: "45 s", "12 min", "3 h 20 min", "2 d 4 h"; "–" for none."""
    if seconds is None:
        return NONE
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    units = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join([f"{count} {unit}" for count, unit in units if count][:2])


def percent(attained: Attainment) -> str:
    """A share in whole per cent; "100%" only where all was in time, "–" where nothing had a target."""
    if attained.share is None:
        return NONE
    whole = round(attained.share * 100)
    return f"{min(whole, 99) if attained.met < attained.targets else whole}%"


def satisfied(said: Satisfaction) -> str:
    """The share of "good" among how many words: "80% of 5", "–" where nobody said anything."""
    return NONE if said.share is None else f"{said.share:.0%} of {said.count}"


def backlog_line(backlog: Sequence[int]) -> str:
    """The backlog of each day as a line of bars: "backlog ▁▃█ 2 to 9 a day, 9 at the end"."""
    if not backlog:
        return "backlog: no days"
    shown = backlog[-_WIDEST:]
    highest = max(*shown, 1)
    bars = "".join(_BARS[count * (len(_BARS) - 1) // highest] for count in shown)
    return f"backlog {bars} {min(shown)} to {max(shown)} a day, {shown[-1]} at the end"
