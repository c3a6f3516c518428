"""Values of `#subject`, `#tag` and `#untag`."""

from __future__ import annotations

from mailgate.errors import Refused
from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.text.subject import NO_SUBJECT, strip_subject


def subject(command: Command, scope: CommandScope) -> tuple[str, str]:
    """The subject, without the token and reply prefixes that outgoing mail adds."""
    found = strip_subject(command.value, scope.config.desk)
    if found == NO_SUBJECT:
        raise Refused("write the new subject after it")
    return found, f"subject “{found}”"


def tag(command: Command, scope: CommandScope) -> tuple[tuple[str, ...], str]:
    """One or several tags: "#portal, vip"."""
    found = _tags(command.value, scope)
    return found, f"tagged {', '.join(found)}"


def untag(command: Command, scope: CommandScope) -> tuple[tuple[str, ...], str]:
    """As for `#tag`."""
    found = _tags(command.value, scope)
    return found, f"no longer tagged {', '.join(found)}"


def _tags(typed: str, scope: CommandScope) -> tuple[str, ...]:
    """Each tag once; one that the ticket has is spelt as there."""
    known = {tag.casefold(): tag for tag in scope.ticket.tags}
    words = typed.replace(",", " ").replace("#", " ").split()
    for word in words:
        known.setdefault(word.casefold(), word)
    if not words:
        raise Refused(f"“{typed}” is not a tag: a tag is a word")
    return tuple(known[word] for word in dict.fromkeys(map(str.casefold, words)))
