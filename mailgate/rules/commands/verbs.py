"""The closed table of mail commands: every verb and every other name it has.

It says what a verb is called and what may stand behind it; it reads no mail and does
nothing. Names are those of the public interface, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Takes(Enum):
    """What stands behind a verb."""

    NOTHING = "nothing"
    MAYBE = "maybe"  # a value or nothing
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Verb:
    """One name of a command: the command it stands for and what it may be followed by."""

    name: str  # the command it stands for
    takes: Takes = Takes.NOTHING
    fixed: str = ""  # the value that the name itself means: "#claim" is "#assign me"
    reason: bool = False  # a reason may follow behind a dash
    needs: str = ""  # what a missing value should have been


# A word of collaborators' that never passes as an agent's text.
LEAVE = "leave"

_TABLE: tuple[tuple[str, Verb], ...] = (
    ("note internal ask", Verb("note", Takes.MAYBE)),
    ("reply public", Verb("reply")),
    ("assign assignee", Verb("assign", Takes.VALUE, reason=True, needs="an agent, a team, me or nobody")),
    ("claim mine take", Verb("assign", fixed="me", reason=True)),
    ("release", Verb("assign", fixed="nobody", reason=True)),
    ("transfer group department", Verb("transfer", Takes.VALUE, reason=True, needs="a department")),
    ("topic", Verb("topic", Takes.VALUE, reason=True, needs="a help topic")),
    ("sla", Verb("sla", Takes.VALUE, reason=True, needs="an SLA plan")),
    ("priority prio", Verb("priority", Takes.VALUE, reason=True, needs="a priority")),
    ("due", Verb("due", Takes.VALUE, reason=True, needs="a time such as 2h, tomorrow, fri 14:00 or 2026-12-24")),
    ("status", Verb("status", Takes.VALUE, reason=True, needs="open, pending, resolved or closed")),
    ("open reopen", Verb("status", fixed="open", reason=True)),
    ("pending snooze", Verb("status", Takes.MAYBE, fixed="pending", reason=True)),
    ("resolved resolve solved done", Verb("status", fixed="resolved", reason=True)),
    ("closed close", Verb("status", fixed="closed", reason=True)),
    ("subject", Verb("subject", Takes.VALUE, needs="the new subject")),
    ("tag", Verb("tag", Takes.VALUE, reason=True, needs="one or several words")),
    ("untag", Verb("untag", Takes.VALUE, reason=True, needs="one or several words")),
    ("cc", Verb("cc", Takes.VALUE, reason=True, needs="one or several addresses")),
    ("uncc", Verb("uncc", Takes.VALUE, reason=True, needs="one or several addresses")),
    ("requester", Verb("requester", Takes.VALUE, reason=True, needs="an address")),
    ("canned", Verb("canned", Takes.VALUE, needs="the name of a canned response")),
    ("new", Verb("new", Takes.MAYBE)),
    ("link", Verb("link", Takes.VALUE, reason=True, needs="the number of a ticket")),
    ("away", Verb("away", Takes.MAYBE, reason=True)),
    ("back", Verb("back", Takes.MAYBE)),
    ("merge", Verb("merge", Takes.VALUE, reason=True, needs="the number of a ticket")),
    ("split", Verb("split", Takes.MAYBE, reason=True)),
    ("spam", Verb("spam", reason=True)),
    ("ban", Verb("ban", Takes.MAYBE, reason=True, needs="an address or an @domain")),  # alone it is #bans
    ("unban", Verb("unban", Takes.VALUE, reason=True, needs="an address or an @domain")),
    ("bans", Verb("bans")),
    ("quiet", Verb("quiet")),
    ("ticket", Verb("ticket", Takes.VALUE, needs="the number of a ticket")),
    ("show", Verb("show", Takes.MAYBE)),
    ("list", Verb("list", Takes.MAYBE)),
    ("search", Verb("search", Takes.VALUE, needs="the words to look for")),
    ("report", Verb("report", Takes.MAYBE)),
    ("help", Verb("help", Takes.MAYBE)),
    ("confirm", Verb("confirm", Takes.VALUE, needs="the code")),
)

# What one mail may say several times: it adds up and contradicts nothing.
REPEATED = frozenset(
    {"show", "list", "search", "report", "help", "bans"}
    | {"tag", "untag", "cc", "uncc", "link", "ban", "unban", "away", "back"}
)
VERBS: Mapping[str, Verb] = MappingProxyType({word: verb for words, verb in _TABLE for word in words.split()})
SENTENCES = frozenset({"subject"})  # what stands behind these is text: a full stop at its end is its own
STATUSES = ("open", "pending", "resolved", "closed")
# Every word that is a command at the start of a line. #end ends the reading and is no verb.
KNOWN = frozenset(VERBS) | {LEAVE, "end"}
