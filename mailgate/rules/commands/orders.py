"""What an agent's mail orders, understood: one value a command, and what the mail is about as a whole.

How it is understood is `understanding.py`, what an order does to its ticket `ordered.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.rules.people.absence import Absence
from mailgate.ticket import Address, Assignee, Status

QUERIES = frozenset({"show", "list", "search", "report", "help", "bans"})
STANDING = frozenset({"away", "back"})  # about the agents themselves; they need no ticket
BANS = frozenset({"ban", "unban"})  # about the whole desk; they need none either


@dataclass(frozen=True, slots=True)
class Order:
    """One command, ready to be done. `told` is what it does, in words for the agent."""

    verb: str
    value: Assignee | Status | datetime | str | int | tuple[str, ...] | tuple[Address, ...] | Address | Absence | None
    reason: str
    told: str
    until: datetime | None = None  # of a pending status


@dataclass(frozen=True, slots=True)
class Understood:
    """Every order of a mail, or everything that is wrong with it."""

    orders: tuple[Order, ...] = ()
    problems: tuple[str, ...] = ()

    def has(self, *verbs: str) -> bool:
        """True when one of the verbs is among the orders."""
        return any(order.verb in verbs for order in self.orders)

    @property
    def only_asks(self) -> bool:
        """True for a mail of questions: such a mail posts and changes nothing."""
        verbs = {order.verb for order in self.orders}
        return bool(verbs & QUERIES) and verbs <= QUERIES | {"ticket", "quiet"}

    @property
    def only_standing(self) -> bool:
        """True for a mail about the agents themselves, and questions: it needs no ticket."""
        verbs = {order.verb for order in self.orders}
        return bool(verbs & STANDING) and verbs <= STANDING | QUERIES | {"ticket", "quiet"}

    @property
    def needs_no_ticket(self) -> bool:
        """True for a mail of which nothing is about a ticket, and that does something."""
        verbs = {order.verb for order in self.orders}
        return bool(verbs & (STANDING | BANS)) and verbs <= STANDING | BANS | QUERIES | {"quiet"}

    @property
    def asks(self) -> tuple[Address, ...]:
        """The people whom the mail's `#note` lines name, each once."""
        lines = (order.value for order in self.orders if order.verb == "note" and isinstance(order.value, tuple))
        return tuple(dict.fromkeys(each for line in lines for each in line if isinstance(each, Address)))

    def of(self, verb: str) -> Order | None:
        """The last order of this verb."""
        return next((order for order in reversed(self.orders) if order.verb == verb), None)
