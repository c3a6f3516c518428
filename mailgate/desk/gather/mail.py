"""Gathers the situation of a mail: screening, sender, ticket, and what its matter needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailgate.desk.bounces import returned_key, returned_to
from mailgate.desk.gather.opening import of_opening
from mailgate.desk.gather.records import Extent, gather_ticket, read_records
from mailgate.desk.gather.request import of_agents_request, with_attached_mails_ticket, with_signatures
from mailgate.desk.hold.spam import reads_list
from mailgate.desk.matter import agents_matter, matter_of
from mailgate.desk.outcome import Context
from mailgate.desk.prepare import Prepared, prepare, read_again
from mailgate.desk.requester.commands import commands_of
from mailgate.desk.requester.rating import rating_of
from mailgate.desk.situation import NO_COMMANDS, Held, Known, Matter, Situation, SpamRelease
from mailgate.mail import Body
from mailgate.notice import NoticeKind
from mailgate.phrase import phrase
from mailgate.reasons import Reason, Screen
from mailgate.rules.commands.syntax import Commands, read_commands
from mailgate.rules.people.desk_addresses import is_postmaster, only_postmaster
from mailgate.rules.screening import spam
from mailgate.rules.screening.classify import classify, without_ticket
from mailgate.rules.screening.duplicates import same_but_for_marks
from mailgate.rules.text.cleanup import shortened
from mailgate.rules.text.subject import strip_subject, tokens
from mailgate.rules.threading import thread, trust
from mailgate.rules.threading.references import highest_number, references, without_link_lines
from mailgate.rules.threading.trust import Sender
from mailgate.rules.ticket.lifecycle import may_reopen
from mailgate.rules.ticket.rating import Rating
from mailgate.settings import Config
from mailgate.store import attachments
from mailgate.store.db import Db
from mailgate.store.people import absences, audience, bans, dead_addresses
from mailgate.store.queues import copies, held, inbox, sent
from mailgate.store.tickets import histories, merged, tickets
from mailgate.ticket import ADMIN

SIGNS = timedelta(days=30)  # for which a first report about an address counts


def gather(db: Db, prepared: Prepared, context: Context) -> Situation:
    """The situation of a mail."""
    situation = _find_out(db, prepared, context)
    received, authors = situation.received, [author.email for author in situation.received.mail.from_]
    db.ahead(
        lambda db: (
            copies.seen(db, prepared.digest),
            inbox.with_message_id(db, received.mail.message_id, received.mail.author.email, received.id),
            bans.over(db, authors),
        )
    )
    earlier = _copy_of(db, prepared, context)
    if earlier is not None:
        if situation.standing in copies.WEAK or copies.standing(db, earlier) not in copies.WEAK:
            return replace(situation, duplicate_of=earlier)
        situation = replace(situation, outdoes=earlier)
    rating = rating_of(situation, context)
    matter = matter_of(situation, rating, context.config)
    lets_in = situation.sender.agent or matter in (Matter.LOOP, Matter.REPORT)
    if not lets_in and (ban := bans.over(db, authors)):
        return replace(situation, matter=matter, known=Known(ban=ban))
    situation = _with_spam(db, situation, context)
    return _with_passed(db, _with_known(db, situation, matter, rating, context), context)


def with_whole_thread(db: Db, situation: Situation, context: Context) -> Situation:
    """The situation of an agent's mail, with every entry of the thread that it answers."""
    known = of_agents_request(db, situation, context, whole=True)
    return replace(situation, known=replace(known, passed=situation.known.passed))


def _with_passed(db: Db, situation: Situation, context: Context) -> Situation:
    """With what was passed on to the administrator lately, for a mail that is theirs too."""
    config = context.config
    if not any(is_postmaster(email, config) for email in situation.received.envelope.recipients):
        return situation
    passed = audience.passed_since(db, config.desk.admin, context.now - timedelta(hours=1))
    return replace(situation, known=replace(situation.known, passed=passed))


