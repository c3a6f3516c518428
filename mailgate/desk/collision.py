"""An agent's answer that a colleague's has overtaken: held and returned, sent by one link, forgotten after three days.

Nothing of the mail is done meanwhile, its commands included, and no target is met. Notes,
commands alone, and answers that the requester has already had directly are never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from mailgate.config.model import Config
from mailgate.desk.letter import Letter
from mailgate.desk.outcome import Context, Hold, Outcome, Situation
from mailgate.model import Address, Change, Entry, EntryKind, EventKind, Notice, NoticeKind, Ticket
from mailgate.reasons import Reason
from mailgate.rules import acts, lifecycle
from mailgate.rules.collision import Posted, overlooked, written_at
from mailgate.rules.facts import actor
from mailgate.rules.keys import key_text
from mailgate.rules.when import echo
from mailgate.store import posted
from mailgate.store.db import Db

SHOWN = 5  # entries that are newer


def collision(db: Db, letter: Letter, text: str, ticket: Ticket, context: Context) -> Outcome | None:
    """What becomes of a public answer that a colleague's reply has overtaken; None when it may go out."""
    agent, situation = letter.agent, letter.situation
    if agent is None or situation is None or letter.released or _had_directly(situation, ticket, context.config):
        return None
    received = situation.received
    answered = _answered(db, situation, ticket)
    entries = posted.posted(db, ticket.number, agent.key)
    newer = overlooked(
        (each for each in entries if each.entry.kind is EntryKind.REPLY and each.entry.by != letter.by),
        answered=answered,
        written=written_at(received.mail.date, answered, received.arrived_at),
        arrived=received.arrived_at,
    )
    if not newer:
        return None
    why = f"{_names(newer, context)} answered meanwhile"
    hold = Hold(agent.key, _code(letter, context), Reason.COLLISION)
    meanwhile = [each.entry for each in entries if each.at >= newer[0].at]
    facts = _facts(newer, letter, context)
    return Outcome(
        state="held",
        reason=Reason.COLLISION,
        why=why,
        ticket=ticket.number,
        changes=(_held(ticket, acts.Stamp(letter.by, letter.at, why), agent.key, context),),
        notices=_returned(letter.answer(NoticeKind.HELD, ticket, facts, text), situation, hold.code, meanwhile),
        hold=hold,
        commands=letter.commands.commands,
    )


def _had_directly(situation: Situation, ticket: Ticket, config: Config) -> bool:
    """Whether the answer has reached the requester by itself: to hold it then would only hide it."""
    mail = situation.received.mail
    return any(config.same_person(address.email, ticket.requester.email) for address in (*mail.to, *mail.cc))


def _answered(db: Db, situation: Situation, ticket: Ticket) -> datetime | None:
    """When the newest notice was made whose key the mail carries; None for a mail that answers none."""
    own = situation.sender.own_keys
    keys = [ref.key for ref in situation.refs if ref.key and ref.key.text in own and ref.key.ticket == ticket.number]
    if not keys:
        return None
    made = posted.notice_made(db, [key.text for key in keys])
    return made or datetime.combine(max(key.date for key in keys), time(), UTC)


def _code(letter: Letter, context: Context) -> str:
    """The code that sends it: the same when the mail is worked again, on whatever day."""
    author, day = letter.author.email, letter.at.date()
    return key_text(context.keyring.notice_id(0, author, NoticeKind.HELD, letter.cause, day)).rpartition(".")[2][:12]


def _names(newer: Sequence[Posted], context: Context) -> str:
    return " and ".join(dict.fromkeys(actor(each.entry.by, context.config) for each in newer))


def _facts(newer: Sequence[Posted], letter: Letter, context: Context) -> tuple[str, ...]:
    assert letter.agent
    zone = context.config.zone(letter.agent.key)
    return tuple(
        f"{actor(each.entry.by, context.config)} answered the requester on {echo(each.at, zone)}." for each in newer
    )


def _returned(
    notices: Sequence[Notice], situation: Situation, code: str, meanwhile: Sequence[Entry]
) -> tuple[Notice, ...]:
    """The answer as it goes back: with its files, the code that sends it, and what was written meanwhile."""
    history = tuple(reversed(meanwhile[-SHOWN:]))
    return tuple(replace(each, code=code, history=history, attachments=situation.attachments) for each in notices)


def _held(ticket: Ticket, stamp: acts.Stamp, agent: str, context: Context) -> Change:
    after = {"agent": agent, "why": Reason.COLLISION.value}
    return lifecycle.note_event(ticket, EventKind.HELD, stamp, context.config, {**after})


def forgotten(agent_key: str, situation: Situation, context: Context) -> Outcome:
    """Three days have passed: the answer is never sent, and its agent is told, with their words."""
    config, received, ticket = context.config, situation.received, situation.ticket
    why = "nobody sent it within three days"
    agent = config.agents.get(agent_key)
    notice = Notice(
        kind=NoticeKind.HELD,
        to=Address(agent.email, agent.name) if agent else Address(""),
        agent=agent_key,
        cause=f"{received.source_key}:forgotten",
        ticket=ticket,
        subject=received.mail.subject,
        facts=("Your answer was held for three days, because a colleague had answered meanwhile.",),
        text=received.body.visible,
        in_reply_to=received.mail.message_id,
    )
    stamp = acts.Stamp("clock", context.now, why)
    return Outcome(
        state="dropped",
        reason=Reason.COLLISION,
        why=why,
        ticket=ticket.number if ticket else None,
        changes=(_held(ticket, stamp, agent_key, context),) if ticket else (),
        notices=(notice,) if agent else (),
    )
