"""Answers to queries: #show, #list, #search, #bans, #report, #help."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.desk.agent.away import who_is_away
from mailgate.desk.agent.report_mails import answer_reports, report_text
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import CliOrder, Request
from mailgate.desk.situation import Known
from mailgate.mail import normalise
from mailgate.notice import Answer, Fixed, Lines, Listing, Notice, NoticeKind, ShownTicket, wire_size
from mailgate.phrase import Choice, Day, Phrase, Sentence, Value, phrase
from mailgate.rules.commands.help import HELP
from mailgate.rules.commands.orders import Order, ResolvedCommands, bans_of, unbans_of
from mailgate.rules.commands.scope import Command
from mailgate.rules.commands.verbs import QUERIES
from mailgate.rules.notices.digest import end_of_day
from mailgate.rules.notices.sentences import event_sentence
from mailgate.rules.notices.tables import found_listing, urgency
from mailgate.rules.people.actors import actor
from mailgate.rules.people.permissions import sees
from mailgate.rules.replies import attachments
from mailgate.rules.text.names import Ambiguous, Matched, Unknown, departments, match, queues
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.bans import Ban
from mailgate.settings import Agent, Config
from mailgate.store.tickets.queries import Query
from mailgate.ticket import Entry, StoredAttachment, Ticket
from mailgate.writing.mail.mime import file_name
from mailgate.writing.views.formatting import size

SEARCHED = 12  # words of one search
_EVENTS = 100  # of a ticket that is shown


def answers_of(
    request: Request,
    resolved: ResolvedCommands,
    ticket: Ticket | None,
    context: Context,
    changed: Sequence[Ticket] = (),
) -> Found:
    """The answers to all queries of the request; empty for none. `changed`: tickets after its other commands."""
    request = replace(request, known=_known_after(request, resolved, changed))
    parts = [_answer(order, request, ticket, context) for order in resolved.orders if order.verb in QUERIES]
    if resolved.has("list", "help"):
        parts.append(Found(who_is_away(request, resolved, context)))
    return Found(
        tuple(answer for part in parts for answer in part.answers),
        tuple(parcel for part in parts for parcel in part.parcels),
    )


def _known_after(request: Request, resolved: ResolvedCommands, changed: Sequence[Ticket]) -> Known:
    """Lists and bans as they are once the other commands of the request are done."""
    known, ended = request.known, unbans_of(resolved)
    added = bans_of(resolved, acts.Stamp(request.by, request.at))
    return replace(
        known,
        lists={query: query.updated(found, changed) for query, found in known.lists.items()},
        bans=(*added, *(ban for ban in known.bans if ban.pattern not in ended)),
    )


def answer_queries(
    request: Request,
    resolved: ResolvedCommands,
    ticket: Ticket | None,
    context: Context,
    *,
    unposted: bool = False,
) -> Outcome:
    """The outcome of a request of queries alone. `unposted`: it also has text, which is ignored."""
    found = answers_of(request, resolved, ticket, context)
    facts = (Phrase("done.unposted_questions"),) if unposted else ()
    notices = answer_reports(request, resolved, context, facts)
    if found.answers or not notices:
        notices = (*with_answers(request.answer(NoticeKind.ANSWER, ticket, facts), found), *notices)
    return Outcome(
        ticket=ticket.number if ticket else None,
        notices=notices,
        commands=request.commands.commands,
        answers=found.answers,
    )


def _answer(order: Order, request: Request, ticket: Ticket | None, context: Context) -> Found:
    config, value = context.config, str(order.value or "")
    match order.verb:
        case "show":
            return _show(value, request, ticket, config)
        case "list" | "search":
            return _list(order.verb, value, request, context)
        case "report":  # by mail it is a mail of its own
            return Found((Fixed(report_text(order, request, context)),) if isinstance(request, CliOrder) else ())
        case "bans":
            return Found((_bans(request.known.bans, config),))
        case verb:
            assert verb == "help", f"no answer to #{verb}"
            return Found(_help(config))


def _says(name: str, **values: Value | int) -> Found:
    """An answer of one sentence."""
    return Found((Lines((phrase(name, **values),)),))


def _help(config: Config) -> tuple[Answer, ...]:
    names = tuple(sorted(config.canned))
    return (*HELP, *([Lines((phrase("answer.canned", names=names),))] if names else []))


def _show(value: str, request: Request, ticket: Ticket | None, config: Config) -> Found:
    """A ticket; with "full" also what was cut from its mails, with "files" its files instead."""
    agent, known = request.agent, request.known
    number = number_shown(value)
    here = ticket is not None and number in ("", str(ticket.number))  # as it stands after the mail's own commands
    wanted = ticket if here or not number else known.ticket(int(number))
    if wanted is None or (agent and not sees(agent, wanted, config)):
        return _says("answer.no_ticket", number=number) if number else _says("answer.which_ticket")
    if value.endswith("files"):
        return show_files(wanted, known.thread(wanted.number), config)
    thread = tuple(known.whole_thread(wanted.number))
    return Found((ShownTicket(wanted, thread, value.endswith("full"), _events(wanted, request, config)),))


def _events(ticket: Ticket, request: Request, config: Config) -> tuple[tuple[datetime, Phrase], ...]:
    """What happened to the ticket beside its entries, the latest."""
    events = request.known.events(ticket.number)
    said = ((event.at, event_sentence(event, ticket, config, request.agent_key)) for event in events)
    return tuple((at, sentence) for at, sentence in said if sentence)[-_EVENTS:]


def number_shown(value: str) -> str:
    """The number in the value of a `#show`, or ""."""
    return value.removesuffix("files").removesuffix("full").strip()


def _bans(found: Sequence[Ban], config: Config) -> Answer:
    """The bans."""
    if not found:
        return Lines((Phrase("answer.nobody_banned"),))
    rows = tuple((ban.pattern, actor(ban.by, config), Day(ban.at), ban.reason) for ban in found)
    return Listing(Phrase("table.bans"), ("banned", "by", "since", "reason"), rows, len(rows))


# ── lists ───────────────────────────────────────────────────────────────────────────────


def query_of(command: Command, agent: Agent | None, context: Context) -> Query | None:
    """The tickets that a `#list` or `#search` needs; None for none."""
    wanted = _wanted(command.verb, command.value, agent, context) if command.verb in ("list", "search") else None
    return wanted[0] if isinstance(wanted, tuple) else None


def wrong_lists(request: Request, context: Context) -> tuple[Sentence, ...]:
    """A problem for each `#list` whose name no list has, and each `#search` of too many words."""
    asked = (each for each in request.commands.commands if each.verb in ("list", "search"))
    return tuple(
        phrase("refused.line", line=command.line, why=found)
        for command in asked
        if isinstance(found := _tickets(command.verb, command.value, request, context), Phrase)
    )


def _list(verb: str, typed: str, request: Request, context: Context) -> Found:
    config, asked = context.config, _tickets(verb, typed, request, context)
    if isinstance(asked, Phrase):
        return Found((Lines((asked,)),))
    found, title = asked
    percent = request.known.index_percent if verb == "search" else None
    behind = () if percent is None else (Lines((phrase("answer.index_behind", percent=percent),)),)
    if not found:
        return Found((*behind, *_says("answer.no_tickets", title=title).answers))
    if verb == "list":
        found.sort(key=urgency)
    return Found((*behind, found_listing(title, found, request.agent_key, config)))


def _tickets(verb: str, typed: str, request: Request, context: Context) -> tuple[list[Ticket], Phrase] | Phrase:
    """The tickets of a list or search that the agent sees, and the title of their table; or why there is no list."""
    agent, config = request.agent, context.config
    wanted = _wanted(verb, typed, agent, context)
    if isinstance(wanted, Phrase):
        return wanted
    query, title = wanted
    found = [each for each in request.known.lists[query] if agent is None or sees(agent, each, config)]
    if not found and query.agent and query.agent not in config.agents:
        return _no_list(typed.strip(), config)
    return found, title


def _wanted(verb: str, typed: str, agent: Agent | None, context: Context) -> tuple[Query, Phrase] | Phrase:
    """The query and the title of its table; or why there is no such list."""
    if verb == "search":  # tickets in any status that have every word in their subject, requester or thread
        words = tuple(typed.replace('"', " ").split())
        if len(words) > SEARCHED:
            return phrase("answer.too_many_words", most=SEARCHED)
        return Query(statuses=(), words=words), Phrase("table.search")
    name = typed.strip() or "open"
    if query := _named_query(name.lower(), agent, context):
        return query, Phrase(f"table.{name.lower()}")
    found = _queue(name, context.config)
    if isinstance(found, Matched):
        kind, _, key = found.id.partition(":")
        return _QUERIES[kind](key), phrase(f"table.{kind}", name=found.name)
    if email := _address(name):
        people = tuple(context.config.addresses_of(email))
        return Query(statuses=(), requesters=people, limit=_ENDED), phrase("table.requester", name=email)
    if isinstance(found, Unknown) and name.isascii() and " " not in name:  # perhaps of an agent who left
        return Query(agent=name.lower()), phrase("table.agent", name=phrase("ticket.left", name=name))
    return _no_list(name, context.config)


def _no_list(name: str, config: Config) -> Phrase:
    """The sentence that there is no such list."""
    found = _queue(name, config)
    near = () if isinstance(found, Matched) else found.candidates if isinstance(found, Ambiguous) else found.nearest
    if near:
        return phrase("answer.no_list_near", typed=name, near=Choice(near))
    return phrase("answer.no_list", typed=name)


_ENDED = 200  # tickets of a list that holds ended ones: the newest
_QUERIES: Mapping[str, Callable[[str], Query]] = {
    "department": lambda name: Query(department=name),
    "agent": lambda key: Query(agent=key),
    "team": lambda name: Query(team=name),
}


def _queue(typed: str, config: Config) -> Matched | Ambiguous | Unknown:
    """The department, agent or team that is meant; of those that fit as well as each other the department."""
    found = match(typed, queues(config))
    if isinstance(found, Ambiguous):
        department = match(typed, departments(config))
        if isinstance(department, Matched):
            return Matched(department.name, f"department:{department.name}")
    return found


def _address(typed: str) -> str:
    """The address that was typed; "" for other text."""
    found = re.fullmatch(r"(?:[^<]*<)?([^<>\s]+@[^<>\s]+)>?", typed)
    return normalise(found[1]) if found else ""


def _named_query(name: str, agent: Agent | None, context: Context) -> Query | None:
    """The query of a list by its fixed name; None for any other name."""
    match name:
        case "open":
            return Query()
        case "mine":
            return Query(agent=agent.key) if agent else Query()
        case "unassigned":
            return Query(unassigned=True)
        case "overdue":
            return Query(overdue=True)
        case "today":
            zone = context.config.zone(agent.key if agent else "")
            return Query(due_before=end_of_day(context.now, zone))
        case "pending":
            return Query(statuses=(name,))
        case "resolved" | "closed":
            return Query(statuses=(name,), limit=_ENDED)
        case _:
            return None


# ── files ───────────────────────────────────────────────────────────────────────────────

MOST = 10  # mails in one answer


@dataclass(frozen=True, slots=True)
class Found:
    """Answers to queries, and the files with them, in portions for one mail each."""

    answers: tuple[Answer, ...]
    parcels: tuple[tuple[StoredAttachment, ...], ...] = ()


def show_files(ticket: Ticket, thread: Sequence[Entry], config: Config) -> Found:
    """Every file of the ticket once, the newest first."""
    found: dict[tuple[str, str], tuple[StoredAttachment, Entry]] = {}
    for entry in reversed(thread):
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
    return Found((Lines(tuple(lines)),), tuple(parcels[:MOST]))


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
    if wire_size(file.size) > config.attachments.send_max:
        return Phrase("answer.file_too_large")
    return None


def with_answers(notices: tuple[Notice, ...], found: Found) -> tuple[Notice, ...]:
    """A notice with the answers and the first portion of files, and one for each other portion."""
    if not notices:
        return ()
    (notice,) = notices
    rest = (
        replace(
            notice,
            cause=f"{notice.cause}|files{place}",
            facts=(phrase("done.files", place=place, count=len(found.parcels)),),
            attachments=parcel,
        )
        for place, parcel in enumerate(found.parcels[1:], start=2)
    )
    return (replace(notice, answers=found.answers, attachments=(*found.parcels, ())[0]), *rest)
