"""An agent's absence: the value, and its sentences.

An agent who is away gets no alerts and is handed no tickets. Whether somebody is away now
is asked of the store; who may say so of whom is `commands/values/absence.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailgate.phrase import Phrase, phrase
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


def away_lines(away: Away, config: Config) -> tuple[Phrase, ...]:
    """A line for each agent who is away, by name: "Ann Reyes: away until … (vacation)"."""
    here = (absence for absence in away.values() if absence.agent in config.agents)
    return tuple(_line(absence, config) for absence in sorted(here, key=lambda each: config.agents[each.agent].name))


def _line(absence: Absence, config: Config) -> Phrase:
    name = config.agents[absence.agent].name
    line = phrase("absence.line", name=name, absence=absence_phrase(absence))
    return phrase("absence.line_because", line=line, reason=absence.reason) if absence.reason else line


def absence_phrase(absence: Absence) -> Phrase:
    """An absence and its end: "away until Fri 27 Nov 2026, 09:00 CET"."""
    return phrase("absence.until", until=absence.until) if absence.until else Phrase("absence.away")


def holder_away(name: str) -> Phrase:
    """The sentence on a ticket whose agent is away without an end; with one, the sentence begins with it."""
    return phrase("remark.holder_away", name=name)


def stands_in(ticket: Ticket, reader: str, away: Away, config: Config) -> tuple[Phrase, ...]:
    """The sentence for recipients who get an alert because the ticket's agent is away."""
    holder = ticket.assignee.agent_key if ticket.assignee else ""
    if not holder or holder == reader or holder not in away or holder not in config.agents:
        return ()
    name, until = config.agents[holder].name, away[holder].until
    return (phrase("remark.holder_away_until", name=name, until=until) if until else holder_away(name),)
