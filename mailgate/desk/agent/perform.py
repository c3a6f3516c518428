"""Agents' mail and orders of the command line: commands are resolved, and done where they concern no ticket.

All or nothing: with one error the mail is refused whole. What is done on a ticket is `task.py`.
"""

from __future__ import annotations

from mailgate.desk.agent.away import with_absences
from mailgate.desk.agent.queries import answer_queries, answers_of, with_answers, wrong_lists
from mailgate.desk.agent.report_mails import answer_reports, uncounted
from mailgate.desk.agent.task import AgentWork, carry_out
from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.merge_split import Target, target_of
from mailgate.desk.request.request import Request
from mailgate.errors import Refused
from mailgate.notice import NoticeKind
from mailgate.phrase import Phrase, Sentence, phrase
from mailgate.rules.commands.orders import ResolvedCommands, bans_of, unbans_of
from mailgate.rules.commands.resolve import resolve
from mailgate.rules.commands.scope import NO_TICKET, CommandScope
from mailgate.rules.people.permissions import sees
from mailgate.rules.sla.day_start import day_start
from mailgate.rules.ticket import acts
from mailgate.ticket import Ticket


def work(request: Request, ticket: Ticket | None, context: Context) -> Outcome:
    """The outcome of a request on a ticket; None for a request that is about no ticket."""
    config = context.config
    if request.agent and ticket and not sees(request.agent, ticket, config):
        return request.refused(None, phrase("refused.not_found", number=ticket.number))
    misread = request.commands.problems
    try:
        target = target_of(request, ticket, context) if ticket else None
        scope = scope_of(request, target, context)
        resolved = resolve(request.commands.commands, target.ticket if target else None, scope)
    except Refused as trouble:
        return request.refused(ticket, *misread, *trouble.reasons)
    if problems := (*misread, *resolved.problems, *wrong_lists(request, context)):
        return request.refused(ticket, *problems)
    if missing := uncounted(resolved, request, context):
        return Outcome(uncounted=missing)
    own = request.own_text
    if resolved.only_asks:
        return answer_queries(request, resolved, ticket, context, unposted=bool(own))
    posts = bool(own or request.own_files)
    if target is None or (resolved.only_absences and not posts):
        if target or resolved.needs_no_ticket:
            return _without_ticket(request, resolved, ticket, context, unposted=posts)
        held = request.answered is not None and request.answered.kind is NoticeKind.CONFIRM
        return request.refused(None, Phrase("refused.no_code") if held else NO_TICKET)
    return carry_out(AgentWork(request, own, resolved, target, context))


def not_found(request: Request) -> Outcome:
    """`#ticket N` names no ticket, or none that the agent may see."""
    number = next((command.value for command in request.commands.commands if command.verb == "ticket"), "")
    return request.refused(None, phrase("refused.not_found", number=number))


def _without_ticket(
    request: Request, resolved: ResolvedCommands, ticket: Ticket | None, context: Context, *, unposted: bool
) -> Outcome:
    """The outcome of commands about agents or the desk; text in a mail that is about no ticket is ignored."""
    found = answers_of(request, resolved, ticket, context)
    done = tuple(order.summary for order in resolved.orders if order.summary)
    facts: list[Sentence] = [*done]
    if unposted:
        facts.append(Phrase("done.unposted"))
    answer = with_answers(request.answer(NoticeKind.ANSWER, ticket, tuple(facts)), found)
    outcome = Outcome(
        ticket=ticket.number if ticket else None,
        notices=(*answer, *answer_reports(request, resolved, context)),
        bans=bans_of(resolved, acts.Stamp(request.by, request.at)),
        unbans=unbans_of(resolved),
        report=done,
        answers=found.answers,
        commands=request.commands.commands,
    )
    return with_absences(request, resolved, outcome, context)


def scope_of(request: Request, target: Target | None, context: Context) -> CommandScope:
    """The scope in which commands are resolved; a day means its start by the schedule of the SLA plan."""
    config, known = context.config, request.known
    plan = config.slas.get(target.ticket.sla if target else str(config.defaults.sla))
    zone = config.zone(request.agent.key if request.agent else "")

    def other(number: int) -> Ticket | None:
        found = known.ticket(number)
        return found if found and (request.agent is None or sees(request.agent, found, config)) else None

    return CommandScope(
        config,
        request.agent,
        context.now,
        day_start(plan, config, zone),
        other,
        known.away,
        bans=lambda: frozenset(ban.pattern for ban in known.bans),
        named=target.led_from.number if target and target.led_from else 0,
        split=target.done if target else None,
    )
