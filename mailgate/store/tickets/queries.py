"""Which tickets to list: `tickets list`, `#list` and `#search`, digests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.store.columns import marks
from mailgate.store.db import Db
from mailgate.store.tickets.tickets import read_tickets
from mailgate.ticket import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tickets to list; empty fields do not narrow."""

    statuses: tuple[str, ...] = ("open", "pending")
    department: str = ""
    agent: str = ""  # assigned to this agent
    team: str = ""  # assigned to this team
    unassigned: bool = False
    overdue: bool = False
    due_before: datetime | None = None  # aware UTC
    requesters: tuple[str, ...] = ()  # any of these addresses
    words: tuple[str, ...] = ()  # all of them, in subject, requester or thread
    limit: int = 0  # 0: all
    below: int = 0  # only tickets with lower numbers; 0: all


def find_in_batches(db: Db, query: Query, size: int) -> Iterator[list[Ticket]]:
    """Tickets, newest first, in lists of at most `size`; each is read when it is asked for.

    A ticket that changes meanwhile may be left out, and none comes twice.
    """
    left = query.limit or None
    while found := find(db, replace(query, limit=size if left is None else min(size, left))):
        yield found
        if left is not None and (left := left - len(found)) <= 0:
            return
        query = replace(query, below=found[-1].number)


def find(db: Db, query: Query) -> list[Ticket]:
    """Tickets, newest first."""
    where, params = ["1 = 1"], list[object]()

    def need(condition: str, *values: object) -> None:
        where.append(condition)
        params.extend(values)

    if query.statuses:
        need(f"status IN ({marks(query.statuses)})", *query.statuses)
    if query.department:
        need("department = ?", query.department)
    if query.agent:
        need("assignee_kind = 'agent' AND assignee = ?", query.agent)
    if query.team:
        need("assignee_kind = 'team' AND assignee = ?", query.team)
    if query.unassigned:
        need("assignee IS NULL")
    if query.overdue:
        need("overdue = 1")
    if query.due_before:
        need("due_at < ?", query.due_before.timestamp())
    if query.requesters:
        need(f"requester_email IN ({marks(query.requesters)})", *query.requesters)
    if query.below:
        need("number < ?", query.below)
    for word in query.words:
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        need(
            "(subject LIKE ? ESCAPE '\\' OR requester_email LIKE ? ESCAPE '\\' OR requester_name LIKE ? ESCAPE '\\'"
            " OR number IN (SELECT ticket FROM entry WHERE text LIKE ? ESCAPE '\\'))",
            *([like] * 4),
        )
    limit = f" LIMIT {query.limit:d}" if query.limit else ""
    sql = f"SELECT * FROM ticket WHERE {' AND '.join(where)} ORDER BY number DESC{limit}"  # noqa: S608
    return read_tickets(db, db.all(sql, params))
