"""What a ticket is called and stands beside: tags, subject, links. Values read, acts made.

Like `lifecycle.py`, pure; who may do it is `rights.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.errors import Refused
from mailgate.rules.text.subject import NO_SUBJECT, strip_subject
from mailgate.rules.ticket.acts import Act, Draft, Stamp
from mailgate.settings import Desk
from mailgate.ticket import EventKind, Ticket


def read_tags(typed: str, ticket: Ticket) -> tuple[str, ...]:
    """The tags in "#portal, vip"; one that the ticket has already is spelt as it stands there."""
    known = {tag.casefold(): tag for tag in ticket.tags}
    for word in typed.replace(",", " ").replace("#", " ").split():
        known.setdefault(word.casefold(), word)
    words = dict.fromkeys(typed.casefold().replace(",", " ").replace("#", " ").split())
    if not words:
        raise Refused(f"“{typed}” is no tag: a tag is a word")
    return tuple(known[word] for word in words)


def read_subject(typed: str, desk: Desk) -> str:
    """The subject without tokens and reply prefixes, which every mail adds by itself."""
    subject = strip_subject(typed, desk)
    if subject == NO_SUBJECT:
        raise Refused("a subject needs words")
    return subject


def untag(tags: Sequence[str], stamp: Stamp) -> Act:
    """Take tags away."""

    def act(ticket: Ticket) -> Draft:
        left = tuple(tag for tag in ticket.tags if tag not in tags)
        if left == ticket.tags:
            return ticket, ()
        return replace(ticket, tags=left), (stamp.event(EventKind.TAGGED, list(ticket.tags), list(left)),)

    return act


def subject(text: str, stamp: Stamp) -> Act:
    """Call the ticket something else. Its mails stay one conversation by their ids and the token."""

    def act(ticket: Ticket) -> Draft:
        if ticket.subject == text:
            return ticket, ()
        return replace(ticket, subject=text), (stamp.event(EventKind.SUBJECT_CHANGED, ticket.subject, text),)

    return act


def link(number: int, stamp: Stamp) -> Act:
    """Link to another ticket; the other one is linked back by an act of its own."""

    def act(ticket: Ticket) -> Draft:
        if number in ticket.links:
            return ticket, ()
        links = (*ticket.links, number)
        return replace(ticket, links=links), (stamp.event(EventKind.LINKED, list(ticket.links), list(links)),)

    return act
