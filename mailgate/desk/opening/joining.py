"""A rule's `join`: a mail without a ticket goes to the one that its sender opened about the same.

Monitoring sends the same subject with other figures, a hundred times an hour. It is a
message like any other on that ticket, and answered by nothing automatic.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.reasons import Reason
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.routing.route import Routed
from mailgate.rules.text.subject import likeness
from mailgate.rules.ticket import acts, lifecycle
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.store.tickets import tickets
from mailgate.ticket import Entry, Ticket


def to_join(db: Db, entry: Entry, subject: str, within: timedelta, context: Context) -> Ticket | None:
    """The newest ticket of the mail's requester with the same subject apart from digits, if it is young enough."""
    desk = context.config.desk
    wanted = likeness(subject, desk)
    return next(
        (
            ticket
            for ticket in _since(db, entry.author.email, entry.at - within)
            if likeness(ticket.subject, desk) == wanted
        ),
        None,
    )


def _since(db: Db, email: str, since: datetime) -> Sequence[Ticket]:
    found = tickets.get_many(db, audience.opened_since(db, email, since))
    return [found[number] for number in sorted(found, reverse=True)]


def join(ticket: Ticket, entry: Entry, routed: Routed, cause: str, context: Context) -> Outcome:
    """The mail as a message on the ticket; one that was resolved opens again."""
    stamp = acts.Stamp(entry.by, entry.at)
    change = lifecycle.receive(ticket, entry, stamp, context.config, participant=True)
    occasion = Occasion(
        by=stamp.by,
        cause=cause,
        author=entry.author,
        now=context.now,
        extra_alert=routed.alert,
        answers=entry.message_id,
    )
    announced = (Announcement(change=change, occasion=occasion),)
    return Outcome(ticket=ticket.number, reason=Reason.JOINED, announced=announced, routed=routed)
