"""Whose mail nobody wants: what `#ban` and `#unban` name, and whom that covers.

A ban is an address or an "@domain", no more; mail it covers is set aside, never deleted.
Refuses whatever would shut out the desk itself, its agents or its administrator.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.rules.people.actors import actor
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.text.cleanup import quoted
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.participants import read_addresses, slip
from mailgate.settings import Config
from mailgate.ticket import EventKind

_LABEL = r"[^\s@<>()\[\],;:\"\\*?.]+"
_DOMAIN = re.compile(rf"@(?:{_LABEL}\.)+{_LABEL}")  # no pattern: one that covers nobody would look like a ban


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """Whose mail is set aside unread: an address, or "@domain" for everybody there."""

    pattern: str
    by: str  # as in Event.by
    at: datetime
    reason: str = ""


def read_ban(typed: str, config: Config) -> str:
    """The pattern that `#ban` names, where it covers nobody of the desk. Raises Refused."""
    pattern = _pattern(typed)
    if desk_address(pattern, config):
        raise Refused(f"{pattern} is an address of the desk")
    for email, whose in _ours(config).items():
        if pattern in covering(email):
            raise Refused(f"{pattern} is {whose}" if pattern == email else f"{pattern} covers {email}, {whose}")
    return pattern


def ban_told(typed: str, banned: Collection[str], config: Config) -> tuple[str | None, str]:
    """What `#ban` bans, None where it is so already, and that in words. Raises Refused."""
    pattern = read_ban(typed, config)
    if pattern in banned:
        return None, f"{pattern} was banned already"
    return pattern, f"{pattern} is banned: mail from there goes to quarantine"


def unban_told(typed: str, banned: Collection[str]) -> tuple[str | None, str]:
    """Whose ban `#unban` ends, None where there is none, and that in words. Raises Refused."""
    pattern = read_unban(typed, banned)
    if pattern not in banned:
        return None, f"{pattern} was not banned"
    return pattern, f"{pattern} is banned no longer"


def read_unban(typed: str, banned: Collection[str]) -> str:
    """The pattern that `#unban` names, banned or not; refused where another ban is meant, or holds all the same."""
    pattern = _pattern(typed)
    if pattern not in banned:
        near = [each for each in banned if each in covering(pattern) or pattern in covering(each)]
        if near := near or list(filter(None, [slip(pattern, list(banned))])):
            raise Refused(f"{pattern} is not banned; {near[0]} is")
    return pattern


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


def _pattern(typed: str) -> str:
    text = typed.strip()
    if not text.startswith("@"):
        found = read_addresses(text)
        if len(found) > 1:
            raise Refused("one address or @domain a line")
        return found[0].email
    domain = normalise(f"x{text}")[1:]
    if not _DOMAIN.fullmatch(domain):
        raise Refused(f"{quoted(text)} is no domain: write it as @example.org")
    return domain


def _ours(config: Config) -> dict[str, str]:
    """Addresses that must never be shut out, and whose they are."""
    return {
        **({normalise(config.desk.admin): "the administrator's address"} if config.desk.admin else {}),
        **dict.fromkeys(config.agents_by_email, "an agent's address"),
        **dict.fromkeys(config.addresses, "an address of the desk"),
    }
