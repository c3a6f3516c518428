"""Who is away: the value, and the words in which it is told.

An agent who is away gets no alerts and is handed no tickets. Whether somebody is away now
is asked of the store; who may say so of whom is `understanding.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Config
from mailgate.ticket import ADMIN, Actor, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """An agent is away from `since` to `until` (aware UTC; None: until they are back)."""

    agent: str
    since: datetime
    until: datetime | None = None
    by: Actor = ADMIN
    reason: str = ""


Away = Mapping[str, Absence]  # by agent's key


def span(absence: Absence, zone: ZoneInfo) -> str:
    """The absence as it is told: "away until Fri 27 Nov 2026, 09:00 CET"."""
    return f"away until {ENGLISH.moment(absence.until, zone)}" if absence.until else "away"


def away_lines(away: Away, zone: ZoneInfo, config: Config) -> tuple[str, ...]:
    """A line for each agent who is away, by name: "Ann Reyes: away until … (vacation)"."""
    here = (absence for absence in away.values() if absence.agent in config.agents)
    found = sorted((config.agents[absence.agent].name, absence.agent) for absence in here)
    return tuple(f"{name}: {span(away[key], zone)}{_why(away[key])}" for name, key in found)


def _why(absence: Absence) -> str:
    return f" ({absence.reason})" if absence.reason else ""


def whose(name: str) -> str:
    """How the alert about somebody else's ticket begins; the leak guard looks for it."""
    return f"{name}, whose ticket it is, is away"


def stands_in(ticket: Ticket, reader: str, away: Away, config: Config) -> tuple[str, ...]:
    """What is told to who hears of a ticket because its agent is away."""
    holder = ticket.assignee.name if ticket.assignee and ticket.assignee.kind == "agent" else ""
    if not holder or holder == reader or holder not in away or holder not in config.agents:
        return ()
    until = away[holder].until
    end = f" until {ENGLISH.moment(until, config.zone(reader))}" if until else ""
    return (f"{whose(config.agents[holder].name)}{end}.",)
