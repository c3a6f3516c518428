"""The report for other programs: JSON, and one flat table for CSV.

Durations are seconds, shares are numbers from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailgate.figures import Figures, Report, Spread, Times
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.rules.ticket.rating import RATINGS
from mailgate.ticket import Json

_COUNTS = ("opened", "resolved", "closed", "reopened", "set_aside", "open_now", "overdue_now")
_SHARES = (("resolved_with_target", "resolved_in_time"), ("first_answered_with_target", "first_answered_in_time"))
_TIMES = ("first_response", "resolution")
_CLOCKS = ("elapsed", "business")
_PARTS = ("median", "p90")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # characters at which a spreadsheet begins a formula

COLUMNS = (
    "by",
    "name",
    *_COUNTS,
    *(name for pair in _SHARES for name in pair),
    *(f"{times}_{clock}_{part}" for times in _TIMES for clock in _CLOCKS for part in _PARTS),
    *(f"satisfaction_{word}" for word in RATINGS),
    "satisfaction",
)


def report_json(report: Report) -> dict[str, Json]:
    """The document of `report --json`; null for a row without a name and a figure without data."""
    days = [day.isoformat() for day in report.days]
    by: dict[str, Json] = {
        dimension: [{"name": name or None, **_figures(found, days)} for name, found in rows.items()]
        for dimension, rows in report.by.items()
    }
    period: dict[str, Json] = {"since": rfc3339(report.since), "until": rfc3339(report.until)}
    return {"period": period, "totals": _figures(report.totals, days), "by": by}


def report_rows(report: Report) -> Iterator[list[str]]:
    """The rows of `report --csv`: `COLUMNS`, the whole desk, then each name; "" for a figure without data."""
    yield list(COLUMNS)
    yield ["total", "", *_cells(report.totals)]
    for dimension, rows in report.by.items():
        for name, found in rows.items():
            yield [dimension, without_formula(name), *_cells(found)]


def without_formula(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would execute it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _figures(found: Figures, days: Sequence[str]) -> dict[str, Json]:
    return {
        **{name: getattr(found, name) for name in _COUNTS},
        **_shares(found),
        "first_response": _times(found.first_response),
        "resolution": _times(found.resolution),
        "satisfaction": {
            **{word: getattr(found.satisfaction, word) for word in RATINGS},
            "share": found.satisfaction.share,
        },
        "backlog": [{"day": day, "open": count} for day, count in zip(days, found.backlog, strict=True)],
    }


def _shares(found: Figures) -> dict[str, int | float | None]:
    """Both attainments, each as the number of tickets with a target and the share that met it."""
    shares: dict[str, int | float | None] = {}
    for targets, share in _SHARES:
        attained = getattr(found, share)
        shares |= {targets: attained.targets, share: attained.share}
    return shares


def _times(times: Times) -> Json:
    return {"count": times.count, "elapsed": _spread(times.elapsed), "business": _spread(times.business)}


def _spread(spread: Spread) -> Json:
    return {part: getattr(spread, part) for part in _PARTS}


def _cells(found: Figures) -> list[str]:
    counts = [getattr(found, name) for name in _COUNTS]
    spreads = [getattr(getattr(found, times), clock) for times in _TIMES for clock in _CLOCKS]
    satisfaction = [*(getattr(found.satisfaction, word) for word in RATINGS), found.satisfaction.share]
    durations = [getattr(spread, part) for spread in spreads for part in _PARTS]
    values = [*counts, *_shares(found).values(), *durations, *satisfaction]
    return ["" if value is None else f"{value:.10g}" for value in values]
