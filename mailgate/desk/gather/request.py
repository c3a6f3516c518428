"""Gathers what a request needs: an agent's mail, or an order of the command line."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from mailgate.desk.agent.queries import number_shown, query_of
from mailgate.desk.gather.opening import of_opening, with_opening_by_hand
from mailgate.desk.gather.records import Extent, gather_absence, next_number, read_records
from mailgate.desk.matter import number_of, opens_as_customer, opens_by_hand
from mailgate.desk.notify.related_tickets import OTHERS
from mailgate.desk.opening.forwarded import with_ticket
from mailgate.desk.outcome import Context
from mailgate.desk.request.request import CliOrder
from mailgate.desk.situation import Ended, Known, Situation, TicketRecord
from mailgate.rules.commands.syntax import Commands
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.keys import Key
from mailgate.rules.ticket.reopening import TOLD_FOR
from mailgate.settings import Agent, Config
from mailgate.store.db import Db
from mailgate.store.people import absences, bans, signatures
from mailgate.store.queues import sent
from mailgate.store.tickets import histories, search, similar, tickets
from mailgate.store.tickets.queries import Query, find, find_in_batches
from mailgate.ticket import EntryKind, Status, Ticket

_PUBLISHED = frozenset({"canned", "send", "subject", "cc", "requester"})  # commands that requesters read of
FOUND = 200  # tickets of one search
LOOKED = 20  # times so many that are looked at, since an agent may see few of them
_WHOLE = _PUBLISHED | {"show", "split", "merge"}  # commands that need a whole record of the ticket


def gather_order(
    db: Db, number: int, agent: Agent | None, commands: Commands, cause: str, context: Context
) -> tuple[CliOrder, Ticket | None]:
    """An order of the command line, and its ticket."""
    ticket = tickets.get(db, number)
    writes = any(commands.rest)
    known = _of_request(db, ticket, commands, agent, context, writes=writes, whole=writes)
    if "split" in commands.verbs:
        known = replace(known, next_number=next_number(db, context.config))
    known = with_signatures(db, known, agent.key if agent else "")
    return CliOrder(agent=agent, commands=commands, cause=cause, at=context.now, known=known), ticket


def of_agents_request(db: Db, situation: Situation, context: Context, *, whole: bool = False) -> Known:
    """What an agent's request needs: its ticket, or what opening one needs. `whole`: with every entry of the thread."""
    config, commands = context.config, situation.commands
    number = number_of(situation)
    ticket = (situation.found.tickets.get(number) or tickets.get(db, number)) if number else None
    if opens_as_customer(situation, ticket, config):
        return of_opening(db, situation, {}, context)
    agent, writes = config.agents[situation.sender.agent], any(commands.rest) or bool(situation.attachments)
    if opens_by_hand(situation, ticket, config):
        known = with_signatures(db, _of_request(db, None, commands, agent, context, writes=writes), agent.key)
        return with_opening_by_hand(db, known, situation, context)
    since = _answered(db, situation, number)
    known = _of_request(db, ticket, commands, agent, context, writes=writes, whole=whole, since=since)
    known = with_signatures(db, known, agent.key)
    if situation.match.key:
        known = replace(known, promised=sent.readers(db, situation.match.key.text))
    if key := _of_tables(situation):
        known = replace(known, tables_at=sent.made_at(db, key))
    if "split" in commands.verbs:
        answered = sent.caused_by(db, situation.match.key.text) if situation.match.key else None
        number = next_number(db, config, situation.highest_number)
        known = replace(known, answered=answered, next_number=number)
    return known


def _own_keys(situation: Situation, number: int) -> list[Key]:
    """The keys in the mail that were made for its author, and for this ticket; 0: for several or none."""
    keys = (ref.key for ref in situation.refs if ref.key and ref.key.text in situation.sender.own_keys)
    return [key for key in keys if key.ticket == number]


def _of_tables(situation: Situation) -> str:
    """The KEY of the mail about several tickets or none that the mail answers; "" if there is none."""
    return next((key.text for key in _own_keys(situation, 0)), "")


def _answered(db: Db, situation: Situation, number: int) -> int | None:
    """The id of the newest notice about the ticket that the mail answers, or of the one about several; None: neither.

    What the author was told since then says what of the thread they know (`desk/hold/collision.py`).
    """
    keys = (_own_keys(situation, number), _own_keys(situation, 0)[:1])
    ids = (sent.newest(db, [key.text for key in each]) for each in keys if each)
    return min(filter(None, ids), default=None)


def with_signatures(db: Db, known: Known, agent: str) -> Known:
    """`known` with how its agent signs, and the authors of the notes that it holds."""
    authors = {key for each in known.records.values() for _, key in each.agents_wrote}
    learned = signatures.of_agents(db, {agent, *authors} - {""})
    return replace(known, signatures=learned, endings=signatures.endings(db, agent) if agent else ())


