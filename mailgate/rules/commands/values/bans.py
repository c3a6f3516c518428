"""Values of `#ban` and `#unban`. A ban never covers the desk, an agent or the administrator."""

from __future__ import annotations

import re
from collections.abc import Collection

from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.commands.values.addresses import misspelt, read_addresses
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.text.cleanup import quoted
from mailgate.rules.ticket.bans import covering
from mailgate.settings import Config

_LABEL = r"[^\s@<>()\[\],;:\"\\*?.]+"
_DOMAIN = re.compile(rf"@(?:{_LABEL}\.)+{_LABEL}")  # no wildcards: they would match nothing


def ban(command: Command, scope: CommandScope) -> tuple[str | None, str]:
    """An address or "@domain"; None if it is banned already."""
    pattern = _pattern(command.value)
    _check(pattern, scope.config)
    if pattern in scope.bans():
        return None, f"{pattern} was banned already"
    return pattern, f"{pattern} is banned: mail from there goes to quarantine"


def unban(command: Command, scope: CommandScope) -> tuple[str | None, str]:
    """A banned pattern, or None if it is not banned. Refused if another ban is likely meant, or still covers it."""
    pattern, banned = _pattern(command.value), scope.bans()
    if pattern in banned:
        return pattern, f"{pattern} is no longer banned"
    if near := _near(pattern, banned):
        raise Refused(f"{pattern} is not banned; {near} is")
    return None, f"{pattern} was not banned"


def _near(pattern: str, banned: Collection[str]) -> str:
    covers = [each for each in banned if each in covering(pattern) or pattern in covering(each)]
    return covers[0] if covers else misspelt(pattern, list(banned))


def _check(pattern: str, config: Config) -> None:
    if desk_address(pattern, config):
        raise Refused(f"{pattern} is an address of the desk")
    for email, owner in _protected(config).items():
        if pattern in covering(email):
            raise Refused(f"{pattern} is {owner}" if pattern == email else f"{pattern} covers {email}, {owner}")


def _protected(config: Config) -> dict[str, str]:
    """Addresses that must not be banned, and what they are."""
    return {
        **({normalise(config.desk.admin): "the administrator's address"} if config.desk.admin else {}),
        **dict.fromkeys(config.agents_by_email, "an agent's address"),
        **dict.fromkeys(config.addresses, "an address of the desk"),
    }


def _pattern(typed: str) -> str:
    text = typed.strip()
    if not text.startswith("@"):
        found = read_addresses(text)
        if len(found) > 1:
            raise Refused("one address or @domain a line")
        return found[0].email
    domain = normalise(f"x{text}")[1:]
    if not _DOMAIN.fullmatch(domain):
        raise Refused(f"{quoted(text)} is not a domain: write it as @example.org")
    return domain
