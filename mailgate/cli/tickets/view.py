"""`tickets show` and `tickets export`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.cli.common import config_of, json_text, plain, print_json, print_line, print_raw, reading, say
from mailgate.cli.progress import Progress, progress_bar
from mailgate.cli.tickets.listing import held_by
from mailgate.errors import NotFound
from mailgate.rules.sla.explained import explain_due
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.ticket.as_json import entry_json, event_json, ticket_json
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.queues import inbox
from mailgate.store.tickets import histories, tickets
from mailgate.ticket import Entry, Json, Ticket

EXPORT_BATCH = 20  # tickets of an export in memory
_SHOWN_IN_THREAD = ("opened", "routed", "message", "replied", "noted")  # events that the thread shows already


# ── show ────────────────────────────────────────────────────────────────────────────────


def show(args: argparse.Namespace) -> int:
    """`tickets show N`: print one ticket, or with --raw one message of it."""
    config = config_of(args, thorough=False, or_in_force=True)
    with reading(config) as db:
        ticket = tickets.get(db, args.number)
        if ticket is None:
            raise NotFound(f"ticket {args.number} was not found")
        if args.raw is not None:
            return _show_raw(_raw(db, ticket.number, args.raw), as_json=args.json)
        found = ticket_document(db, ticket, config, histories.whole_thread(db, ticket.number))
    if args.json:
        print_json(found)
    else:
        _print(ticket, found, config)
    return 0


def _show_raw(raw: bytes, *, as_json: bool) -> int:
    if as_json:
        print_json({"raw": raw.decode("utf-8", "backslashreplace")})
    else:
        print_raw(raw)
    return 0


def ticket_document(db: Db, ticket: Ticket, config: Config, thread: Sequence[Entry]) -> dict[str, Json]:
    """A ticket with its thread and events, for other programs."""
    return {
        **ticket_json(ticket),
        "due_explained": list(explain_due(ticket, config)),
        "thread": [entry_json(entry) for entry in thread],
        "events": [event_json(event) for event in tickets.events(db, ticket.number)],
    }


def _raw(db: Db, number: int, entry_id: int) -> bytes:
    entry = next((each for each in histories.whole_thread(db, number) if each.id == entry_id), None)
    if entry is None or entry.inbox_id is None:
        raise NotFound(f"ticket {number} has no stored message {entry_id}")
    return inbox.raw(db, entry.inbox_id)


def _print(ticket: Ticket, found: dict[str, Json], config: Config) -> None:
    zone = config.desk.timezone
    until = f" until {ENGLISH.moment(ticket.wake_at, zone)}" if ticket.wake_at else ""
    rows = (
        ("Requester", str(ticket.requester)),
        ("Status", ticket.status.value + until + (", overdue" if ticket.overdue else "")),
        ("Rated", ticket.satisfaction),
        ("Department", ticket.department),
        ("Help topic", ticket.topic),
        ("Priority", ticket.priority),
        ("Assigned to", held_by(ticket, config)),
        ("SLA plan", ticket.sla),
        ("Opened", ENGLISH.moment(ticket.created_at, zone)),
        ("Due", ENGLISH.moment(ticket.due_at, zone) if ticket.due_at else "-"),
        ("Collaborators", ", ".join(c.email + ("" if c.active else " (inactive)") for c in ticket.collaborators)),
        ("Tags", ", ".join(ticket.tags)),
        ("Linked to", ", ".join(f"#{number}" for number in ticket.links)),
        ("Merged into", f"#{ticket.merged_into}" if ticket.merged_into else ""),
        ("Holds", ", ".join(f"#{number}" for number in ticket.merged)),
    )
    print_line(f"#{ticket.number} {ticket.subject}")
    for label, value in rows:
        if value:
            print_line(f"{label + ':':<15}{value}")
        if label == "Due":
            for line in _items(found["due_explained"]):
                print(f"{'':<15}{line}")
    for entry in map(_object, _items(found["thread"])):
        author = _object(entry["from"])
        print()
        came = f" for #{entry['came_for']}" if entry["came_for"] else ""
        print_line(f"--- {entry['kind']} {entry['id']}{came}, {author['name'] or author['email']}, {_at(entry, zone)}")
        if entry["subject"]:
            print_line(f"Subject: {entry['subject']}")
        print(plain(str(entry["text"])))
        for each in map(_object, _items(entry["attachments"])):
            print_line(f"[{each['name']}, {each['size']} bytes]")
    print("\n--- events")
    for event in map(_object, _items(found["events"])):
        change = _changed(event, zone)
        why = f" ({event['reason']})" if event["reason"] else ""
        print_line(f"{_at(event, zone)}  {event['kind']:<17} {event['by']}{change}{why}")


def _at(item: dict[str, Json], zone: ZoneInfo) -> str:
    return _local(item["at"], zone)


def _local(moment: Json, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if isinstance(moment, str) else "-"


def _changed(event: dict[str, Json], zone: ZoneInfo) -> str:
    """The change of an event; of a merge or split each field by its name, of a note the people that it asked."""
    if event["kind"] in _SHOWN_IN_THREAD:
        asked = [str(_object(person)["email"]) for person in _items(_object(event["after"]).get("asked"))]
        return f" asked {', '.join(asked)}" if asked else ""
    if event["kind"] in ("due-changed", "wake-changed"):
        return f" {_local(event['before'], zone)} -> {_local(event['after'], zone)}"
    if event["kind"] not in ("merged", "split"):
        return f" {_short(event['before'])} -> {_short(event['after'])}"
    before, after = _object(event["before"]), _object(event["after"])
    fields = (name for name in after if name in before and before[name] != after[name])
    changed = [f"{name} {_short(before[name])} -> {_short(after[name])}" for name in fields]
    return " " + "; ".join(changed)


def _short(value: Json) -> str:
    if isinstance(value, dict) and "active" in value:  # a collaborator
        return f"{value['email']}{'' if value['active'] else ' (inactive)'}"
    if isinstance(value, dict):
        return ", ".join(f"{each}" for each in value.values() if each != "")
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "-"
    return "-" if value is None else str(value)


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


# ── export ──────────────────────────────────────────────────────────────────────────────


def export(args: argparse.Namespace) -> int:
    """`tickets export`: write JSON lines, oldest first."""
    config = config_of(args, thorough=False, or_in_force=True)
    with reading(config) as db, progress_bar("writing tickets") as progress:
        lines = _lines(db, config, progress)
        if args.output is None or str(args.output) == "-":
            for line in lines:
                print(line)
            return 0
        with args.output.open("w", encoding="utf-8") as file:
            count = sum(1 for line in lines if file.write(line + "\n"))
    if args.json:
        print_json({"ok": True, "tickets": count, "file": str(args.output)})
    say(f"{count} tickets written to {args.output}")
    return 0


def _lines(db: Db, config: Config, progress: Progress) -> Iterator[str]:
    """One line for each ticket, `EXPORT_BATCH` tickets in memory at a time.

    No transaction stays open while lines are written: a pager that waits would keep SQLite's log from beginning anew.
    """
    numbers = tickets.numbers(db)
    for start in range(0, len(numbers), EXPORT_BATCH):
        progress(start, len(numbers))
        with db.snapshot():
            found = sorted(tickets.get_many(db, numbers[start : start + EXPORT_BATCH]).items())
            lines = [json_text(ticket_document(db, each, config, tickets.thread(db, number))) for number, each in found]
        yield from lines
