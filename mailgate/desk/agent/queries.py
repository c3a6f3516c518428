"""Answers by mail to an agent's questions: #show, #list, #search, #help."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailgate.desk.agent.away import who_is_away
from mailgate.desk.agent.reports import answer_reports, report_text
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import CliOrder, Request
from mailgate.notice import Answer, Fixed, Lines, Listing, Notice, NoticeKind, ShownTicket
from mailgate.phrase import Choice, Day, Phrase, Sentence, Value, phrase
from mailgate.rules.commands.help import HELP
from mailgate.rules.commands.orders import Order, ResolvedCommands
from mailgate.rules.commands.verbs import QUERIES
from mailgate.rules.notices.tables import found_listing
from mailgate.rules.people.actors import actor
from mailgate.rules.people.permissions import sees
from mailgate.rules.replies import attachments
from mailgate.rules.text.names import Ambiguous, Matched, departments, match
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import bans
from mailgate.store.tickets import histories, tickets
from mailgate.store.tickets.queries import Query, find
from mailgate.ticket import Entry, StoredAttachment, Ticket
from mailgate.writing.mail.mime import file_name
from mailgate.writing.views.formatting import size

SEARCHED = 12  # words of one search


def answers_of(db: Db, request: Request, resolved: ResolvedCommands, ticket: Ticket | None, context: Context) -> Shown:
    """The answers to every question of the mail; empty when there is none."""
    parts = [_answer(db, order, request, ticket, context) for order in resolved.orders if order.verb in QUERIES]
    if resolved.has("list", "help"):
        parts.append(Shown(who_is_away(db, resolved, context)))
    return Shown(
        tuple(answer for part in parts for answer in part.answers),
        tuple(parcel for part in parts for parcel in part.parcels),
    )


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
    if asked.answers or not notices:
        notices = (*with_answers(request.answer(NoticeKind.ANSWER, ticket, facts), asked), *notices)
    return Outcome(
        ticket=ticket.number if ticket else None,
        notices=notices,
        commands=request.commands.commands,
        answers=asked.answers,
    )


def _answer(db: Db, order: Order, request: Request, ticket: Ticket | None, context: Context) -> Shown:
    match order.verb:
        case "show":
            return _show(db, str(order.value or ""), request.agent, ticket, context.config)
        case "list":
            return _list(db, str(order.value or ""), request.agent, context.config)
        case "search":
            return _search(db, str(order.value), request.agent, context.config)
        case "report":  # by mail it is a mail of its own
            return Shown((Fixed(report_text(order, request, context)),) if isinstance(request, CliOrder) else ())
        case "bans":
            return Shown((_bans(db, context.config),))
        case verb:
            assert verb == "help", f"no answer to #{verb}"
            return Shown(_help(context.config))


def _says(name: str, **values: Value | int) -> Shown:
    """An answer of one sentence."""
    return Shown((Lines((phrase(name, **values),)),))


def _help(config: Config) -> tuple[Answer, ...]:
    names = tuple(sorted(config.canned))
    return (Fixed(HELP), *([Lines((phrase("answer.canned", names=names),))] if names else []))


def _show(db: Db, value: str, agent: Agent | None, ticket: Ticket | None, config: Config) -> Shown:
    """A ticket; "full" behind its number adds what was cut from its mails, "files" asks for its files instead."""
    number = value.removesuffix("files").removesuffix("full").strip()
    here = ticket is not None and number in ("", str(ticket.number))  # as it stands after the mail's own commands
    wanted = ticket if here or not number else tickets.get(db, int(number))
    if wanted is None or (agent and not sees(agent, wanted, config)):
        return _says("answer.no_ticket", number=number) if number else _says("answer.which_ticket")
    if value.endswith("files"):
        return show_files(db, wanted, config)
    return Shown((ShownTicket(wanted, tuple(histories.whole_thread(db, wanted.number)), value.endswith("full")),))


def _bans(db: Db, config: Config) -> Answer:
    """Who is banned, the newest first."""
    found = bans.every(db)
    if not found:
        return Lines((Phrase("answer.nobody_banned"),))
    rows = tuple((ban.pattern, actor(ban.by, config), Day(ban.at), ban.reason) for ban in found)
    return Listing(Phrase("table.bans"), ("banned", "by", "since", "reason"), rows, len(rows))


def _list(db: Db, which: str, agent: Agent | None, config: Config) -> Shown:
    wanted = which.strip() or "open"
    query = _query(wanted, agent)
    if query is not None:
        return _listed(db, query, Phrase(f"table.{wanted.lower()}"), agent, config)
    found = match(wanted, departments(config))
    if isinstance(found, Matched):
        title = phrase("table.department", name=found.name)
        return _listed(db, Query(department=found.name), title, agent, config)
    near = found.candidates if isinstance(found, Ambiguous) else found.nearest
    if near:
        return _says("answer.no_list_near", typed=wanted, near=Choice(near))
    return _says("answer.no_list", typed=wanted)


def _search(db: Db, typed: str, agent: Agent | None, config: Config) -> Shown:
    """Tickets in any status that have every word in their subject, requester or thread."""
    words = tuple(typed.replace('"', " ").split())
    if len(words) > SEARCHED:
        return _says("answer.too_many_words", most=SEARCHED)
    return _listed(db, Query(statuses=(), words=words), Phrase("table.search"), agent, config)


def _listed(db: Db, query: Query, title: Phrase, agent: Agent | None, config: Config) -> Shown:
    found = [ticket for ticket in find(db, query) if agent is None or sees(agent, ticket, config)]
    if not found:
        return _says("answer.no_tickets", title=title)
    return Shown((found_listing(title, found, agent.key if agent else "", config),))


def _query(which: str, agent: Agent | None) -> Query | None:
    """The tickets of a list that has a name of its own; None for any other word."""
    match which.lower():
        case "open":
            return Query()
        case "mine":
            return Query(agent=agent.key) if agent else Query()
        case "unassigned":
            return Query(unassigned=True)
        case "overdue":
            return Query(overdue=True)
        case _:
            return None


MOST = 10  # mails in one answer


@dataclass(frozen=True, slots=True)
class Shown:
    """The answers to questions, and files that go with them, mail by mail."""

    answers: tuple[Answer, ...]
    parcels: tuple[tuple[StoredAttachment, ...], ...] = ()


def show_files(db: Db, ticket: Ticket, config: Config) -> Shown:
    """Every file of the ticket once, the newest first."""
    found: dict[tuple[str, str], tuple[StoredAttachment, Entry]] = {}
    for entry in reversed(tickets.thread(db, ticket.number)):
        for file in entry.attachments:
            found.setdefault((file.name, file.sha256), (file, entry))
    if not found:
        return _says("answer.no_files", number=ticket.number)
    rules = config.attachments
    mailable: list[StoredAttachment] = []
    lines: list[Sentence] = [phrase("answer.files", number=ticket.number)]
    for file, entry in found.values():
        why = _why_not(file, config)
        mailable += [] if why else [file]
        lines.append(_file_line(file, entry, why))
    parcels = attachments.parcels(mailable, rules.send_max)
    if left := [file for parcel in parcels[MOST:] for file in parcel]:
        lines.append(phrase("answer.files_left", count=len(left)))
    return Shown((Lines(tuple(lines)),), tuple(parcels[:MOST]))


def _file_line(file: StoredAttachment, entry: Entry, why: Phrase | None) -> Phrase:
    line = phrase(
        "answer.file",
        name=file_name(file.name),
        size=size(file.size),
        author=entry.author.name or entry.author.email,
        kind=Phrase(f"entry.{entry.kind}"),
    )
    return phrase("answer.file_left", file=line, why=why) if why else line


def _why_not(file: StoredAttachment, config: Config) -> Phrase | None:
    if extension := attachments.blocked(file.name, config.attachments):
        return phrase("answer.file_blocked", ending=extension)
    if attachments.wire_size(file.size) > config.attachments.send_max:
        return Phrase("answer.file_too_large")
    return None


def with_answers(notices: tuple[Notice, ...], asked: Shown) -> tuple[Notice, ...]:
    """A mail to an agent with the answers and the first parcel, and a mail for each of the other parcels."""
    if not notices:
        return ()
    (notice,) = notices
    rest = (
        replace(
            notice,
            cause=f"{notice.cause}|files{place}",
            facts=(f"The files, mail {place} of {len(asked.parcels)}.",),
            attachments=parcel,
        )
        for place, parcel in enumerate(asked.parcels[1:], start=2)
    )
    return (replace(notice, answers=asked.answers, attachments=(*asked.parcels, ())[0]), *rest)
