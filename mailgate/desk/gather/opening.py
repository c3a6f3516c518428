"""Gathers what opening a ticket needs, for the author of a mail or by hand for somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from mailgate.desk.gather.records import next_number, read_records
from mailgate.desk.opening.from_mail import author_of, named_to_reply
from mailgate.desk.opening.on_behalf import requester_of
from mailgate.desk.opening.requester_named import search_term
from mailgate.desk.outcome import Context
from mailgate.desk.situation import Known, KnownRequester, Situation, TicketRecord
from mailgate.errors import Refused
from mailgate.notice import NoticeKind
from mailgate.rules.text.subject import likeness
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people import absences, audience
from mailgate.store.tickets import tickets
from mailgate.ticket import Address, Ticket


def of_opening(db: Db, situation: Situation, records: Mapping[int, TicketRecord], context: Context) -> Known:
    """What opening a ticket for the author needs, or for the person in Reply-To if a rule may choose that.

    `records`: of the ticket that the mail answers too late.
    """
    people = [author_of(situation, context.config)]
    if any(rule.requester for rule in context.config.rules):
        people += filter(None, [named_to_reply(situation, context.config)])
    db.ahead(lambda db: _queries(db, people, situation, context))
    found = {each.email: _requester(db, each.email, situation, context) for each in people if each.email}
    joinable = [each.joinable for each in found.values() if each.joinable]
    return Known(
        away=absences.away(db, context.now),
        records={**records, **read_records(db, joinable)},
        next_number=next_number(db, context.config, situation.highest_number),
        requesters=found,
    )


def _queries(db: Db, people: Sequence[Address], situation: Situation, context: Context) -> None:
    """The queries of `of_opening` but for those that follow from others."""
    absences.away(db, context.now)
    next_number(db, context.config, situation.highest_number)
    for each in people:
        emails = tuple(context.config.addresses_of(each.email))
        tickets.open_count(db, *emails, proven=situation.standing == "proven")
        tickets.is_known(db, *emails)
        audience.is_proven(db, each.email)


def with_opening_by_hand(db: Db, known: Known, situation: Situation, context: Context) -> Known:
    """What a request with `#new` or a forwarded mail needs besides."""
    typed = next((each.value for each in situation.commands.commands if each.verb == "new"), "")
    known = replace(known, next_number=next_number(db, context.config, situation.highest_number))
    try:
        known = replace(known, candidates=gather_candidates(db, typed))
        requester = requester_of(replace(situation, known=known), context.config)
    except Refused:  # raised again in the decision
        return known
    person = KnownRequester(known=tickets.is_known(db, *context.config.addresses_of(requester.email)))
    return replace(known, requesters={requester.email: person})


def gather_opening(db: Db, requester: Address, context: Context) -> Known:
    """What opening a ticket by hand needs."""
    person = KnownRequester(known=tickets.is_known(db, *context.config.addresses_of(requester.email)))
    return Known(
        away=absences.away(db, context.now),
        next_number=next_number(db, context.config),
        requesters={requester.email: person},
    )


def gather_candidates(db: Db, typed: str) -> tuple[Ticket, ...]:
    """Tickets of the requesters that `typed`, a name or an address, may mean. Raises Refused for an invalid address."""
    term = search_term(typed)
    return tuple(audience.of_requesters(db, term)) if term else ()


def _requester(db: Db, email: str, situation: Situation, context: Context) -> KnownRequester:
    emails = tuple(context.config.addresses_of(email))
    proven = situation.standing == "proven"
    count, most = tickets.open_count(db, *emails, proven=proven), context.config.tickets.max_open_per_requester
    day_ago = context.now - timedelta(days=1)
    return KnownRequester(
        known=tickets.is_known(db, *emails),
        proven=audience.is_proven(db, email),
        open_tickets=count,
        limit_notified=count >= most and audience.told_since(db, NoticeKind.LIMIT_REACHED, email, day_ago),
        joinable=_joinable(db, email, situation, context.config),
    )


def _joinable(db: Db, email: str, situation: Situation, config: Config) -> Ticket | None:
    longest = max((rule.join for rule in config.rules), default=timedelta())
    if not longest:
        return None
    found = tickets.get_many(db, audience.opened_since(db, email, situation.received.arrived_at - longest))
    newest_first = (found[number] for number in sorted(found, reverse=True))
    wanted = likeness(situation.received.mail.subject, config.desk)
    return next((ticket for ticket in newest_first if likeness(ticket.subject, config.desk) == wanted), None)
