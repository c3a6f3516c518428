"""Values of `#assign`, `#transfer`, `#topic`, `#sla`, `#priority`, `#due`, `#status` and `#canned`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from mailgate.errors import Refused
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.scope import Command, CommandScope, Reader, assignee, find, when
from mailgate.rules.people.absence import absence_phrase
from mailgate.rules.people.permissions import belongs
from mailgate.rules.text import names
from mailgate.rules.text.names import Candidate
from mailgate.rules.ticket.acts.statuses import NewStatus
from mailgate.settings import Config
from mailgate.ticket import Assignee, Status


def assign(command: Command, scope: CommandScope) -> tuple[Assignee | None, Phrase]:
    """An agent, a team, "me", or "nobody" (None)."""
    typed = command.value.strip()
    if typed.lower() in ("nobody", "none", "no one"):
        return None, Phrase("done.released")
    if typed.lower() == "me":
        if scope.agent is None:
            raise Refused(Phrase("refused.me"))
        return Assignee.agent(scope.agent.key), phrase("done.assigned", name=scope.agent.name)
    found = assignee(typed, scope.config)
    agent, department = scope.config.agents.get(found.agent_key), scope.ticket.department
    if agent is None:
        return found, phrase("done.assigned_team", name=found.name)
    if not belongs(agent, department, scope.config):
        raise Refused(phrase("refused.confidential_assignee", name=agent.name, department=department))
    if absence := scope.away.get(agent.key):
        return found, phrase("done.assigned_away", name=agent.name, absence=absence_phrase(absence))
    return found, phrase("done.assigned", name=agent.name)


def named(what: str, known: Callable[[Config], Sequence[Candidate]]) -> Reader[str]:
    """A reader of one of the names that `known` lists; `what` is its verb."""

    def read(command: Command, scope: CommandScope) -> tuple[str, Phrase]:
        found = find(command.value, known(scope.config), what).name
        return found, phrase(f"done.{what}", name=found)

    return read


transfer = named("transfer", names.departments)
topic = named("topic", names.topics)
sla = named("sla", names.slas)
priority = named("priority", names.priorities)
canned = named("canned", names.canned)


def due(command: Command, scope: CommandScope) -> tuple[datetime, Phrase]:
    """A time."""
    at = when(command.value, scope)
    return at, phrase("done.due", at=at)


def status(command: Command, scope: CommandScope) -> tuple[NewStatus, Phrase]:
    """A status, for `#pending` also until when."""
    new = Status(command.value)
    if not command.until:
        return NewStatus(new), Phrase(f"done.status_{new}")
    until = when(command.until, scope)
    return NewStatus(new, until), phrase("done.pending_until", at=until)
