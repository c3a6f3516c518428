"""What an agent's mail orders, understood: one value a command, and what the mail is about as a whole.

How it is understood is `understanding.py`, what an order does to its ticket `ordered.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.rules.people.absence import Absence
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.bans import Ban
from mailgate.settings import Config
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
class ResolvedCommands:
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


def acts_of(resolved: ResolvedCommands, stamp: acts.Stamp, config: Config) -> list[acts.Act]:
    """The orders that change the ticket, as acts, in the order in which they were given."""
    stamped = ((order, stamp.because(order.reason)) for order in resolved.orders)
    return [act for order, why in stamped for act in (_act(order, why, config), _wake(order, why)) if act]


def _act(order: Order, why: acts.Stamp, config: Config) -> acts.Act | None:
    """What an order does; visibility, quiet and queries change nothing."""
    return _routed(order, why, config) or _edited(order, why) or _peopled(order, why) or _banned(order, why)


def _wake(order: Order, why: acts.Stamp) -> acts.Act | None:
    """#pending says until when, and #pending alone that nothing ends it."""
    return acts.wake(order.until, why) if order.value is Status.PENDING else None


def _routed(order: Order, why: acts.Stamp, config: Config) -> acts.Act | None:
    """The act of an order about where the ticket belongs and how it stands."""
    match order.verb, order.value:
        case "assign", (Assignee() | None) as assignee:
            return acts.assign(assignee, why)
        case "transfer", str(name):
            return acts.transfer(name, why, config)
        case "topic", str(name):
            return acts.topic(name, why, config)
        case "sla", str(name):
            return acts.sla(name, why)
        case "priority", str(name):
            return acts.priority(name, why)
        case "status", Status() as status:
            return acts.status(status, why)
        case "due", datetime() as at:
            return acts.due(at, why)
        case _:
            return None


def _edited(order: Order, why: acts.Stamp) -> acts.Act | None:
    """The act of an order about what the ticket is called and stands beside."""
    match order.verb, order.value:
        case "tag", tuple(tags):
            return acts.tag([*map(str, tags)], why)
        case "untag", tuple(tags):
            return acts.untag([*map(str, tags)], why)
        case "subject", str(text):
            return acts.subject(text, why)
        case "link", int(number):
            return acts.link(number, why)
        case _:
            return None


def _peopled(order: Order, why: acts.Stamp) -> acts.Act | None:
    """The act of an order about who is on the ticket."""
    match order.verb, order.value:
        case "cc", tuple(found):
            return acts.cc([person for person in found if isinstance(person, Address)], why)
        case "uncc", tuple(found):
            return acts.uncc([person.email for person in found if isinstance(person, Address)], why)
        case "requester", Address() as person:
            return acts.requester(person, why)
        case _:
            return None


def _banned(order: Order, why: acts.Stamp) -> acts.Act | None:
    match order.verb, order.value:
        case "spam", _:
            return acts.spam(why)
        case "ban", str(pattern):
            return acts.ban(pattern, why)
        case "unban", str(pattern):
            return acts.unban(pattern, why)
        case _:
            return None


def bans_of(resolved: ResolvedCommands, stamp: acts.Stamp) -> tuple[Ban, ...]:
    """Whom the orders ban from the desk, who is not banned yet."""
    ordered = (order for order in resolved.orders if order.verb == "ban" and order.value)
    return tuple(Ban(pattern=str(each.value), by=stamp.by, at=stamp.at, reason=each.reason) for each in ordered)


def unbans_of(resolved: ResolvedCommands) -> tuple[str, ...]:
    """Whose ban the orders end."""
    return tuple(str(order.value) for order in resolved.orders if order.verb == "unban" and order.value)
