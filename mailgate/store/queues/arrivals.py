"""SQL of times: when the oldest mail that waits came, and whether none has come for longer than usual.

Usual is what the same hours of the last four weeks show: a weekend is compared with weekends.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mailgate.store.columns import moment
from mailgate.store.db import Db

WEEKS = 4
FEWEST = 5  # mails in the same hours of each of the weeks, for their absence to be unusual
SHORTEST = timedelta(hours=1)
_WEEK = timedelta(days=7)


def unusual_silence(db: Db, now: datetime) -> datetime | None:
    """When the last mail came, where at least `FEWEST` came in the hours since then in each of the last weeks."""
    row = db.one("SELECT received_at FROM inbox ORDER BY id DESC LIMIT 1")
    last = moment(row["received_at"]) if row else None
    if last is None or now - last < SHORTEST:
        return None
    if all(_came(db, last - week * _WEEK, now - week * _WEEK) >= FEWEST for week in range(1, WEEKS + 1)):
        return last
    return None


def _came(db: Db, after: datetime, until: datetime) -> int:
    """How many mails came between two times."""
    row = db.one(
        "SELECT count(*) FROM inbox WHERE id BETWEEN ? AND ? AND received_at > ? AND received_at <= ?",
        [_first(db, after), _first(db, until), after.timestamp(), until.timestamp()],
    )
    return int(row[0]) if row else 0


def _first(db: Db, at: datetime) -> int:
    """The id of the first mail that came at or after a time, by bisection: ids grow with the time."""
    row = db.one("SELECT min(id), max(id) FROM inbox")
    low, high = (int(row[0]), int(row[1]) + 1) if row and row[0] is not None else (0, 0)
    while low < high:
        middle = (low + high) // 2
        found = db.one("SELECT id, received_at FROM inbox WHERE id >= ? ORDER BY id LIMIT 1", [middle])
        if found is None or found["received_at"] >= at.timestamp():
            high = middle
        else:
            low = found["id"] + 1
    return low


def oldest(db: Db, now: datetime) -> dict[str, datetime | None]:
    """When the oldest mail that waits in "inbox" and "outbox" was stored; what is meant for later does not wait."""
    inbox = db.one("SELECT received_at FROM inbox WHERE state IN ('new', 'working') ORDER BY id LIMIT 1")
    outbox = db.one(
        "SELECT created_at FROM outbox WHERE state IN ('queued', 'sending') AND (attempts > 0 OR next_attempt_at <= ?)"
        " ORDER BY created_at LIMIT 1",
        [now.timestamp()],
    )
    return {"inbox": moment(inbox[0]) if inbox else None, "outbox": moment(outbox[0]) if outbox else None}
