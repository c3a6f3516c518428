"""SQL of the report: the past of each ticket, read in pieces so that no desk is too large.

It reads no text of anybody's, and events of the telling kinds alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import cast

from mailgate.model import EventKind, Json
from mailgate.report.history import TELLING, Case, Fact
from mailgate.store.columns import marks, maybe_moment, moment
from mailgate.store.db import Db, Row

AT_ONCE = 500  # tickets in memory at a time
_KINDS = {str(kind): kind for kind in TELLING}

_CASES = (
    "SELECT number, department, topic, priority, sla, created_at, overdue,"
    " json_extract(rest, '$.first_response_by') AS first_response_by"
    " FROM ticket WHERE number IN ({})"
)
_EVENTS = (
    'SELECT ticket, kind, "by", at, "after", iif(kind = \'split\', "before", NULL) AS "before"'  # noqa: S608
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


def pasts(db: Db, numbers: Sequence[int]) -> Iterator[tuple[Case, list[Fact]]]:
    """Each of these tickets with its telling events, oldest first."""
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        found: dict[int, list[Fact]] = {number: [] for number in some}
        for row in db.all(_EVENTS.format(marks(some)), some):
            found[row["ticket"]].append(_fact(row))
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


def _fact(row: Row) -> Fact:
    kind, after = _KINDS[row["kind"]], row["after"]
    if after:
        # An opening is told once; of the others thousands say the same.
        after = json.loads(after) if kind is EventKind.OPENED else _said(after)
    before = json.loads(row["before"]) if row["before"] else None
    return Fact(kind, row["by"], moment(row["at"]), after, before)


@lru_cache(maxsize=10_000)
def _said(text: str) -> Json:
    return cast("Json", json.loads(text))
