"""Holds an agent's reply that would reach somebody whom the answered notice did not name.

The notice said who gets an answer; the requester or the collaborators have changed since. People whom the agent added,
in To and Cc of the mail, by a command in it, or by an earlier mail, are their own choice.
"""

from __future__ import annotations

from mailgate.desk.hold.held_reply import hold
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.merge_split import Target
from mailgate.desk.request.request import AgentMail
from mailgate.phrase import phrase
from mailgate.reasons import Reason
from mailgate.ticket import Address, Event, EventKind, Json, Ticket


def more_readers(request: AgentMail, text: str, target: Target, context: Context) -> Outcome | None:
    """The outcome of a reply that more people would read than was promised; None if it may be sent."""
    promised, ticket, key = request.known.promised, target.ticket, request.answered
    elsewhere = key is not None and key.ticket not in (ticket.number, target.named)  # #ticket names another
    more = () if promised is None or elsewhere else _more(request, promised, ticket, context)
    if not more:
        return None
    people = tuple(str(each) for each in more)
    why = (Reason.MORE_READERS, f"{', '.join(each.email for each in more)} would read it")
    fact = phrase("held.more_readers", people=people)
    about = ",".join(sorted(each.email for each in more))
    return hold(request, ticket, why, (fact,), text, context, about=about)


def _more(request: AgentMail, promised: frozenset[str], ticket: Ticket, context: Context) -> tuple[Address, ...]:
    config, own = context.config, [each for each in request.known.events(ticket.number) if each.by == request.by]
    named = (
        *promised,
        *request.direct(config),
        *request.agent.emails,
        *(email for each in own for email in _added(each)),
    )
    known = {email for each in named for email in config.addresses_of(each)}
    today = (ticket.requester, *(Address(each.email, each.name) for each in ticket.collaborators if each.active))
    return tuple(each for each in today if each.email not in known)


def _added(event: Event) -> set[str]:
    """The addresses that an event put on the ticket."""
    if event.kind is EventKind.REQUESTER_CHANGED and isinstance(event.after, dict):
        return {str(event.after["email"])}
    return _active(event.after) - _active(event.before) if event.kind is EventKind.CC_CHANGED else set()


def _active(people: Json) -> set[str]:
    each = people if isinstance(people, list) else []
    return {str(one["email"]) for one in each if isinstance(one, dict) and one["active"]}
