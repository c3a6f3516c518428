"""SQL of the addresses that take no mail any more, until a mail comes from them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from mailgate.store.columns import marks, moment, storable
from mailgate.store.db import Db
from mailgate.ticket import EventKind


@dataclass(frozen=True, slots=True)
class Dead:
    """Since when an address is dead, and how that is known."""

    email: str
    reason: str
    since: datetime


def mark(db: Db, email: str, reason: str, now: datetime) -> None:
    """A mail server said that the address is no mailbox. What was known before stays."""
    values = [storable(email), storable(reason), now.timestamp()]
    db.send("INSERT INTO dead_address (email, reason, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", values)


def revive(db: Db, email: str) -> None:
    """A mail came from the address."""
    db.send("DELETE FROM dead_address WHERE email = ?", [storable(email)])


def bounced(db: Db, email: str, number: int, since: datetime) -> frozenset[str]:
    """The marks of mails to an address that came back for good since a time, on its own tickets and the given one."""
    rows = db.all(
        "SELECT after FROM event WHERE kind = ? AND at > ? AND (ticket = ?"
        " OR ticket IN (SELECT number FROM ticket WHERE requester_email = ?))",
        [EventKind.BOUNCED.value, since.timestamp(), number, storable(email)],
    )
    found = (json.loads(row["after"] or "{}") for row in rows)
    return frozenset(
        each["mail"]
        for each in found
        if each.get("recipient") == email and each.get("kind") == "failed" and "mail" in each
    )


def among(db: Db, emails: Collection[str]) -> dict[str, Dead]:
    """Which of these addresses are dead."""
    if not emails:
        return {}
    rows = db.all(f"SELECT * FROM dead_address WHERE email IN ({marks([*emails])})", [storable(e) for e in emails])  # noqa: S608
    return {row["email"]: Dead(row["email"], row["reason"], moment(row["at"])) for row in rows}
