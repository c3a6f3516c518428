"""SQL of the digests by which a mail that came before is known."""

from __future__ import annotations

from datetime import datetime

from mailgate.store.db import Db

WEAK = ("weak", "failed")  # standings of what is no earlier copy of a better mail


def seen(db: Db, digest: str) -> int | None:
    """The inbox id under which the same content came before, if it did."""
    row = db.one("SELECT inbox_id FROM digest WHERE digest = ?", [digest])
    return None if row is None else int(row["inbox_id"])


def standing(db: Db, inbox_id: int) -> str:
    """What a worked mail counts for: "proven", "weak", "failed" or "" (`Situation.standing`)."""
    row = db.one("SELECT standing FROM inbox WHERE id = ?", [inbox_id])
    return str(row[0]) if row else ""


def remember(db: Db, digest: str, inbox_id: int, now: datetime) -> None:
    """Note a content digest; the first mail that had it keeps it, until one comes that counts for more."""
    db.send(
        "INSERT INTO digest (digest, inbox_id, seen_at) VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET"
        " inbox_id = excluded.inbox_id WHERE digest.inbox_id IN"
        " (SELECT id FROM inbox WHERE standing IN ('weak', 'failed'))",
        [digest, inbox_id, now.timestamp()],
    )
