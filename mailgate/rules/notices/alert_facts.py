"""The sentences of an alert for one reader, who is called "you". Pure.

Recipients and kinds are in `to_agents.py`, the sentence of one event in `sentences.py`.
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
from mailgate.rules.ticket.asked_people import asked_by
from mailgate.settings import Config
from mailgate.ticket import Change, Event, EventKind, Ticket

_OF_TAKEN = (EventKind.TRANSFERRED, EventKind.ASSIGNED, EventKind.RELEASED)


def sentences_for(
    reader: str,
    kind: NoticeKind,
    change: Change,
    occasion: Occasion,
    audience: Audience,
    config: Config,
) -> tuple[Sentence, ...]:
    """The sentences that open a notice of this kind to the agent `reader` (a key; "" for other people)."""
    happened = [(event.kind, event_sentence(event, change.after, config, reader)) for event in _announced(change)]
    sentences = [(kind_of, sentence) for kind_of, sentence in happened if sentence]
    if kind is NoticeKind.TAKEN:
        return tuple(sentence for kind_of, sentence in sentences if kind_of in _OF_TAKEN)
    gone = stands_in(change.after, reader, audience.away, config)
    if kind is NoticeKind.REMINDER:
        set_by = occasion.put_off
        return (*([reminder(set_by, reader, config)] if set_by else []), *gone)
    return (*(sentence for _, sentence in sentences), *occasion.remarks, *gone)


def _announced(change: Change) -> Sequence[Event]:
    """The events without a release that an assignment follows."""
    assigned = any(event.kind is EventKind.ASSIGNED for event in change.events)
    return [event for event in change.events if not (assigned and event.kind is EventKind.RELEASED)]


def put_off_by(events: Sequence[Event]) -> Event | None:
    """The latest event that put the ticket off; None if there is none."""
    return next((each for each in reversed(events) if each.kind is EventKind.WAKE_CHANGED and each.after), None)


def reminder(event: Event, reader: str, config: Config) -> Phrase:
    """The sentence of a reminder: who snoozed the ticket, when and why."""
    if reader and event.by.agent_key == reader:
        return fact(phrase("clause.put_off_you", at=event.at), event.reason)
    return fact(phrase("clause.put_off", who=actor(event.by, config), at=event.at), event.reason)


def internal_sentences(event: Event, ticket: Ticket, config: Config, writer: str) -> Iterator[Phrase]:
    """The sentences about an event that alerts may hold: to `writer`, to agents it names, and to others."""
    if event.kind in (EventKind.MESSAGE, EventKind.REPLIED):
        return  # alerts show them by their entries; they are most of a long thread
    holder = event.after.get("agent") if isinstance(event.after, dict) else ""
    asked = (config.agents_by_email.get(person.email) for person in asked_by(event))
    for reader in dict.fromkeys(("", writer, str(holder or ""), *(agent.key for agent in asked if agent))):
        if sentence := event_sentence(event, ticket, config, reader):
            yield sentence
        if put_off_by((event,)):
            yield reminder(event, reader, config)
