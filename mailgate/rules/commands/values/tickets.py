"""Values of `#link`, `#merge` and `#split`."""

from __future__ import annotations

from mailgate.errors import Refused
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.scope import Command, CommandScope, require
from mailgate.rules.people.permissions import confidential
from mailgate.rules.ticket.merging import wakes
from mailgate.ticket import Ticket


def link(command: Command, scope: CommandScope) -> tuple[int, Phrase]:
    """The number of another ticket, which is linked back."""
    number = int(command.value)
    if number == scope.ticket.number:
        raise Refused(Phrase("refused.link_itself"))
    other = _found(scope.other(number), number)
    require("merge", other, scope)
    return number, phrase("done.linked", number=number)


def merge(command: Command, scope: CommandScope) -> tuple[int | None, Phrase]:
    """The number of the ticket to merge into, or of one that was merged into it; None if that is done already."""
    number, ticket = int(command.value), scope.ticket
    if number == ticket.number and scope.named:
        return None, phrase("done.merged_already", number=scope.named, into=number)
    other = scope.other(number)
    while other and other.merged_into:
        other = scope.other(other.merged_into)
    other = _found(other, number)
    if number == ticket.number:
        raise Refused(Phrase("refused.merge_itself"))
    if other.number == ticket.number:
        raise Refused(phrase("refused.merge_back", number=number))
    if other.department != ticket.department and any(
        confidential(each.department, scope.config) for each in (ticket, other)
    ):
        raise Refused(Phrase("refused.merge_confidential"))
    require("merge", other, scope)
    return other.number, _merged(ticket, other, number)


def _found(other: Ticket | None, number: int) -> Ticket:
    if other is None:
        raise Refused(phrase("refused.not_found", number=number))
    return other


def _merged(ticket: Ticket, target: Ticket, typed: int) -> Phrase:
    through = "_through" if target.number != typed else ""
    merged = phrase(f"done.merged{through}", number=ticket.number, into=target.number, typed=typed)
    if not wakes(ticket, target):
        return merged
    return phrase("done.merged_open", merged=merged, status=Phrase(f"state.{target.status}"))


def split(_: Command, scope: CommandScope) -> tuple[None, Phrase | None]:
    """The desk has found what is split before commands are read."""
    return None, scope.split
