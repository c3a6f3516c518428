"""The names of actors and of assignees, as they are shown."""

from __future__ import annotations

import re

from mailgate.phrase import Phrase, Value, phrase
from mailgate.settings import Config
from mailgate.ticket import Actor, ActorKind, Address, Assignee

_ADDRESS = re.compile(r"\S+@\S+\.\S+")


def is_address(name: str) -> bool:
    """Whether a display name holds an address, which may be somebody else's."""
    return bool(_ADDRESS.search(name))


def name_of(person: Address) -> str:
    """The name of somebody outside the desk; their address without a name, and where the name holds an address."""
    return person.email if not person.name or is_address(person.name) else person.name


def holder(assignee: Assignee | None, reader: str, config: Config) -> Value:
    """Whose a ticket is, for the agent with the key `reader` ("" for anybody else)."""
    if assignee is None:
        return Phrase("ticket.nobody")
    if reader and assignee.agent_key == reader:
        return Phrase("ticket.you")
    known = config.agents if assignee.kind == "agent" else config.teams
    return config.called(assignee) if assignee.name in known else phrase("ticket.left", name=assignee.name)


def actor(by: Actor, config: Config) -> Value:
    """An actor for agents: by name, an agent who was deleted by key, a requester by address."""
    match by.kind:
        case ActorKind.ADMIN:
            return Phrase("actor.admin")
        case ActorKind.CLOCK:
            return Phrase("actor.clock")
        case ActorKind.RULE:
            return phrase("actor.rule", name=by.name)
        case _:
            return actor_name(by, config)


def actor_name(by: Actor, config: Config) -> str:
    """An actor in traces and on the command line: an agent by name, anybody else as in JSON without the kind."""
    if by.is_agent and by.name in config.agents:
        return config.agents[by.name].name
    return by.name or str(by)
