"""Whether a role lets an agent do everything that a filled-in mail of a link says. Pure."""

from __future__ import annotations

from functools import lru_cache

from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.commands.verbs import VERBS
from mailgate.rules.people.permissions import all_of
from mailgate.settings import Agent, Config


def permitted(body: str, agent: Agent, department: str, config: Config) -> bool:
    """Whether the agent may do the commands of a mail's body on a ticket of `department` ("": any of theirs)."""
    return _permissions(body) <= all_of(agent, department, config)


@lru_cache(256)  # links of alerts are the same few mails
def _permissions(body: str) -> frozenset[str]:
    commands = read_commands(body.split("\n")).commands
    return frozenset(filter(None, (VERBS[each.verb].takes_permission(each.value) for each in commands)))
