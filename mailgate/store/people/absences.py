"""SQL of absences, and of the turns of automatic assignment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailgate.rules.people.absence import Absence
from mailgate.rules.ticket.as_json import assignee_json
from mailgate.store.columns import marks, maybe_json, maybe_moment, maybe_seconds, moment
from mailgate.store.db import Db, Row
from mailgate.ticket import Actor, Assignee


def _absence(row: Row) -> Absence:
    return Absence(
        agent=row["agent"],
        since=moment(row["since"]),
        until=maybe_moment(row["until"]),
        by=Actor.parse(row["by"]),
        reason=row["reason"],
    )


def away(db: Db, now: datetime) -> dict[str, Absence]:
    """Who is away at `now`, by agent's key: an absence that has run out counts no more, whoever noticed."""
    rows = db.all("SELECT * FROM absence WHERE until IS NULL OR until > ?", [now.timestamp()])
    return {row["agent"]: _absence(row) for row in rows}


def run_out(db: Db, now: datetime) -> list[Absence]:
    """Absences that ended by themselves and were not closed yet, the earliest first."""
    rows = db.all("SELECT * FROM absence WHERE until <= ? ORDER BY until, agent", [now.timestamp()])
    return [_absence(row) for row in rows]


def leave(db: Db, absence: Absence) -> None:
    """The agent is away; who was away already stays so since then, with the new end."""
    db.send(
        'INSERT INTO absence (agent, since, until, "by", reason) VALUES (?, ?, ?, ?, ?)'
        ' ON CONFLICT (agent) DO UPDATE SET until = excluded.until, "by" = excluded."by", reason = excluded.reason',
        [
            absence.agent,
            absence.since.timestamp(),
            maybe_seconds(absence.until),
            str(absence.by),
            absence.reason,
        ],
    )


def come_back(db: Db, agent: str) -> None:
    """The agent is here again."""
    db.send("DELETE FROM absence WHERE agent = ?", [agent])


def touched(db: Db, agent: str, teams: Sequence[str], since: datetime) -> list[int]:
    """Tickets of an agent and of their teams, or taken from the agent, to which something happened since a time."""
    rows = db.all(
        "SELECT DISTINCT event.ticket FROM event JOIN ticket ON ticket.number = event.ticket WHERE event.at >= ?"  # noqa: S608
        " AND ((assignee_kind = 'agent' AND assignee = ?)"
        f" OR (assignee_kind = 'team' AND assignee IN ({marks(teams)}))"
        ' OR event."before" = ?)',
        [since.timestamp(), agent, *teams, maybe_json(assignee_json(Assignee.agent(agent)))],
    )
    return [row[0] for row in rows]


def turns(db: Db, agents: Sequence[str], reason: str) -> dict[str, int]:
    """When each agent was last handed a ticket with this reason, as a number that counts up.

    Read from the tickets' own events, so that nothing has to be kept in step with them.
    """
    sql = 'SELECT max(id) FROM event WHERE "by" = \'rule:hand_out\' AND reason = ? AND "after" = ?'
    found = ((key, db.one(sql, [reason, maybe_json(assignee_json(Assignee.agent(key)))])) for key in agents)
    return {key: row[0] for key, row in found if row and row[0]}


def load(db: Db, agents: Sequence[str]) -> dict[str, int]:
    """How many open tickets each agent has; pending ones wait for somebody else."""
    sql = (
        "SELECT assignee, count(*) FROM ticket WHERE status = 'open' AND assignee_kind = 'agent'"  # noqa: S608
        f" AND assignee IN ({marks(agents)}) GROUP BY assignee"
    )
    return {row[0]: row[1] for row in db.all(sql, agents)}
