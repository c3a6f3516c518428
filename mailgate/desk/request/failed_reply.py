"""`#requester ADDRESS` after a reply that did not arrive: the reply goes to the new address, as it stands."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.desk.request.request import Request
from mailgate.notice import NoticeKind
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.settings import Config
from mailgate.ticket import Entry, EntryKind, Event, EventKind, Ticket

_FAILURES = (EventKind.BOUNCED, EventKind.NOTICE_FAILED)


def reply_to_resend(request: Request, resolved: ResolvedCommands, ticket: Ticket, config: Config) -> Entry | None:
    """The newest public reply, if it did not reach the requester and this mail names another one; else None.

    A mail with words of its own, or with a `#note`, sends those and nothing else.
    """
    order = resolved.of("requester")
    if order is None or order.value.email == ticket.requester.email or request.own_text or request.own_files:
        return None
    if resolved.has("note", "canned", "quiet") or not _failed(request.known.events(ticket.number), ticket, config):
        return None
    replies = (entry for entry in reversed(request.known.thread(ticket.number)) if entry.kind is EntryKind.REPLY)
    return next(replies, None)


def _failed(events: Iterable[Event], ticket: Ticket, config: Config) -> bool:
    """Whether a reply to the requester failed, and no other was written since."""
    for event in reversed(tuple(events)):
        if event.kind in (EventKind.REPLIED, EventKind.PUBLISHED):
            return False
        after = event.after if isinstance(event.after, dict) else {}
        if event.kind not in _FAILURES or after["kind"] != "failed" or after["notice"] != NoticeKind.REPLY:
            continue
        if config.same_person(str(after["recipient"]), ticket.requester.email):
            return True
    return False
