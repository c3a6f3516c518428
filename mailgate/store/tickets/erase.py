"""Erases whole tickets: after `keep_closed`, and for a person who is forgotten.

The digests of received mails stay, because a repeated delivery is known by them. What was sent about the
ticket is erased, so its keys and Message-IDs no longer count, and an answer opens a new ticket.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from mailgate.store import meta
from mailgate.store.db import Db
from mailgate.store.tickets import merged, tickets

# What is deleted with the tickets `:them`, in this order: rows before those that they refer to.
_ROWS = (
    (
        "DELETE FROM refused WHERE outbox_id IN"
        " (SELECT id FROM outbox WHERE ticket IN (SELECT value FROM json_each(:them)))"
    ),
    ("DELETE FROM outgoing WHERE id IN (SELECT id FROM outbox WHERE ticket IN (SELECT value FROM json_each(:them)))"),
    "DELETE FROM outbox WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM trace WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM similar_shown WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM similar_shown WHERE similar IN (SELECT value FROM json_each(:them))",
    "DELETE FROM ended_word WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM known_id WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM deadline WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM collaborator WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM event WHERE ticket IN (SELECT value FROM json_each(:them))",
    "DELETE FROM entry WHERE ticket IN (SELECT value FROM json_each(:them))",
    "UPDATE entry SET came_for = NULL WHERE came_for IN (SELECT value FROM json_each(:them))",
    "DELETE FROM ticket WHERE number IN (SELECT value FROM json_each(:them))",
)
# Received mails of the tickets `:them`, without those that other tickets hold entries of.
_MAILS = (
    "SELECT mail.id FROM (SELECT id FROM inbox WHERE ticket IN (SELECT value FROM json_each(:them))"
    " UNION SELECT inbox_id FROM entry WHERE ticket IN (SELECT value FROM json_each(:them)) AND inbox_id IS NOT NULL)"
    " AS mail WHERE NOT EXISTS (SELECT 1 FROM entry WHERE inbox_id = mail.id"
    " AND ticket NOT IN (SELECT value FROM json_each(:them)))"
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
    them = {"them": json.dumps(gone)}
    mails = [row["id"] for row in db.all(_MAILS, them)]
    for sql in _ROWS:
        db.run(sql, them)
    tickets.note_number(db, gone[-1])
    meta.put(db, tickets.ERASURES, str(int(meta.get(db, tickets.ERASURES) or 0) + 1))
    erase_mails(db, mails)
    return gone


def erase_mails(db: Db, ids: Iterable[int]) -> None:
    """Erase received mails, except those that are still to be worked.

    Their digests stay, so that they are known when they come again. The newest row stays too, without content:
    its id would be given once more.
    """
    them = json.dumps(
        [
            row["id"]
            for row in db.all(
                "SELECT id FROM inbox WHERE id IN (SELECT value FROM json_each(?))"
                " AND state NOT IN ('new', 'working', 'held')",
                [json.dumps([*ids])],
            )
        ]
    )
    db.run(
        "DELETE FROM raw WHERE id IN (SELECT raw_id FROM inbox"
        " WHERE id IN (SELECT value FROM json_each(?)) AND raw_id IS NOT NULL)",
        [them],
    )
    db.run("UPDATE outbox SET inbox_id = NULL WHERE inbox_id IN (SELECT value FROM json_each(?))", [them])
    db.run("UPDATE entry SET inbox_id = NULL WHERE inbox_id IN (SELECT value FROM json_each(?))", [them])
    db.run("DELETE FROM trace WHERE inbox_id IN (SELECT value FROM json_each(?))", [them])
    db.run(
        "UPDATE inbox SET sender = NULL, recipients = '[]', authserv_ids = '[]', error = '', message_id = '',"
        " from_email = '', subject = '', ticket = NULL, way = '[]'"
        " WHERE id = (SELECT max(id) FROM inbox) AND id IN (SELECT value FROM json_each(?))",
        [them],
    )
    db.run(
        "DELETE FROM inbox WHERE id IN (SELECT value FROM json_each(?)) AND id < (SELECT max(id) FROM inbox)",
        [them],
    )
