"""Mail of ours that did not arrive: bounces, and what the relay refused for good.

A report is believed only when it returns an id, or came to a bounce address, that we
signed. It becomes an event on the ticket and the agent is told; it never is a ticket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Known, Situation
from mailgate.mail import Bounce, ReportedRecipient
from mailgate.notice import Notice, NoticeKind
from mailgate.outbound.status_codes import DEAD_ADDRESS, plainly, why_phrase
from mailgate.phrase import Phrase, Value, phrase
from mailgate.reasons import Reason
from mailgate.rules.notices.audience import Person, hearers
from mailgate.rules.people.permissions import sees
from mailgate.rules.threading.keys import Key, expired
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.questions import askers_of
from mailgate.settings import Config
from mailgate.ticket import CLOCK, Address, EventKind, Json, Ticket


@dataclass(frozen=True, slots=True)
class Failure:
    """One mail of ours that one recipient did not get."""

    kind: NoticeKind
    recipient: str
    why: str
    agent: str = ""  # whose alert it was; "" for requesters' mail
    dead: bool = False  # the address is no mailbox any more


def take_bounce(situation: Situation, context: Context) -> Outcome:
    """Record a bounce on the ticket whose mail it returns."""
    bounce, known = situation.received.mail.bounce or Bounce("failed", ()), situation.known
    key = known.returned
    if key is None:
        return _unmatched(situation, context)
    ticket = next((each.ticket for each in known.records.values()), None)
    recipient, reported = _reported(bounce, ticket, key, context)
    said = reported.diagnostic
    why = said or "abuse" if bounce.kind == "feedback" else plainly(reported.status, said)
    failure = Failure(
        key.kind, recipient, why, dead=not known.burnt and _is_dead(bounce, reported, key, recipient, context)
    )
    graves = ((recipient, why),) if failure.dead else ()
    if ticket is None:
        about = "it returns a mail of ours that is about no ticket"
        return Outcome(reason=Reason.DELIVERY_REPORT, why=about, dead=graves)
    after: dict[str, Json] = {"kind": bounce.kind, "recipient": recipient, "notice": key.kind.value, "reason": why}
    stamp = acts.Stamp(CLOCK, context.now)
    change = lifecycle.note_event(ticket, EventKind.BOUNCED, stamp, context.config, after)
    outcome = Outcome(ticket=ticket.number, reason=Reason.DELIVERY_REPORT, changes=(change,), dead=graves)
    if bounce.kind == "delayed":
        return outcome  # the server goes on trying: no reason for alarm
    # One word about each mail, however many reports come back about it.
    complaint = bounce.kind == "feedback"
    return outcome.with_notices(
        *_tell(known, change.after, failure, f"bounce:{key.text}", context, complaint=complaint)
    )


def _reported(bounce: Bounce, ticket: Ticket | None, key: Key, context: Context) -> tuple[str, ReportedRecipient]:
    """Whom the returned mail was written to, as its key tells, and what the report says about that address."""
    first = bounce.recipients[0] if bounce.recipients else ReportedRecipient("", bounce.kind)
    signed = (each for each in bounce.recipients if context.keyring.is_for(key, each.email))
    reported = next(signed, first)
    if context.keyring.is_for(key, reported.email):
        return reported.email, reported
    return (_written_to(ticket, key, context) if ticket else "") or reported.email, reported


def _is_dead(bounce: Bounce, reported: ReportedRecipient, key: Key, recipient: str, context: Context) -> bool:
    """Whether a report makes an address dead: only that to which we wrote."""
    says_so = bounce.kind == "failed" and reported.status in DEAD_ADDRESS
    return says_so and context.keyring.is_for(key, recipient) and not expired(key, context.now.date())


def gave_up(known: Known, ticket: Ticket | None, failure: Failure, cause: str, context: Context) -> Outcome:
    """The relay refused a mail for good: an event, and a word to the agent."""
    graves = ((failure.recipient, failure.why),) if failure.dead else ()
    if ticket is None:
        return Outcome(dead=graves)
    after: dict[str, Json] = {
        "kind": "failed",
        "recipient": failure.recipient,
        "notice": failure.kind.value,
        "reason": failure.why,
    }
    stamp = acts.Stamp(CLOCK, context.now)
    change = lifecycle.note_event(ticket, EventKind.NOTICE_FAILED, stamp, context.config, after)
    outcome = Outcome(ticket=ticket.number, changes=(change,), dead=graves)
    if failure.kind is NoticeKind.DELIVERY_FAILED:
        return outcome
    return outcome.with_notices(*_tell(known, change.after, failure, cause, context))


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
        facts=(phrase("delivery-failed.bare", why=why_phrase(failure.why)),),
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


def _facts(failure: Failure, ticket: Ticket, reader: str) -> Iterator[Phrase]:
    """What did not arrive, for the agent with the key `reader`, and what they can do."""
    own = failure.kind is NoticeKind.REPLY and reader and reader == ticket.last_respondent
    what = Phrase("mail_name.your_reply") if own else _named(failure.kind)
    yield phrase("delivery-failed.not_reached", what=what, who=_recipient(failure), why=why_phrase(failure.why))
    if failure.dead:
        yield Phrase("delivery-failed.dead")
    if failure.recipient == ticket.requester.email:
        yield Phrase("delivery-failed.another")


def _complaint(failure: Failure) -> Phrase:
    what = _named(failure.kind)
    return phrase("delivery-failed.complaint", who=_recipient(failure), what=what, why=failure.why)


def _recipient(failure: Failure) -> Value:
    return failure.recipient or Phrase("delivery-failed.unknown")


def _named(kind: NoticeKind) -> Phrase:
    """A mail of the desk as an agent reads of it."""
    return Phrase(f"mail_name.{kind.value if kind.to_requester else 'alert'}")


def _tell(
    known: Known, ticket: Ticket, failure: Failure, cause: str, context: Context, *, complaint: bool = False
) -> tuple[Notice, ...]:
    """Who works the ticket hears of it; that an alert did not arrive, those who would hear in its place."""
    audience = known.audience(ticket.number)
    tries = (hearers(some, ticket, audience, context.config) for some in _who_hears(ticket, failure, context.config))
    others = next((found for people in tries if (found := _but(people, failure.recipient))), ())
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


def _who_hears(ticket: Ticket, failure: Failure, config: Config) -> tuple[tuple[str, ...], ...]:
    """Recipients by name, and who hears where that is only the one who was not reached."""
    asked = askers_of(ticket, failure.recipient) if failure.kind is NoticeKind.ASKED else ()
    if askers := tuple(key for key in asked if key in config.agents and sees(config.agents[key], ticket, config)):
        return tuple(f"agent:{key}" for key in askers), ("admin",)
    if failure.kind.to_requester or failure.kind is NoticeKind.ASKED:
        return ("assignee", "last-respondent"), ("admin",)
    return ("team", "department"), ("admin",)


def _but(people: tuple[Person, ...], email: str) -> list[Person]:
    return [who for who in people if who.address.email != email]


def _unmatched(situation: Situation, context: Context) -> Outcome:
    """A report of nothing that we signed: set aside, the administrator told at most once an hour."""
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
