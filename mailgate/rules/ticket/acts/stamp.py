"""What an act is: a change to one ticket, with the events that record it.

An act that would change nothing returns the ticket as it is and no event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.ticket import Actor, Event, EventKind, Json, Ticket


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who acts, when, and the reason they gave."""

    by: Actor
    at: datetime
    reason: str = ""

    def because(self, reason: str) -> Stamp:
        """The same stamp with another reason."""
        return replace(self, reason=reason)

    def event(self, kind: EventKind, before: Json = None, after: Json = None) -> Event:
        """An event with this stamp."""
        return Event(kind=kind, by=self.by, at=self.at, reason=self.reason, before=before, after=after)


Draft = tuple[Ticket, tuple[Event, ...]]
Act = Callable[[Ticket], Draft]


def record(*events: Event) -> Act:
    """Record events that change no field."""
    return lambda ticket: (ticket, events)
