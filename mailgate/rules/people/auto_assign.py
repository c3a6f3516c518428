"""Who is handed the next ticket of a team or department: round-robin, or who has least open.

Pure: the turn and the number of tickets of each agent are arguments. Who is away, or may not
answer there, is never chosen; with nobody left the ticket stays where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mailgate.phrase import Phrase, phrase
from mailgate.rules.people.permissions import belongs, may
from mailgate.settings import Config
from mailgate.ticket import Actor, Assignee, Change, Event, EventKind, Ticket

BY = Actor.rule("hand_out")
HAND_OUT = NONE, ROUND_ROBIN, LEAST_LOADED = "none", "round-robin", "least-loaded"


@dataclass(frozen=True, slots=True)
class Pool:
    """An automatic assignment: its method, the agents, and the reason in its event."""

    how: str
    members: tuple[str, ...]  # keys, in the order of the config
    reason: str  # names the team or department: its turns are counted by it


def pool_of(change: Change, config: Config) -> Pool | None:
    """The pool that the ticket came to with this change; None where nobody is chosen.

    It comes to a team that it is newly assigned to, or unassigned to a new department. Who
    releases a ticket means nobody, so that hands nothing out.
    """
    before, ticket = change.before, change.after
    if not ticket.status.active:
        return None
    if ticket.assignee is None:
        department = config.departments.get(ticket.department)
        if department is None or department.hand_out == NONE or (before and before.department == ticket.department):
            return None
        members = tuple(agent.key for agent in config.members.get(ticket.department, ()))
        return Pool(department.hand_out, members, f"handed out by {department.name}")
    team = config.teams.get(ticket.assignee.name) if ticket.assignee.kind == "team" else None
    if team is None or team.hand_out == NONE or (before and before.assignee == ticket.assignee):
        return None
    return Pool(team.hand_out, team.members or (team.lead,), f"handed out by the team {team.name}")


def candidates(pool: Pool, ticket: Ticket, away: Collection[str], giver: str, config: Config) -> tuple[str, ...]:
    """Who of the pool can be handed the ticket: here, allowed to answer it, and not who gave it away."""
    agents = (config.agents[key] for key in pool.members if key in config.agents)
    return tuple(
        agent.key
        for agent in agents
        if agent.key not in away
        and agent.key != giver
        and may(agent, "reply", ticket.department, config)
        and belongs(agent, ticket.department, config)
    )


def choose(how: str, among: Sequence[str], turns: Mapping[str, int], load: Mapping[str, int]) -> str:
    """The next of `among` in turn; "" for none.

    `turns` counts up: who was last handed one has the highest, who never was has none.
    `load` is how many open tickets each has. Ties go to the longest wait, then by order.
    """

    def waited(key: str) -> tuple[int, int]:
        return (load.get(key, 0) if how == LEAST_LOADED else 0, turns.get(key, 0))

    return min(among, key=waited, default="")


def hand_outs(events: Sequence[Event], config: Config) -> tuple[Phrase, ...]:
    """The sentence that names the agent whom the ticket was assigned to, for the author of the change."""
    keys = (event.after.get("agent") for event in events if is_hand_out(event) and isinstance(event.after, dict))
    return tuple(phrase("done.handed_out", name=config.called(Assignee.agent(str(key)))) for key in keys)


def is_hand_out(event: Event) -> bool:
    """True for the event of a ticket that was handed out."""
    return event.kind is EventKind.ASSIGNED and event.by == BY
