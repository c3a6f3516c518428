"""An agent's mail: what it orders is understood, and carried out as far as it needs no ticket.

All or nothing: one thing wrong and the agent gets the mail back, nothing done, nothing sent.
What is done on a ticket is `task.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from mailgate.desk.agent.away import with_presence
from mailgate.desk.agent.queries import answer_queries, answers_of, with_answers
from mailgate.desk.agent.reports import answer_reports, uncounted
from mailgate.desk.agent.task import AgentWork, carry_out
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.merge_split import Target, target_of
from mailgate.desk.request.reply import own_text
from mailgate.desk.request.request import Request
from mailgate.errors import Refused
from mailgate.notice import NoticeKind
from mailgate.rules.commands.orders import ResolvedCommands, bans_of, unbans_of
from mailgate.rules.commands.resolve import resolve
from mailgate.rules.commands.scope import NO_TICKET, CommandScope
from mailgate.rules.people.permissions import sees
from mailgate.rules.sla.calendar import calendar_of
from mailgate.rules.ticket import acts
from mailgate.store.db import Db
from mailgate.store.people import absences, bans
from mailgate.store.tickets import tickets
from mailgate.ticket import Ticket


def work(db: Db, request: Request, ticket: Ticket | None, context: Context) -> Outcome:
    """Carry out an agent's mail or order on the ticket that it names (None: it names none)."""
    if request.agent and ticket and not sees(request.agent, ticket, context.config):
        return request.refused(None, f"ticket {ticket.number} was not found")
    if request.commands.problems:
        return request.refused(ticket, *request.commands.problems)
    try:
        target = target_of(db, request, ticket, context)
        resolved = resolve(request.commands.commands, target.ticket, setting_of(db, request, target, context))
    except Refused as trouble:
        return request.refused(ticket, str(trouble))
    if resolved.problems:
        return request.refused(ticket, *resolved.problems)
    if missing := uncounted(resolved, request, context):
        return Outcome(uncounted=missing)
    if resolved.only_asks:
        unposted = bool(own_text(db, request, ticket, context.config))
        return answer_queries(db, request, resolved, ticket, context, unposted=unposted)
    about_none = ticket is None and resolved.needs_no_ticket
    if about_none or resolved.only_absences:
        posts = bool(own_text(db, request, ticket, context.config) or request.attachments)
        if about_none or not posts:
            return _do_beside(db, request, resolved, ticket, context, unposted=posts)
    if target.ticket is None:
        return request.refused(None, NO_TICKET)
    return carry_out(db, AgentWork(request, resolved, target, target.ticket, context))


def not_found(request: Request) -> Outcome:
    """`#ticket N` names no ticket (that this agent may see: the two look alike)."""
    number = next((command.value for command in request.commands.commands if command.verb == "ticket"), "")
    return request.refused(None, f"ticket {number} was not found")


def _do_beside(
    db: Db, request: Request, resolved: ResolvedCommands, ticket: Ticket | None, context: Context, *, unposted: bool
) -> Outcome:
    """Do and answer a mail about the agents or the desk; where it is about no ticket its text goes nowhere."""
    asked = answers_of(db, request, resolved, ticket, context)
    done = tuple(order.summary for order in resolved.orders if order.summary)
    facts = [f"Done: {each}." for each in done]
    if unposted:
        facts.append("The mail is about no ticket: your text below the commands was left out.")
    answer = with_answers(request.answer(NoticeKind.ANSWER, ticket, tuple(facts)), asked)
    outcome = Outcome(
        ticket=ticket.number if ticket else None,
        notices=(*answer, *answer_reports(request, resolved, context)),
        bans=bans_of(resolved, acts.Stamp(request.by, request.at)),
        unbans=unbans_of(resolved),
        told=done,
        answers=asked.answers,
        commands=request.commands.commands,
    )
    return with_presence(db, request, resolved, outcome, context)


def setting_of(db: Db, request: Request, target: Target, context: Context) -> CommandScope:
    """What the reading of orders needs; a day alone starts when business opens by the ticket's, or the usual, plan."""
    ticket = target.ticket
    plan = context.config.slas.get(ticket.sla if ticket else str(context.config.defaults.sla))
    hours = context.config.schedules[plan.schedule] if plan else None

    def opens(day: date) -> datetime | None:
        return calendar_of(hours).opens_on(day) if hours else None

    def other(number: int) -> Ticket | None:
        found = tickets.get(db, number)
        return found if found and (request.agent is None or sees(request.agent, found, context.config)) else None

    away = absences.away(db, context.now)
    banned = partial(bans.patterns, db)
    led_from = target.led_from.number if target.led_from else 0
    return CommandScope(
        context.config, request.agent, context.now, opens, other, away, banned, named=led_from, split=target.told
    )
