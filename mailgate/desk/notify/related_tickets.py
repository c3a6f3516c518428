"""Related tickets in alerts: the requester's open ones, and similar resolved ones.

Each agent gets only those that they see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mailgate.notice import ALERT_KINDS, Notice, NoticeKind, Similar
from mailgate.phrase import Phrase, phrase
from mailgate.rules.notices import similar
from mailgate.rules.notices.confidential import shown_subject
from mailgate.rules.notices.reasons import reason_of
from mailgate.rules.people.actors import actor
from mailgate.rules.people.permissions import confidential, sees
from mailgate.rules.ticket.merging import shared
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.tickets import similar as stored
from mailgate.store.tickets import tickets
from mailgate.ticket import Event, Status, Ticket

SHOWN = 5  # of the requester's other tickets
OTHERS = 50  # that are read, from the newest
_SHOW_SIMILAR = (NoticeKind.NEW_TICKET, NoticeKind.ASSIGNED)


def with_related(
    db: Db, notices: tuple[Notice, ...], ticket: Ticket, similar_to: str | None, config: Config
) -> tuple[Notice, ...]:
    """The notices about a ticket, the alerts among them with related tickets.

    `similar_to` is the text to which ended tickets are compared; None: none are.
    """
    if any(_is_alert(notice) for notice in notices):
        found = _without(_open_of_requester(db, ticket, config), ticket)
        if found:
            notices = tuple(replace(e, others=_others(e, found, config)) if _is_alert(e) else e for e in notices)
    if similar_to is None or not any(notice.kind in _SHOW_SIMILAR for notice in notices):
        return notices
    words = _words(ticket, similar_to)
    numbers = similar.closest(len(words), stored.having(db, words))[: 2 * similar.SHOWN]
    if not numbers:
        return notices
    known = tickets.get_many(db, numbers)
    found = [known[number] for number in numbers if number in known]
    ended = [each for each in found if not each.status.active and not confidential(each.department, config)]
    ends = [(each, how_it_ended(each, stored.ending(db, each.number), config)) for each in ended]
    return tuple(replace(each, similar=_similar(each, ends, config)) for each in notices)


def ask_related(db: Db, ticket: Ticket, similar_to: str | None, config: Config) -> None:
    """The queries of `with_related` that do not follow from others."""
    _open_of_requester(db, ticket, config)
    if similar_to is not None:
        stored.having(db, _words(ticket, similar_to))


def _open_of_requester(db: Db, ticket: Ticket, config: Config) -> list[Ticket]:
    emails = config.addresses_of(ticket.requester.email)
    return tickets.of_requester(db, emails, (Status.OPEN, Status.PENDING), OTHERS)


def _words(ticket: Ticket, text: str) -> tuple[str, ...]:
    return similar.words_of(ticket.subject, text, similar.ASKED)


def _is_alert(notice: Notice) -> bool:
    return bool(notice.agent) and notice.kind in ALERT_KINDS


def _others(notice: Notice, found: Iterable[Ticket], config: Config) -> tuple[Ticket, ...]:
    agent = config.agents.get(notice.agent)
    seen = (each for each in found if agent and sees(agent, each, config))
    return tuple(replace(each, subject=shown_subject(each, config)) for each in seen)[:SHOWN]


def _similar(notice: Notice, ends: Iterable[tuple[Ticket, Similar]], config: Config) -> tuple[Similar, ...]:
    agent = config.agents.get(notice.agent) if notice.kind in _SHOW_SIMILAR else None
    return tuple(end for ticket, end in ends if agent and sees(agent, ticket, config))[: similar.SHOWN]


def how_it_ended(ticket: Ticket, event: Event | None, config: Config) -> Similar:
    """How a ticket ended, by the event that ended it: author, time and reason."""
    ended = Phrase(f"state.{event.after if event else ticket.status}")
    if not event:
        return Similar(ticket.number, ticket.subject, ended, ticket.updated_at)
    if event.by.is_agent:
        ended = phrase("similar.by", status=ended, who=actor(event.by, config))
    if event.reason:
        ended = phrase("fact.because", what=ended, reason=reason_of(event, config))
    return Similar(ticket.number, ticket.subject, ended, event.at)


def internal_titles(others: Mapping[str, Sequence[Ticket]], ticket: Ticket, config: Config) -> Iterator[str]:
    """Subjects of other tickets that alerts may have listed, except of tickets with the same readers.

    `others`: tickets by the address of their requester.
    """
    for other in _without(others[ticket.requester.email], ticket):
        if not shared(ticket, other, config):
            yield other.subject


def _without(found: Iterable[Ticket], ticket: Ticket) -> list[Ticket]:
    return [each for each in found if each.number not in (ticket.number, *ticket.merged)]
