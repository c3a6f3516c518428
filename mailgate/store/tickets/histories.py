"""Histories across tickets: what was merged into which is read as one, each entry where it stands.

Reads alone; an entry belongs to one ticket at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from mailgate.store.columns import marks, moment
from mailgate.store.db import Db
from mailgate.store.tickets import merged, tickets
from mailgate.ticket import Entry, Ticket


def with_ends(db: Db, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Tickets by number, with all those that merged ones went into."""
    found = tickets.get_many(db, numbers)
    while missing := {each.merged_into for each in found.values() if each.merged_into} - found.keys():
        found |= tickets.get_many(db, missing)
    return found


def whole_thread(db: Db, number: int) -> list[Entry]:
    """The thread of a ticket and of all that were merged into it, oldest first; each entry with where it stands."""
    found = tickets.thread(db, number)
    for other in merged.below(db, number):
        found += [replace(entry, came_for=entry.came_for or other) for entry in tickets.thread(db, other)]
    return sorted(found, key=lambda entry: entry.id or 0)


def worked_at(db: Db, inbox_ids: Collection[int]) -> dict[int, datetime]:
    """When the mails of entries were worked, by inbox id."""
    if not inbox_ids:
        return {}
    ids = [*inbox_ids]
    rows = db.all(f"SELECT id, done_at FROM inbox WHERE done_at IS NOT NULL AND id IN ({marks(ids)})", ids)  # noqa: S608
    return {row["id"]: moment(row["done_at"]) for row in rows}


def subjects(db: Db, inbox_ids: Collection[int]) -> dict[int, str]:
    """The subjects of the mails of entries, by inbox id."""
    if not inbox_ids:
        return {}
    ids = [*inbox_ids]
    rows = db.all(f"SELECT id, subject FROM inbox WHERE id IN ({marks(ids)})", ids)  # noqa: S608
    return {row["id"]: row["subject"] or "" for row in rows}
