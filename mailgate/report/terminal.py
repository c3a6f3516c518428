"""The report as tables for a terminal. It lays out figures and counts none.

Import it late: rich is needed by people at a terminal only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.report.figures import DIMENSIONS, Figures, Report, Times

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60  # columns of the backlog's line; a longer period shows its last days

_Cell = Callable[[Figures], str]
_WORK: tuple[tuple[str, _Cell], ...] = (
    ("opened", lambda found: _count(found.opened)),
    ("resolved", lambda found: _count(found.resolved)),
    ("closed", lambda found: _count(found.closed)),
    ("reopened", lambda found: _count(found.reopened)),
    ("open now", lambda found: _count(found.open_now)),
    ("overdue", lambda found: _count(found.overdue_now)),
    ("resolved in time", lambda found: _share(found.resolved_in_time, found.resolved_with_target)),
    ("answered in time", lambda found: _share(found.first_answered_in_time, found.first_answered_with_target)),
)
_TIMES: tuple[tuple[str, _Cell], ...] = (
    ("first answer", lambda found: _middle(found.first_response)),
    ("90 %", lambda found: _slow(found.first_response)),
    ("in hours", lambda found: _business(found.first_response)),
    ("resolution", lambda found: _middle(found.resolution)),
    ("90 %", lambda found: _slow(found.resolution)),
    ("in hours", lambda found: _business(found.resolution)),
)


def show(report: Report, zone: ZoneInfo, console: Console, agents: Mapping[str, str] | None = None) -> None:
    """Print the report; times in `zone`, agents by the names in `agents` (key → name)."""
    since, until = (at.astimezone(zone).strftime("%Y-%m-%d %H:%M") for at in (report.since, report.until))
    console.print(Text(f"{since} to {until} ({zone.key})", style="bold"))
    for title, rows in _sections(report, agents or {}):
        console.print(_table(title, "tickets", rows, _WORK))
        console.print(_table(title, "time, median", rows, _TIMES))
    console.print(Text(backlog_line(report.totals.backlog)))


def backlog_line(backlog: Sequence[int]) -> str:
    """The backlog of each day as a line of bars: "backlog ▁▃█ 2 to 9, now 9"."""
    if not backlog:
        return "backlog: no days"
    shown = backlog[-_WIDEST:]
    highest = max(*shown, 1)
    bars = "".join(_BARS[count * (len(_BARS) - 1) // highest] for count in shown)
    return f"backlog {bars} {min(shown)} to {max(shown)} a day, {shown[-1]} at the end"


def duration(seconds: float | None) -> str:
    """Seconds as people say them: "45 s", "12 min", "3 h 20 min", "2 d 4 h"; "–" for none."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    units = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join([f"{count} {unit}" for count, unit in units if count][:2])


def _sections(report: Report, agents: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Figures]]]:
    yield "the whole desk", {"": report.totals}
    for dimension in DIMENSIONS:
        names = agents if dimension == "agent" else {}
        rows = {names.get(name, name) or f"(no {dimension})": found for name, found in report.by[dimension].items()}
        if rows:
            yield f"by {dimension}", rows


def _table(title: str, what: str, rows: Mapping[str, Figures], columns: Sequence[tuple[str, _Cell]]) -> Table:
    table = Table(title=f"{title}: {what}", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    if any(rows):
        table.add_column("", overflow="fold")
    for heading, _ in columns:
        table.add_column(heading, justify="right")
    for name, found in rows.items():
        cells = [Text(cell(found)) for _, cell in columns]
        table.add_row(*([Text(name)] if any(rows) else []), *cells)
    return table


def _count(number: int) -> str:
    return str(number) if number else "·"


def _share(share: float | None, of: int) -> str:
    return "–" if share is None else f"{share:.0%} of {of}"


def _middle(times: Times) -> str:
    return duration(times.elapsed.median)


def _slow(times: Times) -> str:
    return duration(times.elapsed.p90)


def _business(times: Times) -> str:
    return duration(times.business.median)