def with_attached_mails_ticket(db: Db, situation: Situation, context: Context) -> Situation:
    """The situation with the ticket of the attached mail, by its key or Message-ID, if no other is named."""
    enclosed, match = situation.enclosed, situation.match
    message_id = enclosed.mail.message_id if enclosed else ""
    if not message_id or match.number or match.strangers_to:
        return situation
    key = context.keyring.read(message_id)
    if key and not sent.remembered(db, [key.text]):
        return situation
    numbers = [key.ticket] if key else tickets.by_message_id(db, [message_id]).get(message_id, ())
    return with_ticket(situation, tickets.get_many(db, numbers).values(), context.config)


def _of_request(
    db: Db,
    ticket: Ticket | None,
    commands: Commands,
    agent: Agent | None,
    context: Context,
    *,
    writes: bool,
    whole: bool = False,
    since: int | None = None,
) -> Known:
    """What commands and text need. `writes`: there is text or a file. `since`: the notice from which on all count."""
    config, verbs = context.config, commands.verbs
    away = absences.away(db, context.now)
    queries = {query_of(each, agent, context) for each in commands.commands if each.verb in ("list", "search")}
    known = Known(
        away=away,
        records=_named(db, commands),
        bans=tuple(bans.every(db)) if verbs & {"ban", "unban", "bans"} else (),
        lists={query: tuple(_listed(db, query, agent, config)) for query in queries if query},
        index_percent=search.unfinished(db) if "search" in verbs else None,
        meanwhile={key: gather_absence(db, each, config) for key, each in away.items() if "back" in verbs},
    )
    if ticket is None:
        return known
    if ticket.reopened:  # was the requester told that it is resolved?
        told = sent.first_since(db, ticket.requester.email, context.now - TOLD_FOR)
        since = min(filter(None, (since, told)), default=None)
    extent = Extent(whole=whole, events=writes or ticket.reopened > 0, notes=writes, since=since)
    return _with_ticket(db, known, ticket, verbs, config, extent)


def _listed(db: Db, query: Query, agent: Agent | None, config: Config) -> list[Ticket]:
    """The tickets of a list; of those that a search finds, the newest that the agent sees."""
    if not query.words:
        return find(db, query)
    found: list[Ticket] = []
    for batch in islice(find_in_batches(db, query, FOUND), LOOKED):
        found += [ticket for ticket in batch if agent is None or sees(agent, ticket, config)]
        if len(found) >= FOUND:
            break
    return found[:FOUND]


def _named(db: Db, commands: Commands) -> dict[int, TicketRecord]:
    """Records of the other tickets that commands name, and of those they were merged into."""
    changed = {int(each.value) for each in commands.commands if each.verb in ("merge", "link")}
    numbers = (number_shown(each.value) for each in commands.commands if each.verb == "show")
    others, shown = histories.with_ends(db, changed), tickets.get_many(db, map(int, filter(None, numbers)))
    return read_records(db, others.values()) | read_records(db, shown.values(), Extent(whole=True))


def _with_ticket(db: Db, known: Known, ticket: Ticket, verbs: frozenset[str], config: Config, extent: Extent) -> Known:
    """`known` with the ticket of the request; of a merged one, with the ticket it went into and all merged there."""
    ends = histories.with_ends(db, [ticket.number]) if ticket.merged_into else {ticket.number: ticket}
    end = next(each for each in ends.values() if not each.merged_into)
    if verbs & _WHOLE or end is not ticket or end.merged:
        extent = Extent(whole=True, notes=extent.notes)
    family = read_records(db, [end], extent)
    records, splits = {**known.records, **family}, "split" in verbs
    if not (extent.notes or splits or verbs & _PUBLISHED):
        return replace(known, records=records)
    entries = [entry for each in family.values() for entry in each.thread if entry.kind is EntryKind.MESSAGE]
    targets = [each.ticket for each in family.values() if splits or each.ticket.number in (ticket.number, end.number)]
    people = {each.requester.email for each in targets} | {entry.author.email for entry in entries if splits}
    return replace(
        known,
        records=records,
        similar={each.number: _similar(db, each.number) for each in targets},
        others={email: _others(db, email, config) for email in people},
        subjects=histories.subjects(db, {entry.inbox_id for entry in entries if entry.inbox_id}) if splits else {},
    )


def _similar(db: Db, number: int) -> tuple[Ended, ...]:
    """The tickets that alerts listed as similar to this one, each with the event that ended it."""
    found = tickets.get_many(db, similar.shown(db, number))
    return tuple((ticket, similar.ending(db, number)) for number, ticket in found.items())


def _others(db: Db, email: str, config: Config) -> tuple[Ticket, ...]:
    """The newest tickets of a requester, in any status."""
    return tuple(tickets.of_requester(db, config.addresses_of(email), tuple(Status), OTHERS))
