"""The requester's other open tickets, in alerts: each agent is told of those that exist for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailgate.notice import Notice
from mailgate.rules.notices.confidential import shown_subject
from mailgate.rules.people.permissions import sees
from mailgate.rules.ticket.merging import shared
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people.audience import ALERTS
from mailgate.store.tickets import tickets
from mailgate.ticket import Status, Ticket

SHOWN = 5
_READ = 50  # of one requester, from the newest


def with_others(db: Db, notices: tuple[Notice, ...], ticket: Ticket, config: Config) -> tuple[Notice, ...]:
    """The notices, the alerts among them with the other open tickets of the same person."""
    if not any(_tells(notice) for notice in notices):
        return notices
    found = _of_same(db, ticket, (Status.OPEN, Status.PENDING), config)
    if not found:
        return notices
    return tuple(replace(each, others=_for(each, found, config)) if _tells(each) else each for each in notices)


def internal(db: Db, ticket: Ticket, config: Config) -> Iterator[str]:
    """Subjects that an alert may have listed, but for those whose ticket all readers of this one are on."""
    for other in _of_same(db, ticket, tuple(Status), config):
        if not shared(ticket, other, config):
            yield other.subject


def _tells(notice: Notice) -> bool:
    return bool(notice.agent) and notice.kind in ALERTS


def _of_same(db: Db, ticket: Ticket, statuses: tuple[Status, ...], config: Config) -> list[Ticket]:
    emails = config.addresses_of(ticket.requester.email)
    found = tickets.of_requester(db, emails, statuses, _READ)
    return [each for each in found if each.number not in (ticket.number, *ticket.merged)]


def _for(notice: Notice, found: list[Ticket], config: Config) -> tuple[Ticket, ...]:
    agent = config.agents.get(notice.agent)
    seen = (each for each in found if agent and sees(agent, each, config))
    return tuple(replace(each, subject=shown_subject(each, config)) for each in seen)[:SHOWN]
