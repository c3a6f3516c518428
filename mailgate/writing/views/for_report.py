"""What a template reads of a report: figures as finished text, bars as shares of their full length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from zoneinfo import ZoneInfo

from mailgate.figures import DIMENSIONS, Attainment, Figures, Report, Satisfaction, Times
from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Config
from mailgate.writing.report_text import as_text, duration, percent, period, titles
from mailgate.writing.views.views import BarView, ReportView, RowView, TableView

_COLUMNS = ("opened", "resolved", "in time", "answer in time", "open", "overdue")
_TIMES = ("median", "90 % within", "in business hours", "90 % within")
_ROWS = 12  # of one table: Gmail cuts a mail off after 102 kB of HTML
_BACKLOG = 36  # columns of the chart; of a longer period every few days are one


def report_view(report: Report, config: Config, zone: ZoneInfo) -> ReportView:
    """Return what a reader in `zone` reads."""
    agents = {key: agent.name for key, agent in config.agents.items()}
    totals = report.totals
    return ReportView(
        period=period(report, zone),
        scope=report.scope,
        counts=tuple(_counts(totals)),
        attainment=(
            _attained("Resolved in time", totals.resolved_in_time),
            _attained("First answered in time", totals.first_answered_in_time),
        ),
        satisfaction=tuple(_said_of_help(totals.satisfaction)),
        backlog=tuple(_backlog(report)),
        backlog_said=_said(totals.backlog),
        times=TableView(
            "How long it took",
            _TIMES,
            (_times("First answer", totals.first_response), _times("Resolution", totals.resolution)),
        ),
        tables=tuple(_tables(report, agents)),
        text=as_text(report, zone, agents),
    )


def _counts(found: Figures) -> Iterator[BarView]:
    yield BarView("opened", str(found.opened))
    yield BarView("resolved", str(found.resolved), f"{found.reopened} reopened" if found.reopened else "")
    yield BarView("open now", str(found.open_now))
    yield BarView("overdue now", str(found.overdue_now))


def _attained(label: str, attained: Attainment) -> BarView:
    share = attained.share
    hint = f"{attained.met} of {attained.targets}" if attained.targets else "nothing had a target"
    return BarView(label, percent(attained), hint, None if share is None else round(share * 100))


def _said_of_help(said: Satisfaction) -> Iterator[BarView]:
    for word in ("good", "okay", "bad") if said.count else ():
        count = getattr(said, word)
        yield BarView(word, str(count), f"{count / said.count:.0%}", round(count * 100 / said.count))


def _backlog(report: Report) -> Iterator[BarView]:
    """Columns of the chart: the last day of every few, so that the newest one is always there."""
    backlog = report.totals.backlog
    every = ceil(len(backlog) / _BACKLOG) or 1
    highest = max((*backlog, 1))
    for index in range((len(backlog) - 1) % every, len(backlog), every):
        day, count = report.days[index], backlog[index]
        yield BarView(ENGLISH.short_day(day), str(count), percent=round(count * 100 / highest))


def _said(backlog: Sequence[int]) -> str:
    if not backlog:
        return "no days"
    return f"{min(backlog)} to {max(backlog)} a day, {backlog[-1]} at the end"


def _times(label: str, times: Times) -> RowView:
    spreads = (times.elapsed, times.business)
    return RowView(label, tuple(BarView("", duration(each)) for one in spreads for each in (one.median, one.p90)))


def _tables(report: Report, agents: Mapping[str, str]) -> Iterator[TableView]:
    for dimension in DIMENSIONS:
        names = agents if dimension == "agent" else {}
        kept = _busiest(report.by[dimension])
        left = len(report.by[dimension]) - len(kept)
        rows = tuple(
            RowView(names.get(name, name) or f"(no {dimension})", _cells(report.by[dimension][name])) for name in kept
        )
        if rows:
            yield TableView(titles(dimension), _COLUMNS, rows, f"and {left} more" if left else "")


def _busiest(rows: Mapping[str, Figures]) -> list[str]:
    """The names with the most tickets, in their order; the text of the mail has them all."""
    by_work = sorted(rows, key=lambda name: rows[name].opened + rows[name].resolved + rows[name].open_now)
    kept = set(by_work[-_ROWS:])
    return [name for name in rows if name in kept]


def _cells(found: Figures) -> tuple[BarView, ...]:
    return (
        BarView("", str(found.opened)),
        BarView("", str(found.resolved)),
        _attained("", found.resolved_in_time),
        _attained("", found.first_answered_in_time),
        BarView("", str(found.open_now)),
        BarView("", str(found.overdue_now)),
    )
