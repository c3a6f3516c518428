"""Values of `#subject`, `#tag` and `#untag`."""

from __future__ import annotations

from mailgate.errors import Refused
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.text.subject import NO_SUBJECT, strip_subject

# What stands between or around tags: phones write “ ” for the quotes that are typed.
_BETWEEN = str.maketrans(dict.fromkeys(',;#"\u201c\u201d\u201e\u00ab\u00bb', " "))


def subject(command: Command, scope: CommandScope) -> tuple[str, Phrase]:
    """The subject, without the token and reply prefixes that outgoing mail adds."""
    found = strip_subject(command.value, scope.config.desk)
    if found == NO_SUBJECT:
        raise Refused(Phrase("refused.no_subject"))
    return found, phrase("done.subject", subject=found)


def tag(command: Command, scope: CommandScope) -> tuple[tuple[str, ...], Phrase]:
    """One or several tags: "#portal, vip"."""
    found = _tags(command.value, scope)
    return found, phrase("done.tagged", tags=found)


def untag(command: Command, scope: CommandScope) -> tuple[tuple[str, ...], Phrase]:
    """As for `#tag`."""
    found = _tags(command.value, scope)
    return found, phrase("done.untagged", tags=found)


def _tags(typed: str, scope: CommandScope) -> tuple[str, ...]:
    """Each tag once; one that the ticket has is spelt as there."""
    known = {tag.casefold(): tag for tag in scope.ticket.tags}
    words = typed.translate(_BETWEEN).split()
    for word in words:
        known.setdefault(word.casefold(), word)
    if not words:
        raise Refused(phrase("refused.no_tag", typed=typed))
    return tuple(known[word] for word in dict.fromkeys(map(str.casefold, words)))
