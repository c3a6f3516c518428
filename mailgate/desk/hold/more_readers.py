"""Holds an agent's reply that would reach somebody whom the answered notice did not name.

The notice said who gets an answer; the requester or the collaborators have changed since. People whom the mail itself
adds, in its To and Cc or by a command, are the agent's own choice.
"""

from __future__ import annotations

from mailgate.desk.hold.held_reply import hold
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import AgentMail
from mailgate.phrase import phrase
from mailgate.reasons import Reason
from mailgate.ticket import Address, Ticket


def more_readers(request: AgentMail, text: str, ticket: Ticket, context: Context) -> Outcome | None:
    """The outcome of a reply that more people would read than was promised; None if it may be sent."""
    promised = request.known.promised
    more = () if promised is None else _more(request, promised, ticket, context)
    if not more:
        return None
    people = tuple(str(each) for each in more)
    why = (Reason.MORE_READERS, f"{', '.join(each.email for each in more)} would read it")
    fact = phrase("held.more_readers", people=people)
    about = ",".join(sorted(each.email for each in more))
    return hold(request, ticket, why, (fact,), text, context, about=about)


def _more(request: AgentMail, promised: frozenset[str], ticket: Ticket, context: Context) -> tuple[Address, ...]:
    config = context.config
    known = {email for each in (*promised, *request.direct(config)) for email in config.addresses_of(each)}
    today = (ticket.requester, *(Address(each.email, each.name) for each in ticket.collaborators if each.active))
    return tuple(each for each in today if each.email not in known and not request.agent.owns(each.email))
