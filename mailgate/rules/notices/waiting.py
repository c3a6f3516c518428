"""Mail that waits: alerts for the end of quiet hours, and whether what waits is still due. Pure.

Urgent alerts are sent at once, and so are answers, confirmations and reminders. Waiting
notices are in the outbox, in order. What waits, also for the relay or for `queue outbox retry`, was
written before its ticket changed: it is judged again with each change, and with each new configuration.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.notice import ANSWER_KINDS, Notice, NoticeKind
from mailgate.rules.notices.destination import is_assignee
from mailgate.rules.notices.to_agents import is_urgent
from mailgate.rules.people.permissions import confidential, sees
from mailgate.rules.sla.wall_clock import quiet_until
from mailgate.settings import Agent, Config
from mailgate.ticket import Ticket

# Alerts about what others did.
WAITING = frozenset(
    {
        NoticeKind.NEW_TICKET,
        NoticeKind.NEW_MESSAGE,
        NoticeKind.COLLEAGUE_REPLY,
        NoticeKind.NOTE,
        NoticeKind.ASSIGNED,
        NoticeKind.TAKEN,
        NoticeKind.TRANSFERRED,
        NoticeKind.STATUS,
        NoticeKind.OVERDUE,
        NoticeKind.ESCALATED,
        NoticeKind.DELIVERY_FAILED,
    }
)


# What one mail at their end stands for (`combined.py`). That a mail did not arrive is a mail of its own.
GATHERED = WAITING - {NoticeKind.DELIVERY_FAILED}
SPARE = timedelta(seconds=30)  # after their end, in which that mail is made; then each alert goes out by itself


def end_of_quiet(agent: Agent, kind: NoticeKind, written: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours in which an alert to be gathered was written (UTC); None outside of them."""
    return quiet_until(agent.quiet, written, zone) if agent.quiet and kind in GATHERED else None


def not_before(notice: Notice, config: Config, now: datetime) -> datetime | None:
    """When the notice may go out (UTC); None for at once."""
    agent = config.agents.get(notice.agent)
    if agent is None or agent.quiet is None or notice.kind not in WAITING:
        return None
    if notice.ticket and is_urgent(notice.kind, notice.ticket):
        return None
    return quiet_until(agent.quiet, now, config.zone(agent.key))


# ── still due? ──────────────────────────────────────────────────────────────────────────

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
    if confidential(ticket.department, config) and kind not in ANSWER_KINDS:
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
