"""Splitting a message off into a ticket of its own: which messages can be split, and the new ticket.

The new ticket has the department, topic, SLA plan and assignee of the old one, and its SLA clock starts when
the message arrived. The author of the message is the requester; nobody else of the old ticket is on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.errors import Refused
from mailgate.phrase import Phrase
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import open_ticket
from mailgate.settings import Config
from mailgate.ticket import Change, Entry, EntryKind, EventKind, Status, Ticket

NO_MESSAGE = Phrase("refused.split_which")


def separable(entry: Entry | None, thread: Sequence[Entry]) -> Entry:
    """The entry, if it can become a ticket of its own; `thread` is the thread of its ticket. Raises Refused."""
    if entry is None or entry.kind is not EntryKind.MESSAGE:
        raise Refused(NO_MESSAGE)
    own = [other.id or 0 for other in thread if other.kind is EntryKind.MESSAGE and not other.came_for]
    if min(own, default=0) == entry.id:
        raise Refused(Phrase("refused.split_first"))
    return entry


def part(ticket: Ticket, entry: Entry, number: int, subject: str, stamp: Stamp, config: Config) -> Change:
    """Open the new ticket `number` with the message `entry` of `ticket`."""
    opened = Ticket(
        number=number,
        subject=subject,
        status=Status.OPEN,
        requester=entry.author,
        department=ticket.department,
        topic=ticket.topic,
        priority=ticket.priority,
        sla=ticket.sla,
        sla_from=ticket.sla_from,
        address=ticket.address,
        created_at=entry.at,
        updated_at=stamp.at,
        assignee=ticket.assignee,
        language=ticket.language,
        source=ticket.source,
        autoresponse=ticket.autoresponse,
        template=ticket.template,
        sla_started_at=entry.at,
        links=(ticket.number,),
    )
    change = open_ticket(opened, stamp.because(""), config, {}, entry)
    event = stamp.event(EventKind.SPLIT, {"ticket": ticket.number}, {"ticket": number, "entries": [entry.id]})
    return replace(change, events=(*change.events, event), entries=(), moved=(replace(entry, came_for=0),))
