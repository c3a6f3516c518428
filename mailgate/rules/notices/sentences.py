"""Events as sentences: for agents with actor and reason, for requesters without either."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from mailgate.phrase import Phrase, Sentence, Value, phrase
from mailgate.rules.notices.reasons import reason_of
from mailgate.rules.people import auto_assign
from mailgate.rules.people.actors import actor, name_of
from mailgate.rules.ticket import reasons, reopening
from mailgate.rules.ticket.asked_people import asked_by
from mailgate.rules.ticket.lifecycle import ROUTING
from mailgate.settings import Agent, Config
from mailgate.ticket import ENDED, ActorKind, Address, Event, EventKind, Json, Status, Ticket

# Events whose reason only repeats their cause, and the phrase for both.
_HOW = {
    (EventKind.STATUS_CHANGED, reasons.REOPENED): "event.answer_reopened",
    (EventKind.STATUS_CHANGED, reasons.ANSWERED): "event.answer_opened",
    (EventKind.STATUS_CHANGED, reasons.WAITING): "event.answer_waits",
    (EventKind.ASSIGNED, reasons.ANSWERED_FIRST): "event.answered_first",
}
_FROM_TO = {
    EventKind.TRANSFERRED: "event.transferred",
    EventKind.TOPIC_CHANGED: "event.topic",
    EventKind.SLA_CHANGED: "event.sla",
    EventKind.PRIORITY_CHANGED: "event.priority",
}


def event_sentence(event: Event, ticket: Ticket, config: Config, reader: str = "") -> Phrase | None:
    """An event for agents, with its actor and reason; None for events that the mail shows by itself.

    `reader` is the key of the agent who reads it and is called "you"; "" for anybody else.
    """
    who = _called(event, ticket, config)
    if how := _HOW.get((event.kind, event.reason)):
        return fact(phrase(how, who=who))
    found = _sentence(event, ticket, config, reader)
    if found is None:
        return None
    # The reason of a time set for later is said with the status.
    reason = "" if event.kind is EventKind.WAKE_CHANGED else reason_of(event, config)
    return fact(_by(found, event, who), reason)


def fact(what: Phrase, reason: Sentence = "") -> Phrase:
    """A clause as a sentence of its own, with the reason that somebody gave."""
    return phrase("fact.because", what=what, reason=reason) if reason else phrase("fact.plain", what=what)


def _by(clause: Phrase, event: Event, who: Value) -> Phrase:
    """The clause with its actor; in the passive voice for what the desk does by itself."""
    table, _, name = clause.name.partition(".")
    if table != "event":
        return clause
    if event.by.kind is ActorKind.CLOCK or event.by in (auto_assign.BY, reopening.BY, ROUTING):
        return Phrase(f"automatic.{name}", clause.values)
    return Phrase(clause.name, (("who", who), *clause.values))


def _called(event: Event, ticket: Ticket, config: Config) -> Value:
    """The name of the actor; of a requester or collaborator as the ticket has it."""
    if event.by.is_requester:
        names = {each.email: each.name for each in ticket.collaborators}
        names |= {ticket.requester.email: ticket.requester.name}
        return name_of(Address(event.by.name, names.get(event.by.name, "")))
    return actor(event.by, config)


def _sentence(event: Event, ticket: Ticket, config: Config, reader: str) -> Phrase | None:
    """The clause of an event, without its actor where it is of [event] in `words.toml`."""
    match event.kind:
        case EventKind.ASSIGNED:
            return _assigned(event, config, reader)
        case EventKind.RELEASED:
            return Phrase("event.released")
        case kind if name := _FROM_TO.get(kind):
            return phrase(name, before=str(event.before), after=str(event.after), sla=ticket.sla)
        case EventKind.STATUS_CHANGED:
            again = "again" if event.after == Status.OPEN and event.before in ENDED else ""
            return Phrase(f"event.status_{again or event.after}")
        case EventKind.DUE_CHANGED if event.by.is_staff:
            return phrase("event.due", at=_time(event.after)) if event.after else None
        case EventKind.WAKE_CHANGED if event.by.kind is not ActorKind.CLOCK:
            return phrase("clause.pending", at=_time(event.after)) if event.after else Phrase("clause.pending_endless")
        case EventKind.OVERDUE:
            at = _detail(event, "due_at")
            return phrase("clause.overdue_since", at=_time(at)) if at else Phrase("clause.overdue")
        case EventKind.ESCALATED:
            return _escalation(str(_detail(event, "step")), ticket)
        case EventKind.RATED:
            return _rated(event)
        case _:
            return _edited(event, config.agents.get(reader)) if event.by.is_staff else None


def _assigned(event: Event, config: Config, reader: str) -> Phrase:
    after = event.after if isinstance(event.after, dict) else {}
    key = str(after.get("agent", ""))
    handed = auto_assign.is_hand_out(event)
    if team := after.get("team"):
        return phrase("event.assigned_team", name=str(team))
    if not key:
        return Phrase("event.assigned_nobody")
    if key == reader:
        return Phrase("clause.handed_out_you" if handed else "event.assigned_you")
    if event.by.agent_key == key:
        return Phrase("event.took")
    name = config.agents[key].name if key in config.agents else key
    return phrase("clause.handed_out" if handed else "event.assigned", name=name)


def _escalation(step: str, ticket: Ticket) -> Phrase:
    if step in ("first_response", "next_response"):
        return Phrase(f"clause.{step}")
    return phrase("clause.step", step=phrase("report.percent", count=step.removesuffix("%")), sla=ticket.sla)


def _rated(event: Event) -> Phrase:
    rating = Phrase(f"rating.{event.after}")
    if event.before in (None, event.after):
        return phrase("event.rated", rating=rating)
    return phrase("event.rated_again", rating=rating, before=Phrase(f"rating.{event.before}"))


def _asked(people: Sequence[Address], own: Collection[str]) -> Phrase:
    """Who was asked; `own` are the reader's addresses."""
    if len(people) == 1 and people[0].email in own:
        return Phrase("event.asked_you")
    return phrase(
        "event.asked",
        people=tuple(Phrase("ticket.you") if each.email in own else each.name or each.email for each in people),
    )


