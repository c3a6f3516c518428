"""The staff of the desk as a configuration had it: to tell what a new one with `was` changes for whom. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from mailgate.settings import Agent, Config
from mailgate.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Staff:
    """Agents by key, with their name and addresses; the agents' keys of each department and team."""

    agents: Mapping[str, tuple[str, ...]]
    departments: Mapping[str, tuple[str, ...]]
    teams: Mapping[str, tuple[str, ...]]

    def responsible(self, ticket: Ticket) -> frozenset[str]:
        """Keys of the agents whose work a ticket is: its agent, its team, else its department."""
        holder = ticket.assignee
        if holder is None:
            return frozenset(self.departments.get(ticket.department, ()))
        return frozenset(self.teams.get(holder.name, ())) if holder.kind == "team" else frozenset((holder.name,))


def staff_of(config: Config) -> Staff:
    """The staff in a configuration."""
    return Staff(
        {key: (agent.name, *agent.emails) for key, agent in config.agents.items()},
        {name: tuple(agent.key for agent in members) for name, members in config.members.items()},
        {name: (*team.members, *((team.lead,) if team.lead else ())) for name, team in config.teams.items()},
    )


def to_json(staff: Staff) -> str:
    """The staff as it is stored: equal text for equal staff."""
    return json.dumps(asdict(staff), sort_keys=True)


def from_json(text: str) -> Staff:
    """The inverse of `to_json`."""
    parts = json.loads(text).items()
    return Staff(**{part: {name: tuple(found) for name, found in each.items()} for part, each in parts})


def same_people(renamed: Mapping[str, str], before: Staff | None, agents: Mapping[str, Agent]) -> dict[str, str]:
    """Of the agents' keys in `was` (old → new) those that are the same person under a new key.

    They are unless the new key was there before, or neither the name nor an address is the same: then the tickets
    go to somebody else. `before` is None where it is not known.
    """
    return {old: new for old, new in renamed.items() if before is None or _is_same(old, agents[new], before)}


def _is_same(old: str, agent: Agent, before: Staff) -> bool:
    known = before.agents.get(old)
    shared = known is None or not {agent.name, *agent.emails}.isdisjoint(known)
    return shared and agent.key not in before.agents


def newly_responsible(
    earlier: Ticket, now: Ticket, before: Staff, after: Staff, same: Mapping[str, str]
) -> frozenset[str]:
    """Keys of the agents whose work a ticket has become by a renaming. `same`: keys of the same person, old → new."""
    return after.responsible(now) - _called(before.responsible(earlier), same)


def _called(keys: Iterable[str], same: Mapping[str, str]) -> frozenset[str]:
    return frozenset(same.get(key, key) for key in keys)
