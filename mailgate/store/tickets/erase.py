"""Erases whole tickets: after `keep_closed`, and for a person who is forgotten.

The digests of received mails stay, because a repeated delivery is known by them. What was sent about the
ticket is erased, so its keys and Message-IDs no longer count, and an answer opens a new ticket.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.tickets import merged, search, tickets

# What is deleted with the tickets `:them`, in this order: rows before those that they refer to. `{any}` stands for the
# condition to be one of them, as the engine spells it.
_ROWS = (
    ("DELETE FROM refused WHERE outbox_id IN (SELECT id FROM outbox WHERE ticket {any})"),
    ("DELETE FROM outgoing WHERE id IN (SELECT id FROM outbox WHERE ticket {any})"),
    "DELETE FROM outbox WHERE ticket {any}",
    "DELETE FROM trace WHERE ticket {any}",
    "DELETE FROM similar_shown WHERE ticket {any}",
    'DELETE FROM similar_shown WHERE "similar" {any}',
    "DELETE FROM ended_word WHERE ticket {any}",
    "DELETE FROM document WHERE ticket {any}",
    "DELETE FROM known_id WHERE ticket {any}",
    "DELETE FROM deadline WHERE ticket {any}",
    "DELETE FROM collaborator WHERE ticket {any}",
    "DELETE FROM event WHERE ticket {any}",
    "DELETE FROM entry WHERE ticket {any}",
    "UPDATE entry SET came_for = NULL WHERE came_for {any}",
    "DELETE FROM ticket WHERE number {any}",
)
# Received mails of the tickets `:them`, without those that other tickets hold entries of.
_MAILS = (
    "SELECT mail.id FROM (SELECT id FROM inbox WHERE ticket {any}"
    " UNION SELECT inbox_id FROM entry WHERE ticket {any} AND inbox_id IS NOT NULL)"
    " AS mail WHERE NOT EXISTS (SELECT 1 FROM entry WHERE inbox_id = mail.id"
    " AND ticket {none})"
)


def closed_before(db: Db, before: datetime, limit: int) -> list[int]:
    """Up to `limit` tickets that were closed before a time, the longest closed first.

    A merged ticket goes with the one that it was merged into. A ticket about which a mail is on its way stays.
    """
    rows = db.all(
        "SELECT number FROM ticket AS t WHERE status = 'closed' AND merged_into IS NULL AND closed_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE ticket = t.number AND state IN ('queued', 'sending'))"
        " AND NOT EXISTS (SELECT 1 FROM inbox WHERE ticket = t.number AND state IN ('new', 'working', 'held'))"
        " ORDER BY closed_at LIMIT ?",
        [before.timestamp(), limit],
    )
    return [row["number"] for row in rows]


def erase(db: Db, numbers: Iterable[int]) -> list[int]:
    """Erase tickets and those that were merged into them; the numbers of all. None of them is given again.

    Files of attachments and large mails are named by no row then: they are swept away later.
    """
    gone = sorted({each for number in numbers for each in (number, *merged.below(db, number))})
    if not gone:
        return []
    them = {"them": db.values(gone)}
    words = {"any": db.any_of.replace("?", ":them"), "none": db.none_of.replace("?", ":them")}
    mails = [row["id"] for row in db.all(_MAILS.format(**words), them)]
    for sql in _ROWS:
        db.send(sql.format(**words), them)
    search.erased(db)
    tickets.note_number(db, gone[-1])
    meta.put(db, tickets.ERASURES, str(int(meta.get(db, tickets.ERASURES) or 0) + 1))
    erase_mails(db, mails)
    return gone


def erase_mails(db: Db, ids: Iterable[int]) -> None:
    """Erase received mails, except those that are still to be worked.

    Their digests stay, so that they are known when they come again. The newest row stays too, without content:
    its id would be given once more.
    """
    ended = "state NOT IN ('new', 'working', 'held')"
    rows = db.all(f"SELECT id FROM inbox WHERE id {db.any_of} AND {ended}", [db.values(ids)])  # noqa: S608
    them, any_of = db.values(row["id"] for row in rows), db.any_of
    raw = f"SELECT raw_id FROM inbox WHERE id {any_of} AND raw_id IS NOT NULL"  # noqa: S608
    db.send(f"DELETE FROM raw WHERE id IN ({raw})", [them])  # noqa: S608
    db.send(f"UPDATE outbox SET inbox_id = NULL WHERE inbox_id {any_of}", [them])  # noqa: S608
    db.send(f"UPDATE entry SET inbox_id = NULL WHERE inbox_id {any_of}", [them])  # noqa: S608
    db.send(f"DELETE FROM trace WHERE inbox_id {any_of}", [them])  # noqa: S608
    db.send(
        "UPDATE inbox SET sender = NULL, recipients = '[]', authserv_ids = '[]', error = '', message_id = '',"  # noqa: S608
        " from_email = '', subject = '', ticket = NULL, way = '[]'"
        f" WHERE id = (SELECT max(id) FROM inbox) AND id {any_of}",
        [them],
    )
    db.send(f"DELETE FROM inbox WHERE id {any_of} AND id < (SELECT max(id) FROM inbox)", [them])  # noqa: S608
