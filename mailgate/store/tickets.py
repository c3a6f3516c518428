"""Tickets, their thread, events and known Message-IDs, in rows and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.model import (
    Address,
    Asked,
    Assignee,
    Change,
    Collaborator,
    Entry,
    EntryKind,
    Event,
    EventKind,
    Status,
    StatusSpan,
    StoredAttachment,
    Ticket,
)
from mailgate.store import deadlines, merged
from mailgate.store.columns import marks, maybe_json, maybe_moment, maybe_seconds, moment
from mailgate.store.db import Db, Row

# Fields that nothing searches by; they live in the JSON column `rest`.
_REST_TIMES = (
    "sla_started_at",
    "due_manual",
    "first_response_by",
    "next_response_by",
    "first_response_at",
    "waiting_since",
    "wake_at",
)
_REST_PLAIN = (
    "sla_from",
    "language",
    "source",
    "autoresponse",
    "template",
    "reopened",
    "last_respondent",
    "satisfaction",
    "spam",
)


def _rest(ticket: Ticket) -> str:
    return json.dumps(
        {name: maybe_seconds(getattr(ticket, name)) for name in _REST_TIMES}
        | {name: getattr(ticket, name) for name in _REST_PLAIN}
        | {
            "tags": ticket.tags,
            "fields": dict(ticket.fields or {}),
            "status_log": [(span.status.value, span.since.timestamp()) for span in ticket.status_log],
            "escalated": ticket.escalated,
            "links": ticket.links,
            "asked": [(each.email, each.name, each.by) for each in ticket.asked],
            "merged": ticket.merged,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _ticket(row: Row, collaborators: tuple[Collaborator, ...]) -> Ticket:
    rest = json.loads(row["rest"])
    times: dict[str, Any] = {name: maybe_moment(rest[name]) for name in _REST_TIMES}
    return Ticket(
        number=row["number"],
        subject=row["subject"],
        status=Status(row["status"]),
        requester=Address(row["requester_email"], row["requester_name"]),
        department=row["department"],
        topic=row["topic"],
        priority=row["priority"],
        sla=row["sla"],
        address=row["address"],
        assignee=Assignee(row["assignee_kind"], row["assignee"]) if row["assignee_kind"] else None,
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        due_at=maybe_moment(row["due_at"]),
        overdue=bool(row["overdue"]),
        resolved_at=maybe_moment(row["resolved_at"]),
        closed_at=maybe_moment(row["closed_at"]),
        collaborators=collaborators,
        tags=tuple(rest["tags"]),
        fields=rest["fields"],
        status_log=tuple(StatusSpan(Status(status), moment(since)) for status, since in rest["status_log"]),
        escalated=tuple(rest["escalated"]),
        links=tuple(rest["links"]),
        asked=tuple(Asked(*each) for each in rest["asked"]),
        merged_into=row["merged_into"] or 0,
        merged=tuple(rest["merged"]),
        **times,
        **{name: rest[name] for name in _REST_PLAIN},
    )


def get_many(db: Db, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Tickets by number; those that do not exist are absent."""
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    rows = db.all(f"SELECT * FROM ticket WHERE number IN ({marks(wanted)})", wanted)  # noqa: S608
    return {ticket.number: ticket for ticket in read_tickets(db, rows)}


def get(db: Db, number: int) -> Ticket | None:
    """One ticket, or None."""
    return get_many(db, [number]).get(number)


def read_tickets(db: Db, rows: Sequence[Row]) -> list[Ticket]:
    """Tickets from their rows, in their order."""
    people: dict[int, list[Collaborator]] = {}
    numbers = [row["number"] for row in rows]
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        sql = f"SELECT * FROM collaborator WHERE ticket IN ({marks(some)}) ORDER BY ticket, position"  # noqa: S608
        for row in db.all(sql, some):
            person = Collaborator(row["email"], row["name"], bool(row["active"]))
            people.setdefault(row["ticket"], []).append(person)
    return [_ticket(row, tuple(people.get(row["number"], ()))) for row in rows]


