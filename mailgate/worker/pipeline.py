"""The hinge: one stored mail through every stage, in order.

    parse ▸ classify ▸ trust ▸ thread ▸ route ▸ decide ▸ announce      (think)
    render ▸ compose ▸ write                                            (apply)

`think` reads the store and writes nothing; `explain` is `think` without the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mailgate.desk import bounces, outsiders
from mailgate.desk.agent import perform
from mailgate.desk.hold import confirming, held_reply
from mailgate.desk.hold.unproven import hold
from mailgate.desk.notify.admin import came_to, is_for_postmaster, pass_to_admin, to_note_address
from mailgate.desk.notify.dead_addresses import spare
from mailgate.desk.opening import on_behalf
from mailgate.desk.opening.forwarded import ENCLOSED, for_somebody, placed
from mailgate.desk.opening.from_mail import open_from_mail
from mailgate.desk.outcome import Context, Enclosed, Outcome, Situation
from mailgate.desk.request.request import Letter
from mailgate.desk.requester import message, words
from mailgate.desk.requester import rating as satisfaction
from mailgate.mail import Attachment, Mail, Received
from mailgate.notice import NoticeKind
from mailgate.reading.body import read_body
from mailgate.reading.mime import addresses
from mailgate.reading.parse import parse, read
from mailgate.reasons import Reason, Screen
from mailgate.rules.commands.syntax import Commands, read_commands
from mailgate.rules.screening.classify import classify
from mailgate.rules.screening.duplicates import digest, same_but_for_a_footer
from mailgate.rules.screening.list_sender import read_through
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.threading import thread, trust
from mailgate.rules.threading.references import references
from mailgate.rules.ticket.bans import banned_by
from mailgate.store import attachments
from mailgate.store.db import Db
from mailgate.store.people import bans
from mailgate.store.queues import held, inbox
from mailgate.store.queues.inbox import Claimed
from mailgate.store.tickets import histories, tickets
from mailgate.ticket import StoredAttachment, Ticket

Keep = Callable[[Iterable[bytes]], tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A mail that was read and whose attachments are kept; the transaction comes next."""

    received: Received
    attachments: tuple[StoredAttachment, ...]
    digest: str
    enclosed: Enclosed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found out about a mail and what becomes of it."""

    prepared: Prepared
    situation: Situation | None
    outcome: Outcome


def prepare(claimed: Claimed, context: Context, keep: Keep) -> Prepared:
    """Read a mail; `keep` stores an attachment's bytes, given in pieces, and tells their digest and number."""
    opened = read(claimed.load())
    mail = read_through(opened.mail, addresses.read)
    kept = tuple(_kept(attachment, keep) for attachment in mail.attachments)
    received = Received(
        id=claimed.id,
        source=claimed.source,
        source_key=claimed.source_key,
        arrived_at=min(claimed.arrived_at, context.now),  # another server's clock may be ahead
        envelope=claimed.envelope,
        mail=mail,
        body=read_body(mail, opened.page),
        authserv_ids=claimed.authserv_ids,
        quiet=claimed.quiet,
    )
    return Prepared(
        received=received,
        attachments=kept,
        digest=digest(mail, kept, lambda subject: strip_subject(subject, context.config.desk)),
        enclosed=_enclosed(mail, context, keep),
    )


def _enclosed(mail: Mail, context: Context, keep: Keep) -> Enclosed | None:
    """The one mail that an agent's mail has attached: it may be forwarded. Nobody else's is opened."""
    if mail.author.email not in context.config.agents_by_email or mail.bounce:
        return None
    mails = [attachment for attachment in mail.attachments if attachment.type in ENCLOSED]
    if len(mails) != 1:
        return None
    inner = read(mails[0].content)
    files = tuple(_kept(attachment, keep) for attachment in inner.mail.attachments)
    return Enclosed(inner.mail, read_body(inner.mail, inner.page), files)


def _kept(attachment: Attachment, keep: Keep) -> StoredAttachment:
    sha256, size = keep(attachment.pieces())
    return StoredAttachment(attachment.name, attachment.type, size, sha256, attachment.cid)


def think(db: Db, prepared: Prepared, context: Context) -> Verdict:
    """Decide what becomes of a mail. Reads the store; writes nothing."""
    mail = prepared.received.mail
    if any(defect.startswith("unreadable") for defect in mail.defects):
        why = "; ".join(mail.defects)
        return Verdict(prepared=prepared, situation=None, outcome=_aside(Reason.UNREADABLE, why))
    situation = find_out(db, prepared, context)
    seen = _came_before(db, prepared, context)
    if seen is not None:
        why = f"the same mail came before, as inbox {seen}"
        return Verdict(prepared=prepared, situation=situation, outcome=_dropped(Reason.DUPLICATE, why))
    outcome = _burning(decide(db, situation, context), situation, context)
    if situation.shows(context.keyring):
        outcome = replace(outcome, proven=prepared.received.mail.author.email)
    if prepared.received.quiet:
        outcome = _quiet(outcome)
    outcome = spare(db, outcome, context, but=mail.author.email)
    return Verdict(prepared=prepared, situation=situation, outcome=outcome)


