"""Whose mail nobody wants: what `#ban` and `#unban` name, and whom that covers.

A ban is an address or an "@domain", no more; mail it covers is set aside, never deleted.
Refuses whatever would shut out the desk itself, its agents or its administrator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.rules.people.actors import actor
from mailgate.rules.ticket import acts
from mailgate.settings import Config
from mailgate.ticket import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """Whose mail is set aside unread: an address, or "@domain" for everybody there."""

    pattern: str
    by: str  # as in Event.by
    at: datetime
    reason: str = ""


def covering(email: str) -> tuple[str, str]:
    """The patterns that cover an address: itself and its domain."""
    return email, f"@{email.rpartition('@')[2]}"


def banned_by(ban: Ban, config: Config) -> str:
    """Who banned it and why, in words for `trace`, `explain` and the quarantine."""
    why = f": {ban.reason}" if ban.reason else ""
    return f"{ban.pattern} is banned since {ban.at:%Y-%m-%d} by {actor(ban.by, config)}{why}; #unban ends it"


def act(verb: str, value: object, why: acts.Stamp) -> acts.Act | None:
    """What `#spam`, `#ban` or `#unban` does to its ticket: who is banned stands in the store, the ticket records it."""
    match verb, value:
        case "spam", _:
            return acts.spam(why)
        case "ban", str(pattern):
            return acts.record(why.event(EventKind.BANNED, None, pattern))
        case "unban", str(pattern):
            return acts.record(why.event(EventKind.UNBANNED, pattern, None))
        case _:
            return None
