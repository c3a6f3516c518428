"""What an agent sees and may do. osTicket's department access and roles.

Whether somebody is that agent is `trust.py`; this module believes its caller.
"""

from __future__ import annotations

from mailgate.config.model import Agent, Config
from mailgate.model import Ticket

# How a refusal names each permission: "You may not … in DEPARTMENT".
_ACTS = {
    "reply": "reply to tickets",
    "note": "write notes on tickets",
    "assign": "assign tickets",
    "transfer": "transfer tickets",
    "topic": "change the help topic of tickets",
    "sla": "change the SLA plan of tickets",
    "priority": "change the priority of tickets",
    "status": "change the status of tickets",
    "due": "change the due time of tickets",
    "close": "close tickets",
    "merge": "merge tickets",
    "spam": "mark tickets as spam",
    "cc": "change the collaborators of tickets",
    "requester": "change the requester of tickets",
}


def sees(agent: Agent, ticket: Ticket, config: Config) -> bool:
    """Whether the ticket exists for this agent.

    It does in the departments that the agent is in or manages, when it is assigned to the
    agent or to a team of theirs, and when they are its requester or a collaborator.
    """
    if ticket.department in agent.departments:
        return True
    department = config.departments.get(ticket.department)
    if department and department.manager == agent.key:
        return True
    assignee = ticket.assignee
    if assignee and assignee.kind == "agent" and assignee.name == agent.key:
        return True
    if assignee and assignee.kind == "team" and assignee.name in config.teams_of(agent.key):
        return True
    return not ticket.participants.isdisjoint(agent.emails)


def may(agent: Agent, permission: str, department: str, config: Config) -> bool:
    """Whether the agent's role for tickets of `department` has the permission."""
    return permission in config.role(agent, department).may


def refusal(agent: Agent, permission: str, department: str, config: Config) -> str:
    """The sentence that tells an agent what they may not do, and what it would take."""
    role = config.role(agent, department).name
    act = _ACTS.get(permission, permission)
    return f"You may not {act} in {department}: your role there is {role}; it takes the permission `{permission}`."
