"""An agent's answer that a colleague's has overtaken: it waits for a second look.

Notes, commands alone, and answers that the requester has already had directly are never
held. How an answer is held is `second_look.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from mailgate.desk.hold.held_reply import hold
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import AgentMail
from mailgate.desk.situation import Situation
from mailgate.phrase import Phrase, phrase
from mailgate.reasons import Reason
from mailgate.rules.people.actors import actor, actor_name
from mailgate.rules.replies.collision import Posted, overlooked, written_at
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people import posted
from mailgate.ticket import EntryKind, Ticket


def collision(db: Db, request: AgentMail, text: str, ticket: Ticket, context: Context) -> Outcome | None:
    """What becomes of a public answer that a colleague's reply has overtaken; None when it may go out."""
    situation, received = request.situation, request.situation.received
    if request.released is Reason.COLLISION or _had_directly(request, ticket, context.config):
        return None
    answered = _answered(db, situation, ticket)
    entries = posted.posted(db, ticket.number, request.agent.key)
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


def _had_directly(request: AgentMail, ticket: Ticket, config: Config) -> bool:
    """Whether the answer has reached the requester by itself: to hold it then would only hide it."""
    return any(config.same_person(address.email, ticket.requester.email) for address in request.recipients)


def _answered(db: Db, situation: Situation, ticket: Ticket) -> datetime | None:
    """When the newest notice was made whose key the mail carries; None for a mail that answers none."""
    own = situation.sender.own_keys
    keys = [ref.key for ref in situation.refs if ref.key and ref.key.text in own and ref.key.ticket == ticket.number]
    if not keys:
        return None
    made = posted.notice_made(db, [key.text for key in keys])
    return made or datetime.combine(max(key.date for key in keys), time(), UTC)


def _names(newer: Sequence[Posted], context: Context) -> str:
    return " and ".join(dict.fromkeys(actor_name(each.entry.by, context.config) for each in newer))


def _facts(newer: Sequence[Posted], context: Context) -> tuple[Phrase, ...]:
    people = ((actor(each.entry.by, context.config), each.at) for each in newer)
    return tuple(phrase("held.answered", who=who, at=at) for who, at in people)