def _edited(event: Event, reader: Agent | None) -> Phrase | None:
    """What somebody of the desk asked, or changed of a ticket's subject, tags, links and people."""
    fresh, gone = _gained(event.before, event.after), _gained(event.after, event.before)
    match event.kind:
        case EventKind.NOTED if asked := asked_by(event):
            return _asked(asked, reader.emails if reader else ())
        case EventKind.TAGGED:
            return phrase("event.tagged", tags=fresh) if fresh else phrase("event.untagged", tags=gone)
        case EventKind.SUBJECT_CHANGED:
            return phrase("event.subject", before=str(event.before))
        case EventKind.SPAM_MARKED | EventKind.SPAM_RELEASED:
            return Phrase("event.spam" if event.kind is EventKind.SPAM_MARKED else "event.spam_released")
        case EventKind.MERGED:
            return _merged(event)
        case EventKind.SPLIT:
            return _split(event)
        case EventKind.BANNED:
            return phrase("event.banned", pattern=str(event.after))
        case EventKind.UNBANNED:
            return phrase("event.unbanned", pattern=str(event.before))
        case EventKind.LINKED:
            return phrase("event.linked", numbers=tuple(f"#{number}" for number in fresh))
        case EventKind.CC_CHANGED:
            return phrase("event.cc", people=fresh) if fresh else phrase("event.uncc", people=gone)
        case EventKind.REQUESTER_CHANGED:
            return phrase("event.requester", email=str(_detail(event, "email")))
        case _:
            return None


def _merged(event: Event) -> Phrase:
    """A merge, for the ticket that went and for the one that it went into."""
    if into := _detail(event, "merged_into"):
        return phrase("event.merged_into", number=str(into))
    return phrase("event.merged", number=_gained(_was(event, "merged"), _detail(event, "merged")))


def _split(event: Event) -> Phrase | None:
    """A message off a ticket, on both; a merged ticket off the one that it went into, on both."""
    to, from_ = _detail(event, "ticket"), _was(event, "ticket")
    if to and _detail(event, "links"):
        return phrase("event.split_to", number=str(to))
    if to:
        return phrase("event.split_from", number=str(from_))
    if into := _was(event, "merged_into"):
        return phrase("event.unmerged", number=str(into))
    gone = _gained(_detail(event, "merged"), _was(event, "merged"))
    return phrase("event.let_go", number=gone) if gone else None


def _gained(before: Json, after: Json) -> tuple[str, ...]:
    """What the second list has and the first has not: tags, numbers, collaborators."""
    had, has = (value if isinstance(value, list) else [] for value in (before, after))
    return tuple(str(each["email"] if isinstance(each, dict) else each) for each in has if each not in had)


def _time(value: Json) -> datetime:
    return datetime.fromisoformat(str(value))


def _detail(event: Event, name: str) -> Json:
    return event.after.get(name) if isinstance(event.after, dict) else None


def _was(event: Event, name: str) -> Json:
    return event.before.get(name) if isinstance(event.before, dict) else None


# ── for requesters ──────────────────────────────────────────────────────────────────────


def merge_phrase(event: Event, token: str) -> Phrase:
    """The phrase about a merge for the requester; the other ticket is named only where they are on it."""
    if event.kind is EventKind.SPLIT:
        return Phrase("told.split")
    if _detail(event, "known"):
        into = str(_detail(event, "merged_into"))
        return phrase("told.merged_with", token=token.replace("{number}", into))
    return Phrase("told.merged")


def status_phrase(event: Event) -> Phrase:
    """The phrase about a change of status for the requester."""
    return Phrase(f"told.{Status(str(event.after))}")
