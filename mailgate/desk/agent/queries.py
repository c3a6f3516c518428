"""Answers by mail to an agent's questions: #show, #list, #search, #help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailgate.desk.agent.away import who_is_away
from mailgate.desk.agent.reports import answer_reports, report_text
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import CliOrder, Request
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.commands.help import HELP
from mailgate.rules.commands.orders import Order, ResolvedCommands
from mailgate.rules.commands.verbs import QUERIES
from mailgate.rules.notices.tables import short
from mailgate.rules.people.actors import actor
from mailgate.rules.people.permissions import sees
from mailgate.rules.replies import attachments
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.text.names import Ambiguous, Matched, departments, match
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import bans
from mailgate.store.tickets import histories, tickets
from mailgate.store.tickets.queries import Query, find
from mailgate.ticket import Entry, StoredAttachment, Ticket
from mailgate.writing.mail.mime import file_name
from mailgate.writing.views.formatting import size

LISTED = 100  # tickets in one answer
SEARCHED = 12  # words of one search


def answers_of(db: Db, request: Request, resolved: ResolvedCommands, ticket: Ticket | None, context: Context) -> Shown:
    """The answers to every question of the mail; empty when there is none."""
    parts = [_answer(db, order, request, ticket, context) for order in resolved.orders if order.verb in QUERIES]
    if resolved.has("list", "help"):
        parts.append(Shown(who_is_away(db, request.agent, resolved, context)))
    text = "\n\n".join(part.text for part in parts if part.text)
    return Shown(text, tuple(parcel for part in parts for parcel in part.parcels))


def answer_queries(
    db: Db,
    request: Request,
    resolved: ResolvedCommands,
    ticket: Ticket | None,
    context: Context,
    *,
    unposted: bool = False,
) -> Outcome:
    """Answer every question of the mail in one mail; nothing changes. `unposted`: it held text as well."""
    asked = answers_of(db, request, resolved, ticket, context)
    facts = ("A mail of questions posts nothing: your text below them was left out.",) if unposted else ()
    notices = answer_reports(request, resolved, context, facts)
    if asked.text or not notices:
        notices = (*with_parcels(request.answer(NoticeKind.ANSWER, ticket, facts, asked.text), asked.parcels), *notices)
    return Outcome(
        ticket=ticket.number if ticket else None,
        notices=notices,
        commands=request.commands.commands,
        told=(asked.text,),
    )


def _answer(db: Db, order: Order, request: Request, ticket: Ticket | None, context: Context) -> Shown:
    match order.verb:
        case "show":
            return _show(db, str(order.value or ""), request.agent, ticket, context.config)
        case "list":
            return Shown(_list(db, str(order.value or ""), request.agent, context.config))
        case "search":
            return Shown(_search(db, str(order.value), request.agent, context.config))
        case "report":  # by mail it is a mail of its own
            return Shown(report_text(order, request, context) if isinstance(request, CliOrder) else "")
        case "bans":
            return Shown(_bans(db, request.agent, context.config))
        case _:
            return Shown(_help(context.config))


def _help(config: Config) -> str:
    names = ", ".join(sorted(config.canned))
    return f"{HELP}\n\nCanned responses: {names}" if names else HELP


def _show(db: Db, value: str, agent: Agent | None, ticket: Ticket | None, config: Config) -> Shown:
    """A ticket, or with "files" behind its number the files of it."""
    number = value.removesuffix("files").strip()
    here = ticket is not None and number in ("", str(ticket.number))  # as it stands after the mail's own commands
    wanted = ticket if here or not number else tickets.get(db, int(number))
    if wanted is None or (agent and not sees(agent, wanted, config)):
        return Shown(
            f"Ticket {number} was not found." if number else "This mail answers no ticket; write #show NUMBER."
        )
    return show_files(db, wanted, config) if value.endswith("files") else Shown(_shown(db, wanted, agent, config))


def _shown(db: Db, wanted: Ticket, agent: Agent | None, config: Config) -> str:
    zone = config.zone(agent.key) if agent else config.desk.timezone
    due = ENGLISH.moment(wanted.due_at, zone) if wanted.due_at else "-"
    until = f" until {ENGLISH.moment(wanted.wake_at, zone)}" if wanted.wake_at else ""
    people = ", ".join(each.email + ("" if each.active else " (inactive)") for each in wanted.collaborators)
    asked = ", ".join(dict.fromkeys(each.name or each.email for each in wanted.asked))
    beside = (
        ("Rated", wanted.satisfaction),
        ("Collaborators", people),
        ("Asked", asked),
        ("Tags", ", ".join(wanted.tags)),
        ("Linked", _numbers(wanted.links)),
        *_merges(wanted),
    )
    lines = [
        f"#{wanted.number} {wanted.subject}",
        f"Requester: {wanted.requester}",
        f"Status: {wanted.status}{until}   Priority: {wanted.priority}   Department: {wanted.department}",
        f"Help topic: {wanted.topic}   SLA plan: {wanted.sla}   Due: {due}",
        f"Assigned to: {config.called(wanted.assignee, agent.key if agent else '') or 'nobody'}",
        *(f"{label}: {value}" for label, value in beside if value),
    ]
    for entry in histories.whole_thread(db, wanted.number):
        came = f" for #{entry.came_for}" if entry.came_for else ""
        lines += [
            "",
            f"[{entry.kind}{came}] {entry.author.name or entry.author.email}, {ENGLISH.moment(entry.at, zone)}",
            entry.text,
        ]
    return "\n".join(lines)


def _bans(db: Db, agent: Agent | None, config: Config) -> str:
    """Who is banned, the newest first."""
    found = bans.every(db)
    if not found:
        return "Nobody is banned."
    zone = config.zone(agent.key) if agent else config.desk.timezone
    rows = [(ban.pattern, actor(ban.by, config), ENGLISH.day(ban.at.astimezone(zone)), ban.reason) for ban in found]
    return aligned([("Banned", "By", "Since", "Reason"), *rows])


def _merges(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    into = f"#{ticket.merged_into}" if ticket.merged_into else ""
    return ("Merged into", into), ("Merged into this one", _numbers(ticket.merged))


def _numbers(links: Sequence[int]) -> str:
    return ", ".join(f"#{number}" for number in links)


def _list(db: Db, which: str, agent: Agent | None, config: Config) -> str:
    query = _query(which.strip(), agent, config)
    return query if isinstance(query, str) else _listed(db, query, agent, config)


def _search(db: Db, typed: str, agent: Agent | None, config: Config) -> str:
    """Tickets in any status that have every word in their subject, requester or thread."""
    words = tuple(typed.replace('"', " ").split())
    if len(words) > SEARCHED:
        return f"That is too many words to look for: take up to {SEARCHED}."
    return _listed(db, Query(statuses=(), words=words), agent, config)


def _listed(db: Db, query: Query, agent: Agent | None, config: Config) -> str:
    found = [ticket for ticket in find(db, query) if agent is None or sees(agent, ticket, config)]
    if not found:
        return "No tickets."
    zone = config.zone(agent.key) if agent else config.desk.timezone
    rows = [
        (
            f"#{ticket.number}",
            ticket.status.value,
            ticket.priority,
            config.called(ticket.assignee, agent.key if agent else "") or "nobody",
            ENGLISH.short(ticket.due_at, zone) + ("!" if ticket.overdue else "") if ticket.due_at else "-",
            short(ticket.subject),
        )
        for ticket in found[:LISTED]
    ]
    text = aligned([("Ticket", "Status", "Priority", "Assigned to", "Due", "Subject"), *rows])
    more = f"\n… and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return text + more


def _query(which: str, agent: Agent | None, config: Config) -> Query | str:
    match which.lower():
        case "" | "open":
            return Query()
        case "mine":
            return Query(agent=agent.key) if agent else Query()
        case "unassigned":
            return Query(unassigned=True)
        case "overdue":
            return Query(overdue=True)
    found = match(which, departments(config))
    if isinstance(found, Matched):
        return Query(department=found.name)
    hint = " or ".join(found.candidates if isinstance(found, Ambiguous) else found.nearest)
    return f"“{which}” is no list and no department{f'; did you mean {hint}?' if hint else ''}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as text in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


MOST = 10  # mails in one answer


@dataclass(frozen=True, slots=True)
class Shown:
    """What is said of a ticket's files, and the files mail by mail."""

    text: str
    parcels: tuple[tuple[StoredAttachment, ...], ...] = ()


