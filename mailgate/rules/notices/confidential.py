"""Confidential departments: what an alert about one of their tickets may hold. Pure.

An alert holds nothing of the ticket's content: no subject, text, files, form lines, tags,
reasons or earlier entries. A member's `#show` is answered in full. Access is in
`rules/people/permissions.py`.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.notice import ANSWER_KINDS, Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence
from mailgate.rules.people.permissions import confidential
from mailgate.rules.text.subject import CONFIDENTIAL
from mailgate.settings import Config
from mailgate.ticket import Ticket

SHOW: tuple[Sentence, str] = (Phrase("link.show"), "#show\n")


def shown_subject(ticket: Ticket, config: Config) -> str:
    """The ticket's subject for an alert."""
    return CONFIDENTIAL if confidential(ticket.department, config) else ticket.subject


def masked(notice: Notice, config: Config) -> Notice:
    """The notice without the content of a confidential ticket; notices to its requester are unchanged."""
    ticket = notice.ticket
    outside = notice.kind.to_requester and notice.kind is not NoticeKind.ASKED
    if ticket is None or outside or not confidential(ticket.department, config):
        return notice
    if notice.kind is NoticeKind.ASKED:  # the agent's own words, and nothing of the requester's
        return replace(notice, ticket=replace(ticket, subject=CONFIDENTIAL))
    bare = replace(
        notice, ticket=replace(ticket, subject=CONFIDENTIAL, tags=(), fields=None), history=(), similar=(), others=()
    )
    if notice.kind is NoticeKind.HELD:  # without the entries written meanwhile
        return replace(bare, links=(SHOW,))
    if notice.kind in ANSWER_KINDS:
        return bare
    return replace(
        bare, facts=(), text="", text_subject="", html="", lines_cut=0, attachments=(), listings=(), links=(SHOW,)
    )
