"""An agent's commands, resolved: permissions checked, names found, times read.

All or nothing: with one command that cannot be done the mail is refused, with a text for each such line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailgate.errors import Refused
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.commands.orders import Order, ResolvedCommands
from mailgate.rules.commands.scope import Command, CommandScope, require
from mailgate.rules.commands.syntax import LOOKED_UP
from mailgate.rules.commands.values.addresses import each_of
from mailgate.rules.commands.verb import About
from mailgate.rules.commands.verbs import QUERIES, VERBS
from mailgate.rules.people.absence import Absence
from mailgate.rules.text.cleanup import shortened
from mailgate.rules.text.names import unquoted
from mailgate.rules.ticket.acts.statuses import NewStatus
from mailgate.settings import Config
from mailgate.ticket import Address, Assignee, Ticket


def resolve(commands: Sequence[Command], ticket: Ticket | None, scope: CommandScope) -> ResolvedCommands:
    """Read the value of each command and check the agent's permissions; `ticket` is the ticket of the mail."""
    scope = replace(scope, about=ticket)
    orders: list[Order] = []
    typed: list[str] = []
    problems: list[Sentence] = []
    for command in commands:
        try:
            orders.append(_order(command, scope))
            typed.append(command.value)
        except Refused as refusal:
            problems += [phrase("refused.line", line=command.line, why=why) for why in refusal.reasons]
    problems += [
        *_two_values(orders, typed),
        *_not_with_merge(orders),
        *_both_away_and_back(orders),
        *_done_and_undone(orders),
    ]
    return ResolvedCommands(() if problems else tuple(orders), tuple(problems))


def _order(command: Command, scope: CommandScope) -> Order:
    verb = VERBS[command.verb]
    ticket = scope.ticket if verb.about is About.TICKET else scope.about
    if permission := verb.takes_permission(command.value):
        require(permission, ticket, scope)
    value, summary = verb.read(command, scope)
    return Order(command.verb, value, command.reason, summary, _is_read_as(command, value, scope))


_BY_NAME = frozenset({"transfer", "topic", "sla", "priority", "canned"})


def _is_read_as(command: Command, value: object, scope: CommandScope) -> bool:
    """Whether a value is more than what was typed, so that its author should see how it was understood."""
    typed = " ".join(command.value.split()).casefold()
    match value:
        case NewStatus():
            return value.until is not None
        case Assignee():
            return (typed != "me" and not _is_whole(typed, scope.config)) or value.agent_key in scope.away
        case Absence():
            return value.until is not None or value.agent != (scope.agent.key if scope.agent else "")
        case tuple() if command.verb == "note":
            return not all(_is_whole(part, scope.config) for part in each_of(typed))
        case _:
            return command.verb == "due" or (command.verb in _BY_NAME and typed != str(value).casefold())


def _is_whole(typed: str, config: Config) -> bool:
    """Whether people are named in full: by addresses, names or keys, as many as stand there."""
    people = (name for agent in config.agents.values() for name in (agent.key, agent.name, *agent.emails))
    known = {name.casefold() for name in (*people, *config.teams)}
    name = unquoted(typed).removeprefix("@").casefold()
    return "@" in name or name in known or all(word.removeprefix("@") in known for word in name.split())


def _two_values(orders: Sequence[Order], typed: Sequence[str]) -> Iterator[Phrase]:
    """Two values where one can hold: `#assign ann` and `#assign bob`. Two names of the same are one."""
    first: dict[str, tuple[Order, str]] = {}
    for order, value in zip(orders, typed, strict=True):
        if order.verb in LOOKED_UP:
            known, said = first.setdefault(order.verb, (order, value))
            if known.value != order.value:
                both = (f"#{order.verb} {shortened(each)}" for each in (said, value))
                yield phrase("refused.both", first=next(both), second=next(both))


def _not_with_merge(orders: Sequence[Order]) -> Iterator[Phrase]:
    """Changes in a mail with `#merge`: it is unclear which of the two tickets they are for."""
    verbs = [order.verb for order in orders]
    others = [verb for verb in verbs if not VERBS[verb].with_merge and verb not in QUERIES]
    if "merge" in verbs and others:
        yield phrase("refused.beside_merge", verb=others[0])


def _both_away_and_back(orders: Sequence[Order]) -> Iterator[Phrase]:
    """`#away` and `#back` of the same agent: it is unclear which of them counts."""
    said: dict[str, str] = {}
    for order in orders:
        if VERBS[order.verb].about is About.AGENT:
            agent = order.value.agent if isinstance(order.value, Absence) else order.value
            if agent in said and "away" in (order.verb, said[agent]):
                yield phrase("refused.both", first=f"#{said[agent]}", second=f"#{order.verb}")
            said[agent] = order.verb


_UNDO = {"cc": "uncc", "tag": "untag"}


def _done_and_undone(orders: Sequence[Order]) -> Iterator[Phrase]:
    """`#cc` and `#uncc` of one person, `#tag` and `#untag` of one tag: it is unclear which of them counts."""
    named = {(order.verb, said): None for order in orders for said in _each(order)}
    for verb, said in named:
        if (undo := _UNDO.get(verb)) and (undo, said) in named:
            yield phrase("refused.both", first=f"#{verb} {shortened(said)}", second=f"#{undo} {shortened(said)}")


def _each(order: Order) -> Iterator[str]:
    """What an order names, one by one: addresses, tags."""
    if isinstance(order.value, tuple):
        yield from (each.email if isinstance(each, Address) else str(each).casefold() for each in order.value)
