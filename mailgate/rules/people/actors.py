"""Actors in words."""

from __future__ import annotations

from mailgate.settings import Config
from mailgate.ticket import Actor, ActorKind


def actor(by: Actor, config: Config) -> str:
    """The name of an actor, for agents: of an agent who was deleted the key, of a requester the address."""
    match by.kind:
        case ActorKind.AGENT:
            return config.agents[by.name].name if by.name in config.agents else by.name
        case ActorKind.REQUESTER:
            return by.name
        case ActorKind.RULE:
            return f"The rule “{by.name}”"
        case ActorKind.ADMIN:
            return "The administrator"
        case ActorKind.CLOCK:
            return "The clock"
