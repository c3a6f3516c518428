"""Addresses as agents type them, and addresses that are likely misspellings of known ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from mailgate.errors import Refused
from mailgate.mail import normalise
from mailgate.phrase import Phrase, phrase
from mailgate.rules.text.cleanup import shortened
from mailgate.rules.text.names import unquoted
from mailgate.ticket import Address

_SIMILAR = 0.9  # ratio for addresses in different domains: one or two letters differ
_ATOM = r"[^\s@<>()\[\],;:\"\\]"
_ADDRESS = re.compile(rf"{_ATOM}+@{_ATOM}+\.{_ATOM}+")
_NAMED = re.compile(r'((?:"[^"]*"|[^<>@"])*)<\s*([^<>\s]+)\s*>')
_QUOTES = str.maketrans("\u201c\u201d\u201e\u201f\u00ab\u00bb", '""""""')  # as phones write them
_BY_COMMA, _BY_SEMICOLON = (re.compile(rf'(?:"[^"]*"|[^"{sign}]|")+') for sign in ",;")


def read_addresses(typed: str) -> tuple[Address, ...]:
    """The people in "jane@x.example, Joe Doe <joe@x.example>", each once. Raises Refused."""
    found: dict[str, Address] = {}
    for part in each_of(typed):
        named = _NAMED.fullmatch(part)
        for text in [named[2]] if named else part.split():
            email = normalise(text.strip("<>"))
            if not _ADDRESS.fullmatch(email):
                raise Refused(phrase("refused.no_address", typed=shortened(text)))
            found.setdefault(email, Address(email, unquoted(named[1]) if named else ""))
    if not found:
        raise Refused(Phrase("refused.which_address"))
    return tuple(found.values())


def each_of(typed: str) -> tuple[str, ...]:
    """The parts of a list with commas or semicolons between them: `"Doe, Jane" <jane@x.example>, ann`.

    A comma within quotes is part of a name. So is one in `Doe, Jane <jane@x.example>; ann`, as Outlook writes
    lists, because there the semicolon separates.
    """
    by_semicolon = _BY_SEMICOLON.findall(typed.translate(_QUOTES))
    parts = [
        part
        for each in by_semicolon
        for part in ([each] if len(by_semicolon) > 1 and _NAMED.fullmatch(each.strip()) else _BY_COMMA.findall(each))
    ]
    return tuple(filter(None, map(str.strip, parts)))


def emails(found: Sequence[Address]) -> tuple[str, ...]:
    """The addresses alone."""
    return tuple(person.email for person in found)


def misspelt(email: str, known: Sequence[str]) -> str:
    """The address of `known` that `email` is likely a misspelling of; "" if it is one of them or like none."""
    if email in known:
        return ""
    local, _, domain = email.rpartition("@")
    there = {each.removesuffix(f"@{domain}"): each for each in known if each.endswith(f"@{domain}")}
    elsewhere = [each for each in known if each not in there.values()]
    similar = [there[each] for each in get_close_matches(local, list(there), n=1)]
    return "".join(similar or get_close_matches(email, elsewhere, n=1, cutoff=_SIMILAR))
