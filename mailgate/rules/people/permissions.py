"""What an agent sees and may do. osTicket's department access and roles.

Authentication is done in `threading/trust.py`; this module checks permissions only.
"""

from __future__ import annotations

from mailgate.phrase import Phrase, phrase
from mailgate.settings import Agent, Config
from mailgate.ticket import Ticket


def sees(agent: Agent, ticket: Ticket, config: Config) -> bool:
    """Whether the ticket exists for this agent.

    It does in the departments that the agent is in or manages, when it is assigned to the
    agent or to a team of theirs, when they were asked about it, and when they are its
    requester or a collaborator. In a confidential department the first alone counts: who is
    on such a ticket is on it as everybody else who writes to the desk is.
    """
    if member(agent, ticket.department, config):
        return True
    if confidential(ticket.department, config):
        return False
    assignee = ticket.assignee
    if assignee and assignee.kind == "agent" and assignee.name == agent.key:
        return True
    if assignee and assignee.kind == "team" and assignee.name in config.teams_of(agent.key):
        return True
    if any(each.email in agent.emails for each in ticket.asked):
        return True
    return not ticket.participants.isdisjoint(agent.emails)


def member(agent: Agent, department: str, config: Config) -> bool:
    """Whether the agent is in the department, or manages it."""
    found = config.departments.get(department)
    return department in agent.departments or (found is not None and found.manager == agent.key)


def confidential(department: str, config: Config) -> bool:
    """Whether the department's tickets are for its members alone."""
    found = config.departments.get(department)
    return found is not None and found.confidential


def belongs(agent: Agent, department: str, config: Config) -> bool:
    """Whether a ticket of the department may be this agent's, as far as it is confidential."""
    return not confidential(department, config) or member(agent, department, config)


def may(agent: Agent, permission: str, department: str, config: Config) -> bool:
    """Whether the agent's role for tickets of `department` has the permission; with "" that for any of theirs."""
    return permission in all_of(agent, department, config)


def all_of(agent: Agent, department: str, config: Config) -> frozenset[str]:
    """The permissions of the agent's role for tickets of `department`; with "" those of any of theirs."""
    if department:
        return config.role(agent, department).may
    return frozenset().union(*(config.role(agent, place).may for place in agent.departments))


def why_not(agent: Agent | None, permission: str, department: str, config: Config, *, act: str = "") -> Phrase | None:
    """Why an agent may not do it, and which permission it needs; None when they may.

    `act`: what it is, in [may], where the permission is named after something else;
    `department` is empty for what needs the permission in any of theirs. The administrator
    (None) may all.
    """
    if agent is None or may(agent, permission, department, config):
        return None
    what = Phrase(f"may.{act or permission}")
    if not department:
        return phrase("refused.may_nowhere", what=what, permission=permission)
    role = config.role(agent, department).name
    return phrase("refused.may_not", what=what, department=department, role=role, permission=permission)
