"""Mail of ours that did not arrive: bounces, and what the relay refused for good.

A report is believed only when it returns an id, or came to a bounce address, that we
signed. It becomes an event on the ticket and the agent is told; it never is a ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mailgate.desk.outcome import Context, Outcome, Situation
from mailgate.mail import Bounce
from mailgate.model import Address, EventKind, Json, Notice, NoticeKind, Ticket
from mailgate.reasons import Reason
from mailgate.rules import acts, lifecycle
from mailgate.rules.asking import askers_of
from mailgate.rules.audience import hearers
from mailgate.rules.keys import Key
from mailgate.store import readers, tickets
from mailgate.store.db import Db


@dataclass(frozen=True, slots=True)
class Failure:
    """One mail of ours that one recipient did not get."""

    kind: NoticeKind
    recipient: str
    why: str
    agent: str = ""  # whose alert it was; "" for requesters' mail


def take_bounce(db: Db, situation: Situation, context: Context) -> Outcome:
    """Record a bounce on the ticket whose mail it returns."""
    received = situation.received
    bounce = received.mail.bounce or Bounce("failed", ())
    key = returned_key(situation, context)
    if key is None:
        return _unmatched(db, situation, context)
    ticket = tickets.get(db, key.ticket) if key.ticket else None
    if ticket is None:
        return Outcome(reason=Reason.DELIVERY_REPORT, why="it returns a mail of ours that is about no ticket")
    recipient = bounce.recipients[0].email if bounce.recipients else ""
    recipient = _written_to(ticket, key, context) or recipient
    first = bounce.recipients[0] if bounce.recipients else None
    why = " ".join(part for part in (first.status, first.diagnostic) if part) if first else "no reason given"
    after: dict[str, Json] = {"kind": bounce.kind, "recipient": recipient, "notice": key.kind.value, "reason": why}
    stamp = acts.Stamp("clock", context.now)
    change = lifecycle.note_event(ticket, EventKind.BOUNCED, stamp, context.config, after)
    outcome = Outcome(ticket=ticket.number, reason=Reason.DELIVERY_REPORT, changes=(change,))
    if bounce.kind != "failed":
        return outcome
    failure = Failure(key.kind, recipient, why)
    # One word about each mail, however many reports come back about it.
    return outcome.with_notices(*_tell(db, change.after, failure, f"bounce:{key.text}", context))


def undeliverable(db: Db, ticket: Ticket, failure: Failure, cause: str, context: Context) -> Outcome:
    """The relay refused a mail for good: an event, and a word to the agent."""
    after: dict[str, Json] = {
        "kind": "failed",
        "recipient": failure.recipient,
        "notice": failure.kind.value,
        "reason": failure.why,
    }
    stamp = acts.Stamp("clock", context.now)
    change = lifecycle.note_event(ticket, EventKind.NOTICE_FAILED, stamp, context.config, after)
    notices = () if failure.kind is NoticeKind.DELIVERY_FAILED else _tell(db, change.after, failure, cause, context)
    return Outcome(ticket=ticket.number, changes=(change,), notices=notices)


def bare_again(ticket: Ticket, failure: Failure, cause: str) -> Outcome | None:
    """An alert whose content the relay refused, once more without text and attachments; None when it was that.

    Section 9 of the public interface: an agent must hear of the ticket even when a
    scanner does not like what a customer sent.
    """
    if not failure.agent or cause.endswith(_BARE):
        return None
    notice = Notice(
        kind=failure.kind,
        to=Address(failure.recipient),
        agent=failure.agent,
        cause=cause + _BARE,
        ticket=ticket,
        facts=(f"The relay refused the whole alert ({failure.why}), so it comes without text and attachments.",),
    )
    return Outcome(ticket=ticket.number, notices=(notice,))


_BARE = "|bare"


def returned_key(situation: Situation, context: Context) -> Key | None:
    """The key of ours that a report gives back, by bounce address or returned Message-ID."""
    received, keyring = situation.received, context.keyring
    for recipient in received.envelope.recipients:
        if key := keyring.read_verp(recipient):
            return key
    bounce = received.mail.bounce
    ids = [bounce.original_message_id] if bounce else []
    ids += [value for name, value in bounce.original_headers if name == "message-id"] if bounce else []
    ids += [*received.mail.in_reply_to, *received.mail.references]
    return next((key for each in ids if (key := keyring.read(each.strip()))), None)


def _written_to(ticket: Ticket, key: Key, context: Context) -> str:
    """The address that the returned mail was written to, from the tag in its key."""
    known = (
        *ticket.participants,
        *(each.email for each in ticket.asked),
        *(agent.email for agent in context.config.agents.values()),
    )
    return next((email for email in known if context.keyring.is_for(key, email)), "")


def _tell(db: Db, ticket: Ticket, failure: Failure, cause: str, context: Context) -> tuple[Notice, ...]:
    config = context.config
    audience = readers.audience(db, ticket.number, context.now, newest=1)
    askers = askers_of(ticket, failure.recipient) if failure.kind is NoticeKind.ASKED else ()
    names = tuple(f"agent:{key}" for key in askers) or ("assignee", "last-respondent")
    people = hearers(names, ticket, audience, config)
    others = [who for who in people if who.address.email != failure.recipient]
    if not others:
        others = [
            who for who in hearers(("admin",), ticket, audience, config) if who.address.email != failure.recipient
        ]
    fact = f"The mail “{failure.kind}” to {failure.recipient or 'an unknown address'} was not delivered: {failure.why}."
    return tuple(
        Notice(
            kind=NoticeKind.DELIVERY_FAILED,
            to=who.address,
            agent=who.agent,
            cause=cause,
            ticket=ticket,
            facts=(fact,),
            in_reply_to=audience.last_sent.get(who.address.email, ""),
            is_first=who.address.email not in audience.last_sent,
        )
        for who in others
    )


def _unmatched(db: Db, situation: Situation, context: Context) -> Outcome:
    """A report of nothing that we signed: set aside, the administrator told at most once an hour."""
    outcome = Outcome(
        state="quarantined", reason=Reason.BOUNCE_UNMATCHED, why="it returns no mail that this desk signed"
    )
    admin = context.config.desk.admin
    hour_ago = context.now - timedelta(hours=1)
    if not admin or readers.told_since(db, NoticeKind.DELIVERY_FAILED, admin, hour_ago):
        return outcome
    mail = situation.received.mail
    fact = (
        f"A delivery report from {mail.author.email or 'an unknown sender'} returns no mail that this desk signed."
        " It is set aside; see it with: mailgate queue quarantine list."
    )
    return outcome.with_notices(
        Notice(
            kind=NoticeKind.DELIVERY_FAILED,
            to=Address(admin),
            cause=situation.received.source_key,
            facts=(fact,),
            subject="A delivery report that belongs to no ticket",
        )
    )
