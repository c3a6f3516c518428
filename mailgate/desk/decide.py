"""What becomes of a mail, by what it is and who sent it (the public interface, section 7)."""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk import bounces, outsiders
from mailgate.desk.agent import perform
from mailgate.desk.hold import held_reply
from mailgate.desk.hold.unproven import hold_unproven
from mailgate.desk.notify.admin import is_for_postmaster, pass_to_admin, to_note_address
from mailgate.desk.opening import on_behalf
from mailgate.desk.opening.forwarded import for_somebody, placed
from mailgate.desk.opening.from_mail import open_from_mail
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import agent_mail
from mailgate.desk.requester import message, words
from mailgate.desk.requester import rating as satisfaction
from mailgate.desk.situation import Situation, find_out, prepare
from mailgate.reasons import Reason, Screen
from mailgate.rules.commands.syntax import Commands, read_commands
from mailgate.rules.threading import thread
from mailgate.rules.ticket.bans import banned_by
from mailgate.store import attachments
from mailgate.store.db import Db
from mailgate.store.people import bans
from mailgate.store.queues import held, inbox
from mailgate.store.tickets import tickets
from mailgate.ticket import Ticket


def decide(db: Db, situation: Situation, context: Context) -> Outcome:
    """What becomes of the mail, by what it is and who sent it (the public interface, section 7)."""
    match situation.screened.kind:
        case Screen.LOOP:
            return dropped(Reason.OWN_MESSAGE_ID, "a mail of this desk came back")
        case Screen.BOUNCE:
            return bounces.take_bounce(db, situation, context)
    if barred := _barred(db, situation, context):
        return set_aside(Reason.BANNED, barred)
    match situation.screened.kind:
        case Screen.AUTO_REPLY if situation.ticket:
            return message.keep_auto_reply(situation, situation.ticket, context)
        case Screen.AUTO_REPLY:
            return set_aside(Reason.AUTO_REPLY_WITHOUT_TICKET, "an automatic answer that belongs to no ticket")
    if is_for_postmaster(situation, context.config):
        return pass_to_admin(situation, context)
    if situation.ticket and (rating := satisfaction.rating_of(situation, context)):
        return satisfaction.receive_rating(situation, situation.ticket, rating, context)
    if situation.sender.agent and situation.human:
        return _answers_lost(situation, context) if situation.answers_lost else _from_agent(db, situation, context)
    if situation.match.role == "agent":
        why = "an agent's answer with a machine's marks; only human mail works a ticket"
        return set_aside(Reason.UNPROVEN_AGENT, why)
    if situation.ticket and situation.match.role == "asked":
        return outsiders.take_answer(situation, situation.ticket, context)
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
    if situation.received.mail.unreadable and situation.sender.proven:
        return _unreadable(situation, commands, context)
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
        return replace(hold_unproven(db, situation, context), commands=commands.commands)
    situation = placed(db, situation, context)
    ticket = _ticket_of(db, commands, situation)
    if ticket is None and not (says_something or forwards):
        return open_from_mail(db, situation, context)
    request = agent_mail(situation, commands, context)
    if released:  # posted as of now
        request = replace(request, at=context.now, released=released)
    missing = "ticket" in commands.verbs and ticket is None
    if "new" in commands.verbs or (forwards and ticket is None and not missing):
        return on_behalf.open_for(db, request, context)
    if missing:
        return perform.not_found(request)
    outcome = perform.work(db, request, ticket, context)
    return replace(outcome, reason=Reason.NAMED_BY_COMMAND) if "ticket" in commands.verbs else outcome


def _unreadable(situation: Situation, commands: Commands, context: Context) -> Outcome:
    """Reply, note or commands: it cannot be known. The mail is returned, and none of its parts is passed on."""
    why = f"Your mail is {situation.received.mail.unreadable}, so nothing in it could be read and nothing was done."
    request = agent_mail(situation, commands, context)
    return request.refused(situation.ticket, why, "Please send it again unencrypted, as plain text or HTML.")


_LOST = (
    "The desk does not know the mail that this answers: the desk was restored from an older copy, or the ticket was"
    " erased. Its number may belong to another ticket now, so nothing was done. Please write anew."
)


def _answers_lost(situation: Situation, context: Context) -> Outcome:
    """An agent answers what this database never sent (guarantee 7): nothing is done, and they are told."""
    if situation.sender.dmarc == "fail":
        return set_aside(Reason.NOT_REMEMBERED, "it answers a mail that this desk does not know, and failed DMARC")
    request = agent_mail(situation, read_commands(situation.received.body.lines), context)
    return replace(request.refused(None, _LOST), reason=Reason.NOT_REMEMBERED)


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
    request = agent_mail(situation, commands, context)
    if waiting is None and situation.sender.proven:
        return held_reply.nothing_waits(request, situation.ticket)
    if waiting is None or situation.sender.dmarc == "fail":
        return set_aside(Reason.UNPROVEN_AGENT, "no mail waits for this code")
    proven = _held_mail(db, waiting.inbox_id, context)
    if refused := held_reply.refused(request, situation.ticket, proven.sender):
        return refused
    why = Reason(waiting.why)
    outcome = _from_agent(db, proven, context, released=why if why in held_reply.BECAUSE else None)
    if outcome.uncounted:
        return outcome
    return Outcome(
        reason=Reason.CONFIRMED,
        why=f"confirms inbox {waiting.inbox_id}",
        notices=held_reply.left_out(request, situation.ticket, context.config),
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
        return dropped(Reason.UNPROVEN_AGENT, "its agent did not confirm it in time")
    return held_reply.forgotten(waiting.agent, why, _held_mail(db, waiting.inbox_id, context), context)


def set_aside(reason: Reason, why: str) -> Outcome:
    """It lies in quarantine, whole, and nothing else happens."""
    return Outcome(state="quarantined", reason=reason, why=why)


def dropped(reason: Reason, why: str) -> Outcome:
    """It has no effect."""
    return Outcome(state="dropped", reason=reason, why=why)
