"""SQL of the report: the past of each ticket, read in pieces so that no desk is too large.

It reads no text of anybody's, and events of the telling kinds alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

from mailgate.rules.report.history import TELLING, Case, PastEvent
from mailgate.store.columns import marks, maybe_moment, moment
from mailgate.store.db import Db, Row
from mailgate.ticket import Actor, EventKind, Json

AT_ONCE = 500  # tickets in memory at a time
_KINDS = {str(kind): kind for kind in TELLING}

_CASES = (
    "SELECT number, department, topic, priority, sla, created_at, overdue,"
    " json_extract(rest, '$.first_response_by') AS first_response_by"
    " FROM ticket WHERE number IN ({})"
)
# Of an opening where the ticket lay and with whom, which thousands have in common, and when it was due, which none has.
_OPENING = ("department", "topic", "priority", "sla", "status", "assignee")
_BEGAN = ", ".join(f"'$.{name}'" for name in _OPENING)
_EVENTS = (
    'SELECT ticket, kind, "by", at,'  # noqa: S608
    f' iif(kind = \'opened\', json_extract("after", {_BEGAN}), "after") AS "after",'
    " CASE kind WHEN 'split' THEN \"before\" WHEN 'opened' THEN json_extract(\"after\", '$.due_at') END AS \"before\""
    " FROM event WHERE ticket IN ({})"
    f" AND kind IN ({', '.join(map(repr, sorted(_KINDS)))}) ORDER BY ticket, id"
)


def concerned(db: Db, since: datetime) -> list[int]:
    """Numbers of the tickets that a report since then has to read: open or pending ones, and where anything happened.

    A ticket that is neither was done before, and stands in no figure.
    """
    sql = (
        "SELECT number FROM ticket WHERE status IN ('open', 'pending')"
        " UNION SELECT ticket FROM event WHERE at >= ? ORDER BY 1"
    )
    return [row[0] for row in db.all(sql, [since.timestamp()])]


def pasts(db: Db, numbers: Sequence[int]) -> Iterator[tuple[Case, list[PastEvent]]]:
    """Each of these tickets with its telling events, oldest first."""
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        found: dict[int, list[PastEvent]] = {number: [] for number in some}
        for ticket, kind, by, at, after, before in db.all(_EVENTS.format(marks(some)), some):
            found[ticket].append(_event(kind, Actor.parse(by), at, after, before))
        for row in db.all(_CASES.format(marks(some)), some):
            yield _case(row), found[row["number"]]


def _case(row: Row) -> Case:
    return Case(
        number=row["number"],
        department=row["department"],
        topic=row["topic"],
        priority=row["priority"],
        sla=row["sla"],
        created_at=moment(row["created_at"]),
        first_response_by=maybe_moment(row["first_response_by"]),
        overdue=bool(row["overdue"]),
    )


def _event(word: str, by: Actor, at: float, after: str | None, before: str | None) -> PastEvent:
    kind, moment_of = _KINDS[word], datetime.fromtimestamp(at, UTC)
    if kind is EventKind.OPENED:
        return PastEvent(kind, by, moment_of, {**_opening(after), "due_at": before} if after else None)
    return PastEvent(kind, by, moment_of, _said(after) if after else None, json.loads(before) if before else None)


@lru_cache(maxsize=10_000)
def _opening(text: str) -> dict[str, Json]:
    """The fields of an opening event."""
    return {name: value for name, value in zip(_OPENING, json.loads(text), strict=True) if value is not None}


@lru_cache(maxsize=10_000)
def _said(text: str) -> Json:
    return cast("Json", json.loads(text))
