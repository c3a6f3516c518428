"""`#spam`, `#ban`, `#unban`."""

from __future__ import annotations

from dataclasses import replace

from mailgate.rules.ticket.acts.stamp import Act, Draft, Stamp, record
from mailgate.rules.ticket.acts.statuses import status
from mailgate.ticket import EventKind, Status, Ticket


def spam(stamp: Stamp) -> Act:
    """Close as spam, without a notice to the requester. Blocking their later mail takes `#ban`, as in osTicket."""

    def act(ticket: Ticket) -> Draft:
        if ticket.spam:
            return ticket, ()
        closed, events = status(Status.CLOSED, stamp.because(""))(ticket)
        return replace(closed, spam=True), (*events, stamp.event(EventKind.SPAM_MARKED))

    return act


def ban(pattern: str | None, stamp: Stamp) -> Act:
    """Record a ban on the ticket that it was ordered on; the ban itself is stored for the whole desk. None: no-op."""
    return record(*([stamp.event(EventKind.BANNED, None, pattern)] if pattern else []))


def unban(pattern: str | None, stamp: Stamp) -> Act:
    """Record the end of a ban, as `ban` does."""
    return record(*([stamp.event(EventKind.UNBANNED, pattern, None)] if pattern else []))
