"""What the desk remembers of its own mail: by the KEY in a Message-ID, and by ticket."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from mailgate.notice import NoticeKind, SentNotice
from mailgate.store.columns import maybe_moment, moment
from mailgate.store.db import Db, Row


def caused_by(db: Db, key: str) -> int | None:
    """The incoming mail that caused the mail of ours with this KEY; None for others, and for those of no mail."""
    row = db.one("SELECT inbox_id FROM outbox WHERE message_id >= ? AND message_id < ?", [f"<{key}@", f"<{key}A"])
    return None if row is None else row["inbox_id"]


def made_at(db: Db, key: str) -> datetime | None:
    """When the mail of ours with this KEY was made; None for others."""
    row = db.one("SELECT created_at FROM outbox WHERE message_id >= ? AND message_id < ?", [f"<{key}@", f"<{key}A"])
    return None if row is None else moment(row["created_at"])


def newest(db: Db, keys: Iterable[str]) -> int | None:
    """The id of the newest of the mails of ours with these KEYs; None where there is none."""
    its = "message_id >= '<' || value || '@' AND message_id < '<' || value || 'A'"
    sql = f"SELECT max((SELECT max(id) FROM outbox WHERE {its})) AS id FROM {db.listed}"  # noqa: S608
    row = db.one(sql, [db.values([*keys])])
    return None if row is None else row["id"]


def first_since(db: Db, recipient: str, since: datetime) -> int | None:
    """The id of the first mail of ours to somebody since a time; None where there is none."""
    row = db.one(
        "SELECT min(id) AS id FROM outbox WHERE recipient = ? AND created_at >= ?", [recipient, since.timestamp()]
    )
    return None if row is None else row["id"]


def readers(db: Db, key: str) -> frozenset[str] | None:
    """Whom an answer to the mail of ours with this KEY reaches, as it said; None where it promised nothing."""
    row = db.one("SELECT readers FROM outbox WHERE message_id >= ? AND message_id < ?", [f"<{key}@", f"<{key}A"])
    return _readers(row)


def readers_when_held(db: Db, inbox_id: int) -> frozenset[str] | None:
    """The same of the newest notice that a mail was held."""
    sql = "SELECT readers FROM outbox WHERE inbox_id = ? AND kind = 'held' ORDER BY id DESC LIMIT 1"
    return _readers(db.one(sql, [inbox_id]))


def _readers(row: Row | None) -> frozenset[str] | None:
    return None if row is None or row["readers"] is None else frozenset(json.loads(row["readers"]))


_NOTICES = "SELECT recipient, agent, kind, message_id, created_at, sent_at FROM outbox"


def about(db: Db, number: int) -> tuple[SentNotice, ...]:
    """Every notice about a ticket, oldest first."""
    return _notices(db.all(f"{_NOTICES} WHERE ticket = ? ORDER BY id", [number]))


def latest(db: Db, number: int, since: int | None = None) -> tuple[SentNotice, ...]:
    """The latest notice about a ticket to each recipient, and all from an id on, oldest first."""
    wanted = "SELECT max(id) FROM outbox WHERE ticket = ? GROUP BY recipient"
    if since is None:
        return _notices(db.all(f"{_NOTICES} WHERE id IN ({wanted}) ORDER BY id", [number]))
    wanted += " UNION SELECT id FROM outbox WHERE ticket = ? AND id >= ?"
    return _notices(db.all(f"{_NOTICES} WHERE id IN ({wanted}) ORDER BY id", [number, number, since]))


def _notices(rows: Iterable[Row]) -> tuple[SentNotice, ...]:
    return tuple(
        SentNotice(recipient, agent, NoticeKind(kind), message_id, moment(created_at), maybe_moment(sent_at))
        for recipient, agent, kind, message_id, created_at, sent_at in rows
    )


def remembered(db: Db, keys: Iterable[str]) -> frozenset[str]:
    """Those of the KEYs that belong to mails of this database, whatever domain stands behind them."""
    wanted = [*keys]
    if not wanted:
        return frozenset()
    rows = db.all(
        f"SELECT value FROM {db.listed} WHERE EXISTS (SELECT 1 FROM outbox"  # noqa: S608
        " WHERE message_id >= '<' || value || '@' AND message_id < '<' || value || 'A')",  # "A" comes after "@"
        [db.values(wanted)],
    )
    return frozenset(row["value"] for row in rows)
