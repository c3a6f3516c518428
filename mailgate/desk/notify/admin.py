"""The desk address that a mail came to; mail to the administrator, and to postmaster@."""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.situation import Situation
from mailgate.notice import Notice, NoticeKind
from mailgate.phrase import Phrase, Sentence, Value, phrase
from mailgate.reasons import Reason
from mailgate.rules.people.desk_addresses import deciding_address, desk_address, desk_recipients, is_note_address
from mailgate.settings import Config
from mailgate.ticket import Address


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


def is_for_postmaster(situation: Situation, config: Config) -> bool:
    """Whether the mail is to postmaster@ only, which the listener accepts besides the desk's addresses."""
    recipients = situation.received.envelope.recipients
    return bool(recipients) and all(
        not desk_address(email, config) and email.partition("@")[0].lower() == "postmaster" for email in recipients
    )


def pass_to_admin(situation: Situation, context: Context) -> Outcome:
    """Mail to postmaster@ goes to the administrator (RFC 5321 4.5.1); without one it is quarantined."""
    received = situation.received
    author = received.mail.author
    who: Value = author.email or Phrase("admin.unknown_sender")
    fact = phrase("admin.postmaster", recipient=received.envelope.recipients[0], who=who)
    notices = to_admin(received.source_key, received.mail.subject, (fact,), context)
    if not notices:
        return Outcome(state="quarantined", reason=Reason.POSTMASTER, why="no administrator is configured")
    text = received.body.whole or received.mail.text
    passed = tuple(replace(each, text=text, by=author, attachments=situation.attachments) for each in notices)
    return Outcome(reason=Reason.POSTMASTER, notices=passed)
