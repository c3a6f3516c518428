"""Who did something, in words."""

from __future__ import annotations

from mailgate.settings import Config


def actor(by: str, config: Config) -> str:
    """The name of who acted, from `Event.by`."""
    kind, _, name = by.partition(":")
    match kind:
        case "agent":
            return config.agents[name].name if name in config.agents else name
        case "requester":
            return name
        case "rule":
            return f"The rule “{name}”"
        case "admin":
            return "The administrator"
        case _:
            return "The clock"
