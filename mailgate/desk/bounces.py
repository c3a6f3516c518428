"""Mail that was not delivered: bounces, and permanent failures of the relay.

A delivery report is accepted only if it returns a Message-ID, or came to a bounce address, that this desk signed.
It becomes an event on the ticket and a notice to the agent; it never opens a ticket. An address is dead by our relay's
own answer, by a report to a bounce address that only the relay has seen, or by the second report about it: whoever has
read a mail of ours can write one. No report that anybody can write makes an agent's address dead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Known, Situation
from mailgate.mail import Bounce, ReportedRecipient
from mailgate.notice import Notice, NoticeKind
from mailgate.outbound.status_codes import DEAD_ADDRESS, plainly, why_phrase
from mailgate.phrase import Phrase, Value, phrase
from mailgate.reasons import Reason
from mailgate.rules.notices.audience import Person, alert_recipients
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.keys import Key, expired
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.asked_people import askers_of
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Address, EventKind, Json, Ticket


@dataclass(frozen=True, slots=True)
class Failure:
    """A mail that was not delivered to one recipient."""

    kind: NoticeKind
    recipient: str
    why: str
    agent: str = ""  # key of the recipient of an alert; "" for mail to requesters
    dead: bool = False  # the address does not exist (any more)


def take_bounce(situation: Situation, context: Context) -> Outcome:
    """Record a bounce on the ticket that the returned mail was about."""
    bounce, known = situation.received.mail.bounce or Bounce("failed", ()), situation.known
    key = known.returned
    if key is None:
        return _unmatched(situation, context)
    ticket = next((each.ticket for each in known.records.values()), None)
    recipient, reported = _reported(bounce, ticket, key, context)
    said = reported.diagnostic
    why = said or "abuse" if bounce.kind == "feedback" else plainly(reported.status, said)
    mark = mark_of(key)
    permanent = not known.burnt and _is_permanent(bounce, reported, key, recipient, context)
    agents = recipient in context.config.agents_by_email
    certain = _came_to_bounce_address(situation, context) or (not agents and bool(known.bounced - {mark}))
    failure = Failure(key.kind, recipient, why, dead=permanent and certain)
    dead = ((recipient, why),) if failure.dead else ()
    if ticket is None:
        about = "it returns a mail of ours that is about no ticket"
        return Outcome(reason=Reason.DELIVERY_REPORT, why=about, dead=dead)
    after: dict[str, Json] = {"kind": bounce.kind, "recipient": recipient, "notice": key.kind.value, "reason": why}
    if permanent:
        after["mail"] = mark
    stamp = acts.Stamp(CLOCK, context.now)
    change = lifecycle.note_event(ticket, EventKind.BOUNCED, stamp, context.config, after)
    outcome = Outcome(ticket=ticket.number, reason=Reason.DELIVERY_REPORT, changes=(change,), dead=dead)
    if bounce.kind == "delayed":
        return outcome  # the server tries again
    # The cause names the mail: one notice however many reports return it.
    complaint = bounce.kind == "feedback"
    return outcome.with_notices(
        *_notices(known, change.after, failure, f"bounce:{key.text}", context, complaint=complaint)
    )


def _reported(bounce: Bounce, ticket: Ticket | None, key: Key, context: Context) -> tuple[str, ReportedRecipient]:
    """The recipient of the returned mail, by its key, and what the report says about that address."""
    first = bounce.recipients[0] if bounce.recipients else ReportedRecipient("", bounce.kind)
    signed = (each for each in bounce.recipients if context.keyring.is_for(key, each.email))
    reported = next(signed, first)
    if context.keyring.is_for(key, reported.email):
        return reported.email, reported
    return (_written_to(ticket, key, context) if ticket else "") or reported.email, reported


def mark_of(key: Key) -> str:
    """What tells a mail of ours from another in events, which agents read: nothing that opens anything."""
    return hashlib.sha256(key.text.encode()).hexdigest()[:8]


def returned_to(situation: Situation, ticket: Ticket | None, key: Key, context: Context) -> str:
    """The recipient of the returned mail; "" where it cannot be told."""
    return _reported(situation.received.mail.bounce or Bounce("failed", ()), ticket, key, context)[0]


def _came_to_bounce_address(situation: Situation, context: Context) -> bool:
    """Whether the report came to an address that stood in the envelope of a mail of ours alone."""
    return any(context.keyring.read_verp(each) for each in situation.received.envelope.recipients)


def _is_permanent(bounce: Bounce, reported: ReportedRecipient, key: Key, recipient: str, context: Context) -> bool:
    """Whether the report says that the recipient is dead; only an address that the key was made for."""
    permanent = bounce.kind == "failed" and reported.status in DEAD_ADDRESS
    return permanent and context.keyring.is_for(key, recipient) and not expired(key, context.now.date())


def take_failure(known: Known, ticket: Ticket | None, failure: Failure, cause: str, context: Context) -> Outcome:
    """Record a permanent failure of the relay on its ticket, and notify the agent."""
    dead = ((failure.recipient, failure.why),) if failure.dead else ()
    if ticket is None:
        return Outcome(dead=dead)
    after: dict[str, Json] = {
        "kind": "failed",
        "recipient": failure.recipient,
        "notice": failure.kind.value,
        "reason": failure.why,
    }
    stamp = acts.Stamp(CLOCK, context.now)
    change = lifecycle.note_event(ticket, EventKind.NOTICE_FAILED, stamp, context.config, after)
    outcome = Outcome(ticket=ticket.number, changes=(change,), dead=dead)
    if failure.kind is NoticeKind.DELIVERY_FAILED:
        return outcome
    return outcome.with_notices(*_notices(known, change.after, failure, cause, context))


def without_content(ticket: Ticket, failure: Failure, cause: str) -> Outcome | None:
    """An alert whose content the relay refused, without text and attachments; None if this was it already.

    Agents are alerted even if a content filter rejects what a customer sent.
    """
    if not failure.agent or cause.endswith(_BARE):
        return None
    notice = Notice(
        kind=failure.kind,
        to=Address(failure.recipient),
        agent=failure.agent,
        cause=cause + _BARE,
        ticket=ticket,
        facts=(phrase("delivery-failed.bare", why=why_phrase(failure.why)),),
    )
    return Outcome(ticket=ticket.number, notices=(notice,))


_BARE = "|bare"


def returned_key(situation: Situation, context: Context) -> Key | None:
    """The key in a report, from its bounce address or the returned Message-ID."""
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
    """The recipient of the returned mail, by the tag in its key."""
    known = (
        *ticket.participants,
        *(each.email for each in ticket.asked),
        *(agent.email for agent in context.config.agents.values()),
    )
    return next((email for email in known if context.keyring.is_for(key, email)), "")


def _facts(failure: Failure, ticket: Ticket, reader: str) -> Iterator[Phrase]:
    """What did not arrive, for the agent with the key `reader`, and what they can do."""
    own = failure.kind is NoticeKind.REPLY and reader and reader == ticket.last_respondent
    what = Phrase("mail_name.your_reply") if own else _named(failure.kind)
    yield phrase("delivery-failed.not_reached", what=what, who=_recipient(failure), why=why_phrase(failure.why))
    if failure.dead:
        yield Phrase("delivery-failed.dead")
    if failure.recipient == ticket.requester.email:
        yield Phrase("delivery-failed.another_sends" if failure.kind is NoticeKind.REPLY else "delivery-failed.another")


def _complaint(failure: Failure) -> Phrase:
    what = _named(failure.kind)
    return phrase("delivery-failed.complaint", who=_recipient(failure), what=what, why=failure.why)


def _recipient(failure: Failure) -> Value:
    return failure.recipient or Phrase("delivery-failed.unknown")


def _named(kind: NoticeKind) -> Phrase:
    """A mail of the desk as an agent reads of it."""
    return Phrase(f"mail_name.{kind.value if kind.to_requester else 'alert'}")


def _notices(
    known: Known, ticket: Ticket, failure: Failure, cause: str, context: Context, *, complaint: bool = False
) -> tuple[Notice, ...]:
    """Notices to those who work the ticket; of a failed alert, to those who would have it instead."""
    audience = known.audience(ticket.number)
    tries = (
        alert_recipients(some, ticket, audience, context.config)
        for some in _recipients(ticket, failure, context.config)
    )
    others = next((found for people in tries if (found := _without(people, failure.recipient))), ())
    return tuple(
        Notice(
            kind=NoticeKind.DELIVERY_FAILED,
            to=who.address,
            agent=who.agent,
            cause=cause,
            ticket=ticket,
            facts=(_complaint(failure),) if complaint else tuple(_facts(failure, ticket, who.agent)),
            history=() if failure.kind.to_requester or failure.kind is NoticeKind.ASKED else audience.history[:1],
            in_reply_to=audience.last_sent.get(who.address.email, ""),
            is_first=who.address.email not in audience.last_sent,
        )
        for who in others
    )


def _recipients(ticket: Ticket, failure: Failure, config: Config) -> tuple[tuple[str, ...], ...]:
    """Names of recipients, and of the next ones where those are only the failed address."""
    asked = askers_of(ticket, failure.recipient) if failure.kind is NoticeKind.ASKED else ()
    if askers := tuple(key for key in asked if key in config.agents and sees(config.agents[key], ticket, config)):
        return tuple(f"agent:{key}" for key in askers), ("admin",)
    if failure.kind.to_requester or failure.kind is NoticeKind.ASKED:
        return ("assignee", "last-respondent"), ("admin",)
    return ("team", "department"), ("admin",)


def _without(people: tuple[Person, ...], email: str) -> list[Person]:
    return [who for who in people if who.address.email != email]


def _unmatched(situation: Situation, context: Context) -> Outcome:
    """A report that returns no mail of this desk: quarantined; the administrator is notified once an hour at most."""
    outcome = Outcome(
        state="quarantined", reason=Reason.BOUNCE_UNMATCHED, why="it returns no mail that this desk knows"
    )
    admin = context.config.desk.admin
    if not admin or situation.known.reported:
        return outcome
    mail = situation.received.mail
    fact = phrase("delivery-failed.unmatched", who=mail.author.email or Phrase("admin.unknown_sender"))
    return outcome.with_notices(
        Notice(
            kind=NoticeKind.DELIVERY_FAILED,
            to=Address(admin),
            cause=situation.received.source_key,
            facts=(fact,),
            subject=Phrase("delivery-failed.unmatched_subject"),
        )
    )
