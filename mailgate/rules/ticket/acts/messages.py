"""`#reply`, `#note`, `#note NAME`; a message that came in, and a rating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.rules.sla.clock import NEXT_RESPONSE
from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp, record
from mailgate.ticket import Address, Asked, EventKind, Json, Ticket


def receive_message(author: str, at: datetime, stamp: Stamp, *, waits: bool) -> Act:
    """Record a message of `author` (address) that arrived `at`; with `waits` it starts the wait for an answer."""

    def act(ticket: Ticket) -> Draft:
        waiting = (ticket.waiting_since or at) if waits else ticket.waiting_since
        return replace(ticket, waiting_since=waiting), (stamp.event(EventKind.MESSAGE, after=author),)

    return act


def reply(agent: str, stamp: Stamp) -> Act:
    """An agent's public reply (`agent`: their key). The first one meets the first-response target."""
    return lambda ticket: (_answered(ticket, agent, stamp), (stamp.because("").event(EventKind.REPLIED),))


def publish(note: int, agent: str, stamp: Stamp) -> Act:
    """A note, by its id, becomes a public reply of `agent` (a key)."""
    event = stamp.because("").event(EventKind.PUBLISHED, after={"entry": note})
    return lambda ticket: (_answered(ticket, agent, stamp), (event,))


def _answered(ticket: Ticket, agent: str, stamp: Stamp) -> Ticket:
    return replace(
        ticket,
        first_response_at=ticket.first_response_at or stamp.at,
        waiting_since=None,
        last_respondent=agent or ticket.last_respondent,
        escalated=tuple(step for step in ticket.escalated if step != NEXT_RESPONSE),  # for the next wait
    )


def note(stamp: Stamp) -> Act:
    """An internal note."""
    return record(stamp.because("").event(EventKind.NOTED))


def ask(people: Sequence[Address], stamp: Stamp) -> Act:
    """A note that is also mailed to `people`; the ticket records who asked whom."""

    def act(ticket: Ticket) -> Draft:
        fresh = tuple(
            new for who in people if (new := Asked(who.email, who.name, stamp.by.agent_key)) not in ticket.asked
        )
        asked: list[Json] = [{"name": who.name, "email": who.email} for who in people]
        event = stamp.because("").event(EventKind.NOTED, after={"asked": asked})
        return replace(ticket, asked=ticket.asked + fresh), (event,)

    return act


def rate(word: str, stamp: Stamp, *, anew: bool) -> Act:
    """Record a rating; the last one counts. Repeating it records nothing, unless `anew`: it has a comment."""

    def act(ticket: Ticket) -> Draft:
        if ticket.satisfaction == word and not anew:
            return ticket, ()
        event = stamp.event(EventKind.RATED, ticket.satisfaction or None, word)
        return replace(ticket, satisfaction=word), (event,)

    return act
