"""Figures as people say them: durations, shares, the backlog as a line. For terminal and mail alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from mailgate.figures import DIMENSIONS, Attainment, Figures, Report, Satisfaction
from mailgate.rules.text.moments import ENGLISH

NONE = "–"
_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60  # columns of the backlog's line; a longer period shows its last days


def titles(dimension: str) -> str:
    """The heading above a dimension's rows."""
    return {"agent": "By agent", "topic": "By help topic"}.get(dimension, f"By {dimension}")


def period(report: Report, zone: ZoneInfo) -> str:
    """The period of a report, as its heading: "Mon 16 Nov 2026, 08:00 CET to Mon 23 Nov 2026, 08:00 CET"."""
    return f"{ENGLISH.moment(report.since, zone)} to {ENGLISH.moment(report.until, zone)}"


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


_COLUMNS = ("opened", "resolved", "in time", "answered in time", "open", "overdue")


_NAME = 20  # columns of a name: a table line of 74, some of which begin with a blank, is broken by no mail


def as_text(report: Report, zone: ZoneInfo, agents: Mapping[str, str]) -> str:
    """The whole report, at most 74 columns wide; times in `zone`, agents by the names in `agents` (key → name)."""
    lines = [period(report, zone), report.scope, "", *_totals(report.totals)]
    for dimension in DIMENSIONS:
        rows = report.by[dimension]
        if rows:
            lines += ["", titles(dimension), *_table(dimension, rows, agents if dimension == "agent" else {})]
    return "\n".join(lines)


def _totals(found: Figures) -> Iterator[str]:
    yield f"Opened {found.opened}, resolved {found.resolved}, closed {found.closed}, reopened {found.reopened}"
    yield f"Open now {found.open_now}, of these overdue {found.overdue_now}"
    if found.set_aside:
        yield f"Merged or spam {found.set_aside}"
    for label, attained in (
        ("Resolved in time", found.resolved_in_time),
        ("First answered in time", found.first_answered_in_time),
    ):
        yield f"{label} {percent(attained)} ({attained.met} of {attained.targets})"
    for label, times in (("First answer", found.first_response), ("Resolution", found.resolution)):
        if not times.count:
            continue
        elapsed, business = times.elapsed, times.business
        yield f"{label} after {duration(elapsed.median)} (median), 90 % within {duration(elapsed.p90)}"
        yield f"  in business hours {duration(business.median)}, 90 % within {duration(business.p90)}"
    if found.satisfaction.count:
        said = found.satisfaction
        yield f"Requesters said good {said.good}, okay {said.okay}, bad {said.bad}"
    yield backlog_line(found.backlog).capitalize()


def _table(dimension: str, rows: Mapping[str, Figures], agents: Mapping[str, str]) -> Iterator[str]:
    cells = [(agents.get(name, name) or f"(no {dimension})", _cells(found)) for name, found in rows.items()]
    yield _line("", _COLUMNS)
    for name, values in cells:
        yield from _folded(name)[:-1]
        yield _line(_folded(name)[-1], values)


def _cells(found: Figures) -> Sequence[str]:
    return (
        str(found.opened),
        str(found.resolved),
        percent(found.resolved_in_time),
        percent(found.first_answered_in_time),
        str(found.open_now),
        str(found.overdue_now),
    )


def _line(name: str, cells: Sequence[str]) -> str:
    widths = (max(len(heading), 4) for heading in _COLUMNS)
    return name.ljust(_NAME) + "".join(f" {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _folded(name: str) -> list[str]:
    """A long name on several lines."""
    return [name[at : at + _NAME] for at in range(0, len(name), _NAME)]
