"""Whether a mail that waits is still due: may its reader see the ticket, is it still true? Pure.

What waits for the end of quiet hours, for the relay, or for `queue outbox retry` was written before the ticket
changed. It is judged again with each change of the ticket, and with each new configuration.
"""

from __future__ import annotations

from mailgate.notice import NoticeKind
from mailgate.rules.notices.destination import is_assignee
from mailgate.rules.people.permissions import confidential, sees
from mailgate.settings import Config
from mailgate.ticket import Ticket

# To people who are on the ticket; who is not, or no longer, gets these all the same.
_TO_ANYBODY = frozenset(
    {
        NoticeKind.STATUS_CHANGED,  # also the answer to #leave
        NoticeKind.LIMIT_REACHED,
        NoticeKind.REJECTED,
        NoticeKind.ASKED,
    }
)
_OF_WORK = frozenset({NoticeKind.OVERDUE, NoticeKind.ESCALATED, NoticeKind.REMINDER})
# Answers to the agent's own mail.
_OWN = frozenset({NoticeKind.ANSWER, NoticeKind.COMMAND_FAILED, NoticeKind.CONFIRM, NoticeKind.HELD})


def not_due(kind: NoticeKind, agent: str, recipient: str, ticket: Ticket, config: Config) -> str:
    """Why a waiting mail about a ticket must not go out; "" when it may. `agent`: key of its reader."""
    if kind.to_requester:
        return "" if kind in _TO_ANYBODY or _is_on(recipient, ticket, config) else "its reader is not on the ticket"
    if not agent:
        return ""
    if why := not_reader(agent, recipient, config):
        return why
    if not sees(config.agents[agent], ticket, config):
        return "its reader does not see the ticket"
    if confidential(ticket.department, config) and kind not in _OWN:
        return "the ticket is confidential now"
    return _untrue(kind, agent, ticket, config)


def not_reader(agent: str, recipient: str, config: Config) -> str:
    """Why an agent gets no mail at an address; "" when they do."""
    found = config.agents.get(agent)
    return "" if found and recipient in found.emails else "its reader is no agent at this address"


def _untrue(kind: NoticeKind, agent: str, ticket: Ticket, config: Config) -> str:
    if kind is NoticeKind.ASSIGNED and not is_assignee(agent, ticket, config):
        return "the ticket is assigned to somebody else"
    if kind is NoticeKind.NEW_TICKET and (ticket.spam or ticket.merged_into):
        return "the ticket is spam" if ticket.spam else "the ticket was merged"
    if kind in _OF_WORK and not ticket.status.active:
        return f"the ticket is {ticket.status}"
    if kind is NoticeKind.OVERDUE and not ticket.overdue:
        return "the ticket is not overdue any more"
    return ""


def _is_on(email: str, ticket: Ticket, config: Config) -> bool:
    people = (ticket.requester.email, *(each.email for each in ticket.collaborators if each.active))
    return any(config.same_person(email, each) for each in people)
