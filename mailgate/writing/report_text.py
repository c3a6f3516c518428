"""A report as text, in one language: durations, shares, the backlog as a line. For terminal and mail alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from zoneinfo import ZoneInfo

from mailgate.figures import DIMENSIONS, Attainment, Figures, Report, Satisfaction
from mailgate.phrase import phrase
from mailgate.writing.views.words import Words

NONE = "–"
COLUMNS = ("opened", "resolved", "in_time", "answered", "open", "overdue")  # names in [report] of words.toml
_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60  # columns of the backlog's line; a longer period shows its last days
_NAME = 20  # columns of a name: a table line of 74, some of which begin with a blank, is broken by no mail


def period(report: Report, zone: ZoneInfo, own: Words) -> str:
    """The period of a report: "Mon 16 Nov 2026, 08:00 CET to Mon 23 Nov 2026, 08:00 CET"."""
    return own.text(phrase("report.period", since=report.since, until=report.until), zone)


def duration(seconds: float | None, own: Words) -> str:
    """A duration in at most two units: "45 s", "12 min", "3 h 20 min", "2 d 4 h"; "–" for none."""
    if seconds is None:
        return NONE
    if seconds < 59.5:
        return own.filled("duration.seconds", count=f"{seconds:.0f}")
    minutes = round(seconds / 60)
    units = ((minutes // 1440, "days"), (minutes // 60 % 24, "hours"), (minutes % 60, "minutes"))
    return " ".join([own.filled(f"duration.{unit}", count=str(count)) for count, unit in units if count][:2])


def percent(attained: Attainment, own: Words) -> str:
    """A share in whole per cent; "100%" only where all was in time, "–" where nothing had a target."""
    if attained.share is None:
        return NONE
    whole = round(attained.share * 100)
    return own.filled("report.percent", count=str(min(whole, 99) if attained.met < attained.targets else whole))


def share(of_one: float, own: Words) -> str:
    """A share of 1 in whole per cent."""
    return own.filled("report.percent", count=f"{of_one * 100:.0f}")


def satisfied(found: Satisfaction, own: Words) -> str:
    """The share of "good" among the ratings: "80% of 5"; "–" where there are none."""
    if found.share is None:
        return NONE
    return own.filled("report.share", share=share(found.share, own), count=str(found.count))


def backlog_said(backlog: Sequence[int], own: Words) -> str:
    """The range of the backlog and its end: "2 to 9 a day, 9 at the end"."""
    if not backlog:
        return own.phrases["report.no_days"]
    return own.filled("report.a_day", low=str(min(backlog)), high=str(max(backlog)), last=str(backlog[-1]))


def backlog_line(backlog: Sequence[int], own: Words) -> str:
    """The backlog of each day as a line of bars: "Backlog ▁▃█ 2 to 9 a day, 9 at the end"."""
    shown = backlog[-_WIDEST:]
    highest = max((*shown, 1))
    bars = "".join(_BARS[count * (len(_BARS) - 1) // highest] for count in shown)
    return " ".join(filter(None, (own.phrases["report.backlog"], bars, backlog_said(shown, own))))


def row_name(name: str, agents: Mapping[str, str], own: Words) -> str:
    """The name of a row; `agents` are names by key, where the rows are agents."""
    return agents.get(name, name) or own.phrases["report.nobody"]


def as_text(report: Report, zone: ZoneInfo, agents: Mapping[str, str], own: Words) -> str:
    """The whole report, at most 74 columns wide; times in `zone`, agents by the names in `agents` (key → name)."""
    lines = [period(report, zone, own), own.sentence(report.scope, zone), "", *_totals(report.totals, own)]
    for dimension in DIMENSIONS:
        rows = report.by[dimension]
        if rows:
            names = agents if dimension == "agent" else {}
            lines += ["", own.phrases[f"report.by_{dimension}"], *_table(rows, names, own)]
    return "\n".join(lines)


def _totals(found: Figures, own: Words) -> Iterator[str]:
    def line(name: str, **values: int | str) -> str:
        return own.filled(f"report.{name}", **{key: str(value) for key, value in values.items()})

    yield line("moves", opened=found.opened, resolved=found.resolved, closed=found.closed, reopened=found.reopened)
    yield line("open_line", open=found.open_now, overdue=found.overdue_now)
    if found.set_aside:
        yield line("set_aside", count=found.set_aside)
    for name, attained in (
        ("resolved_in_time", found.resolved_in_time),
        ("answered_in_time", found.first_answered_in_time),
    ):
        label = own.phrases[f"report.{name}"]
        if not attained.targets:
            yield own.filled("fact.because", what=label, reason=own.phrases["report.no_target"])
            continue
        yield line("attained", label=label, share=percent(attained, own), met=attained.met, targets=attained.targets)
    for name, times in (("first_answer", found.first_response), ("resolution", found.resolution)):
        if times.count:
            for kind, spread in (("spread", times.elapsed), ("business", times.business)):
                median, p90 = duration(spread.median, own), duration(spread.p90, own)
                yield line(kind, label=own.phrases[f"report.{name}"], median=median, p90=p90)
    if said := found.satisfaction.count and found.satisfaction:
        yield line("ratings", good=said.good, okay=said.okay, bad=said.bad)
    yield backlog_line(found.backlog, own)


def _table(rows: Mapping[str, Figures], agents: Mapping[str, str], own: Words) -> Iterator[str]:
    headings = [own.phrases[f"report.{column}"] for column in COLUMNS]
    widths = [max(len(heading), 4) for heading in headings]
    yield _line("", headings, widths)
    for name, found in rows.items():
        *above, last = wrap(row_name(name, agents, own), _NAME)
        yield from above
        yield _line(last, _cells(found, own), widths)


def _cells(found: Figures, own: Words) -> Sequence[str]:
    return (
        str(found.opened),
        str(found.resolved),
        percent(found.resolved_in_time, own),
        percent(found.first_answered_in_time, own),
        str(found.open_now),
        str(found.overdue_now),
    )


def _line(name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    return name.ljust(_NAME) + "".join(f" {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
