"""`#subject`, `#tag`, `#untag`, `#link`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp
from mailgate.ticket import EventKind, Ticket


def subject(text: str, stamp: Stamp) -> Act:
    """Change the subject. Threading is unaffected: it uses message ids and the token."""

    def act(ticket: Ticket) -> Draft:
        if ticket.subject == text:
            return ticket, ()
        called = replace(ticket, subject=text, was_called=(*ticket.was_called, ticket.subject))
        return called, (stamp.event(EventKind.SUBJECT_CHANGED, ticket.subject, text),)

    return act


def tag(tags: Sequence[str], stamp: Stamp) -> Act:
    """Add tags."""

    def act(ticket: Ticket) -> Draft:
        after = replace(ticket, tags=(*ticket.tags, *(name for name in tags if name not in ticket.tags)))
        if after.tags == ticket.tags:
            return ticket, ()
        return after, (stamp.event(EventKind.TAGGED, list(ticket.tags), list(after.tags)),)

    return act


def untag(tags: Sequence[str], stamp: Stamp) -> Act:
    """Remove tags."""

    def act(ticket: Ticket) -> Draft:
        left = tuple(tag for tag in ticket.tags if tag not in tags)
        if left == ticket.tags:
            return ticket, ()
        return replace(ticket, tags=left), (stamp.event(EventKind.TAGGED, list(ticket.tags), list(left)),)

    return act


def link(number: int, stamp: Stamp) -> Act:
    """Link to another ticket. The other ticket needs an act of its own to link back."""

    def act(ticket: Ticket) -> Draft:
        if number in ticket.links:
            return ticket, ()
        links = (*ticket.links, number)
        return replace(ticket, links=links), (stamp.event(EventKind.LINKED, list(ticket.links), list(links)),)

    return act
