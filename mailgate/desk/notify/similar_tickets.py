"""Ended tickets like a new one, for the alerts about it: each agent is shown those that exist for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailgate.notice import Notice, NoticeKind, Similar
from mailgate.phrase import Phrase, phrase
from mailgate.rules.notices.similar import ASKED, SHOWN, closest, words_of
from mailgate.rules.people.actors import actor
from mailgate.rules.people.permissions import confidential, sees
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.tickets import similar, tickets
from mailgate.ticket import Ticket

_TOLD = (NoticeKind.NEW_TICKET, NoticeKind.ASSIGNED)


def with_similar(db: Db, notices: Iterable[Notice], ticket: Ticket, text: str, config: Config) -> tuple[Notice, ...]:
    """The notices about a new ticket, those to agents with the tickets that it is like."""
    notices = tuple(notices)
    if not any(notice.kind in _TOLD for notice in notices):
        return notices
    words = words_of(ticket.subject, text, ASKED)
    numbers = closest(len(words), similar.having(db, words))[: 2 * SHOWN]
    if not numbers:
        return notices
    known = tickets.get_many(db, numbers)
    found = (known[number] for number in numbers if number in known)
    ended = [each for each in found if not each.status.active and not confidential(each.department, config)]
    told = {each.number: tell(db, each, config) for each in ended}
    return tuple(replace(each, similar=tuple(_for(each, ended, told, config))) for each in notices)


def _for(notice: Notice, ended: Iterable[Ticket], told: dict[int, Similar], config: Config) -> Iterator[Similar]:
    """What the reader of one notice may see, and no more than fits."""
    agent = config.agents.get(notice.agent)
    if agent and notice.kind in _TOLD:
        yield from [told[each.number] for each in ended if sees(agent, each, config)][:SHOWN]


def tell(db: Db, ticket: Ticket, config: Config) -> Similar:
    """How a ticket ended: who resolved or closed it, when, and the reason that they gave."""
    event = similar.ending(db, ticket.number)
    ended = Phrase(f"state.{ticket.status}")
    if not event:
        return Similar(ticket.number, ticket.subject, ended, ticket.updated_at)
    if event.by.is_agent:
        ended = phrase("similar.by", status=ended, who=actor(event.by, config))
    if event.reason:
        ended = phrase("fact.because", what=ended, reason=event.reason)
    return Similar(ticket.number, ticket.subject, ended, event.at)


def titles(db: Db, number: int) -> Iterator[str]:
    """The subjects of the tickets that agents were shown with this one; they are internal to it."""
    for found in tickets.get_many(db, similar.shown(db, number)).values():
        yield found.subject


def ends(db: Db, number: int, config: Config) -> Iterator[Phrase]:
    """How those tickets ended, in the words that agents were shown."""
    for found in tickets.get_many(db, similar.shown(db, number)).values():
        yield tell(db, found, config).ended
