"""SQL of claims: order across several nodes, what a dead one leaves, and what one has claimed without knowing.

A server that fails over may have committed a claim whose answer it never gave. That counts as not done, so nobody
would work the row while the node lives.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from mailgate.reasons import Reason
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox

_ABANDONED = f"{inbox.CLAIMED} AND node NOT IN (SELECT number FROM node)"  # noqa: S608


def is_first(db: Db, inbox_id: int) -> bool:
    """Whether every earlier mail has ended, but for those that `db.node` works and those that were put off."""
    if db.node.alone:
        return True
    before = "state IN ('new', 'working') AND id < ? AND retry_at IS NULL AND (state = 'new' OR node <> ?)"
    return db.one(f"SELECT 1 FROM inbox WHERE {before} LIMIT 1", [inbox_id, db.node.number]) is None  # noqa: S608


def any_abandoned(db: Db) -> bool:
    """Whether a mail is claimed by a node that is no more."""
    return db.one(f"SELECT 1 FROM inbox WHERE {_ABANDONED} LIMIT 1") is not None  # noqa: S608


def reclaim(db: Db, now: datetime) -> list[int]:
    """Mails that are claimed by a node that is no more wait again, their tries kept.

    Those that were tried three times are quarantined instead; their ids are returned.
    """
    spent = [
        int(row["id"])
        for row in db.all(f"SELECT id FROM inbox WHERE {_ABANDONED} AND tries >= ?", [inbox.MAX_TRIES])  # noqa: S608
    ]
    for inbox_id in spent:
        error = "the process died while it worked on this mail"
        inbox.end(db, inbox_id, "quarantined", now, Reason.POISON, error=error)
    db.send(f"UPDATE inbox SET state = 'new' WHERE {_ABANDONED}")  # noqa: S608
    return spent


def return_unknown_mail(db: Db, held: Container[int], *, large: bool) -> None:
    """What `db.node` has claimed of the inbox and does not hold waits again: of large mails, or of the others."""
    size = f"size {'>' if large else '<='} {inbox.OVERSIZE}"
    rows = db.all(f"SELECT id FROM inbox WHERE {inbox.CLAIMED} AND node = ? AND {size}", [db.node.number])  # noqa: S608
    inbox.unclaim(db, [row["id"] for row in rows if row["id"] not in held])


def return_unknown_notices(db: Db, held: Container[int]) -> None:
    """What `db.node` has claimed of the outbox and does not hold is queued again."""
    claimed = "state IN ('queued', 'sending') AND state = 'sending' AND node = ?"
    rows = db.all(f"SELECT id FROM outbox WHERE {claimed}", [db.node.number])  # noqa: S608
    outbox.unclaim(db, [row["id"] for row in rows if row["id"] not in held])
