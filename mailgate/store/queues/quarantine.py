"""SQL of mail in quarantine: what asks for a look, and what was put there since somebody looked."""

from __future__ import annotations

from datetime import datetime

from mailgate.store.db import Db
from mailgate.store.queues.inbox import SETTLED, queued
from mailgate.ticket import Queued

_ASIDE = "state IN ('held', 'quarantined')"  # by which the index of these mails is found
_OVERTAKEN = 1000  # later mails that may have been worked before one that takes long


def troubles(db: Db) -> int:
    """How many mails in quarantine ask for a look; those of `SETTLED` do not."""
    sql = f"SELECT id FROM inbox WHERE {_ASIDE} AND state = 'quarantined' AND reason {db.none_of}"  # noqa: S608
    return len(db.all(sql, [db.values(SETTLED)]))


def since(db: Db, before: datetime, last_id: int) -> list[Queued]:
    """Mail that was quarantined after a moment, oldest first; `last_id` is the newest that was known then.

    What is much older than that is not looked for again.
    """
    rows = db.all(
        f"SELECT * FROM inbox WHERE {_ASIDE} AND state = 'quarantined'"  # noqa: S608
        " AND id > ? AND (id > ? OR done_at > ?) ORDER BY id",
        [last_id - _OVERTAKEN, last_id, before.timestamp()],
    )
    return [queued(row) for row in rows]
