"""Withholds notices to dead addresses.

The author of a withheld reply is notified, and the ticket gets an event. An alert to an agent at a dead address
goes to the fallback recipients.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.notice import Notice, NoticeKind
from mailgate.outbound.status_codes import why_phrase
from mailgate.phrase import Day, Phrase, phrase
from mailgate.rules.notices.audience import FALLBACK, Audience, Person, alert_recipients, person
from mailgate.rules.ticket import acts, lifecycle
from mailgate.store.db import Db
from mailgate.store.people import dead_addresses
from mailgate.store.people.dead_addresses import Dead
from mailgate.ticket import CLOCK, Change, EventKind, Json, Ticket


def drop_undeliverable(
    db: Db, outcome: Outcome, audiences: Mapping[int, Audience], context: Context, *, alive: str
) -> Outcome:
    """The outcome without mail to dead addresses.

    `audiences` are those of its tickets, by number; `alive` is an address that a mail just came from.
    """
    known = dead_addresses.among(db, {notice.to.email for notice in outcome.notices} - {alive})
    lost = tuple(notice for notice in outcome.notices if notice.to.email in known)
    if not lost:
        return outcome
    config = context.config
    desk = dead_addresses.among(db, {config.desk.admin, *(agent.email for agent in config.agents.values())})
    kept = tuple(notice for notice in outcome.notices if notice.to.email not in known)
    withheld = tuple((notice, f"the address is dead: {known[notice.to.email].reason}") for notice in lost)
    replies = [notice for notice in lost if notice.kind in _REPLIES]
    failures = (_failure(notice, known[notice.to.email], audiences, context) for notice in replies)
    events = {notice.to.email: _event(notice, known[notice.to.email]) for notice in replies}
    changes = tuple(_noted(change, tuple(events.values()), context) for change in outcome.changes)
    return replace(
        outcome,
        notices=(
            *kept,
            *(each for each in failures if each and each.to.email not in desk),
            *_to_others(lost, kept, desk.keys(), context),
        ),
        withheld=(*outcome.withheld, *withheld),
        changes=changes if events else outcome.changes,
    )


_REPLIES = (NoticeKind.REPLY, NoticeKind.OPENED_FOR_YOU, NoticeKind.ASKED)


def _failure(notice: Notice, dead: Dead, audiences: Mapping[int, Audience], context: Context) -> Notice | None:
    """The notice to the author of a withheld reply."""
    agent, ticket = context.config.agents.get(notice.by_agent), notice.ticket
    if agent is None:
        return None
    audience = audiences.get(ticket.number, Audience()) if ticket else Audience()
    return Notice(
        kind=NoticeKind.DELIVERY_FAILED,
        to=person(agent).address,
        agent=agent.key,
        cause=f"{notice.cause}|dead:{notice.to.email}",
        ticket=ticket,
        facts=(
            phrase("delivery-failed.not_sent", email=notice.to.email, why=why_phrase(dead.reason)),
            phrase("delivery-failed.since", since=Day(dead.since)),
            Phrase("delivery-failed.kept"),
            Phrase("delivery-failed.another"),
        ),
        in_reply_to=audience.last_sent.get(agent.email, ""),
        is_first=agent.email not in audience.last_sent,
    )


def _event(notice: Notice, dead: Dead) -> dict[str, Json]:
    return {"kind": "failed", "recipient": notice.to.email, "notice": notice.kind.value, "reason": dead.reason}


def _noted(change: Change, events: tuple[dict[str, Json], ...], context: Context) -> Change:
    stamp = acts.Stamp(CLOCK, context.now)
    for after in events:
        more = lifecycle.note_event(change.after, EventKind.NOTICE_FAILED, stamp, context.config, after)
        change = replace(change, after=more.after, events=change.events + more.events)
    return change


def _to_others(
    lost: tuple[Notice, ...], kept: tuple[Notice, ...], desk: Collection[str], context: Context
) -> Iterator[Notice]:
    """Alerts to others if all recipients are dead. `desk`: dead addresses of agents and the administrator."""
    reached: set[str] = set()
    for notice in lost:
        if notice.agent and notice.ticket and not any(each.agent and each.ticket for each in kept):
            for who in _others(notice.ticket, {*desk, notice.to.email}, context):
                if who.address.email not in reached:
                    reached.add(who.address.email)
                    remark = phrase("remark.instead", email=notice.to.email)
                    facts = (*notice.facts, remark)
                    yield replace(notice, to=who.address, agent=who.agent, facts=facts, is_first=False, in_reply_to="")


def _others(ticket: Ticket, dead: Collection[str], context: Context) -> tuple[Person, ...]:
    for name in FALLBACK:
        people = alert_recipients((name,), ticket, Audience(), context.config)
        if alive := tuple(who for who in people if who.address.email not in dead):
            return alive
    return ()
