"""What happened, in sentences: one for agents with who and why, one fit for requesters."""

from __future__ import annotations

from datetime import datetime

from mailgate.notice import Phrase
from mailgate.rules.people.actors import actor
from mailgate.rules.people.auto_assign import is_hand_out
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.ticket.questions import asked_by
from mailgate.settings import Agent, Config
from mailgate.ticket import CLOCK, Actor, Event, EventKind, Json, Status, Ticket


def _assignee(value: Json, config: Config, reader: str) -> str:
    if not isinstance(value, dict):
        return "nobody"
    if "team" in value:
        return f"the team {value['team']}"
    key = str(value.get("agent"))
    if key == reader:
        return "you"
    return config.agents[key].name if key in config.agents else key


def _time(value: Json, config: Config, reader: str) -> str:
    return ENGLISH.moment(datetime.fromisoformat(value), config.zone(reader)) if isinstance(value, str) else "not set"


def agent_fact(event: Event, ticket: Ticket, config: Config, reader: str = "") -> str:
    """What happened, for agents; empty for events that the mail shows by itself.

    `reader` is the key of the one agent who reads it: their colleagues give them work, not their namesake.
    """
    sentence = _agent_sentence(event, ticket, config, reader)
    reason = event.reason if event.kind is not EventKind.WAKE_CHANGED else ""  # told with the status
    return f"{sentence}{': ' + reason if reason else '.'}" if sentence else ""


def _agent_sentence(event: Event, ticket: Ticket, config: Config, reader: str) -> str:
    who = _called(event.by, ticket) or actor(event.by, config)
    match event.kind:
        case EventKind.ASSIGNED:
            return _assigned(event, who, _assignee(event.after, config, reader))
        case EventKind.RELEASED:
            return f"{who} released the ticket; it is assigned to nobody"
        case EventKind.TRANSFERRED:
            return f"{who} transferred the ticket from {event.before} to {event.after}"
        case EventKind.TOPIC_CHANGED:
            return f"{who} changed the help topic from {event.before} to {event.after}"
        case EventKind.SLA_CHANGED:
            return f"{who} changed the SLA plan from {event.before} to {event.after}"
        case EventKind.PRIORITY_CHANGED:
            return f"{who} changed the priority from {event.before} to {event.after}"
        case EventKind.STATUS_CHANGED:
            return f"{who} set the ticket from {event.before} to {event.after}"
        case EventKind.DUE_CHANGED if event.by.is_staff:
            return f"{who} moved the due time to {_time(event.after, config, reader)}" if event.after else ""
        case EventKind.WAKE_CHANGED if event.by != CLOCK:
            until = f"until {_time(event.after, config, reader)}" if event.after else "without an end"
            return f"It is pending {until}"
        case EventKind.OVERDUE:
            return f"The ticket is overdue; it was due {_time(_detail(event, 'due_at'), config, reader)}"
        case EventKind.ESCALATED:
            return _escalation(str(_detail(event, "step")), ticket)
        case _:
            return _edited(who, event, config.agents.get(reader)) if event.by.is_staff else _rated(who, event)


def _called(by: Actor, ticket: Ticket) -> str:
    """The name of a requester or collaborator who acted."""
    if not by.is_requester:
        return ""
    names = {each.email: each.name for each in ticket.collaborators} | {ticket.requester.email: ticket.requester.name}
    return names.get(by.name, "")


def _rated(who: str, event: Event) -> str:
    """How the requester says that they were helped; "" for all else."""
    if event.kind is not EventKind.RATED:
        return ""
    before = f" (before: {event.before})" if event.before not in (None, event.after) else ""
    return f"{who} rated the help as {event.after}{before}"


def _assigned(event: Event, who: str, to: str) -> str:
    if is_hand_out(event):
        return f"The ticket goes to {to}"
    return f"{who} took the ticket" if to == who else f"{who} assigned the ticket to {to}"


def _edited(who: str, event: Event, reader: Agent | None) -> str:
    """Whom somebody of the desk asked, and what they changed of its name, tags, links and people; "" for all else."""
    fresh, gone = _gained(event.before, event.after), _gained(event.after, event.before)
    match event.kind:
        case EventKind.NOTED if asked := asked_by(event):
            own = reader.emails if reader else ()
            names = ("you" if person.email in own else person.name or person.email for person in asked)
            return f"{who} asked {', '.join(names)}"
        case EventKind.TAGGED:
            return f"{who} {f'tagged the ticket {fresh}' if fresh else f'took the tag {gone} away'}"
        case EventKind.SUBJECT_CHANGED:
            return f"{who} changed the subject from “{event.before}”"
        case EventKind.SPAM_MARKED:
            return f"{who} marked the ticket as spam"
        case EventKind.MERGED:
            into, held = _detail(event, "merged_into"), _gained(_was(event, "merged"), _detail(event, "merged"))
            return f"{who} merged the ticket into #{into}" if into else f"{who} merged ticket #{held} into this one"
        case EventKind.SPLIT:
            return _split(who, event)
        case EventKind.BANNED:
            return f"{who} banned {event.after}"
        case EventKind.UNBANNED:
            return f"{who} took the ban of {event.before} away"
        case EventKind.LINKED:
            return f"{who} linked the ticket with {fresh}"
        case EventKind.CC_CHANGED:
            return f"{who} {f'made {fresh} a collaborator' if fresh else f'took {gone} off the collaborators'}"
        case EventKind.REQUESTER_CHANGED:
            return f"{who} made {_detail(event, 'email')} the requester"
        case _:
            return ""


def _gained(before: Json, after: Json) -> str:
    """What the second list has and the first has not: tags, numbers, collaborators."""
    had, has = (value if isinstance(value, list) else [] for value in (before, after))
    return ", ".join(str(each["email"] if isinstance(each, dict) else each) for each in has if each not in had)


def _detail(event: Event, name: str) -> Json:
    return event.after.get(name) if isinstance(event.after, dict) else None


def _was(event: Event, name: str) -> Json:
    return event.before.get(name) if isinstance(event.before, dict) else None


def _split(who: str, event: Event) -> str:
    """A message off a ticket, told on both; a merged ticket off the one that it went into, told on both."""
    to, from_ = _detail(event, "ticket"), _was(event, "ticket")
    if to and _detail(event, "links"):
        return f"{who} made a message of this ticket the ticket #{to}"
    if to:
        return f"{who} split this off ticket #{from_}"
    if into := _was(event, "merged_into"):
        return f"{who} took the ticket out of #{into} again"
    gone = _gained(_detail(event, "merged"), _was(event, "merged"))
    return f"{who} took ticket #{gone} out of this one again" if gone else ""


def _escalation(step: str, ticket: Ticket) -> str:
    match step:
        case "first_response":
            return "Nobody has answered the requester within the time for a first response"
        case "next_response":
            return "The requester's latest message has gone unanswered for longer than the SLA plan allows"
        case _:
            return f"{step} of the time of the SLA plan {ticket.sla} has passed"


def merge_fact(event: Event, token: str) -> Phrase:
    """What the requester of a merged ticket is told: of the other one only where they are on it."""
    if event.kind is EventKind.SPLIT:
        return Phrase("told.split")
    if _detail(event, "known"):
        into = str(_detail(event, "merged_into"))
        return Phrase("told.merged_with", (("token", token.replace("{number}", into)),))
    return Phrase("told.merged")


def requester_fact(event: Event) -> Phrase:
    """What a requester is told of a change of status."""
    return Phrase(f"told.{Status(str(event.after))}")
