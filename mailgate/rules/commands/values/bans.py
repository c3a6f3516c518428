"""Values of `#ban` and `#unban`. A ban never covers the desk, an agent or the administrator."""

from __future__ import annotations

import re
from collections.abc import Collection

from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.commands.values.addresses import misspelt, read_addresses
from mailgate.rules.people.desk_addresses import desk_address
from mailgate.rules.text.cleanup import shortened
from mailgate.rules.ticket.bans import covering
from mailgate.settings import Config

_LABEL = r"[^\s@<>()\[\],;:\"\\*?.]+"
_DOMAIN = re.compile(rf"@(?:{_LABEL}\.)+{_LABEL}")  # no wildcards: they would match nothing


def ban(command: Command, scope: CommandScope) -> tuple[str | None, Phrase]:
    """An address or "@domain"; None if it is banned already."""
    pattern = _pattern(command.value)
    _check(pattern, scope.config)
    if pattern in scope.bans():
        return None, phrase("done.banned_already", pattern=pattern)
    return pattern, phrase("done.banned", pattern=pattern)


def unban(command: Command, scope: CommandScope) -> tuple[str | None, Phrase]:
    """A banned pattern, or None if it is not banned. Refused if another ban is likely meant, or still covers it."""
    pattern, banned = _pattern(command.value), scope.bans()
    if pattern in banned:
        return pattern, phrase("done.unbanned", pattern=pattern)
    if near := _near(pattern, banned):
        raise Refused(phrase("refused.ban_near", pattern=pattern, near=near))
    return None, phrase("done.not_banned", pattern=pattern)


def _near(pattern: str, banned: Collection[str]) -> str:
    covers = [each for each in banned if each in covering(pattern) or pattern in covering(each)]
    return covers[0] if covers else misspelt(pattern, list(banned))


def _check(pattern: str, config: Config) -> None:
    if desk_address(pattern, config):
        raise Refused(phrase("refused.desk_address", email=pattern))
    for email, owner in _protected(config).items():
        if pattern in covering(email):
            name = "refused.ban_is" if pattern == email else "refused.ban_covers"
            raise Refused(phrase(name, pattern=pattern, email=email, what=owner))


def _protected(config: Config) -> dict[str, Phrase]:
    """Addresses that must not be banned, and what they are."""
    return {
        **({normalise(config.desk.admin): Phrase("owner.admin")} if config.desk.admin else {}),
        **dict.fromkeys(config.agents_by_email, Phrase("owner.agent")),
        **dict.fromkeys(config.addresses, Phrase("owner.desk")),
    }


def _pattern(typed: str) -> str:
    text = typed.strip()
    if not text.startswith("@"):
        found = read_addresses(text)
        if len(found) > 1:
            raise Refused(Phrase("refused.one_pattern"))
        return found[0].email
    domain = normalise(f"x{text}")[1:]
    if not _DOMAIN.fullmatch(domain):
        raise Refused(phrase("refused.no_domain", typed=shortened(text)))
    return domain
