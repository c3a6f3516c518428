"""Values of `#link`, `#merge` and `#split`."""

from __future__ import annotations

from mailgate.errors import Refused
from mailgate.rules.commands.scope import Command, CommandScope, require
from mailgate.rules.people.permissions import confidential
from mailgate.rules.ticket.merging import wakes
from mailgate.ticket import Ticket


def link(command: Command, scope: CommandScope) -> tuple[int, str]:
    """The number of another ticket, which is linked back."""
    number = int(command.value)
    if number == scope.ticket.number:
        raise Refused("a ticket cannot be linked with itself")
    other = _found(scope.other(number), number)
    require("merge", other, scope)
    return number, f"linked with ticket {number}"


def merge(command: Command, scope: CommandScope) -> tuple[int | None, str]:
    """The number of the ticket to merge into, or of one that was merged into it; None if that is done already."""
    number, ticket = int(command.value), scope.ticket
    if number == ticket.number and scope.named:
        return None, f"ticket {scope.named} was merged into {number} already"
    other = scope.other(number)
    while other and other.merged_into:
        other = scope.other(other.merged_into)
    other = _found(other, number)
    if number == ticket.number:
        raise Refused("a ticket cannot be merged into itself")
    if other.number == ticket.number:
        raise Refused(f"ticket {number} was merged into this one: #split it first")
    if other.department != ticket.department and any(
        confidential(each.department, scope.config) for each in (ticket, other)
    ):
        raise Refused("a confidential ticket can only be merged within its department: #transfer one of them first")
    require("merge", other, scope)
    return other.number, _merged(ticket, other, number)


def _found(other: Ticket | None, number: int) -> Ticket:
    if other is None:
        raise Refused(f"ticket {number} was not found")
    return other


def _merged(ticket: Ticket, target: Ticket, typed: int) -> str:
    through = f", into which {typed} was merged" if target.number != typed else ""
    again = f"; it was {target.status} and is open again" if wakes(ticket, target) else ""
    return f"ticket {ticket.number} merged into {target.number}{through}{again}"


def split(_: Command, scope: CommandScope) -> tuple[None, str]:
    """The desk has found what is split before commands are read."""
    return None, scope.split
