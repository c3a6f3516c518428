"""The configured name that a typed one matches.

A pure comparison of words. It never guesses: several candidates come back as
`Ambiguous`, none as `Unknown` with the nearest names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from mailgate.rules.text.cleanup import nfkc
from mailgate.settings import Config
from mailgate.ticket import Assignee

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_QUOTES = "\"'`\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a"
_ADDRESS = re.compile(r"[^<]*<([^<>\s]+@[^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may be meant; `id` is what stands for it elsewhere, the name itself by default."""

    name: str  # "Parent / Child" for topics
    aliases: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """Exactly one name is meant."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several names fit as well as each other."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """No name fits; `nearest` are at most three that are spelt alike."""

    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Folded:
    candidate: Candidate
    path: str
    own: tuple[str, ...]  # the leaf and the aliases


# The first of these that fits any name decides; it must then fit one name alone.
_TIERS: tuple[Callable[[str, _Folded], bool], ...] = (
    lambda typed, name: name.path == typed,
    lambda typed, name: typed in name.own,
    lambda typed, name: any(_starts(own, typed) and not own[len(typed)].isalnum() for own in name.own),
    lambda typed, name: any(_starts(own, typed) for own in name.own),
    lambda typed, name: name.path.startswith(typed),
    lambda typed, name: any(name.path.startswith(typed, at) for at in _word_starts(name.path)),
)


def match(typed: str, names: Iterable[Candidate]) -> Matched | Ambiguous | Unknown:
    """The candidate that `typed` means.

    Case, white space, quotes and kinds of dash do not matter. In this order: the whole
    name; the leaf of a path or an alias; its first words; its start; the start of the
    path; the start of one of its words.
    """
    wanted = _typed(typed)
    folded = [_Folded(name, fold(name.name), _own(name)) for name in names]
    for tier in _TIERS if wanted else ():
        found = {name.candidate.id or name.candidate.name: name.candidate for name in folded if tier(wanted, name)}
        if len(found) > 1:
            return Ambiguous(tuple(sorted({candidate.name for candidate in found.values()})))
        for key, candidate in found.items():
            return Matched(candidate.name, key)
    return Unknown(_nearest(wanted, folded))


def fold(text: str) -> str:
    """`text` as names are compared: NFKC, case folded, white space and dashes alike."""
    text = " ".join(nfkc(text).translate(_DASHES).casefold().split())
    return re.sub(r" ?/ ?", " / ", text)


def unquoted(text: str) -> str:
    """`text` without the quotes around it, in whichever form a phone or a word processor wrote them."""
    return text.strip().strip(_QUOTES).strip()


def unquoted_whole(text: str) -> str:
    """`text` without quotes that stand around all of it, and none within it."""
    inner = text[1:-1]
    is_quoted = len(text) > 2 and {text[0], text[-1]} <= {*_QUOTES} and {*inner}.isdisjoint(_QUOTES)
    return inner.strip() if is_quoted else text


def departments(config: Config) -> tuple[Candidate, ...]:
    """Every department."""
    return tuple(Candidate(found.name, found.was) for found in config.departments.values())


def topics(config: Config) -> tuple[Candidate, ...]:
    """Every help topic by its full path."""
    return tuple(Candidate(found.name, found.was) for found in config.topics.values())


def slas(config: Config) -> tuple[Candidate, ...]:
    """Every SLA plan."""
    return tuple(Candidate(found.name, found.was) for found in config.slas.values())


def priorities(config: Config) -> tuple[Candidate, ...]:
    """Every priority."""
    return tuple(map(Candidate, config.priorities))


def canned(config: Config) -> tuple[Candidate, ...]:
    """Every canned response."""
    return tuple(map(Candidate, config.canned))


def assignees(config: Config) -> tuple[Candidate, ...]:
    """Every agent (by key, full name and addresses) and team; ids are the strings of `Assignee`."""
    people = (replace(one, id=str(Assignee.agent(one.id))) for one in agents(config))
    teams = (Candidate(one.name, one.was, str(Assignee("team", one.name))) for one in config.teams.values())
    return (*people, *teams)


def queues(config: Config) -> tuple[Candidate, ...]:
    """Everything that has tickets: departments, agents and teams; ids are "department:NAME" or those of `Assignee`."""
    return (*(replace(one, id=f"department:{one.name}") for one in departments(config)), *assignees(config))


def agents(config: Config) -> tuple[Candidate, ...]:
    """Every agent by key, full name and addresses; ids are keys."""
    return tuple(Candidate(one.name, (one.key, *one.emails, *one.was), one.key) for one in config.agents.values())


def _typed(typed: str) -> str:
    """What was typed, folded; of "Ann Lee <ann@x.example>" the address."""
    address = _ADDRESS.fullmatch(typed.strip())
    return fold(unquoted(address[1] if address else typed))


def _own(name: Candidate) -> tuple[str, ...]:
    return (fold(name.name).rpartition(" / ")[2], *map(fold, name.aliases))


def _starts(text: str, start: str) -> bool:
    return text.startswith(start) and len(text) > len(start)


def _word_starts(text: str) -> list[int]:
    return [found.start() for found in re.finditer(r"\b\w", text)]


def _nearest(wanted: str, folded: Iterable[_Folded]) -> tuple[str, ...]:
    spellings = {text: name.candidate.name for name in folded for text in (name.path, *name.own, *name.path.split())}
    near = get_close_matches(wanted[:80], list(spellings), n=6, cutoff=0.6)
    return tuple(dict.fromkeys(spellings[text] for text in near))[:3]
