"""Holds an agent's reply that a colleague's reply crossed.

Notes, commands alone, and replies that the requester also received directly are never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from mailgate.desk.hold.held_reply import had_directly, hold
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import AgentMail
from mailgate.desk.situation import Situation, TicketRecord
from mailgate.notice import ALERT_KINDS
from mailgate.phrase import Phrase, phrase
from mailgate.reasons import Reason
from mailgate.rules.people.actors import actor, actor_name
from mailgate.rules.replies.collision import RECENT, Posted, overlooked, written_at
from mailgate.ticket import EntryKind, Ticket


def collision(request: AgentMail, text: str, ticket: Ticket, context: Context) -> Outcome | None:
    """The outcome of a reply that a colleague's reply crossed; None if it may be sent."""
    situation, received = request.situation, request.situation.received
    if request.released is Reason.COLLISION or had_directly(request, ticket, context.config):
        return None
    record = request.known.records.get(ticket.number)
    if record is None:  # it is split off with this mail
        return None
    answered = _answered(situation, record) or request.known.tables_at
    entries = _posted(record, request.agent.key, answered or received.arrived_at - RECENT)
    if record.older and len(entries) == len(record.thread):  # there may be more of them
        return Outcome(unread=True)
    newer = overlooked(
        (each for each in entries if each.entry.kind is EntryKind.REPLY and each.entry.by != request.by),
        answered=answered,
        written=written_at(received.mail.date, answered, received.arrived_at),
        arrived=received.arrived_at,
    )
    if not newer:
        return None
    why = (Reason.COLLISION, f"{_names(newer, context)} answered meanwhile")
    meanwhile = [each.entry for each in entries if each.at >= newer[0].at]
    return hold(request, ticket, why, _facts(newer, context), text, context, meanwhile)


def _posted(record: TicketRecord, agent: str, since: datetime) -> list[Posted]:
    """The entries since then, oldest first, each with the time it was posted and the time the agent was alerted of it.

    An alert shows what was posted before it, so it is the first one made since.
    """
    alerts = [each for each in record.notices if each.agent == agent and each.kind in ALERT_KINDS]
    found = []
    for entry in record.thread:
        at = record.worked.get(entry.inbox_id or 0, entry.at)
        if at < since:
            continue
        copies = [each.sent_at for each in alerts if each.sent_at and each.created_at >= at]
        found.append(Posted(entry, at, min(copies, default=None)))
    return found


def _answered(situation: Situation, record: TicketRecord) -> datetime | None:
    """When the newest notice was made whose key the mail carries; None for a mail that answers none."""
    own, number = situation.sender.own_keys, record.ticket.number
    keys = [ref.key for ref in situation.refs if ref.key and ref.key.text in own and ref.key.ticket == number]
    if not keys:
        return None
    ids = tuple(f"<{key.text}@" for key in keys)  # whatever domain stands behind them
    made = max((each.created_at for each in record.notices if each.message_id.startswith(ids)), default=None)
    return made or datetime.combine(max(key.date for key in keys), time(), UTC)


def _names(newer: Sequence[Posted], context: Context) -> str:
    return " and ".join(dict.fromkeys(actor_name(each.entry.by, context.config) for each in newer))


def _facts(newer: Sequence[Posted], context: Context) -> tuple[Phrase, ...]:
    people = ((actor(each.entry.by, context.config), each.at) for each in newer)
    return tuple(phrase("held.answered", who=who, at=at) for who, at in people)
