"""SQL of the digests: up to which day each agent's are done."""

from __future__ import annotations

from datetime import date

from mailgate.store.db import Db


def days(db: Db) -> dict[str, date]:
    """The last day done of each agent who ever had one."""
    return {row["agent"]: date.fromisoformat(row["day"]) for row in db.all("SELECT agent, day FROM digest_day")}


def done(db: Db, agent: str, day: date) -> None:
    """The digest of a day is done, whether there was one to send or not."""
    db.send(
        "INSERT INTO digest_day (agent, day) VALUES (?, ?) ON CONFLICT (agent) DO UPDATE SET day = excluded.day",
        [agent, day.isoformat()],
    )
