"""SQL of mail that waits for a `#confirm`, of agents or marked as spam, and of reply keys that were burnt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailgate.reasons import Reason
from mailgate.store.columns import moment
from mailgate.store.db import Db
from mailgate.store.queues.inbox import queued
from mailgate.ticket import Queued

WAITS = timedelta(days=3)  # a confirm code is good for so long
SPAM_WAITS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that waits: for `agent`, or for anybody who has its code (""). `why`: the reason token."""

    inbox_id: int
    agent: str
    why: str
    at: datetime


def hold(db: Db, inbox_id: int, agent: str, code: str, why: str, now: datetime) -> None:
    """Note that a mail waits for its agent."""
    db.send(
        "INSERT INTO held (inbox_id, agent, code, why, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (inbox_id) DO NOTHING",
        [inbox_id, agent, code, why, now.timestamp()],
    )


def unproven_of(db: Db, agent: str, now: datetime, *, failed: bool) -> int:
    """How many mails in the name of an agent wait for them; without `failed` none that failed DMARC is counted."""
    row = db.one(
        "SELECT count(*) FROM held JOIN inbox ON inbox.id = held.inbox_id"
        " WHERE held.agent = ? AND held.why = ? AND held.at > ? AND (? OR inbox.standing <> 'failed')",
        [agent, Reason.UNPROVEN_AGENT, (now - WAITS).timestamp(), failed],
    )
    return int(row[0]) if row else 0


def by_code(db: Db, agent: str, code: str, now: datetime) -> Waiting | None:
    """The mail that this code releases for the agent, or None."""
    row = db.one("SELECT * FROM held WHERE code = ? AND agent IN (?, '')", [code, agent])
    found = _waiting(row) if row else None
    return found if found and found.at > now - _patience(found.why) else None


def spam_since(db: Db, inbox_id: int) -> datetime | None:
    """Since when a mail is held as spam; None for any other."""
    row = db.one("SELECT at FROM held WHERE inbox_id = ? AND why = ?", [inbox_id, Reason.SPAM])
    return moment(row["at"]) if row else None


def spam(db: Db, since: datetime) -> list[tuple[str, Queued]]:
    """The code and the mail of what was held as spam after a moment, oldest first."""
    rows = db.all(
        "SELECT held.code, inbox.* FROM held JOIN inbox ON inbox.id = held.inbox_id"
        " WHERE held.why = ? AND held.at > ? AND inbox.state = 'held' ORDER BY held.at, inbox.id",
        [Reason.SPAM, since.timestamp()],
    )
    return [(row["code"], queued(row)) for row in rows]


def _patience(why: str) -> timedelta:
    return SPAM_WAITS if why == Reason.SPAM else WAITS


def _waiting(row: Any) -> Waiting:
    return Waiting(row["inbox_id"], row["agent"], row["why"], moment(row["at"]))


def waits(db: Db, inbox_id: int) -> bool:
    """Whether a mail waits."""
    return db.one("SELECT 1 FROM held WHERE inbox_id = ?", [inbox_id]) is not None


def release(db: Db, inbox_id: int) -> None:
    """The mail waits no longer."""
    db.send("DELETE FROM held WHERE inbox_id = ?", [inbox_id])


def forget_bytes(db: Db, inbox_id: int) -> None:
    """Delete the bytes of a mail that nobody released."""
    db.send("DELETE FROM raw WHERE id = (SELECT raw_id FROM inbox WHERE id = ?)", [inbox_id])


def expired(db: Db, now: datetime, limit: int) -> list[Waiting]:
    """Mails that were not confirmed in time, the oldest first."""
    rows = db.all(
        "SELECT * FROM held WHERE at <= CASE why WHEN ? THEN ? ELSE ? END AND at <= ? ORDER BY at LIMIT ?",
        [Reason.SPAM, *((now - each).timestamp() for each in (SPAM_WAITS, WAITS, WAITS)), limit],
    )
    return [_waiting(row) for row in rows]


def burn(db: Db, keys: Iterable[str], now: datetime) -> None:
    """These keys prove nothing any more."""
    rows = [(key, now.timestamp()) for key in keys]
    db.many("INSERT INTO burnt_key (key, at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", rows)


def burnt(db: Db, keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that are burnt."""
    wanted = [*keys]
    if not wanted:
        return frozenset()
    rows = db.all(f"SELECT key FROM burnt_key WHERE key {db.any_of}", [db.values(wanted)])  # noqa: S608
    return frozenset(row["key"] for row in rows)
