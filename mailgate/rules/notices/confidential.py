"""Confidential departments: what an alert about one of their tickets may hold. Pure.

Mail that nobody asked for carries none of the ticket's words: no subject, text, files, form
lines, tags, reasons or earlier entries. What a member asks for (`#show`) is answered. Who
may know of the ticket at all is `rights.py`.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.people.permissions import confidential
from mailgate.settings import Config
from mailgate.ticket import Ticket

SUBJECT = "(confidential)"
# What the agent asked for, or wrote.
_OWN = frozenset({NoticeKind.ANSWER, NoticeKind.COMMAND_FAILED, NoticeKind.CONFIRM, NoticeKind.HELD})
_SHOW = (Phrase("link.show"), "#show\n")


def shown_subject(ticket: Ticket, config: Config) -> str:
    """The ticket's subject, as a mail that nobody asked for may show it."""
    return SUBJECT if confidential(ticket.department, config) else ticket.subject


def masked(notice: Notice, config: Config) -> Notice:
    """The notice without what a confidential ticket says; requesters' own mail is left as it is."""
    ticket = notice.ticket
    outside = notice.kind.to_requester and notice.kind is not NoticeKind.ASKED
    if ticket is None or outside or not confidential(ticket.department, config):
        return notice
    if notice.kind is NoticeKind.ASKED:  # the agent's own words, and nothing of the requester's
        return replace(notice, ticket=replace(ticket, subject=SUBJECT))
    bare = replace(
        notice, ticket=replace(ticket, subject=SUBJECT, tags=(), fields=None), history=(), similar=(), others=()
    )
    if notice.kind is NoticeKind.HELD:  # what was written meanwhile is not in it
        return replace(bare, links=(_SHOW,))
    if notice.kind in _OWN:
        return bare
    return replace(bare, facts=(), text="", html="", attachments=(), listings=(), links=(_SHOW,))
