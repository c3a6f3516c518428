"""An agent's commands, understood: names found, times read, rights checked.

All or nothing: one line that cannot be done makes the whole mail a refusal, with every
line's trouble named. What the orders do is `ordered.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mailgate.errors import Refused
from mailgate.rules.commands import away, values
from mailgate.rules.commands.orders import BANS, QUERIES, STANDING, Order, ResolvedCommands
from mailgate.rules.commands.scope import CommandScope, find, when
from mailgate.rules.commands.syntax import Command
from mailgate.rules.people.absence import Absence, span
from mailgate.rules.people.permissions import belongs, confidential, why_not
from mailgate.rules.report.period import read_period
from mailgate.rules.text import names
from mailgate.rules.text.names import Candidate
from mailgate.rules.ticket import merging, questions
from mailgate.settings import Config
from mailgate.ticket import Assignee, Status, Ticket

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
    "tag": "topic",
    "untag": "topic",
    "subject": "topic",
    "link": "merge",
    "merge": "merge",
    "split": "merge",
    "cc": "cc",
    "uncc": "cc",
    "requester": "requester",
    "canned": "reply",
    "spam": "spam",
    "ban": "spam",
    "unban": "spam",
}
BESIDE_MERGE = ("merge", "note", "reply", "quiet", "ticket")

Reader = Callable[[Command, Ticket, CommandScope], Order]


def resolve(commands: Sequence[Command], ticket: Ticket | None, setting: CommandScope) -> ResolvedCommands:
    """Read each command against the ticket and the desk; check the agent's rights."""
    orders: list[Order] = []
    problems: list[str] = []
    for command in commands:
        try:
            orders.append(_order(command, ticket, setting))
        except Refused as trouble:
            problems.append(f"{command.line}: {trouble}")
    problems += [*_not_beside_merge(orders), *_twice_about_one(orders)]
    return ResolvedCommands(() if problems else tuple(orders), tuple(problems))


def _not_beside_merge(orders: Sequence[Order]) -> list[str]:
    """Changes beside `#merge`: nobody knows which of the two tickets they are for."""
    verbs = [order.verb for order in orders]
    others = [verb for verb in verbs if verb not in (*BESIDE_MERGE, *QUERIES)] if "merge" in verbs else []
    return [f"#{others[0]} and #merge are for two mails: the first for this ticket, or for the other"] if others else []


def _twice_about_one(orders: Sequence[Order]) -> Iterator[str]:
    """`#away` and `#back` of one agent: nobody knows which of them is meant to last."""
    said: dict[str, str] = {}
    for order in orders:
        if order.verb in STANDING:
            who = order.value.agent if isinstance(order.value, Absence) else str(order.value)
            if who in said and "away" in (order.verb, said[who]):
                yield f"#{said[who]} and #{order.verb} of one agent cannot both be done: keep one of them"
            said[who] = order.verb


def _order(command: Command, ticket: Ticket | None, setting: CommandScope) -> Order:
    if command.verb == "report":
        read_period(command.value)
    if command.verb in ("quiet", "ticket", *QUERIES):
        return Order(command.verb, command.value, command.reason, "")
    if command.verb in STANDING:
        return _standing(command, setting)
    if command.verb == "confirm":
        raise Refused("a code is for the mail that waits: its agent answers with it by mail")
    if command.verb == "new":
        raise Refused("a ticket is opened by a mail of its own, or with: mailgate tickets new")
    if command.verb in BANS:
        _check("spam", ticket, setting)
        return _ban(command, setting)
    if ticket is None:
        raise Refused("this mail answers no ticket; say which one with #ticket NUMBER")
    _check(_permission(command), ticket, setting)
    return _READERS[command.verb](command, ticket, setting)


def _standing(command: Command, setting: CommandScope) -> Order:
    if command.verb == "away":
        absence, told = away.read_away(command.value, command.reason, setting)
        return Order("away", absence, command.reason, told)
    key, told = away.read_back(command.value, setting)
    return Order("back", key, command.reason, told)


def _check(permission: str, ticket: Ticket | None, setting: CommandScope) -> None:
    place = ticket.department if ticket else ""
    if problem := why_not(setting.agent, permission, place, setting.config):
        raise Refused(problem)


def _permission(command: Command) -> str:
    if command.verb == "status":
        return "close" if command.value == Status.CLOSED else "status"
    return PERMISSION[command.verb]


def _assign(command: Command, ticket: Ticket, setting: CommandScope) -> Order:
    typed = command.value.strip()
    if typed.lower() in ("nobody", "none", "no one"):
        return Order("assign", None, command.reason, "released: assigned to nobody")
    if typed.lower() == "me":
        if setting.agent is None:
            raise Refused('"me" is an agent; name one, or act as one with --as')
        own = Assignee.agent(setting.agent.key)
        return Order("assign", own, command.reason, f"assigned to {setting.agent.name}")
    assignee = _assignee(typed, setting.config)
    agent = setting.config.agents.get(assignee.agent_key)
    shown = agent.name if agent else f"the team {assignee.name}"
    if agent and not belongs(agent, ticket.department, setting.config):
        raise Refused(f"{shown} is not in {ticket.department}, which is confidential: its tickets are its members'")
    gone = f", who is {span(setting.away[agent.key], setting.zone)}" if agent and agent.key in setting.away else ""
    return Order("assign", assignee, command.reason, f"assigned to {shown}{gone}")