def _with_spam(db: Db, situation: Situation, context: Context) -> Situation:
    """With the mark of a mail server; a mail that was held by it and is worked again was released."""
    received, config = situation.received, context.config
    if not config.spam.headers or situation.sender.proven:
        return situation
    provider = spam.provider_of(received.source_key, config.mailboxes.values())
    found = received.mark or spam.mark(received.mail, provider)
    if found and (since := held.spam_since(db, received.id)):
        return replace(situation, released=SpamRelease(since, ADMIN))
    return replace(situation, spam=found) if found else situation


def gather_held(db: Db, inbox_id: int, context: Context, why: Reason = Reason.UNPROVEN_AGENT) -> Situation:
    """The situation of a held mail on the tickets as they are now; of an agent, as if it were authenticated."""
    prepared = prepare(inbox.again(db, inbox_id), context, attachments.digest)  # its attachments are stored
    found = _find_out(db, prepared, context)
    if why is Reason.SPAM:
        rating = rating_of(found, context)
        return _within_another(db, found, matter_of(found, rating, context.config), rating, context)
    sender = replace(found.sender, assurance="confirmed", dmarc="none")
    match = thread.pick(found.refs, found.found, sender, context.config)
    situation = replace(found, sender=sender, authors=True, match=match)
    held_ = _within_another(db, situation, agents_matter(situation, context.config), None, context)
    if (promised := sent.readers_when_held(db, inbox_id)) is None:
        return held_
    return replace(held_, known=replace(held_.known, promised=promised))


def _within_another(db: Db, situation: Situation, matter: Matter, rating: Rating | None, context: Context) -> Situation:
    """The situation of a mail that another one releases: with whole threads, for it is not decided a second time."""
    known = _with_known(db, situation, matter, rating, context)
    return with_whole_thread(db, known, context) if matter is Matter.REQUEST else known


def _find_out(db: Db, prepared: Prepared, context: Context) -> Situation:
    """Screen the mail; find its ticket and its sender."""
    config, keyring, received = context.config, context.keyring, prepared.received
    mail = received.mail
    named = bool(tokens(mail.subject, config.desk))
    screened = classify(mail, received.envelope, keyring.is_ours, frozenset(config.addresses), names_ticket=named)
    refs = references(mail, received.body, received.envelope, keyring, config)
    wanted = thread.lookups(refs)
    by_id = tickets.by_message_id(db, wanted.message_ids)
    numbers = {*wanted.numbers, *(number for found in by_id.values() for number in found)}
    remembered = sent.remembered(db, wanted.keys)
    found = thread.Found(histories.with_ends(db, numbers), by_id, held.burnt(db, wanted.keys), remembered)
    sifted = thread.sift(refs, found)
    sender = trust.identify(
        mail, sifted.known, found.burnt, config, keyring, received.authserv_ids, context.now, login=received.login
    )
    human = screened.kind is Screen.HUMAN
    authors = trust.is_authors(mail, sifted.known, found.burnt, sender, config, keyring, human=human)
    match = thread.pick(sifted.known, found, sender, config, lost=sifted.lost)
    return Situation(
        received=received,
        screened=without_ticket(screened) if match.number is None else screened,
        refs=sifted.known,
        answers_lost=sifted.answers_lost,
        highest_number=highest_number(mail, received.envelope, refs, keyring),
        found=found,
        sender=sender,
        authors=authors,
        match=match,
        attachments=prepared.attachments,
        enclosed=prepared.enclosed,
        commands=_commands(received.body, sender, config) if human else NO_COMMANDS,
    )


def _copy_of(db: Db, prepared: Prepared, context: Context) -> int | None:
    """The inbox id of an earlier copy of the mail, by its digest, or by its Message-ID and text; None for none."""
    received = prepared.received
    seen = copies.seen(db, prepared.digest)
    if seen is not None:
        return seen if seen != received.id else None

    def strip(subject: str) -> str:
        return strip_subject(subject, context.config.desk)

    earlier = inbox.with_message_id(db, received.mail.message_id, received.mail.author.email, received.id)
    # A copy to postmaster@ is the administrator's alone: neither counts as the other, whichever comes first.
    theirs = only_postmaster(received.envelope, context.config)
    alike = (each for each in earlier if only_postmaster(each.envelope, context.config) is theirs)
    again = ((each.id, mail) for each in alike if (mail := read_again(each)))
    return next((found for found, mail in again if same_but_for_marks(mail, received.mail, strip)), None)


