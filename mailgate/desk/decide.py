"""The decision about a mail, by its matter."""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk import bounces
from mailgate.desk.agent import perform
from mailgate.desk.hold import held_reply, spam
from mailgate.desk.hold.unproven import hold_unproven
from mailgate.desk.matter import number_of, opens_as_customer, opens_by_hand
from mailgate.desk.notify.admin import copy_for_postmaster, pass_to_admin
from mailgate.desk.opening import on_behalf
from mailgate.desk.opening.from_mail import open_from_mail
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import AgentMail, agent_mail
from mailgate.desk.requester import message
from mailgate.desk.requester.rating import receive_rating
from mailgate.desk.situation import Matter, Situation, SpamRelease
from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase
from mailgate.reasons import Reason
from mailgate.rules.ticket.bans import Ban, banned_by
from mailgate.ticket import ADMIN, Ticket


def decide(situation: Situation, context: Context) -> Outcome:
    """The outcome of a mail, before `notify.announce.complete`."""
    if ban := situation.known.ban:
        return quarantined(Reason.BANNED, banned_by(ban, context.config))
    if marked := spam.set_aside(situation, context):
        return marked
    match situation.matter:
        case Matter.LOOP:
            return dropped(Reason.OWN_MESSAGE_ID, "a mail of this desk came back")
        case Matter.REPORT:
            return bounces.take_bounce(situation, context)
        case Matter.POSTMASTER:
            return pass_to_admin(situation, context)
        case Matter.MACHINE:
            why = "an agent's answer with a machine's marks; only human mail works a ticket"
            return quarantined(Reason.UNPROVEN_AGENT, why)
        case Matter.LOST:
            return _answers_lost(situation, context)
    return _of_person(situation, context).with_notices(*copy_for_postmaster(situation, context))


def _of_person(situation: Situation, context: Context, *, released: Reason | None = None) -> Outcome:
    """Mail of a requester, an agent or anybody else. `released`: why it was held, of a mail that was confirmed."""
    match situation.matter:
        case Matter.REQUEST:
            return _request(situation, context, released)
        case Matter.CONFIRMATION:
            return _confirmed(situation, context)
        case Matter.UNPROVEN:
            return replace(hold_unproven(situation, context), commands=situation.commands.commands)
        case Matter.UNREADABLE:
            return _unreadable(situation, context)
    if ticket := situation.ticket:
        return _about_ticket(situation, ticket, context)
    if situation.matter is Matter.AUTO_REPLY:
        return quarantined(Reason.AUTO_REPLY_WITHOUT_TICKET, "an automatic answer that belongs to no ticket")
    return open_from_mail(situation, context)


