"""The desk address that a mail came to; mail to the administrator, and to postmaster@."""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence, Value, phrase
from mailgate.reasons import Reason
from mailgate.rules.people.desk_addresses import deciding_address, desk_recipients, is_note_address, is_postmaster
from mailgate.settings import Config
from mailgate.ticket import Address

PASSED = 10  # mails to postmaster@ an hour; more would bury the administrator's alarms


def came_to(situation: Situation, config: Config) -> str:
    """The desk address that a mail came to, which is the sender of answers to it."""
    received = situation.received
    return deciding_address(desk_recipients(received.mail, received.envelope, config), config)


def to_note_address(situation: Situation, config: Config) -> bool:
    """Whether a mail went to a note address of the desk, alone or among others."""
    received = situation.received
    written = (*received.envelope.recipients, *(each.email for each in (*received.mail.to, *received.mail.cc)))
    return any(is_note_address(email, config) for email in written)


def to_admin(cause: str, subject: Sentence, facts: tuple[Sentence, ...], context: Context) -> tuple[Notice, ...]:
    """A notice to the administrator, one for each `cause`; empty if none is configured."""
    admin = context.config.desk.admin
    if not admin:
        return ()
    return (Notice(kind=NoticeKind.ADMIN, to=Address(admin), cause=cause, subject=subject, facts=facts),)


def pass_to_admin(situation: Situation, context: Context) -> Outcome:
    """Mail to postmaster@ goes to the administrator (RFC 5321 4.5.1); without one it is quarantined.

    So are those of an hour after the first ten: of no concern in themselves, and anybody can send them.
    """
    if not context.config.desk.admin:
        return Outcome(state="quarantined", reason=Reason.POSTMASTER, why="no administrator is configured")
    if situation.known.passed >= PASSED:
        why = f"{PASSED} mails to postmaster were passed on within the hour"
        return Outcome(state="quarantined", reason=Reason.POSTMASTER_LIMIT, why=why)
    return Outcome(reason=Reason.POSTMASTER, notices=copy_for_postmaster(situation, context))


def copy_for_postmaster(situation: Situation, context: Context) -> tuple[Notice, ...]:
    """The administrator's copy of a mail that names postmaster@ among its recipients; empty for others."""
    received, passed = situation.received, situation.known.passed
    named = next((each for each in received.envelope.recipients if is_postmaster(each, context.config)), "")
    if not named or passed >= PASSED:
        return ()
    author = received.mail.author
    who: Value = author.email or Phrase("admin.unknown_sender")
    facts = [phrase("admin.postmaster", recipient=named, who=who)]
    if passed == PASSED - 1:
        facts.insert(0, phrase("admin.postmaster_last", count=PASSED))
    notices = to_admin(received.source_key, received.mail.subject, tuple(facts), context)
    text = received.body.whole or received.mail.text
    return tuple(replace(each, text=text, by=author, attachments=situation.attachments) for each in notices)
