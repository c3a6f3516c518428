"""Mail of requesters, collaborators and asked outsiders on an existing ticket."""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.opening.from_mail import may_answer, message_on, open_from_mail, rejected, rule_input_of
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.requester.commands import (
    answer,
    answer_of_merged,
    as_commands,
    carry_out,
    commands_of,
    only_commands,
    without_commands,
)
from mailgate.desk.situation import Situation
from mailgate.phrase import Phrase, Value, phrase
from mailgate.reasons import Reason
from mailgate.rules.commands.requester_words import RequesterCommands, acts_of
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.people.collaborators import collaborators_of, of_own_organization
from mailgate.rules.routing.route import Routed, route
from mailgate.rules.text.forms import Form
from mailgate.rules.threading.keys import expired
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.asked_people import askers_of
from mailgate.rules.ticket.participants import agree, put_in_cc
from mailgate.rules.ticket.reopening import back, thanks_for
from mailgate.settings import Config
from mailgate.ticket import Actor, Change, Collaborator, EntryKind, EventKind, Ticket


def receive(situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """A message on `ticket`; after `reopen_within` it opens a new, linked ticket."""
    if asked := answer_of_merged(situation, context):
        return asked
    requested = commands_of(situation)
    if only_commands(requested, situation):
        return carry_out(situation, ticket, requested, context)
    closes = "close" in requested.words
    if requested.words:
        situation = without_commands(situation, requested)
    thanks = not requested.words and _only_thanks(situation, ticket, context.config)
    if not (closes or thanks) and not lifecycle.may_reopen(ticket, situation.received.arrived_at, context.config):
        late = open_from_mail(situation, context, follows=ticket.number)
        return replace(_linked_back(late, ticket, situation, context), reason=Reason.TOO_OLD_TO_REOPEN)
    author = situation.author
    stamp = acts.Stamp(Actor.requester(author.email), situation.received.arrived_at)
    change = _message(situation, ticket, requested, stamp, context, thanks=thanks)
    routed = route(rule_input_of(situation, Form(), context, known=True), context.config, context.rules, on="message")
    if routed.drop:
        return Outcome(state="dropped", reason=Reason.RULE_DROP, why=routed.drop.origin, routed=routed)
    if routed.reject:
        return rejected(situation, routed, Form(), author, context)
    change = _by_rules(routed, change, context)
    occasion = Occasion(
        by=stamp.by,
        cause=situation.received.source_key,
        author=author,
        now=context.now,
        answers=situation.received.mail.message_id,
        automatic=(
            situation.match.participant
            and not (requested.words or thanks)
            and situation.human
            and may_answer(situation, context)
            and routed.get("autoresponse") is not False
        ),
        extra_alert=routed.alert,
        remarks=(*_remarks(situation), *put_in_cc(change, author), *_of_thanks(ticket, thanks=thanks)),
        links=agree(change, author.email),
    )
    return Outcome(
        ticket=ticket.number,
        reason=situation.match.why,
        announced=(situation.known.announced(change, occasion),),
        notices=answer(situation, change, requested, context) if requested.words else (),
        routed=routed,
        commands=as_commands(requested),
    )


def _message(
    situation: Situation,
    ticket: Ticket,
    requested: RequesterCommands,
    stamp: acts.Stamp,
    context: Context,
    *,
    thanks: bool,
) -> Change:
    """The change by a message, with the author's commands, new participants and the assignee of a reopened ticket."""
    author, body = situation.author, situation.received.body
    text = body.whole or ("" if requested.words else situation.received.mail.text)
    entry = message_on(ticket, situation, author, text, EntryKind.MESSAGE, context.config)
    waits = situation.match.participant or situation.match.participant_there
    reopens = waits and not thanks and "close" not in requested.words
    change = lifecycle.receive(ticket, entry, stamp, context.config, participant=reopens)
    if requested.words:
        done = acts_of(requested, context.config.addresses_of(author.email), stamp)
        change = lifecycle.also(change, done, stamp, context.config)
    if change.after.status.active and not ticket.status.active:
        known = situation.known
        returned = back(ticket, known.records[ticket.number].events, known.away, stamp.at, context.config)
        change = lifecycle.also(change, returned, stamp, context.config)
    people = _new_people(situation, ticket, context)
    return lifecycle.also(change, [acts.copy_in(people, stamp)], stamp, context.config) if people else change


def _only_thanks(situation: Situation, ticket: Ticket, config: Config) -> bool:
    """Whether the mail only thanks for a ticket that has ended, and so changes nothing."""
    if ticket.status.active or config.tickets.thanks == "reopen" or not situation.human:
        return False
    if any(not each.cid for each in situation.attachments):
        return False
    return thanks_for(ticket, situation.received.body.whole, situation.author, config)


def _of_thanks(ticket: Ticket, *, thanks: bool) -> tuple[Phrase, ...]:
    return (phrase("remark.only_thanks", status=Phrase(f"state.{ticket.status}")),) if thanks else ()


def _linked_back(late: Outcome, ticket: Ticket, situation: Situation, context: Context) -> Outcome:
    """The outcome with the link from the ended ticket to the one that the answer opened."""
    opened = next((each.change.after.number for each in late.announced if each.change.before is None), None)
    if opened is None:
        return late
    stamp = acts.Stamp(
        Actor.requester(situation.received.mail.author.email), context.now, "answered too late to reopen it"
    )
    change = lifecycle.act_on(ticket, [acts.link(opened, stamp)], stamp, context.config)
    return replace(late, changes=(*late.changes, change))


def keep_auto_reply(situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """An automatic answer is stored without effect; a reaction is an event alone."""
    author = situation.author
    stamp = acts.Stamp(Actor.requester(author.email), situation.received.arrived_at)
    if Reason.REACTION in situation.screened.reasons:
        emoji = situation.received.mail.reaction
        stamp = stamp.because(f"reacted with {emoji}" if emoji else "reacted to a mail")
        change = lifecycle.note_event(ticket, EventKind.AUTO_REPLY, stamp, context.config, author.email)
        return Outcome(ticket=ticket.number, reason=situation.match.why, changes=(change,))
    # An agent's answers an alert, an outsider's a note; either may quote internal text.
    internal = situation.sender.agent or situation.match.role == "asked"
    kind = EntryKind.NOTE if internal else EntryKind.MESSAGE
    entry = message_on(ticket, situation, author, situation.received.body.visible, kind, context.config)
    change = lifecycle.keep_auto_reply(ticket, entry, stamp, context.config)
    return Outcome(ticket=ticket.number, reason=situation.match.why, changes=(change,))


def take_answer(situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """The answer of an outsider whom an agent asked: a note that agents are alerted of.

    It neither opens nor reopens a ticket, adds no participant, and is not shown to requesters.
    """
    received, config, author = situation.received, context.config, situation.author
    stamp = acts.Stamp(Actor.requester(author.email), received.arrived_at)
    text = received.body.whole or received.mail.text
    entry = message_on(ticket, situation, author, text, EntryKind.NOTE, config)
    change = lifecycle.act_on(ticket, [acts.note(stamp)], stamp, config, (entry,))
    names = tuple(config.agents[key].name for key in askers_of(ticket, author.email) if key in config.agents)
    asked: Value = names or Phrase("actor.clock")
    occasion = Occasion(
        by=stamp.by,
        cause=received.source_key,
        author=author,
        now=context.now,
        answers=received.mail.message_id,
        remarks=(phrase("remark.answers_question", email=author.email, who=asked),),
    )
    announced = (situation.known.announced(change, occasion),)
    return Outcome(ticket=ticket.number, reason=situation.match.why, announced=announced)


def _new_people(situation: Situation, ticket: Ticket, context: Context) -> tuple[Collaborator, ...]:
    """The collaborators that the mail adds: an unknown sender, and people in To and Cc.

    They are active, and get replies, if the mail is proven to be the requester's by DMARC or a key that has not
    expired, or if they are of the requester's own organization; all others are inactive until an agent activates them.
    """
    mail = situation.received.mail
    config = context.config
    if not situation.human:
        return ()
    joining = () if situation.match.participant else (mail.author,)
    requesters = situation.match.role == "requester"
    proven = requesters and situation.authors and _answers_in_time(situation, context)
    return (
        *collaborators_of(joining, ticket, config, active=lambda _: False),
        *collaborators_of(
            (each for each in (*mail.to, *mail.cc) if not config.same_person(each.email, mail.author.email)),
            ticket,
            config,
            active=lambda email: proven or (requesters and of_own_organization(email, mail.author.email, config)),
        ),
    )


def _answers_in_time(situation: Situation, context: Context) -> bool:
    key = situation.match.key
    return situation.sender.dmarc == "pass" or (key is not None and not expired(key, context.now.date()))


def _by_rules(routed: Routed, change: Change, context: Context) -> Change:
    """The change with the effects of rules with `on = ["message"]`."""
    for result in routed.matched:
        stamp = acts.Stamp(Actor.rule(result.name), change.after.updated_at)
        done = acts.routing_acts(result.rule.then, stamp, context.config)
        if done:
            change = lifecycle.also(change, done, stamp, context.config)
    return change


def _remarks(situation: Situation) -> tuple[Phrase, ...]:
    match = situation.match
    came = (phrase("remark.came_for", number=match.came_for),) if match.came_for else ()
    if match.role != "inactive":
        return came
    return (*came, phrase("remark.not_on_ticket", email=situation.received.mail.author.email))