def _commands(body: Body, sender: Sender, config: Config) -> Commands:
    """The commands in an agent's own lines. A line that may as well end the quoted line above it is a problem.

    A reader of the list of held spam who is no agent has only the commands of its links.
    """
    if not (sender.agent or reads_list(sender.address, config)):
        return NO_COMMANDS
    found = read_commands(without_link_lines(body.lines), body.signature)
    if not sender.agent and (found.problems or "confirm" not in found.verbs):
        return NO_COMMANDS
    if not body.glued:
        return found
    return replace(found, problems=(*found.problems, phrase("refused.glued", line=shortened(body.glued.strip()))))


# ── by matter ──────────────────────────────────────────────────────────────────────────


def _with_known(db: Db, situation: Situation, matter: Matter, rating: Rating | None, context: Context) -> Situation:
    if matter is Matter.REQUEST:
        situation = with_attached_mails_ticket(db, situation, context)
    return replace(situation, matter=matter, rating=rating, known=_known(db, situation, matter, context))


def _known(db: Db, situation: Situation, matter: Matter, context: Context) -> Known:
    match matter:
        case Matter.REPORT:
            return _of_report(db, situation, context)
        case Matter.RATING | Matter.MESSAGE | Matter.ANSWER | Matter.OPENING:
            return _of_customer(db, situation, context)
        case Matter.REQUEST:
            return of_agents_request(db, situation, context)
        case Matter.CONFIRMATION:
            return _of_confirmation(db, situation, context)
        case Matter.UNPROVEN:
            failed = situation.sender.dmarc == "fail"
            return Known(unproven=held.unproven_of(db, situation.sender.agent, context.now, failed=failed))
        case _:
            return Known()


def _of_report(db: Db, situation: Situation, context: Context) -> Known:
    """What a delivery report needs: the returned mail, and its ticket."""
    key = returned_key(situation, context)
    if key is None or not sent.remembered(db, [key.text]):
        admin, hour_ago = context.config.desk.admin, context.now - timedelta(hours=1)
        return Known(reported=bool(admin) and audience.told_since(db, NoticeKind.DELIVERY_FAILED, admin, hour_ago))
    known = gather_ticket(db, merged.end_of(db, key.ticket) if key.ticket else None, context)
    ticket = next((each.ticket for each in known.records.values()), None)
    recipient = returned_to(situation, ticket, key, context)
    since = context.now - SIGNS
    bounced = dead_addresses.bounced(db, recipient, ticket.number, since) if ticket else frozenset()
    return replace(known, returned=key, burnt=bool(held.burnt(db, (key.text,))), bounced=bounced)


def _of_customer(db: Db, situation: Situation, context: Context) -> Known:
    """What a message needs: its ticket, and what opening one needs if it may."""
    ticket, role = situation.ticket, situation.match.role
    if ticket is None or not role:
        return of_opening(db, situation, {}, context)
    whole = bool(commands_of(situation).words)
    records = read_records(db, [ticket], Extent(whole=whole, events=not ticket.status.active))
    if role != "asked" and not may_reopen(ticket, situation.received.arrived_at, context.config):
        return of_opening(db, situation, records, context)
    return Known(away=absences.away(db, context.now), records=records)


def _of_confirmation(db: Db, situation: Situation, context: Context) -> Known:
    code = next(each.value for each in situation.commands.commands if each.verb == "confirm")
    agent = situation.sender.agent
    known, waiting = with_signatures(db, Known(), agent), held.by_code(db, agent, code.strip().lower(), context.now)
    if waiting is None:
        hour_ago = context.now - timedelta(hours=1)
        lately = audience.told_since(db, NoticeKind.ANSWER, situation.sender.address, hour_ago)
        return replace(known, answered_lately=lately)
    why = Reason(waiting.why)
    return replace(known, held=Held(waiting.inbox_id, why, waiting.at, gather_held(db, waiting.inbox_id, context, why)))
