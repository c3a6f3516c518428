"""#away and #back, understood: who says it of whom, and until when.

Everybody may say it of themselves, a manager also of who is in their departments. Whom an
absence keeps from hearing is `audience.py`.
"""

from __future__ import annotations

import re

from mailgate.errors import Refused
from mailgate.rules.commands.scope import CommandScope, find, when
from mailgate.rules.people.absence import Absence, span
from mailgate.rules.text import names
from mailgate.rules.text.typed_time import WhenError
from mailgate.settings import Agent
from mailgate.ticket import ADMIN, Actor

_UNTIL = re.compile(r"(|.*\s)(?:until|till|for)\s+(.+)", re.IGNORECASE)


def read_away(typed: str, reason: str, setting: CommandScope) -> tuple[Absence, str]:
    """`#away`, `#away until fri`, `#away fri`; for a manager also `#away ann until fri`: it, and in words."""
    name, end = _parts(typed)
    if name and not end and _is_time(name, setting):
        name, end = "", name
    who = _whom(name, setting)
    until = when(end, setting)[0] if end else None
    absence = Absence(
        agent=who.key,
        since=setting.now,
        until=until,
        by=Actor.agent(setting.agent.key) if setting.agent else ADMIN,
        reason=reason,
    )
    return absence, f"{_is(who, setting)} {span(absence, setting.zone)}"


def _parts(typed: str) -> tuple[str, str]:
    """Whom and until when: ("ann", "fri") of "ann until fri"."""
    found = _UNTIL.fullmatch(typed.strip())
    return (found[1].strip(), found[2].strip()) if found else (typed.strip(), "")


def _is_time(typed: str, setting: CommandScope) -> bool:
    try:
        when(typed, setting)
    except WhenError:
        return False
    return True


def read_back(typed: str, setting: CommandScope) -> tuple[str, str]:
    """`#back`; for a manager also `#back ann`: the agent's key, and what it does in words."""
    who = _whom(typed, setting)
    return who.key, f"{_is(who, setting)} back" if who.key in setting.away else f"{_is(who, setting)} not away"


def _is(who: Agent, setting: CommandScope) -> str:
    return "you are" if who is setting.agent else f"{who.name} is"


def _whom(typed: str, setting: CommandScope) -> Agent:
    """Whom #away and #back are about: oneself, or somebody in a department that one manages."""
    config = setting.config
    if not typed or typed.casefold() == "me":
        if setting.agent is None:
            raise Refused("say who: write the agent's name behind it")
        return setting.agent
    who = config.agents[find(typed, names.agents(config), "agent").id]
    manages = (
        department.name
        for department in config.departments.values()
        if setting.agent and department.manager == setting.agent.key
    )
    if setting.agent in (None, who) or any(name in who.departments for name in manages):
        return who
    raise Refused(f"only {who.name}, or the manager of a department that {who.name} is in, can say so")
