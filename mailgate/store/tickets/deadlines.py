"""SQL of the deadlines: a row a step of a ticket's SLA clock, with an index on its time.

What a step means and when it comes is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailgate.store.columns import moment
from mailgate.store.db import Db


def any_due(db: Db, now: datetime) -> bool:
    """True when a deadline has come."""
    return db.one("SELECT 1 FROM deadline WHERE at <= ? LIMIT 1", [now.timestamp()]) is not None


def due(db: Db, now: datetime, limit: int) -> list[tuple[int, str, datetime]]:
    """(ticket, step, when) of what is due by `now`, earliest first."""
    rows = db.all(
        "SELECT ticket, step, at FROM deadline WHERE at <= ? ORDER BY at, ticket LIMIT ?", [now.timestamp(), limit]
    )
    return [(row["ticket"], row["step"], moment(row["at"])) for row in rows]


def is_still_due(db: Db, number: int, step: str, now: datetime) -> bool:
    """True while this deadline of a ticket is due: another step may have moved or ended it."""
    sql = "SELECT 1 FROM deadline WHERE ticket = ? AND step = ? AND at <= ?"
    return db.one(sql, [number, step, now.timestamp()]) is not None


def put_off(db: Db, number: int, step: str, to: datetime) -> None:
    """Try a deadline again later."""
    db.send("UPDATE deadline SET at = ? WHERE ticket = ? AND step = ?", [to.timestamp(), number, step])


def replace(db: Db, number: int, steps: Iterable[tuple[str, datetime]]) -> None:
    """The deadlines of a ticket from now on: (step, when)."""
    db.send("DELETE FROM deadline WHERE ticket = ?", [number])
    db.many(
        "INSERT INTO deadline (ticket, step, at) VALUES (?, ?, ?)",
        [(number, step, at.timestamp()) for step, at in steps],
    )
