"""Values of `#away` and `#back`: an agent, and until when.

Agents set their own absence, managers also that of members of their departments. The effect of an absence on
alerts is `rules/notices/audience.py`.
"""

from __future__ import annotations

import re

from mailgate.errors import Refused
from mailgate.phrase import Phrase, Value, phrase
from mailgate.rules.commands.scope import Command, CommandScope, find, when
from mailgate.rules.people.absence import Absence, absence_phrase
from mailgate.rules.text import names
from mailgate.rules.text.typed_time import WhenError
from mailgate.settings import Agent
from mailgate.ticket import ADMIN, Actor

_UNTIL = re.compile(r"(|.*\s)(?:until|till|for)\s+(.+)", re.IGNORECASE)


def away(command: Command, scope: CommandScope) -> tuple[Absence, Phrase]:
    """`#away`, `#away until fri`, `#away fri`; for a manager also `#away ann until fri`."""
    name, end = _parts(command.value)
    if name and not end and _is_time(name, scope):
        name, end = "", name
    agent = _agent(name, scope)
    absence = Absence(
        agent=agent.key,
        since=scope.now,
        until=when(end, scope) if end else None,
        by=Actor.agent(scope.agent.key) if scope.agent else ADMIN,
        reason=command.reason,
    )
    return absence, _done("away", agent, scope, absence=absence_phrase(absence))


def back(command: Command, scope: CommandScope) -> tuple[str, Phrase]:
    """`#back`; for a manager also `#back ann`. The value is the agent's key."""
    agent = _agent(command.value, scope)
    return agent.key, _done("back" if agent.key in scope.away else "not_away", agent, scope)


def _parts(typed: str) -> tuple[str, str]:
    """Name and time: ("ann", "fri") of "ann until fri"."""
    found = _UNTIL.fullmatch(typed.strip())
    return (found[1].strip(), found[2].strip()) if found else (typed.strip(), "")


def _is_time(typed: str, scope: CommandScope) -> bool:
    try:
        when(typed, scope)
    except WhenError:
        return False
    return True


def _done(what: str, agent: Agent, scope: CommandScope, **values: Value) -> Phrase:
    return phrase(f"done.{what}_you" if agent is scope.agent else f"done.{what}", name=agent.name, **values)


def _agent(typed: str, scope: CommandScope) -> Agent:
    """The writer, or a member of a department that the writer manages."""
    config, writer = scope.config, scope.agent
    if not typed or typed.casefold() == "me":
        if writer is None:
            raise Refused(phrase("refused.nothing_named", what=Phrase("name_of.agent")))
        return writer
    agent = config.agents[find(typed, names.agents(config), "agent").id]
    manages = (
        department.name for department in config.departments.values() if writer and department.manager == writer.key
    )
    if writer in (None, agent) or any(name in agent.departments for name in manages):
        return agent
    raise Refused(phrase("refused.not_yours_to_say", name=agent.name))
