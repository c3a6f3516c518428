"""Which of the configuration's names tickets use: for renaming, and for warning of those that are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mailgate.store.columns import marks
from mailgate.store.db import Db
from mailgate.store.tickets.tickets import read_tickets
from mailgate.ticket import Ticket

_ALIVE = "(status <> 'closed' OR closed_at > ?)"


def under(db: Db, field: str, names: Sequence[str], since: datetime) -> list[Ticket]:
    """Tickets whose department, topic or sla is one of `names`; closed ones only when closed after `since`."""
    if not names:
        return []
    sql = f"SELECT * FROM ticket WHERE {field} IN ({marks(names)}) AND {_ALIVE}"  # noqa: S608
    return read_tickets(db, db.all(sql, [*names, since.timestamp()]))


def assigned(db: Db, kind: str, names: Sequence[str], since: datetime) -> list[Ticket]:
    """The same for tickets that an agent or a team has; `kind` is "agent" or "team"."""
    if not names:
        return []
    sql = f"SELECT * FROM ticket WHERE assignee_kind = ? AND assignee IN ({marks(names)}) AND {_ALIVE}"  # noqa: S608
    return read_tickets(db, db.all(sql, [kind, *names, since.timestamp()]))


# Tables that name agents, and which rows of an old key stay as they are because the new key has them already.
_AGENTS = {
    "held": "",
    "mail_ending": "",
    "absence": " AND NOT EXISTS (SELECT 1 FROM absence WHERE agent = :new)",
    "digest_day": " AND NOT EXISTS (SELECT 1 FROM digest_day WHERE agent = :new)",
    "signature": " AND text NOT IN (SELECT text FROM signature WHERE agent = :new)",
}


def rename_agents(db: Db, names: Mapping[str, str]) -> None:
    """Give what waits for agents, their absences, digests and signatures the agents' new keys; `names`: old → new."""
    pairs = [{"old": old, "new": new} for old, new in names.items()]
    for table, unless in _AGENTS.items():
        db.many(f"UPDATE {table} SET agent = :new WHERE agent = :old{unless}", pairs)  # noqa: S608
    db.many(
        "UPDATE outbox SET agent = ? WHERE agent = ? AND state IN ('queued', 'failed')",
        [(new, old) for old, new in names.items()],
    )


def names_in_use(db: Db) -> dict[str, dict[str, int]]:
    """How many open and pending tickets use each name, by kind: department, topic, sla, priority, agent, team."""
    active = "FROM ticket WHERE status IN ('open', 'pending')"
    used: dict[str, dict[str, int]] = {}
    for kind in ("department", "topic", "sla", "priority"):
        rows = db.all(f"SELECT {kind}, count(*) {active} GROUP BY 1")
        used[kind] = {row[0]: row[1] for row in rows}
    for row in db.all(f"SELECT assignee_kind, assignee, count(*) {active} AND assignee IS NOT NULL GROUP BY 1, 2"):
        used.setdefault(row[0], {})[row[1]] = row[2]
    return used
