"""Values of `#assign`, `#transfer`, `#topic`, `#sla`, `#priority`, `#due`, `#status` and `#canned`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from mailgate.errors import Refused
from mailgate.rules.commands.scope import Command, CommandScope, Reader, assignee, find, when
from mailgate.rules.people.absence import span
from mailgate.rules.people.permissions import belongs
from mailgate.rules.text import names
from mailgate.rules.text.names import Candidate
from mailgate.rules.ticket.acts.statuses import NewStatus
from mailgate.settings import Config
from mailgate.ticket import Assignee, Status


def assign(command: Command, scope: CommandScope) -> tuple[Assignee | None, str]:
    """An agent, a team, "me", or "nobody" (None)."""
    typed = command.value.strip()
    if typed.lower() in ("nobody", "none", "no one"):
        return None, "released: assigned to nobody"
    if typed.lower() == "me":
        if scope.agent is None:
            raise Refused('"me" is an agent; name one, or act as one with --as')
        return Assignee.agent(scope.agent.key), f"assigned to {scope.agent.name}"
    found = assignee(typed, scope.config)
    agent, department = scope.config.agents.get(found.agent_key), scope.ticket.department
    if agent is None:
        return found, f"assigned to the team {found.name}"
    if not belongs(agent, department, scope.config):
        raise Refused(
            f"{agent.name} is not in {department}, which is confidential: only its members can have its tickets"
        )
    away = f", who is {span(scope.away[agent.key], scope.zone)}" if agent.key in scope.away else ""
    return found, f"assigned to {agent.name}{away}"


def named(what: str, known: Callable[[Config], Sequence[Candidate]]) -> Reader[str]:
    """A reader of one of the names that `known` lists; `what` they are called in texts."""

    def read(command: Command, scope: CommandScope) -> tuple[str, str]:
        found = find(command.value, known(scope.config), what).name
        return found, f"{what} {found}"

    return read


transfer = named("department", names.departments)
topic = named("help topic", names.topics)
sla = named("SLA plan", names.slas)
priority = named("priority", names.priorities)
canned = named("canned response", names.canned)


def due(command: Command, scope: CommandScope) -> tuple[datetime, str]:
    """A time."""
    at, shown = when(command.value, scope)
    return at, f"due {shown}"


def status(command: Command, scope: CommandScope) -> tuple[NewStatus, str]:
    """A status, for `#pending` also until when."""
    new = Status(command.value)
    if not command.until:
        return NewStatus(new), f"status {new.value}"
    until, shown = when(command.until, scope)
    return NewStatus(new, until), f"status {new.value} until {shown}"
