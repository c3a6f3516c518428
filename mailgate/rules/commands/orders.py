"""An agent's commands once they are read: an order each, and what the mail as a whole does.

Reading is `resolve.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mailgate.phrase import Phrase, Sentence
from mailgate.rules.commands.verb import About
from mailgate.rules.commands.verbs import VERBS
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.bans import Ban
from mailgate.settings import Config
from mailgate.ticket import Address


@dataclass(frozen=True, slots=True)
class Order:
    """One command with its value read. `summary` says what it does, for the agent; None for nothing to confirm."""

    verb: str
    value: Any  # of the type that the verb's row reads and its act takes
    reason: str
    summary: Phrase | None
    read_as: bool = False  # the value is not what was typed: a time, or a name of which a part was typed


@dataclass(frozen=True, slots=True)
class ResolvedCommands:
    """All orders of a mail, or all of its problems."""

    orders: tuple[Order, ...] = ()
    problems: tuple[Sentence, ...] = ()

    def has(self, *verbs: str) -> bool:
        """Whether one of the verbs is among the orders."""
        return any(order.verb in verbs for order in self.orders)

    def _is_about(self, *about: About, some: set[About]) -> bool:
        """Whether every order is about one of these, and one of them about one of `some`."""
        found = {VERBS[order.verb].about for order in self.orders}
        return bool(found & some) and found <= {*about, *some}

    @property
    def only_asks(self) -> bool:
        """Whether the mail only asks questions: it posts and changes nothing."""
        return self._is_about(About.MAIL, some={About.QUERY})

    @property
    def only_absences(self) -> bool:
        """Whether the mail is about absences only, and questions: it needs no ticket."""
        return self._is_about(About.QUERY, About.MAIL, some={About.AGENT})

    @property
    def needs_no_ticket(self) -> bool:
        """Whether the mail does something, none of it to a ticket."""
        return not self.has("ticket") and self._is_about(About.QUERY, About.MAIL, some={About.AGENT, About.DESK})

    @property
    def asks(self) -> tuple[Address, ...]:
        """The people that the mail's `#note` lines name, each once."""
        return tuple(dict.fromkeys(each for order in self.orders if order.verb == "note" for each in order.value))

    def of(self, verb: str) -> Order | None:
        """The last order of this verb."""
        return next((order for order in reversed(self.orders) if order.verb == verb), None)


def acts_of(resolved: ResolvedCommands, stamp: acts.Stamp, config: Config) -> list[acts.Act]:
    """The acts of the orders that change the ticket, in the order in which they were given.

    A due time comes last: a new SLA plan ends one that stood before the mail, not the one in it.
    """
    orders = sorted(resolved.orders, key=lambda order: order.verb == "due")
    found = ((order, VERBS[order.verb].act) for order in orders)
    return [act(order.value, stamp.because(order.reason), config) for order, act in found if act]


def bans_of(resolved: ResolvedCommands, stamp: acts.Stamp) -> tuple[Ban, ...]:
    """The bans that the orders add."""
    ordered = (order for order in resolved.orders if order.verb == "ban" and order.value)
    return tuple(Ban(pattern=order.value, by=stamp.by, at=stamp.at, reason=order.reason) for order in ordered)


def unbans_of(resolved: ResolvedCommands) -> tuple[str, ...]:
    """The patterns of the bans that the orders end."""
    return tuple(order.value for order in resolved.orders if order.verb == "unban" and order.value)