def _assignee(typed: str, config: Config) -> Assignee:
    """The agent or team that is meant. Raises Refused."""
    return Assignee.parse(find(typed, names.assignees(config), "agent or team").id)


def _named(verb: str, what: str, known: Callable[[Config], Sequence[Candidate]]) -> Reader:
    def read(command: Command, _: Ticket, setting: CommandScope) -> Order:
        found = find(command.value, known(setting.config), what).name
        return Order(verb, found, command.reason, f"{what} {found}")

    return read


def _status(command: Command, _: Ticket, setting: CommandScope) -> Order:
    status = Status(command.value)
    if not command.until:
        return Order("status", status, command.reason, f"status {status.value}")
    until, shown = when(command.until, setting)
    return Order("status", status, command.reason, f"status {status.value} until {shown}", until)


def _due(command: Command, _: Ticket, setting: CommandScope) -> Order:
    at, shown = when(command.value, setting)
    return Order("due", at, command.reason, f"due {shown}")


def _tags(command: Command, ticket: Ticket, _: CommandScope) -> Order:
    found = values.read_tags(command.value, ticket)
    told = f"{'tagged' if command.verb == 'tag' else 'no longer tagged'} {', '.join(found)}"
    return Order(command.verb, found, command.reason, told)


def _subject(command: Command, _: Ticket, setting: CommandScope) -> Order:
    found = values.read_subject(command.value, setting.config.desk)
    return Order("subject", found, command.reason, f"subject “{found}”")


def _cc(command: Command, ticket: Ticket, setting: CommandScope) -> Order:
    found = values.read_copied(command.value, ticket, setting.config)
    return Order("cc", found, command.reason, f"{values.emails(found)} on the ticket")


def _uncc(command: Command, ticket: Ticket, _: CommandScope) -> Order:
    found = values.read_uncopied(command.value, ticket)
    return Order("uncc", found, command.reason, values.uncopied(found, ticket))


def _requester(command: Command, _: Ticket, setting: CommandScope) -> Order:
    found = values.read_requester(command.value, setting.config)
    return Order("requester", found, command.reason, f"requester {found}")


def _link(command: Command, ticket: Ticket, setting: CommandScope) -> Order:
    number = int(command.value)
    if number == ticket.number:
        raise Refused("a ticket is not linked to itself")
    other = setting.other(number)
    if other is None:
        raise Refused(f"ticket {number} was not found")
    _check("merge", other, setting)  # that one changes as well
    return Order("link", number, command.reason, f"linked with ticket {number}")


def _note(command: Command, ticket: Ticket, setting: CommandScope) -> Order:
    """A note; with names it is also mailed to those people."""
    if not command.value:
        return Order("note", None, command.reason, "")
    config = setting.config
    asked = values.read_asked(command.value, ticket, config, setting.agent, lambda name: _assignee(name, config))
    if questions.outsiders(asked, config):
        _check("reply", ticket, setting)  # it leaves the desk
    return Order("note", asked, command.reason, f"asked {', '.join(each.name or each.email for each in asked)}")


def _merge(command: Command, ticket: Ticket, setting: CommandScope) -> Order:
    number = int(command.value)
    if number == ticket.number and setting.named:
        return Order("merge", None, command.reason, f"ticket {setting.named} was merged into {number} already")
    other = setting.other(number)
    while other and other.merged_into:
        other = setting.other(other.merged_into)
    if other is None:
        raise Refused(f"ticket {number} was not found")
    if other.number == ticket.number:
        same = number == ticket.number
        late = f"ticket {number} was merged into this one: #split it first"
        raise Refused("a ticket is not merged into itself" if same else late)
    if other.department != ticket.department and any(
        confidential(each.department, setting.config) for each in (ticket, other)
    ):
        raise Refused("a ticket of a confidential department is merged within it alone: #transfer one of them first")
    _check("merge", other, setting)  # that one changes as well
    return Order("merge", other.number, command.reason, merging.told(ticket, other, number))


def _split(command: Command, _: Ticket, setting: CommandScope) -> Order:
    return Order("split", None, command.reason, setting.split)


def _spam(command: Command, _: Ticket, __: CommandScope) -> Order:
    return Order("spam", None, command.reason, "closed as spam; the requester is told nothing")


def _ban(command: Command, setting: CommandScope) -> Order:
    known = setting.bans()
    if command.verb == "ban":
        pattern, told = values.ban_told(command.value, known, setting.config)
    else:
        pattern, told = values.unban_told(command.value, known)
    return Order(command.verb, pattern, command.reason, told)


def _visible(command: Command, _: Ticket, __: CommandScope) -> Order:
    return Order(command.verb, None, command.reason, "")


_READERS: dict[str, Reader] = {
    "note": _note,
    "reply": _visible,
    "assign": _assign,
    "transfer": _named("transfer", "department", names.departments),
    "topic": _named("topic", "help topic", names.topics),
    "sla": _named("sla", "SLA plan", names.slas),
    "priority": _named("priority", "priority", names.priorities),
    "status": _status,
    "due": _due,
    "tag": _tags,
    "untag": _tags,
    "subject": _subject,
    "link": _link,
    "cc": _cc,
    "uncc": _uncc,
    "requester": _requester,
    "canned": _named("canned", "canned response", names.canned),
    "merge": _merge,
    "split": _split,
    "spam": _spam,
}
