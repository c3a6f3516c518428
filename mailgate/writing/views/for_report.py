"""The view of a report: figures as text, bars as shares of their full length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil
from zoneinfo import ZoneInfo

from mailgate.figures import DIMENSIONS, Attainment, Figures, Report, Satisfaction, Times
from mailgate.settings import Config
from mailgate.writing.report_text import COLUMNS, as_text, backlog_said, duration, percent, period, row_name, share
from mailgate.writing.views.views import BarView, ReportView, RowView, TableView
from mailgate.writing.views.words import Words

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=\D)")  # a narrow cell ends its line between "3 h" and "20 min", not within
_TIMES = ("median", "p90", "business_median", "p90")
_ROWS = 12  # of one table: Gmail cuts a mail off after 102 kB of HTML
_BACKLOG = 36  # columns of the chart; of a longer period every few days are one


def report_view(report: Report, config: Config, zone: ZoneInfo, own: Words) -> ReportView:
    """Return the view of a report; times in `zone`."""
    agents = {key: agent.name for key, agent in config.agents.items()}
    totals = report.totals
    took = (("first_answer", totals.first_response), ("resolution", totals.resolution))
    return ReportView(
        period=period(report, zone, own),
        scope=own.sentence(report.scope, zone),
        counts=tuple(_counts(totals, own)),
        attainment=(
            _attained("resolved_in_time", totals.resolved_in_time, own),
            _attained("answered_in_time", totals.first_answered_in_time, own),
        ),
        satisfaction=tuple(_ratings(totals.satisfaction, own)),
        backlog=tuple(_backlog(report, own)),
        backlog_said=backlog_said(totals.backlog, own),
        times=TableView(
            own.phrases["report.times"],
            tuple(own.phrases[f"report.{name}"] for name in _TIMES),
            tuple(_times(name, times, own) for name, times in took if times.count),
        ),
        tables=tuple(_tables(report, agents, own)),
        text=as_text(report, zone, agents, own),
    )


def _counts(found: Figures, own: Words) -> Iterator[BarView]:
    again = own.filled("report.reopened", count=str(found.reopened)) if found.reopened else ""
    yield BarView(own.phrases["report.opened"], str(found.opened))
    yield BarView(own.phrases["report.resolved"], str(found.resolved), again)
    yield BarView(own.phrases["report.open_now"], str(found.open_now))
    yield BarView(own.phrases["report.overdue_now"], str(found.overdue_now))


def _attained(name: str, attained: Attainment, own: Words) -> BarView:
    met_share = attained.share
    met, targets = str(attained.met), str(attained.targets)
    hint = own.filled("report.of", met=met, targets=targets) if attained.targets else own.phrases["report.no_target"]
    label = own.phrases[f"report.{name}"] if name else ""
    return BarView(label, percent(attained, own), hint, None if met_share is None else round(met_share * 100))


def _ratings(found: Satisfaction, own: Words) -> Iterator[BarView]:
    for word in ("good", "okay", "bad") if found.count else ():
        count = getattr(found, word)
        part = count / found.count
        yield BarView(own.phrases[f"rating.{word}"], str(count), share(part, own), round(part * 100))


def _backlog(report: Report, own: Words) -> Iterator[BarView]:
    """Columns of the chart: the last day of every few, so that the newest one is always there."""
    backlog = report.totals.backlog
    every = ceil(len(backlog) / _BACKLOG) or 1
    highest = max((*backlog, 1))
    for index in range((len(backlog) - 1) % every, len(backlog), every):
        day, count = report.days[index], backlog[index]
        yield BarView(own.dates.short_day(day), str(count), percent=round(count * 100 / highest))


def _times(name: str, times: Times, own: Words) -> RowView:
    spreads = (times.elapsed, times.business)
    spans = (duration(each, own) for one in spreads for each in (one.median, one.p90))
    cells = (BarView("", _BEFORE_UNIT.sub("\xa0", each)) for each in spans)
    return RowView(own.phrases[f"report.{name}"], tuple(cells))


def _tables(report: Report, agents: Mapping[str, str], own: Words) -> Iterator[TableView]:
    for dimension in DIMENSIONS:
        names = agents if dimension == "agent" else {}
        kept = _busiest(report.by[dimension])
        left = len(report.by[dimension]) - len(kept)
        rows = tuple(RowView(row_name(name, names, own), _cells(report.by[dimension][name], own)) for name in kept)
        if rows:
            more = own.filled("report.more", count=str(left)) if left else ""
            headings = tuple(own.phrases[f"report.{column}"] for column in COLUMNS)
            yield TableView(own.phrases[f"report.by_{dimension}"], headings, rows, more)


def _busiest(rows: Mapping[str, Figures]) -> list[str]:
    """The names with the most tickets, in their order; the text of the mail has them all."""
    by_work = sorted(rows, key=lambda name: rows[name].opened + rows[name].resolved + rows[name].open_now)
    kept = set(by_work[-_ROWS:])
    return [name for name in rows if name in kept]


def _cells(found: Figures, own: Words) -> tuple[BarView, ...]:
    return (
        BarView("", str(found.opened)),
        BarView("", str(found.resolved)),
        _attained("", found.resolved_in_time, own),
        _attained("", found.first_answered_in_time, own),
        BarView("", str(found.open_now)),
        BarView("", str(found.overdue_now)),
    )