def by_message_id(db: Db, ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Numbers of the tickets that foreign Message-IDs stand for."""
    if not ids:
        return {}
    sql = f"SELECT message_id, ticket FROM known_id WHERE message_id IN ({marks(ids)}) ORDER BY ticket DESC"  # noqa: S608
    found: dict[str, tuple[int, ...]] = {}
    for row in db.all(sql, ids):
        found[row["message_id"]] = (*found.get(row["message_id"], ()), row["ticket"])
    return found


def latest_event(db: Db) -> int:
    """The id of the newest event of all tickets: as long as it stands still, no ticket has changed."""
    row = db.one("SELECT max(id) AS id FROM event")
    return int(row["id"] or 0) if row else 0


def next_number(db: Db, first: int) -> int:
    """The number that the next ticket gets."""
    row = db.one("SELECT max(number) FROM ticket")
    return max(first, (row[0] or 0) + 1) if row else first


def numbers(db: Db) -> list[int]:
    """The number of every ticket, oldest first."""
    return [row[0] for row in db.all("SELECT number FROM ticket ORDER BY number")]


def open_count(db: Db, *requester: str) -> int:
    """How many open and pending tickets a requester has, by all of their addresses."""
    sql = f"SELECT count(*) FROM ticket WHERE requester_email IN ({marks(requester)}) AND status IN ('open', 'pending')"  # noqa: S608
    row = db.one(sql, requester)
    return int(row[0]) if row else 0


def of_requester(db: Db, emails: Iterable[str], statuses: Sequence[str], most: int) -> list[Ticket]:
    """The newest tickets, in some statuses, of the requester with these addresses."""
    wanted = sorted(emails)
    sql = (
        f"SELECT * FROM ticket WHERE requester_email IN ({marks(wanted)}) AND status IN ({marks(statuses)})"  # noqa: S608
        " ORDER BY number DESC LIMIT ?"
    )
    return read_tickets(db, db.all(sql, [*wanted, *statuses, most]))


def is_known(db: Db, *emails: str) -> bool:
    """True when one of a person's addresses has been a requester before."""
    sql = f"SELECT 1 FROM ticket WHERE requester_email IN ({marks(emails)}) LIMIT 1"  # noqa: S608
    return db.one(sql, emails) is not None


# ── listing ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tickets to list; empty fields do not narrow."""

    statuses: tuple[str, ...] = ("open", "pending")
    department: str = ""
    agent: str = ""  # assigned to this agent
    team: str = ""  # assigned to this team
    unassigned: bool = False
    overdue: bool = False
    words: tuple[str, ...] = ()  # all of them, in subject, requester or thread
    limit: int = 0  # 0: all


def find(db: Db, query: Query) -> list[Ticket]:
    """Tickets, newest first."""
    where, params = ["1"], list[object]()

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


# ── thread and events ───────────────────────────────────────────────────────────────────


def read_entry(row: Row) -> Entry:
    """A thread entry from its row."""
    return Entry(
        id=row["id"],
        kind=EntryKind(row["kind"]),
        by=row["by"],
        author=Address(row["author_email"], row["author_name"]),
        at=moment(row["at"]),
        text=row["text"],
        html=row["html"],
        cut=row["cut"],
        message_id=row["message_id"],
        attachments=tuple(StoredAttachment(**each) for each in json.loads(row["attachments"])),
        inbox_id=row["inbox_id"],
        came_for=row["came_for"] or 0,
    )


def thread(db: Db, number: int, *, newest: int = 0) -> list[Entry]:
    """The thread of a ticket, oldest first; with `newest`, only so many of the latest."""
    if newest:
        rows = db.all("SELECT * FROM entry WHERE ticket = ? ORDER BY id DESC LIMIT ?", [number, newest])[::-1]
    else:
        rows = db.all("SELECT * FROM entry WHERE ticket = ? ORDER BY id", [number])
    return [read_entry(row) for row in rows]


def _event(row: Row) -> Event:
    return Event(
        kind=EventKind(row["kind"]),
        by=row["by"],
        at=moment(row["at"]),
        reason=row["reason"],
        before=json.loads(row["before"]) if row["before"] else None,
        after=json.loads(row["after"]) if row["after"] else None,
    )


def events(db: Db, number: int) -> list[Event]:
    """The history of a ticket, oldest first."""
    return [_event(row) for row in db.all("SELECT * FROM event WHERE ticket = ? ORDER BY id", [number])]


# ── writing ─────────────────────────────────────────────────────────────────────────────

_TICKET_COLUMNS = (
    "number",
    "subject",
    "status",
    "requester_email",
    "requester_name",
    "department",
    "topic",
    "priority",
    "sla",
    "address",
    "assignee_kind",
    "assignee",
    "created_at",
    "updated_at",
    "due_at",
    "overdue",
    "resolved_at",
    "closed_at",
    "merged_into",
    "rest",
)
_SAVE = (
    f"INSERT INTO ticket ({', '.join(_TICKET_COLUMNS)}) VALUES ({marks(_TICKET_COLUMNS)})"  # noqa: S608
    " ON CONFLICT (number) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _TICKET_COLUMNS if name != "number")
)


def save(db: Db, change: Change, due: Iterable[tuple[str, datetime]], known_ids: Iterable[str] = ()) -> None:
    """Write what a change did: ticket, collaborators, entries, events, deadlines, known ids."""
    ticket = change.after
    db.run(
        _SAVE,
        [
            ticket.number,
            ticket.subject,
            ticket.status.value,
            ticket.requester.email,
            ticket.requester.name,
            ticket.department,
            ticket.topic,
            ticket.priority,
            ticket.sla,
            ticket.address,
            ticket.assignee.kind if ticket.assignee else None,
            ticket.assignee.name if ticket.assignee else None,
            ticket.created_at.timestamp(),
            ticket.updated_at.timestamp(),
            maybe_seconds(ticket.due_at),
            int(ticket.overdue),
            maybe_seconds(ticket.resolved_at),
            maybe_seconds(ticket.closed_at),
            ticket.merged_into or None,
            _rest(ticket),
        ],
    )
    if ticket.collaborators != (change.before.collaborators if change.before else ()):
        _save_collaborators(db, ticket)
    db.many(
        'INSERT INTO event (ticket, kind, "by", at, reason, "before", "after") VALUES (?, ?, ?, ?, ?, ?, ?)',
        [
            (
                ticket.number,
                event.kind.value,
                event.by,
                event.at.timestamp(),
                event.reason,
                maybe_json(event.before),
                maybe_json(event.after),
            )
            for event in change.events
        ],
    )
    for entry in change.entries:
        _save_entry(db, ticket.number, entry)
    merged.move(db, ticket.number, change.moved)
    deadlines.replace(db, ticket.number, due)
    ids = {entry.message_id for entry in change.entries if entry.message_id} | set(known_ids)
    db.many(
        "INSERT OR IGNORE INTO known_id (message_id, ticket) VALUES (?, ?)", [(each, ticket.number) for each in ids]
    )


def _save_collaborators(db: Db, ticket: Ticket) -> None:
    db.run("DELETE FROM collaborator WHERE ticket = ?", [ticket.number])
    db.many(
        "INSERT INTO collaborator (ticket, email, name, active, position) VALUES (?, ?, ?, ?, ?)",
        [
            (ticket.number, person.email, person.name, int(person.active), position)
            for position, person in enumerate(ticket.collaborators)
        ],
    )


def _save_entry(db: Db, number: int, entry: Entry) -> int:
    attachments = [
        {"name": a.name, "type": a.type, "size": a.size, "sha256": a.sha256, "cid": a.cid} for a in entry.attachments
    ]
    return db.insert(
        'INSERT INTO entry (ticket, kind, "by", author_email, author_name, at, text, html, cut, message_id,'
        " attachments, inbox_id, came_for) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number,
            entry.kind.value,
            entry.by,
            entry.author.email,
            entry.author.name,
            entry.at.timestamp(),
            entry.text,
            entry.html,
            entry.cut,
            entry.message_id,
            json.dumps(attachments, ensure_ascii=False),
            entry.inbox_id,
            entry.came_for or None,
        ],
    )
