"""Where an answer to a notice goes: to the requester, into a note, or nowhere. Pure.

It is decided when the mail is composed, from the ticket as it is then and the role of its reader; the key and the
first line of the mail say the same. What becomes of an answer is `rules/replies/visibility.py`.
"""

from __future__ import annotations

from enum import StrEnum

from mailgate.notice import REPLYABLE_KINDS, Notice, NoticeKind
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.people.permissions import may, sees
from mailgate.settings import Config
from mailgate.ticket import Ticket

# Public for the assignee while a message of the requester waits for an answer.
_OF_ASSIGNEE = frozenset(
    {
        NoticeKind.ASSIGNED,
        NoticeKind.TRANSFERRED,
        NoticeKind.REMINDER,
        NoticeKind.OVERDUE,
        NoticeKind.ESCALATED,
    }
)
_BY_CODE = (NoticeKind.CONFIRM, NoticeKind.HELD)  # an answer holds a code


class Destination(StrEnum):
    """Where an answer goes."""

    REQUESTER = "requester"
    NOTE = "note"
    REFUSED = "refused"  # the reader's role lets them neither reply nor write notes
    UNSEEN = "unseen"  # the reader no longer sees the ticket: an answer is returned, as is every command
    UNSAID = "unsaid"  # the mail promises nothing: no ticket, no agent, or a mail that waits for a code


def destination(notice: Notice, config: Config) -> Destination:
    """Return where an answer to a notice of an agent's goes."""
    agent, ticket = config.agents.get(notice.agent), notice.ticket
    if agent is None or ticket is None or notice.kind in _BY_CODE:
        return Destination.UNSAID
    if not sees(agent, ticket, config):
        return Destination.UNSEEN
    if _is_public(notice, ticket, config) and may(agent, "reply", ticket.department, config):
        return Destination.REQUESTER
    return Destination.NOTE if may(agent, "note", ticket.department, config) else Destination.REFUSED


def promised(notice: Notice, config: Config) -> tuple[str, ...] | None:
    """Return the addresses that an answer to the requester reaches; None for a reader who may not reply."""
    agent, ticket = config.agents.get(notice.agent), notice.ticket
    if agent is None or ticket is None or not may(agent, "reply", ticket.department, config):
        return None
    return (ticket.requester.email, *(each.email for each in ticket.collaborators if each.active))


def reaches_nobody(ticket: Ticket, config: Config) -> bool:
    """Whether nobody outside the desk reads its replies: the requester is one of its addresses, as of a web form."""
    return bool(desk_address(ticket.requester.email, config)) and not any(each.active for each in ticket.collaborators)


def named(notice: Notice) -> tuple[int, ...]:
    """Return the tickets that a mail to an agent names beside its own."""
    listed = (row[0] for listing in notice.listings for row in listing.rows)
    typed = (int(cell[1:]) for cell in listed if isinstance(cell, str) and cell[:1] == "#" and cell[1:].isdigit())
    others, similar = (each.number for each in notice.others), (each.number for each in notice.similar)
    own = notice.ticket.number if notice.ticket else 0
    return tuple(sorted({*notice.numbers, *others, *similar, *typed} - {own})) if notice.agent else ()


def _is_public(notice: Notice, ticket: Ticket, config: Config) -> bool:
    """Whether the notice is public for a reader who may reply."""
    if notice.kind not in _OF_ASSIGNEE:
        return notice.public or notice.kind in REPLYABLE_KINDS
    return ticket.waiting_since is not None and is_assignee(notice.agent, ticket, config)


def is_assignee(agent: str, ticket: Ticket, config: Config) -> bool:
    """Whether the ticket is the agent's, or that of a team with the agent as a member."""
    assignee = ticket.assignee
    if assignee is None or assignee.kind == "agent":
        return assignee is not None and assignee.agent_key == agent
    team = config.teams.get(assignee.name)
    return team is not None and agent in (team.members or (team.lead,))
