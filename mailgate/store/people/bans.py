"""Who is banned: a row for each address or @domain. What that means is not decided here."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.rules.ticket.bans import Ban, covering
from mailgate.store.columns import marks, moment
from mailgate.store.db import Db, Row
from mailgate.ticket import Actor


def add(db: Db, ban: Ban) -> None:
    """Ban; who is banned already stays so since then, for the reason given then."""
    db.send(
        'INSERT INTO ban (pattern, "by", at, reason) VALUES (?, ?, ?, ?) ON CONFLICT (pattern) DO NOTHING',
        [ban.pattern, str(ban.by), ban.at.timestamp(), ban.reason],
    )


def remove(db: Db, patterns: Iterable[str]) -> None:
    """Ban no longer."""
    db.many("DELETE FROM ban WHERE pattern = ?", [(pattern,) for pattern in patterns])


def over(db: Db, emails: Iterable[str]) -> Ban | None:
    """A ban that covers one of the addresses, or None."""
    wanted = [pattern for email in emails for pattern in covering(email)]
    if not wanted:
        return None
    row = db.one(f"SELECT * FROM ban WHERE pattern IN ({marks(wanted)}) LIMIT 1", wanted)  # noqa: S608
    return _ban(row) if row else None


def patterns(db: Db) -> frozenset[str]:
    """Every pattern that is banned."""
    return frozenset(row["pattern"] for row in db.all("SELECT pattern FROM ban"))


def every(db: Db) -> list[Ban]:
    """Every ban, the newest first."""
    return [_ban(row) for row in db.all("SELECT * FROM ban ORDER BY at DESC, pattern")]


def _ban(row: Row) -> Ban:
    return Ban(pattern=row["pattern"], by=Actor.parse(row["by"]), at=moment(row["at"]), reason=row["reason"])
