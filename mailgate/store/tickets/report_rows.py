"""SQL of the report: the past of each ticket, read in pieces so that no desk is too large.

It reads no text of anybody's, and events of the telling kinds alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import cast

from mailgate.rules.report.history import TELLING, Case, Opening, PastEvent, made
from mailgate.store.columns import marks, moment
from mailgate.store.db import Db, Row
from mailgate.ticket import Actor, EventKind, Json

# Tickets in memory at a time. With 500 the collector of garbage, which looks through them, takes a seventh of the time.
AT_ONCE = 150
# Of an opening where the ticket lay and with whom, which thousands have in common, and when it was due, which none has.
_OPENING = Opening._fields


def _cases(db: Db, numbers: Sequence[int]) -> list[Row]:
    columns = f"number, department, topic, priority, sla, created_at, {db.member('rest', 'first_response_by')}, overdue"
    return db.all(f"SELECT {columns} FROM ticket WHERE number IN ({marks(numbers)})", numbers)  # noqa: S608


def _events(db: Db, numbers: Sequence[int]) -> list[Row]:
    return db.all(
        f"""SELECT ticket, kind, "by", at,
            CASE kind WHEN 'opened' THEN {db.members('"after"', _OPENING)} ELSE "after" END AS "after",
            CASE kind WHEN 'split' THEN "before" WHEN 'opened' THEN {db.member('"after"', "due_at")} END AS "before"
            FROM event WHERE ticket IN ({marks(numbers)}) AND kind IN ({marks([*_KINDS])}) ORDER BY ticket, id""",  # noqa: S608
        [*numbers, *_KINDS],
    )


def concerned(db: Db, since: datetime) -> list[int]:
    """Numbers of the tickets that a report since then has to read: open or pending ones, and where anything happened.

    A ticket that is neither was done before, and stands in no figure.
    """
    # In two queries, and `+`: to give the numbers in order SQLite would read the events of all years in that order.
    # Ordered, for SQLite would look through the departments of all tickets.
    active = db.all("SELECT number FROM ticket WHERE status IN ('open', 'pending') ORDER BY number")
    changed = db.all("SELECT DISTINCT +ticket FROM event WHERE at >= ?", [since.timestamp()])
    return sorted({row[0] for row in (*active, *changed)})


def pasts(db: Db, numbers: Sequence[int]) -> Iterator[tuple[Case, list[PastEvent]]]:
    """Each of these tickets with its telling events, oldest first."""
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        found: dict[int, list[PastEvent]] = {number: [] for number in some}
        seconds, at = 0.0, moment(0.0)
        for ticket, word, by, when, after, before in _events(db, some):
            if when != seconds:  # the events of one act have one time
                seconds, at = when, moment(when)
            kind, read = _KINDS[word]
            said = read(after) if after else None
            was = json.loads(before) if kind is EventKind.SPLIT and before else before
            found[ticket].append(made(PastEvent, (kind, Actor.agent_in(by), at, said, was)))
        for number, department, topic, priority, sla, created_at, target, overdue in _cases(db, some):
            first_response_by = moment(float(target)) if target else None
            place = (department, topic, priority, sla)
            yield Case(number, *place, moment(created_at), first_response_by, bool(overdue)), found[number]


@lru_cache(maxsize=10_000)
def _opening(text: str) -> Opening:
    return Opening(*json.loads(text))


@lru_cache(maxsize=10_000)
def _said(text: str) -> Json:
    return cast("Json", json.loads(text))


def _due(text: str) -> str:
    """A time from its JSON, a string without escapes; no two events have the same, so that none is worth keeping."""
    return text[1:-1]


# The kinds that are read, and how what such an event says is read.
_KINDS: Mapping[str, tuple[EventKind, Callable[[str], Json | Opening]]] = {
    **{str(kind): (kind, _said) for kind in TELLING},
    str(EventKind.OPENED): (EventKind.OPENED, _opening),
    str(EventKind.DUE_CHANGED): (EventKind.DUE_CHANGED, _due),
}
