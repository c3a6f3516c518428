"""A ticket as it was routed becomes the change that opens it, whoever opens it.

The assignment that routing made is an event of its own, so that whose ticket it is hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailgate.rules.routing.route import Chosen, Routed
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.as_json import assignee_json
from mailgate.rules.ticket.lifecycle import open_ticket
from mailgate.settings import Config
from mailgate.ticket import Change, Entry, Event, EventKind, Json, Ticket


def open_routed(ticket: Ticket, routed: Routed, stamp: Stamp, config: Config, entry: Entry | None) -> Change:
    """Open `ticket`, with where each of its values came from."""
    change = open_ticket(ticket, stamp, config, _values(routed), entry)
    return replace(change, events=(*change.events, *_more(ticket, routed, stamp)))


def _values(routed: Routed) -> Json:
    return {key: {"value": _json(chosen), "from": chosen.origin} for key, chosen in routed.values.items()}


def _json(chosen: Chosen) -> Json:
    return list(chosen.value) if isinstance(chosen.value, tuple) else chosen.value


def _more(ticket: Ticket, routed: Routed, stamp: Stamp) -> Iterator[Event]:
    if ticket.assignee:
        origin = routed.values["assign"].origin
        who = replace(stamp, by=origin) if origin.startswith("rule:") else stamp
        yield who.event(EventKind.ASSIGNED, None, assignee_json(ticket.assignee))
    if ticket.links:
        yield stamp.event(EventKind.LINKED, [], list(ticket.links))
