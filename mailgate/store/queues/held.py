"""SQL of agent mail that waits for its `#confirm`, and of reply keys that were burnt."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.store.db import Db

WAITS = timedelta(days=3)  # a confirm code is good for so long


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that waits for its agent. `why` is the reason token it was held with."""

    inbox_id: int
    agent: str
    why: str


def hold(db: Db, inbox_id: int, agent: str, code: str, why: str, now: datetime) -> None:
    """Note that a mail waits for its agent."""
    db.run(
        "INSERT INTO held (inbox_id, agent, code, why, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (inbox_id) DO NOTHING",
        [inbox_id, agent, code, why, now.timestamp()],
    )


def waiting_for(db: Db, agent: str, why: str, now: datetime) -> int:
    """How many mails wait for an agent for this reason."""
    since = (now - WAITS).timestamp()
    row = db.one("SELECT count(*) FROM held WHERE agent = ? AND why = ? AND at > ?", [agent, why, since])
    return int(row[0]) if row else 0


def by_code(db: Db, agent: str, code: str, now: datetime) -> Waiting | None:
    """The mail that this code of this agent releases, or None."""
    since = (now - WAITS).timestamp()
    row = db.one("SELECT * FROM held WHERE agent = ? AND code = ? AND at > ?", [agent, code, since])
    return Waiting(row["inbox_id"], row["agent"], row["why"]) if row else None


def release(db: Db, inbox_id: int) -> None:
    """The mail waits no longer."""
    db.run("DELETE FROM held WHERE inbox_id = ?", [inbox_id])


def expired(db: Db, now: datetime, limit: int) -> list[Waiting]:
    """Mails that were not confirmed in time, the oldest first."""
    since = (now - WAITS).timestamp()
    rows = db.all("SELECT * FROM held WHERE at <= ? ORDER BY at LIMIT ?", [since, limit])
    return [Waiting(row["inbox_id"], row["agent"], row["why"]) for row in rows]


def burn(db: Db, keys: Iterable[str], now: datetime) -> None:
    """These keys prove nothing any more."""
    rows = [(key, now.timestamp()) for key in keys]
    db.many("INSERT INTO burnt_key (key, at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", rows)


def burnt(db: Db, keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that are burnt."""
    wanted = json.dumps(list(keys))
    if wanted == "[]":
        return frozenset()
    rows = db.all("SELECT key FROM burnt_key WHERE key IN (SELECT value FROM json_each(?))", [wanted])
    return frozenset(row["key"] for row in rows)
