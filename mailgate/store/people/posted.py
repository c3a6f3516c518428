"""SQL of what was posted when, and whose copy of it left: what the collision guard asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailgate.rules.replies.collision import Posted
from mailgate.store.columns import marks, moment
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.store.tickets import tickets


def notice_made(db: Db, keys: Iterable[str]) -> datetime | None:
    """When the newest of the notices with these KEYs was made; None where none is known."""
    times = [
        row["created_at"]
        for key in keys  # whatever domain stands behind the key: the first character after "@" is "A"
        for row in db.all(
            "SELECT created_at FROM outbox WHERE message_id >= ? AND message_id < ?", [f"<{key}@", f"<{key}A"]
        )
    ]
    return moment(max(times)) if times else None


def posted(db: Db, number: int, agent: str) -> list[Posted]:
    """The entries of a ticket, oldest first, each with when it was posted and when `agent` was handed a copy.

    An alert shows what was posted before it, so the first one made since is the copy.
    """
    thread = tickets.thread(db, number)
    ids = [entry.inbox_id for entry in thread if entry.inbox_id]
    sql = f"SELECT id, done_at FROM inbox WHERE done_at IS NOT NULL AND id IN ({marks(ids)})"  # noqa: S608
    done = {row["id"]: moment(row["done_at"]) for row in db.all(sql, ids)} if ids else {}
    alerts = f"kind IN ({marks(audience.ALERTS)}) AND sent_at IS NOT NULL"
    sql = f"SELECT created_at, sent_at FROM outbox WHERE ticket = ? AND agent = ? AND {alerts}"  # noqa: S608
    copies = [(moment(row[0]), moment(row[1])) for row in db.all(sql, [number, agent, *audience.ALERTS])]
    found = []
    for entry in thread:
        at = done.get(entry.inbox_id or 0, entry.at)
        found.append(Posted(entry, at, min((sent for made, sent in copies if made >= at), default=None)))
    return found