def _came_before(db: Db, prepared: Prepared, context: Context) -> int | None:
    """The inbox id under which the same mail came before: its digest, or its id with the same words."""
    received = prepared.received
    seen = inbox.seen(db, prepared.digest)
    if seen is not None:
        return seen if seen != received.id else None

    def strip(subject: str) -> str:
        return strip_subject(subject, context.config.desk)

    earlier = inbox.with_message_id(db, received.mail.message_id, received.mail.author.email, received.id)
    same = (each.id for each in earlier if same_but_for_a_footer(_read_again(each), received.mail, strip))
    return next(same, None)


def _read_again(claimed: Claimed) -> Mail:
    return read_through(parse(claimed.load()), addresses.read)


def find_out(db: Db, prepared: Prepared, context: Context) -> Situation:
    """Screen the mail, find its ticket and its sender: everything that is known before deciding."""
    config, keyring, received = context.config, context.keyring, prepared.received
    mail = received.mail
    screened = classify(mail, received.envelope, keyring.is_ours, frozenset(config.addresses))
    refs = references(mail, received.body, received.envelope, keyring, config)
    wanted = thread.lookups(refs)
    by_id = tickets.by_message_id(db, wanted.message_ids)
    numbers = {*wanted.numbers, *(number for found in by_id.values() for number in found)}
    found = thread.Found(histories.with_ends(db, numbers), by_id, held.burnt(db, wanted.keys))
    sender = trust.identify(mail, refs, found.burnt, config, keyring, received.authserv_ids, context.now)
    return Situation(
        received=received,
        screened=screened,
        refs=refs,
        found=found,
        sender=sender,
        match=thread.pick(refs, found, sender, config),
        attachments=prepared.attachments,
        enclosed=prepared.enclosed,
    )


def decide(db: Db, situation: Situation, context: Context) -> Outcome:
    """What becomes of the mail, by what it is and who sent it (the public interface, section 7)."""
    match situation.screened.kind:
        case Screen.LOOP:
            return _dropped(Reason.OWN_MESSAGE_ID, "a mail of this desk came back")
        case Screen.BOUNCE:
            return bounces.take_bounce(db, situation, context)
    if barred := _barred(db, situation, context):
        return _aside(Reason.BANNED, barred)
    match situation.screened.kind:
        case Screen.AUTO_REPLY if situation.ticket:
            return message.keep_auto_reply(situation, situation.ticket, context)
        case Screen.AUTO_REPLY:
            return _aside(Reason.AUTO_REPLY_WITHOUT_TICKET, "an automatic answer that belongs to no ticket")
    if is_for_postmaster(situation, context.config):
        return pass_to_admin(situation, context)
    if situation.ticket and (rating := satisfaction.rating_of(situation, context)):
        return satisfaction.receive_rating(db, situation, situation.ticket, rating, context)
    if situation.sender.agent and situation.human:
        return _from_agent(db, situation, context)
    if situation.match.role == "agent":
        return _aside(Reason.UNPROVEN_AGENT, "an agent's answer with a machine's marks; only human mail works a ticket")
    if situation.ticket and situation.match.role == "asked":
        return outsiders.take_answer(db, situation, situation.ticket, context)
    if situation.ticket and situation.match.role:
        return message.receive(db, situation, situation.ticket, context)
    return open_from_mail(db, situation, context)


def _barred(db: Db, situation: Situation, context: Context) -> str:
    """Who banned the mail's sender, and why, in words; agents are never banned."""
    if situation.sender.agent:
        return ""
    ban = bans.over(db, [author.email for author in situation.received.mail.from_])
    return banned_by(ban, context.config) if ban else ""


