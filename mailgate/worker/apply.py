"""Writes outcomes: the only writer of tickets.

Notices are rendered and composed first (`prepare_outcome`), outside of the transaction; the outbox holds finished
mails. Then tickets, entries, events, deadlines, outbox and the inbox row are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.notify.announce import complete
from mailgate.desk.outcome import Context, Hold, Outcome, Signing
from mailgate.mail import Mail
from mailgate.notice import Outgoing
from mailgate.reasons import Reason
from mailgate.rules.sla.clock import clock
from mailgate.store.db import Db
from mailgate.store.people import absences, audience, bans, dead_addresses, signatures
from mailgate.store.queues import copies, held, inbox, outbox, trace
from mailgate.store.tickets import similar, tickets
from mailgate.ticket import Change
from mailgate.worker import recheck, written


def save_change(db: Db, change: Change, context: Context) -> None:
    """Write a change of a ticket, and its deadlines."""
    deadlines = clock(change.after, context.config).deadlines
    tickets.save(db, change, [(deadline.step, deadline.at) for deadline in deadlines], change.known_ids)
    recheck.after_change(db, change, context)
    if change.before and change.before.status.active and not change.after.status.active:
        similar.remember(db, change.after)


@dataclass(frozen=True, slots=True)
class PreparedOutcome:
    """An outcome with its notices as finished mails."""

    outcome: Outcome
    mails: tuple[Outgoing, ...]
    confirmed: PreparedOutcome | None = None  # the outcome of the held mail that this one confirms


def prepare_outcome(outcome: Outcome, context: Context) -> PreparedOutcome:
    """Compose the mails of an outcome. Needs no transaction, and takes longer than writing it."""
    inner = prepare_outcome(outcome.confirms[1], context) if outcome.confirms else None
    return PreparedOutcome(outcome, tuple(written.write_mail(outcome.notices, context)), inner)


def save(db: Db, outcome: Outcome, context: Context, *, inbox_id: int | None = None) -> Outcome:
    """Complete an outcome and write it, except for the state of an inbox row. Returns the completed outcome."""
    completed = complete(db, outcome, context)
    save_completed(db, completed, context, inbox_id=inbox_id)
    return completed


def save_completed(db: Db, outcome: Outcome, context: Context, *, inbox_id: int | None = None) -> None:
    """Write a complete outcome, except for the state of an inbox row."""
    _save(db, prepare_outcome(outcome, context), context, inbox_id)


def _save(db: Db, prepared: PreparedOutcome, context: Context, inbox_id: int | None, message_id: str = "") -> None:
    outcome = prepared.outcome
    if outcome.highest_number:
        tickets.note_number(db, outcome.highest_number)
    for email, why in outcome.dead:
        dead_addresses.mark(db, email, why, context.now)
    for change in outcome.changes:
        save_change(db, change, context)
    outbox.add(db, prepared.mails, context.now, inbox_id=inbox_id)
    for notice in outcome.notices:
        if notice.ticket:
            similar.note_shown(db, notice.ticket.number, [each.number for each in notice.similar])
    for absence in outcome.absences:
        absences.leave(db, absence)
    for agent in outcome.returns:
        absences.come_back(db, agent)
    for ban in outcome.bans:
        bans.add(db, ban)
    bans.remove(db, outcome.unbans)
    if outcome.burnt:
        held.burn(db, outcome.burnt, context.now)
    _learn(db, outcome.signing, context)
    if outcome.proven:
        audience.note_proven(db, outcome.proven, context.now)
    if outcome.first_contact:
        audience.note_first_contact(db, outcome.first_contact, context.now)
    trace.add(db, _withheld(outcome, context.now, inbox_id, message_id))


def _learn(db: Db, signing: Signing | None, context: Context) -> None:
    if signing is None:
        return
    if signing.ending:
        signatures.note_ending(db, signing.agent, signing.ending)
    for text in signing.signatures:
        signatures.learn(db, signing.agent, text, context.now)


def finish(
    db: Db, inbox_id: int, mail: Mail, digest: str, steps: Sequence[str], prepared: PreparedOutcome, context: Context
) -> None:
    """Write the outcome of an incoming mail, and the final state of its inbox row."""
    outcome = prepared.outcome
    if mail.bounce is None and outcome.reason is not Reason.DUPLICATE:
        dead_addresses.revive(db, mail.author.email)
    _save(db, prepared, context, inbox_id, mail.message_id)
    if outcome.hold:
        _hold(db, inbox_id, outcome.hold, context.now)
    elif outcome.releases_spam:
        held.release(db, inbox_id)
    if outcome.confirms and prepared.confirmed:
        released, inner = outcome.confirms
        _save(db, prepared.confirmed, context, released)
        held.release(db, released)
        if inner.hold:  # now proven, but held because of a colleague's reply
            _hold(db, released, inner.hold, context.now)
            inbox.end(db, released, "held", context.now, inner.hold.why, ticket=inner.ticket)
        else:
            inbox.end(db, released, "done", context.now, Reason.CONFIRMED, ticket=inner.ticket)
    error = outcome.why if outcome.state == "quarantined" or outcome.reason is Reason.SPAM else ""
    reason = outcome.reason or ""
    inbox.end(
        db,
        inbox_id,
        outcome.state,
        context.now,
        reason,
        mail=mail,
        ticket=outcome.ticket,
        error=error,
        way=steps,
        standing=outcome.standing,
    )
    if outcome.outdoes is not None and held.waits(db, outcome.outdoes):
        # Nobody confirms what has been done by a copy that was proven.
        held.release(db, outcome.outdoes)
        inbox.end(db, outcome.outdoes, "dropped", context.now, Reason.DUPLICATE)
    if outcome.reason is not Reason.DUPLICATE:
        copies.remember(db, digest, inbox_id, context.now)


def _hold(db: Db, inbox_id: int, hold: Hold, now: datetime) -> None:
    held.hold(db, inbox_id, hold.agent, hold.code, hold.why, now)


def drop_held(db: Db, inbox_id: int, outcome: Outcome, context: Context) -> None:
    """Write the outcome of a held mail that was not confirmed in time."""
    save(db, outcome, context, inbox_id=inbox_id)
    held.release(db, inbox_id)
    inbox.end(db, inbox_id, outcome.state, context.now, outcome.reason or "", ticket=outcome.ticket)
    if outcome.reason is Reason.SPAM:
        held.forget_bytes(db, inbox_id)


def _withheld(outcome: Outcome, now: datetime, inbox_id: int | None, message_id: str) -> list[trace.Line]:
    return [
        trace.Line(
            at=now,
            direction="out",
            step="limited",
            text=f"{notice.kind} not sent: {why}",
            address=notice.to.email,
            message_id=message_id,  # of the incoming mail
            ticket=outcome.ticket,
            inbox_id=inbox_id,
        )
        for notice, why in outcome.withheld
    ]
