"""What an agent sees and may do. osTicket's department access and roles.

Whether somebody is that agent is `trust.py`; this module believes its caller.
"""

from __future__ import annotations

from mailgate.settings import Agent, Config
from mailgate.ticket import Ticket

# How a refusal names each permission: "You may not … in DEPARTMENT".
_ACTS = {
    "reply": "reply to tickets",
    "note": "write notes on tickets",
    "assign": "assign tickets",
    "transfer": "transfer tickets",
    "topic": "change the help topic, the subject or the tags of tickets",
    "sla": "change the SLA plan of tickets",
    "priority": "change the priority of tickets",
    "status": "change the status of tickets",
    "due": "change the due time of tickets",
    "close": "close tickets",
    "merge": "merge, split or link tickets",
    "spam": "mark tickets as spam or ban their senders",
    "cc": "change the collaborators of tickets",
    "requester": "change the requester of tickets",
}


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
    places = (department,) if department else tuple(agent.departments)
    return any(permission in config.role(agent, place).may for place in places)


def why_not(agent: Agent | None, permission: str, department: str, config: Config, *, act: str = "") -> str:
    """The sentence that tells an agent what they may not do, and what it would take; "" when they may.

    `act`: what it is, where the permission is named after something else; `department` is
    empty for what needs the permission in any of theirs. The administrator (None) may all.
    """
    if agent is None or may(agent, permission, department, config):
        return ""
    act = act or _ACTS.get(permission, permission)
    if not department:
        return f"You may not {act}: in none of your departments your role has the permission `{permission}`."
    role = config.role(agent, department).name
    return f"You may not {act} in {department}: your role there is {role}; it takes the permission `{permission}`."
