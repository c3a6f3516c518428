"""Absences of agents: `#away`, `#back`, and their end by the clock.

An agent who is back gets a list of the changes to their tickets meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import Request
from mailgate.desk.situation import TicketRecord
from mailgate.notice import Answer, Lines, Listing, Notice, NoticeKind
from mailgate.phrase import Phrase, phrase
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.notices.tables import meanwhile, meanwhile_listing
from mailgate.rules.people.absence import Absence, absence_phrase, away_lines
from mailgate.rules.people.permissions import sees
from mailgate.settings import Agent
from mailgate.ticket import Address


def with_absences(request: Request, resolved: ResolvedCommands, outcome: Outcome, context: Context) -> Outcome:
    """The outcome with the effects of `#away` and `#back`, for the author or for agents whose manager they are."""
    for order in resolved.orders:
        if isinstance(order.value, Absence):
            outcome = _leave(request, order.value, outcome, context)
        elif order.verb == "back":
            outcome = _come_back(request, str(order.value), outcome, context)
    return outcome


def _leave(request: Request, absence: Absence, outcome: Outcome, context: Context) -> Outcome:
    outcome = replace(outcome, absences=(*outcome.absences, absence))
    who = context.config.agents[absence.agent]
    if who == request.agent:
        return outcome
    facts = (
        phrase("away.written_down", who=request.author.name, absence=absence_phrase(absence)),
        Phrase("away.meanwhile"),
        Phrase("away.if_here"),
    )
    subject = phrase("away.subject", absence=absence_phrase(absence))
    notice = _notice(who, subject, request.cause, facts)
    return outcome.with_notices(replace(notice, links=((Phrase("link.back"), "#back\n"),)))


def _come_back(request: Request, key: str, outcome: Outcome, context: Context) -> Outcome:
    who, absence = context.config.agents[key], request.known.away.get(key)
    outcome = replace(outcome, returns=(*outcome.returns, key))
    if absence is None:
        return outcome
    facts, listings = _welcome(absence, request.known.meanwhile[key], who, context)
    if who != request.agent:
        word = _notice(who, Phrase("away.welcome_back"), request.cause, facts)
        return outcome.with_notices(replace(word, listings=listings))
    answered = any(_answers(notice, request) for notice in outcome.notices)
    notices = outcome.notices if answered else (*outcome.notices, *request.answer(NoticeKind.ANSWER, None))
    return replace(
        outcome,
        notices=tuple(
            replace(notice, facts=(*notice.facts, *facts), listings=listings) if _answers(notice, request) else notice
            for notice in notices
        ),
    )


def _answers(notice: Notice, request: Request) -> bool:
    return notice.kind is NoticeKind.ANSWER and request.agent is not None and notice.agent == request.agent.key


def absence_ended(absence: Absence, changed: Sequence[TicketRecord], context: Context) -> Outcome:
    """The end of an absence by the clock: the agent is notified of the changes meanwhile."""
    who = context.config.agents.get(absence.agent)
    outcome = Outcome(returns=(absence.agent,))
    if who is None or absence.until is None:
        return outcome
    facts, listings = _welcome(absence, changed, who, context)
    cause = f"back:{absence.agent}:{absence.until.timestamp():.0f}"
    return outcome.with_notices(replace(_notice(who, Phrase("away.welcome_back"), cause, facts), listings=listings))


def _welcome(
    absence: Absence, changed: Sequence[TicketRecord], who: Agent, context: Context
) -> tuple[tuple[Phrase, ...], tuple[Listing, ...]]:
    """A sentence with the start of the absence, and a table of the changes to their tickets meanwhile."""
    config = context.config
    seen = [each for each in changed if sees(who, each.ticket, config)]
    happened = ((each.ticket, meanwhile(each.events, who.key, config)) for each in seen)
    rows = [(ticket, what) for ticket, what in happened if what]
    first = phrase("away.welcome", since=absence.since)
    if not rows:
        return (first, Phrase("away.nothing")), ()
    return (first,), (meanwhile_listing(rows, who.key, config),)


def _notice(who: Agent, subject: Phrase, cause: str, facts: tuple[Phrase, ...]) -> Notice:
    """A mail to an agent about themselves."""
    return Notice(
        kind=NoticeKind.DIGEST,
        to=Address(who.email, who.name),
        agent=who.key,
        cause=cause,
        subject=subject,
        facts=facts,
    )


def who_is_away(request: Request, resolved: ResolvedCommands, context: Context) -> tuple[Answer, ...]:
    """The agents who are away once the mail is done, for `#list` and `#help`; empty if nobody is."""
    away = {**request.known.away}
    for order in resolved.orders:
        if isinstance(order.value, Absence):
            away[order.value.agent] = order.value
        elif order.verb == "back":
            away.pop(str(order.value), None)
    lines = away_lines(away, context.config)
    return (Lines((Phrase("answer.away"), *lines)),) if lines else ()
