"""What an alert tells its one reader: the facts of a change, with the reader called "you". Pure.

Who hears of it, and in which kind of mail, is `alerts.py`; what happened, `facts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.notices.audience import Audience
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.sentences import event_sentence, fact
from mailgate.rules.people.absence import stands_in
from mailgate.rules.people.actors import actor
from mailgate.rules.ticket.questions import asked_by
from mailgate.settings import Config
from mailgate.ticket import Change, Event, EventKind, Ticket

_WHOSE = (EventKind.TRANSFERRED, EventKind.ASSIGNED, EventKind.RELEASED)  # what `taken` tells


def sentences_for(
    reader: str,
    kind: NoticeKind,
    change: Change,
    occasion: Occasion,
    audience: Audience,
    config: Config,
) -> tuple[Sentence, ...]:
    """The sentences that open a notice of this kind to the agent `reader` (a key; "" for other people)."""
    events = [(event.kind, event_sentence(event, change.after, config, reader)) for event in _telling(change)]
    told = [(what, said) for what, said in events if said]
    if kind is NoticeKind.TAKEN:
        return tuple(said for what, said in told if what in _WHOSE)
    gone = stands_in(change.after, reader, audience.away, config)
    if kind is NoticeKind.REMINDER:
        set_by = occasion.put_off
        return (*([reminder(set_by, reader, config)] if set_by else []), *gone)
    return (*(said for _, said in told), *occasion.remarks, *gone)


def not_shown(count: int) -> Phrase:
    """That an alert leaves out lines of the mail, and the command that shows them."""
    return Phrase("remark.line_not_shown") if count == 1 else phrase("remark.lines_not_shown", count=count)


def _telling(change: Change) -> Sequence[Event]:
    """The events that are told: not that a ticket was nobody's between two assignees."""
    assigned = any(event.kind is EventKind.ASSIGNED for event in change.events)
    return [event for event in change.events if not (assigned and event.kind is EventKind.RELEASED)]


def put_off_by(events: Sequence[Event]) -> Event | None:
    """Who put the ticket off last, in its history."""
    return next((each for each in reversed(events) if each.kind is EventKind.WAKE_CHANGED and each.after), None)


def reminder(event: Event, reader: str, config: Config) -> Phrase:
    """Who put a ticket off, when and why, for the agent who is reminded of it."""
    if reader and event.by.agent_key == reader:
        return fact(phrase("clause.put_off_you", at=event.at), event.reason)
    return fact(phrase("clause.put_off", who=actor(event.by, config), at=event.at), event.reason)


def internal_sentences(event: Event, ticket: Ticket, config: Config, writer: str) -> Iterator[Phrase]:
    """What alerts may have told of an event, for the leak guard: to anybody, to `writer`, and to whom it names."""
    holder = event.after.get("agent") if isinstance(event.after, dict) else ""
    asked = (config.agents_by_email.get(person.email) for person in asked_by(event))
    for reader in dict.fromkeys(("", writer, str(holder or ""), *(agent.key for agent in asked if agent))):
        if sentence := event_sentence(event, ticket, config, reader):
            yield sentence
        if put_off_by((event,)):
            yield reminder(event, reader, config)
