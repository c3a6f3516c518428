"""A requester's or collaborator's mail on a ticket that exists."""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.limits import limit
from mailgate.desk.opening import entry_of, facts_of, may_answer, open_from_mail
from mailgate.desk.outcome import Context, Outcome, Situation
from mailgate.model import Change, Collaborator, Ticket
from mailgate.reasons import Reason
from mailgate.rules import lifecycle
from mailgate.rules.forms import Form
from mailgate.rules.notices import Act, announce
from mailgate.rules.route import Routed, route
from mailgate.store import readers
from mailgate.store.db import Db


def receive(db: Db, situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """A message comes in on `ticket`; too late an answer opens a new, linked ticket."""
    if not lifecycle.may_reopen(ticket, context.now, context.config):
        late = open_from_mail(db, situation, context, follows=ticket.number)
        return replace(late, reason=Reason.TOO_OLD_TO_REOPEN)
    participant = situation.match.role in ("requester", "collaborator")
    author = situation.received.mail.author
    stamp = lifecycle.Stamp(f"requester:{author.email}", context.now)
    text = situation.received.body.visible or situation.received.mail.text
    entry = entry_of(situation, author, text)
    change = lifecycle.receive(ticket, entry, stamp, context.config, participant=participant)
    people = _new_people(situation, ticket, context, participant=participant)
    if people:
        change = _also(change, [lifecycle.copy_in(people, stamp)], stamp, context)
    routed, change = _by_rules(situation, change, context)
    audience = readers.audience(db, ticket.number)
    act = Act(
        by=stamp.by,
        cause=situation.received.source_key,
        author=author,
        now=context.now,
        answers=situation.received.mail.message_id,
        automatic=may_answer(situation, context) and situation.human,
        extra_alert=routed.alert,
        remarks=_remarks(situation),
    )
    outcome = Outcome(
        ticket=ticket.number,
        reason=situation.match.why,
        changes=(change,),
        notices=announce(change, act, audience, context.config),
        routed=routed,
    )
    return limit(db, outcome, context, first_contact=False)


def keep_auto_reply(situation: Situation, ticket: Ticket, context: Context) -> Outcome:
    """An out-of-office note or receipt: stored, and powerless."""
    author = situation.received.mail.author
    stamp = lifecycle.Stamp(f"requester:{author.email}", context.now)
    entry = entry_of(situation, author, situation.received.body.visible)
    change = lifecycle.keep_auto_reply(ticket, entry, stamp, context.config)
    return Outcome(ticket=ticket.number, reason=situation.match.why, changes=(change,))


def _new_people(
    situation: Situation, ticket: Ticket, context: Context, *, participant: bool
) -> tuple[Collaborator, ...]:
    """Who joins the ticket with this mail: an unknown sender, and people in Cc.

    They hear of replies only when the requester's mail proves itself by a live key or
    DMARC; all others are inactive until an agent agrees.
    """
    mail = situation.received.mail
    config = context.config
    joining = () if participant else lifecycle.collaborators_of([mail.author], ticket, config, active=False)
    if not situation.human:
        return joining
    proven = situation.match.key is not None or situation.sender.dmarc == "pass"
    active = proven and situation.match.role == "requester"
    copied = lifecycle.collaborators_of((*mail.to, *mail.cc), ticket, config, active=active)
    return (*joining, *copied)


def _by_rules(situation: Situation, change: Change, context: Context) -> tuple[Routed, Change]:
    """Rules with `on = ["message"]` work on the ticket as well."""
    facts = facts_of(situation, Form(), context, known=True)
    routed = route(facts, context.config, on="message")
    for result in routed.results:
        if not result.matched:
            continue
        stamp = lifecycle.Stamp(f"rule:{result.name}", context.now)
        acts = lifecycle.routing_acts(result.rule.then, stamp, context.config)
        if acts:
            change = _also(change, acts, stamp, context)
    return routed, change


def _also(change: Change, acts: list[lifecycle.Act], stamp: lifecycle.Stamp, context: Context) -> Change:
    """More acts on the same ticket within one change."""
    more = lifecycle.act_on(change.after, acts, stamp, context.config)
    return replace(change, after=more.after, events=change.events + more.events)


def _remarks(situation: Situation) -> tuple[str, ...]:
    if situation.match.role != "inactive":
        return ()
    email = situation.received.mail.author.email
    return (f"{email} is not on the ticket; they get nothing until an agent makes them a collaborator.",)
