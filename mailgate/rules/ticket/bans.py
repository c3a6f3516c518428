"""Banned senders: an address or a whole "@domain".

Their mail is quarantined, never deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.rules.people.actors import actor_name
from mailgate.settings import Config
from mailgate.ticket import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """A sender whose mail is quarantined: an address, or "@domain" for all of its addresses."""

    pattern: str
    by: Actor
    at: datetime
    reason: str = ""


def covering(email: str) -> tuple[str, str]:
    """The patterns that cover an address: the address and its "@domain"."""
    return email, f"@{email.rpartition('@')[2]}"


def banned_by(ban: Ban, config: Config) -> str:
    """Who banned it, when and why, for `trace`, `explain` and the quarantine."""
    why = f": {ban.reason}" if ban.reason else ""
    return f"{ban.pattern} is banned since {ban.at:%Y-%m-%d} by {actor_name(ban.by, config)}{why}; #unban ends it"
