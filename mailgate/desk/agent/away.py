"""Agents who go and come back: what is written down, and who is told.

Who comes back, by a word or by the clock, gets a list of what happened meanwhile.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.desk.request.request import Request
from mailgate.notice import Answer, Lines, Listing, Notice, NoticeKind
from mailgate.phrase import Phrase
from mailgate.rules.commands.orders import ResolvedCommands
from mailgate.rules.notices.tables import meanwhile, meanwhile_listing
from mailgate.rules.people.absence import Absence, away_lines, span
from mailgate.rules.people.permissions import sees
from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Agent
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.tickets import tickets
from mailgate.ticket import Address


def with_presence(db: Db, request: Request, resolved: ResolvedCommands, outcome: Outcome, context: Context) -> Outcome:
    """The outcome with what `#away` and `#back` do: of the writer, or of somebody whose manager they are."""
    away = absences.away(db, context.now)
    for order in resolved.orders:
        if isinstance(order.value, Absence):
            outcome = _leave(request, order.value, outcome, context)
        elif order.verb == "back":
            key = str(order.value)
            outcome = _come_back(db, request, key, away.get(key), outcome, context)
    return outcome


def _leave(request: Request, absence: Absence, outcome: Outcome, context: Context) -> Outcome:
    outcome = replace(outcome, absences=(*outcome.absences, absence))
    who = context.config.agents[absence.agent]
    if who == request.agent:
        return outcome
    said = span(absence, context.config.zone(who.key))
    facts = (
        f"{request.author.name} has written down that you are {said}.",
        "Until then your alerts go to your colleagues, and no ticket is handed out to you.",
        "If you are here, answer this mail with #back on top.",
    )
    return outcome.with_notices(_word(who, f"You are {said}", request.cause, facts))


def _come_back(
    db: Db, request: Request, key: str, absence: Absence | None, outcome: Outcome, context: Context
) -> Outcome:
    who = context.config.agents[key]
    outcome = replace(outcome, returns=(*outcome.returns, key))
    if absence is None:
        return outcome
    facts, listings = _welcome(db, absence, who, context)
    if who != request.agent:
        return outcome.with_notices(replace(_word(who, "Welcome back", request.cause, facts), listings=listings))
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


def run_out(db: Db, absence: Absence, context: Context) -> Outcome:
    """An absence has ended by itself: the agent hears what happened meanwhile."""
    who = context.config.agents.get(absence.agent)
    outcome = Outcome(returns=(absence.agent,))
    if who is None or absence.until is None:
        return outcome
    facts, listings = _welcome(db, absence, who, context)
    cause = f"back:{absence.agent}:{absence.until.timestamp():.0f}"
    return outcome.with_notices(replace(_word(who, "Welcome back", cause, facts), listings=listings))


def _welcome(db: Db, absence: Absence, who: Agent, context: Context) -> tuple[tuple[str, ...], tuple[Listing, ...]]:
    """What is told to who is back: since when they were away, and what happened to their tickets."""
    config = context.config
    found = tickets.get_many(db, absences.touched(db, who.key, config.teams_of(who.key), absence.since))
    happened = {
        number: meanwhile([event for event in tickets.events(db, number) if event.at >= absence.since], who.key, config)
        for number, ticket in found.items()
        if sees(who, ticket, config)
    }
    rows = [(found[number], what) for number, what in sorted(happened.items()) if what]
    since = ENGLISH.moment(absence.since, config.zone(who.key))
    first = f"Welcome back: you were away since {since}, and get your alerts again."
    if not rows:
        return (first, "Nothing happened meanwhile to the tickets that are yours."), ()
    return (first,), (meanwhile_listing(rows, who.key, config),)


def _word(who: Agent, subject: str, cause: str, facts: tuple[str, ...]) -> Notice:
    """A mail to an agent about themselves."""
    return Notice(
        kind=NoticeKind.DIGEST,
        to=Address(who.email, who.name),
        agent=who.key,
        cause=cause,
        subject=subject,
        facts=facts,
    )


def who_is_away(db: Db, resolved: ResolvedCommands, context: Context) -> tuple[Answer, ...]:
    """Who is away once the mail is done, for `#list` and `#help`; nothing when everybody is here."""
    away = {**absences.away(db, context.now)}
    for order in resolved.orders:
        if isinstance(order.value, Absence):
            away[order.value.agent] = order.value
        elif order.verb == "back":
            away.pop(str(order.value), None)
    lines = away_lines(away, context.config)
    return (Lines((Phrase("answer.away"), *lines)),) if lines else ()
