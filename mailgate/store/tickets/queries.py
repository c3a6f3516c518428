"""Which tickets to list: `tickets list`, `#list` and `#search`, digests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.rules.text.search_words import terms_of
from mailgate.store.columns import marks
from mailgate.store.db import Db
from mailgate.store.tickets.search import unindexed
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
    words: tuple[str, ...] = ()  # as typed; all of them are found in the ticket: see `rules/text/search_words.py`
    limit: int = 0  # 0: all
    below: int = 0  # only tickets with lower numbers; 0: all

    def updated(self, found: Iterable[Ticket], changed: Iterable[Ticket]) -> tuple[Ticket, ...]:
        """What the query finds once these tickets have changed; a search finds no more than it has found."""
        tickets = {ticket.number: ticket for ticket in found}
        for ticket in changed:
            held = tickets.pop(ticket.number, None)
            if self._holds(ticket) and (held or not self.words):
                tickets[ticket.number] = ticket
        return tuple(sorted(tickets.values(), key=lambda ticket: -ticket.number))[: self.limit or None]

    def _holds(self, ticket: Ticket) -> bool:
        """Whether a ticket is one of these, by all of the query but its words."""
        kind, name = (ticket.assignee.kind, ticket.assignee.name) if ticket.assignee else ("", "")
        return (
            (not self.statuses or ticket.status in self.statuses)
            and self.department in ("", ticket.department)
            and (not self.agent or (kind, name) == ("agent", self.agent))
            and (not self.team or (kind, name) == ("team", self.team))
            and not (self.unassigned and kind)
            and (ticket.overdue or not self.overdue)
            and (self.due_before is None or (ticket.due_at is not None and ticket.due_at < self.due_before))
            and (not self.requesters or ticket.requester.email in self.requesters)
        )


LATEST = 20_000  # tickets
# With the values in them, by which the indexes of these tickets are found.
_ACTIVE = "status IN ('open', 'pending')"
_UNCLOSED = "status <> 'closed'"


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
    if not query.words:
        return _select(db, query, "ticket")
    terms = terms_of(" ".join(query.words))
    if not terms:  # nothing but punctuation
        return []
    behind = unindexed(db, terms)
    found = _indexed(db, query, db.terms(terms), behind.numbers)
    if behind.found:
        found += _select(db, query, "ticket", f"number {db.any_of}", db.values(behind.found))
        found.sort(key=lambda ticket: -ticket.number)
    return found[: query.limit or None]


def _indexed(db: Db, query: Query, terms: str, without: Iterable[int]) -> list[Ticket]:
    """The tickets that the full-text index has, without some.

    An index that gives tickets in no order is slow for words that are in most tickets: these are found sooner by
    looking into the latest tickets.
    """
    joined, values = f"number = hit.ticket AND hit.ticket {db.none_of}", (terms, db.values(without))
    if query.limit and db.latest:
        row = db.one("SELECT max(number) FROM ticket")
        newest = query.below or (int(row[0] or 0) + 1 if row else 1)
        found = _select(
            db,
            query,
            f"{db.latest} AS hit CROSS JOIN ticket",
            f"{joined} AND hit.ticket >= ?",
            *values,
            newest - LATEST,
        )
        if len(found) == query.limit:
            return found
    return _select(db, query, f"{db.matching} AS hit CROSS JOIN ticket", joined, *values)


def _by_index(statuses: Collection[str], number: str) -> str:
    """A condition that lets an index find tickets in these statuses, if there is one for them."""
    if {*statuses} <= {"open", "pending"}:  # a common word is in years of tickets
        return f"{_ACTIVE} AND {number} >= (SELECT min(number) FROM ticket WHERE {_ACTIVE}) AND"  # noqa: S608
    return "" if "closed" in statuses else f"{_UNCLOSED} AND"


def _select(db: Db, query: Query, source: str, condition: str = "1 = 1", *values: object) -> list[Ticket]:
    """The tickets of a source, by all of a query but its words."""
    number = "hit.ticket" if "hit" in source else "number"  # an index of full text gives its tickets in this order
    where, params = [condition], [*values]

    def need(condition: str, *values: object) -> None:
        where.append(condition)
        params.extend(values)

    if query.statuses:
        need(f"{_by_index(query.statuses, number)} status IN ({marks(query.statuses)})", *query.statuses)
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
        need(f"{number} < ?", query.below)
    limit = f" LIMIT {query.limit:d}" if query.limit else ""
    sql = f"SELECT ticket.* FROM {source} WHERE {' AND '.join(where)} ORDER BY {number} DESC{limit}"  # noqa: S608
    return read_tickets(db, db.all(sql, params))