def _from_agent(db: Db, situation: Situation, context: Context, *, released: Reason | None = None) -> Outcome:
    """Agents are customers too: only an agent's proven work on or for a ticket is an agent's act."""
    commands = read_commands(situation.received.body.lines)
    if confirm := next((command for command in commands.commands if command.verb == "confirm"), None):
        return _confirmed(db, situation, commands, confirm.value, context)
    orders = bool(commands.commands or commands.problems) and not words.only(situation)
    says_something = orders or to_note_address(situation, context.config)
    as_customer = situation.match.participant and not says_something
    if as_customer and situation.ticket:
        return message.receive(db, situation, situation.ticket, context)
    names_ticket = situation.ticket is not None or bool(situation.match.strangers_to)
    forwards = for_somebody(situation, context.config)
    if not situation.sender.proven:
        if not (says_something or names_ticket or forwards):
            return open_from_mail(db, situation, context)
        return replace(hold(db, situation, context), commands=commands.commands)
    situation = placed(db, situation, context)
    ticket = _ticket_of(db, commands, situation)
    if ticket is None and not (says_something or forwards):
        return open_from_mail(db, situation, context)
    letter = _letter(situation, commands, context)
    if released:  # posted as of now
        letter = replace(letter, at=context.now, released=released)
    missing = "ticket" in commands.verbs and ticket is None
    if "new" in commands.verbs or (forwards and ticket is None and not missing):
        return on_behalf.open_for(db, letter, context)
    if missing:
        return perform.not_found(letter)
    outcome = perform.work(db, letter, ticket, context)
    return replace(outcome, reason=Reason.NAMED_BY_COMMAND) if "ticket" in commands.verbs else outcome


def _letter(situation: Situation, commands: Commands, context: Context) -> Letter:
    return Letter(
        context.config.agents[situation.sender.agent],
        commands,
        situation.received.source_key,
        situation.received.arrived_at,
        situation,
        came_to(situation, context.config),
    )


def _ticket_of(db: Db, commands: Commands, situation: Situation) -> Ticket | None:
    """The ticket that `#ticket N` names, else the one that the mail belongs to."""
    named = next((command.value for command in commands.commands if command.verb == "ticket"), "")
    if named:
        return tickets.get(db, int(named))
    match = situation.match
    return situation.found.tickets.get(match.came_for or match.number or 0) if match.role == "agent" else None


def _confirmed(db: Db, situation: Situation, commands: Commands, code: str, context: Context) -> Outcome:
    """`#confirm CODE` from the agent's address: the held mail is worked as proven, once."""
    waiting = held.by_code(db, situation.sender.agent, code.strip().lower(), context.now)
    letter = _letter(situation, commands, context)
    if waiting is None and situation.sender.proven:
        return confirming.nothing_waits(letter, situation.ticket)
    if waiting is None or situation.sender.dmarc == "fail":
        return _aside(Reason.UNPROVEN_AGENT, "no mail waits for this code")
    proven = _held_mail(db, waiting.inbox_id, context)
    if refused := confirming.refused(letter, situation.ticket, proven.sender):
        return refused
    why = Reason(waiting.why)
    outcome = _from_agent(db, proven, context, released=why if why in held_reply.BECAUSE else None)
    return Outcome(
        reason=Reason.CONFIRMED,
        why=f"confirms inbox {waiting.inbox_id}",
        notices=confirming.left_out(letter, situation.ticket, context.config),
        commands=commands.commands,
        confirms=(waiting.inbox_id, outcome),
    )


def _held_mail(db: Db, inbox_id: int, context: Context) -> Situation:
    """A held mail as its agent's own: what was found out about it, on the tickets as they are now."""
    prepared = prepare(inbox.again(db, inbox_id), context, attachments.digest)  # its files were kept when it came
    found = find_out(db, prepared, context)
    sender = replace(found.sender, assurance="confirmed", dmarc="none")
    return replace(found, sender=sender, match=thread.pick(found.refs, found.found, sender, context.config))


def forget(db: Db, waiting: held.Waiting, context: Context) -> Outcome:
    """The end of a held mail that its agent did not release in time; of an answer of theirs they are told."""
    why = Reason(waiting.why)
    if why not in held_reply.BECAUSE:
        return _dropped(Reason.UNPROVEN_AGENT, "its agent did not confirm it in time")
    return held_reply.forgotten(waiting.agent, why, _held_mail(db, waiting.inbox_id, context), context)


def _quiet(outcome: Outcome) -> Outcome:
    """`ingest --quiet`: only what a person wrote goes out."""
    return replace(
        outcome, notices=tuple(each for each in outcome.notices if each.kind in (NoticeKind.REPLY, NoticeKind.ASKED))
    )


def _burning(outcome: Outcome, situation: Situation, context: Context) -> Outcome:
    burnt = trust.keys_to_burn(situation.received.mail, situation.refs, context.config, context.keyring)
    return replace(outcome, burnt=burnt) if burnt else outcome


def _aside(reason: Reason, why: str) -> Outcome:
    return Outcome(state="quarantined", reason=reason, why=why)


def _dropped(reason: Reason, why: str) -> Outcome:
    return Outcome(state="dropped", reason=reason, why=why)