def _about_ticket(situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """Mail about a ticket, except the work of agents."""
    if situation.rating:
        return receive_rating(situation, ticket, situation.rating, context)
    match situation.matter:
        case Matter.AUTO_REPLY:
            return message.keep_auto_reply(situation, ticket, context)
        case Matter.ANSWER:
            return message.take_answer(situation, ticket, context)
        case Matter.MESSAGE:
            return message.receive(situation, ticket, context)
    return open_from_mail(situation, context)


# ── agents ──────────────────────────────────────────────────────────────────────────────


def _request(situation: Situation, context: Context, released: Reason | None) -> Outcome:
    """An agent's authenticated mail that works on a ticket or opens one."""
    config, verbs = context.config, situation.commands.verbs
    ticket = situation.known.ticket(number_of(situation))
    if opens_as_customer(situation, ticket, config):
        return open_from_mail(situation, context)
    request = agent_mail(situation, context)
    if released:  # posted as of now
        request = replace(request, at=context.now, released=released)
    if opens_by_hand(situation, ticket, config):
        return on_behalf.open_for(request, context)
    if "ticket" in verbs and ticket is None:
        return perform.not_found(request)
    outcome = perform.work(request, ticket, context)
    return replace(outcome, reason=Reason.NAMED_BY_COMMAND) if "ticket" in verbs else outcome


def _unreadable(situation: Situation, context: Context) -> Outcome:
    """Whether it is a reply, a note or commands is not known: the mail is refused whole."""
    request = agent_mail(situation, context)
    return request.refused(situation.ticket, Phrase("refused.unreadable"), Phrase("refused.unencrypted"))


def _answers_lost(situation: Situation, context: Context) -> Outcome:
    """An agent answers a mail that this database did not send: refused."""
    if situation.sender.dmarc == "fail":
        return quarantined(Reason.NOT_REMEMBERED, "it answers a mail that this desk does not know, and failed DMARC")
    refused = agent_mail(situation, context).refused(None, Phrase("refused.unknown_mail"))
    return replace(refused, reason=Reason.NOT_REMEMBERED)


def _confirmed(situation: Situation, context: Context) -> Outcome:
    """`#confirm CODE` from the agent's address: the held mail is decided as authenticated, once."""
    if not situation.sender.agent:
        return _of_listed_spam(situation, context)
    held, request = situation.known.held, agent_mail(situation, context)
    if held is None and situation.sender.proven:
        return held_reply.nothing_waits(request, situation.ticket)
    if held is None:
        return _unproven_code(request, situation)
    if situation.sender.dmarc == "fail":
        return quarantined(Reason.UNPROVEN_AGENT, "a code in a mail that failed DMARC")
    author = None if held.why is Reason.SPAM else held.situation.sender.agent
    if refused := held_reply.refused(request, situation.ticket, author):
        return refused
    if held.why is Reason.SPAM:
        by = SpamRelease(held.at, request.by)
        outcome = decide(replace(held.situation, released=by), context)
    else:
        outcome = _of_person(held.situation, context, released=held.why if held.why in held_reply.BECAUSE else None)
    if outcome.uncounted:
        return outcome
    return Outcome(
        reason=Reason.CONFIRMED,
        why=f"confirms inbox {held.inbox_id}",
        notices=held_reply.ignored_text(request, situation.ticket),
        commands=situation.commands.commands,
        confirms=(held.inbox_id, outcome),
    )


def _unproven_code(request: AgentMail, situation: Situation) -> Outcome:
    """Nothing waits for the code: it has no effect, and nobody has to look at it. The agent is told once an hour."""
    without_effect = dropped(Reason.UNPROVEN_AGENT, "no mail waits for this code")
    if situation.known.answered_lately or situation.sender.dmarc == "fail":
        return without_effect
    return without_effect.with_notices(*request.answer(NoticeKind.ANSWER, None, (Phrase("done.code_over"),)))


def _of_listed_spam(situation: Situation, context: Context) -> Outcome:
    """A code from the list of held spam, of a reader who is no agent: the mail is released, or its sender banned."""
    held = situation.known.held
    if held is None or situation.sender.dmarc == "fail":
        without_effect = dropped(Reason.SPAM, "no mail waits for this code")
        if situation.known.answered_lately or situation.sender.dmarc == "fail":
            return without_effect
        return without_effect.with_notices(spam.nothing_waits(situation, context.config))
    confirmed = Outcome(
        reason=Reason.CONFIRMED, why=f"confirms inbox {held.inbox_id}", commands=situation.commands.commands
    )
    if "ban" in situation.commands.verbs:
        ban = Ban(pattern=held.situation.received.mail.author.email, by=ADMIN, at=context.now)
        return replace(confirmed, bans=(ban,))
    released = decide(replace(held.situation, released=SpamRelease(held.at, ADMIN)), context)
    return released if released.uncounted else replace(confirmed, confirms=(held.inbox_id, released))


def quarantined(reason: Reason, why: str) -> Outcome:
    """The mail is quarantined, without any effect."""
    return Outcome(state="quarantined", reason=reason, why=why)


def dropped(reason: Reason, why: str) -> Outcome:
    """The mail has no effect."""
    return Outcome(state="dropped", reason=reason, why=why)
