"""The report as tables on a terminal.

Import it late: rich takes long to load and is needed only here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.figures import DIMENSIONS, Figures, Report
from mailgate.writing.report_text import backlog_line, duration, percent, period, satisfied
from mailgate.writing.views.words import Words

_Columns = tuple[tuple[str, Callable[[Figures, Words], str]], ...]
_TABLES: tuple[tuple[str, _Columns], ...] = (
    (
        "Tickets",
        (
            ("opened", lambda found, _: _count(found.opened)),
            ("resolved", lambda found, _: _count(found.resolved)),
            ("closed", lambda found, _: _count(found.closed)),
            ("reopened", lambda found, _: _count(found.reopened)),
            ("open now", lambda found, _: _count(found.open_now)),
            ("overdue", lambda found, _: _count(found.overdue_now)),
            ("said good", lambda found, own: satisfied(found.satisfaction, own)),
        ),
    ),
    (
        "First answers",
        (
            ("given", lambda found, _: _count(found.first_response.count)),
            ("in time", lambda found, own: percent(found.first_answered_in_time, own)),
            ("median", lambda found, own: duration(found.first_response.elapsed.median, own)),
            ("90%", lambda found, own: duration(found.first_response.elapsed.p90, own)),
            ("business hours (median)", lambda found, own: duration(found.first_response.business.median, own)),
        ),
    ),
    (
        "Resolutions",
        (
            ("resolved", lambda found, _: _count(found.resolved)),
            ("in time", lambda found, own: percent(found.resolved_in_time, own)),
            ("median", lambda found, own: duration(found.resolution.elapsed.median, own)),
            ("90%", lambda found, own: duration(found.resolution.elapsed.p90, own)),
            ("business hours (median)", lambda found, own: duration(found.resolution.business.median, own)),
        ),
    ),
)


def show(report: Report, zone: ZoneInfo, console: Console, own: Words, agents: Mapping[str, str] | None = None) -> None:
    """Print the report; times in `zone`, agents by the names in `agents` (key → name)."""
    console.print(Text(period(report, zone, own), style="bold"))
    for title, columns in _TABLES:
        console.print(_table(title, columns, report, own, agents or {}))
    console.print(Text(backlog_line(report.totals.backlog, own)))


def _table(title: str, columns: _Columns, report: Report, own: Words, agents: Mapping[str, str]) -> Table:
    """One table: the whole desk, then each dimension's rows below its name."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", overflow="fold")
    for heading, _ in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, found in _rows(report, agents):
        table.add_row(name, *(Text(cell(found, own)) for _, cell in columns) if found else ())
    return table


def _rows(report: Report, agents: Mapping[str, str]) -> Iterator[tuple[Text, Figures | None]]:
    yield Text("the whole desk"), report.totals
    for dimension in DIMENSIONS:
        names = agents if dimension == "agent" else {}
        if report.by[dimension]:
            yield Text(f"by {dimension}", style="italic dim"), None
        for name, found in report.by[dimension].items():
            yield Text(f"  {names.get(name, name) or f'(no {dimension})'}"), found


def _count(number: int) -> str:
    return str(number) if number else "·"
