"""The columns of the table of mail commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic

from mailgate.rules.commands.scope import Reader, V
from mailgate.rules.ticket import acts
from mailgate.settings import Config


class Takes(Enum):
    """Whether a value follows a command."""

    NOTHING = "nothing"
    MAYBE = "maybe"
    VALUE = "value"


class About(Enum):
    """What a command is about, which decides whether it needs a ticket."""

    TICKET = "ticket"
    DESK = "desk"  # bans
    AGENT = "agent"  # absences
    QUERY = "query"  # it is answered by mail and changes nothing
    MAIL = "mail"  # how this mail is handled


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Names that stand for a verb with a fixed value: `#claim` is `#assign me`."""

    names: str  # separated by blanks
    value: str
    takes: Takes = Takes.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[V]):
    """One command. `usage` are its lines in the answer to `#help`.

    What the lines explain stands in [help] of `words.toml`, under the verb's name and, from
    the second line on, its place: `help.note`, `help.note_2`.
    """

    name: str
    usage: tuple[str, ...]
    read: Reader[V]
    act: Callable[[V, acts.Stamp, Config], acts.Act] | None = None
    also: str = ""  # other names, separated by blanks
    shortcuts: tuple[Shortcut, ...] = ()
    needs_value: bool = False  # it must have a value; [needs] of `words.toml` says which
    optional: bool = False  # it may have a value
    number: bool = False  # the value is the number of a ticket
    sentence: bool = False  # the value is text: a full stop at its end is kept
    reason: bool = False  # a reason may follow after a dash
    about: About = About.TICKET
    permission: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)  # for values that take another permission
    repeats: bool = False  # several in one mail add up; other verbs contradict each other
    with_new: bool = False  # may stand in a mail with #new
    with_merge: bool = False  # may stand in a mail with #merge

    @property
    def takes(self) -> Takes:
        """Whether a value follows."""
        return Takes.VALUE if self.needs_value else Takes.MAYBE if self.optional else Takes.NOTHING

    def takes_permission(self, value: str) -> str:
        """The permission that the command takes with this value; "" for none."""
        return self.permissions.get(value, self.permission)

    @property
    def names(self) -> tuple[str, ...]:
        """The verb and every other name of it."""
        return (self.name, *self.also.split(), *(name for each in self.shortcuts for name in each.names.split()))


def plain(act: Callable[[V, acts.Stamp], acts.Act]) -> Callable[[V, acts.Stamp, Config], acts.Act]:
    """An act that does not depend on the configuration."""
    return lambda value, stamp, _: act(value, stamp)