def show_files(db: Db, ticket: Ticket, config: Config) -> Shown:
    """Every file of the ticket once, the newest first."""
    found: dict[tuple[str, str], tuple[StoredAttachment, Entry]] = {}
    for entry in reversed(tickets.thread(db, ticket.number)):
        for file in entry.attachments:
            found.setdefault((file.name, file.sha256), (file, entry))
    rules = config.attachments
    mailable: list[StoredAttachment] = []
    lines: list[str] = []
    for file, entry in found.values():
        why = _why_not(file, config)
        mailable += [] if why else [file]
        who = entry.author.name or entry.author.email
        lines.append(f"{file_name(file.name)}, {size(file.size)} ({who}, {entry.kind}){f': {why}' if why else ''}")
    if not lines:
        return Shown(f"Ticket {ticket.number} has no files.")
    parcels = attachments.parcels(mailable, rules.send_max)
    if left := [file for parcel in parcels[MOST:] for file in parcel]:
        lines.append(f"The oldest {len(left)} are too many for one answer; the administrator has them.")
    return Shown("\n".join((f"Files of ticket {ticket.number}, the newest first:", *lines)), tuple(parcels[:MOST]))


def _why_not(file: StoredAttachment, config: Config) -> str:
    if extension := attachments.blocked(file.name, config.attachments):
        return f".{extension} files are not passed on; the administrator has it"
    if attachments.wire_size(file.size) > config.attachments.send_max:
        return "too large to be mailed; the administrator has it"
    return ""


def with_parcels(answer: tuple[Notice, ...], parcels: tuple[tuple[StoredAttachment, ...], ...]) -> tuple[Notice, ...]:
    """An answer by mail with the first parcel, and a mail for each of the others."""
    if not answer or not parcels:
        return answer
    (notice,) = answer
    rest = (
        replace(
            notice,
            cause=f"{notice.cause}|files{place}",
            facts=(f"The files, mail {place} of {len(parcels)}.",),
            text="",
            attachments=parcel,
        )
        for place, parcel in enumerate(parcels[1:], start=2)
    )
    return (replace(notice, attachments=parcels[0]), *rest)
