"""An agent's commands, understood: names found, times read, rights checked.

All or nothing: one line that cannot be done makes the whole mail a refusal, with every
line's trouble named. What an order does to the ticket is `lifecycle.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mailgate.config.model import Agent, Config
from mailgate.model import Assignee, Status, Ticket
from mailgate.rules import lifecycle, names
from mailgate.rules.commands import Command
from mailgate.rules.names import Ambiguous, Candidate, Matched, match
from mailgate.rules.rights import may, refusal
from mailgate.rules.when import WhenError, echo, read_when

# What each command takes; commands that are not here take no permission.
PERMISSION = {
    "note": "note",
    "reply": "reply",
    "assign": "assign",
    "transfer": "transfer",
    "topic": "topic",
    "sla": "sla",
    "priority": "priority",
    "due": "due",
}
QUERIES = frozenset({"show", "list", "help"})


@dataclass(frozen=True, slots=True)
class Order:
    """One command, ready to be done. `told` is what it does, in words for the agent."""

    verb: str
    value: Assignee | Status | datetime | str | None
    reason: str
    told: str


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

    def of(self, verb: str) -> Order | None:
        """The last order of this verb."""
        return next((order for order in reversed(self.orders) if order.verb == verb), None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the reading of an order needs besides the ticket."""

    config: Config
    agent: Agent | None  # None: the administrator, with all rights
    now: datetime
    opens: Callable[[date], datetime | None]  # start of business hours on a day


class _Trouble(Exception):
    """One line cannot be done; the text says why and what would be right."""


def understand(commands: Sequence[Command], ticket: Ticket | None, desk: Desk) -> Understood:
    """Read each command against the ticket and the desk; check the agent's rights."""
    orders: list[Order] = []
    problems: list[str] = []
    for command in commands:
        try:
            orders.append(_order(command, ticket, desk))
        except _Trouble as trouble:
            problems.append(f"{command.line}: {trouble}")
    return Understood(() if problems else tuple(orders), tuple(problems))


def may_write(ticket: Ticket, verb: str, desk: Desk) -> str:
    """Empty when the agent may `reply` or `note` on the ticket, else the refusal."""
    if desk.agent is None or may(desk.agent, verb, ticket.department, desk.config):
        return ""
    return refusal(desk.agent, verb, ticket.department, desk.config)


def _order(command: Command, ticket: Ticket | None, desk: Desk) -> Order:
    if command.verb in ("quiet", "ticket", *QUERIES):
        return Order(command.verb, command.value, command.reason, "")
    if ticket is None:
        raise _Trouble("this mail answers no ticket; say which one with #ticket NUMBER")
    permission = _permission(command)
    if desk.agent and not may(desk.agent, permission, ticket.department, desk.config):
        raise _Trouble(refusal(desk.agent, permission, ticket.department, desk.config))
    return _READERS[command.verb](command, desk)


def _permission(command: Command) -> str:
    if command.verb == "status":
        return "close" if command.value == Status.CLOSED else "status"
    return PERMISSION[command.verb]


def _assign(command: Command, desk: Desk) -> Order:
    typed = command.value.strip()
    if typed.lower() in ("nobody", "none", "no one"):
        return Order("assign", None, command.reason, "released: assigned to nobody")
    if typed.lower() == "me":
        if desk.agent is None:
            raise _Trouble('"me" is an agent; name one, or act as one with --as')
        return Order("assign", Assignee("agent", desk.agent.key), command.reason, f"assigned to {desk.agent.name}")
    kind, _, name = _find(typed, names.assignees(desk.config), "agent or team").id.partition(":")
    shown = desk.config.agents[name].name if kind == "agent" else f"the team {name}"
    return Order("assign", Assignee(kind, name), command.reason, f"assigned to {shown}")


def _named(verb: str, what: str, known: Callable[[Config], Sequence[Candidate]]) -> Callable[[Command, Desk], Order]:
    def read(command: Command, desk: Desk) -> Order:
        found = _find(command.value, known(desk.config), what).name
        return Order(verb, found, command.reason, f"{what} {found}")

    return read


def _status(command: Command, _: Desk) -> Order:
    status = Status(command.value)
    return Order("status", status, command.reason, f"status {status.value}")


def _due(command: Command, desk: Desk) -> Order:
    zone = desk.config.zone(desk.agent.key) if desk.agent else desk.config.desk.timezone
    try:
        at = read_when(command.value, desk.now, zone, desk.opens)
    except WhenError as error:
        raise _Trouble(str(error)) from error
    return Order("due", at, command.reason, f"due {echo(at, zone)}")


def _visible(command: Command, _: Desk) -> Order:
    return Order(command.verb, None, command.reason, "")


def _find(typed: str, candidates: Sequence[Candidate], what: str) -> Matched:
    if not typed.strip():
        raise _Trouble(f"name the {what}")
    found = match(typed, candidates)
    if isinstance(found, Matched):
        return found
    if isinstance(found, Ambiguous):
        raise _Trouble(f"“{typed}” could be {_either(found.candidates)}; write more of the name")
    meant = f"did you mean {_either(found.nearest)}?" if found.nearest else f"there are {_list(candidates)}"
    raise _Trouble(f"no {what} is called “{typed}”; {meant}")


def _list(candidates: Sequence[Candidate]) -> str:
    shown = [candidate.name for candidate in candidates[:12]]
    return ", ".join(shown) + (" and more" if len(candidates) > len(shown) else "")


def _either(names: Sequence[str]) -> str:
    return " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


_READERS: dict[str, Callable[[Command, Desk], Order]] = {
    "note": _visible,
    "reply": _visible,
    "assign": _assign,
    "transfer": _named("transfer", "department", names.departments),
    "topic": _named("topic", "help topic", names.topics),
    "sla": _named("sla", "SLA plan", names.slas),
    "priority": _named("priority", "priority", names.priorities),
    "status": _status,
    "due": _due,
}


def acts(understood: Understood, stamp: lifecycle.Stamp, config: Config) -> list[lifecycle.Act]:
    """The orders that change the ticket, as acts, in the order in which they were given."""
    done: list[lifecycle.Act] = []
    for order in understood.orders:
        why = stamp.because(order.reason)
        match order.verb, order.value:
            case "assign", (Assignee() | None) as assignee:
                done.append(lifecycle.assign(assignee, why))
            case "transfer", str(name):
                done.append(lifecycle.transfer(name, why, config))
            case "topic", str(name):
                done.append(lifecycle.topic(name, why, config))
            case "sla", str(name):
                done.append(lifecycle.sla(name, why))
            case "priority", str(name):
                done.append(lifecycle.priority(name, why))
            case "status", Status() as status:
                done.append(lifecycle.status(status, why))
            case "due", datetime() as at:
                done.append(lifecycle.due(at, why))
            case _:
                pass  # visibility, quiet and queries change nothing
    return done
