"""What the desk remembers of its own mail: by the KEY in a Message-ID, and by ticket."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mailgate.notice import NoticeKind, SentNotice
from mailgate.store.columns import maybe_moment, moment
from mailgate.store.db import Db


def caused_by(db: Db, key: str) -> int | None:
    """The incoming mail that caused the mail of ours with this KEY; None for others, and for those of no mail."""
    row = db.one("SELECT inbox_id FROM outbox WHERE message_id >= ? AND message_id < ?", [f"<{key}@", f"<{key}A"])
    return None if row is None else row["inbox_id"]


def about(db: Db, number: int) -> tuple[SentNotice, ...]:
    """Every notice about a ticket, oldest first."""
    sql = "SELECT recipient, agent, kind, message_id, created_at, sent_at FROM outbox WHERE ticket = ? ORDER BY id"
    return tuple(
        SentNotice(recipient, agent, NoticeKind(kind), message_id, moment(created_at), maybe_moment(sent_at))
        for recipient, agent, kind, message_id, created_at, sent_at in db.all(sql, [number])
    )


def remembered(db: Db, keys: Iterable[str]) -> frozenset[str]:
    """Those of the KEYs that belong to mails of this database, whatever domain stands behind them."""
    wanted = json.dumps([*keys])
    if wanted == "[]":
        return frozenset()
    rows = db.all(
        "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM outbox"
        " WHERE message_id >= '<' || value || '@' AND message_id < '<' || value || 'A')",  # "A" comes after "@"
        [wanted],
    )
    return frozenset(row["value"] for row in rows)
