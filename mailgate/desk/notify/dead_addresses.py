"""Nothing is sent to a dead address, and who wanted to send hears of it.

An agent whose reply would go there is told why, and the ticket notes it. An alert to an
agent at such an address goes to those who would hear if there were nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailgate.desk.outcome import Context, Outcome
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.notices.audience import FALLBACK, Audience, Person, hearers, person
from mailgate.rules.text.moments import ENGLISH
from mailgate.rules.ticket import acts, lifecycle
from mailgate.store.db import Db
from mailgate.store.people import audience as readers
from mailgate.store.people import dead_addresses
from mailgate.store.people.dead_addresses import Dead
from mailgate.ticket import CLOCK, Change, EventKind, Json, Ticket


def drop_undeliverable(db: Db, outcome: Outcome, context: Context, *, alive: str) -> Outcome:
    """The outcome without mail to dead addresses. `alive`: an address that a mail just came from."""
    known = dead_addresses.among(db, {notice.to.email for notice in outcome.notices} - {alive})
    lost = tuple(notice for notice in outcome.notices if notice.to.email in known)
    if not lost:
        return outcome
    kept = tuple(notice for notice in outcome.notices if notice.to.email not in known)
    withheld = tuple((notice, f"the address is dead: {known[notice.to.email].reason}") for notice in lost)
    told = tuple(note for notice in lost for note in _told(db, notice, known[notice.to.email], context))
    instead = tuple(_instead(db, lost, kept, context))
    events = {notice.to.email: _event(notice, known[notice.to.email]) for notice in lost if _is_reply(notice)}
    changes = tuple(_noted(change, tuple(events.values()), context) for change in outcome.changes)
    return replace(
        outcome,
        notices=(*kept, *told, *instead),
        withheld=(*outcome.withheld, *withheld),
        changes=changes if events else outcome.changes,
    )


def _is_reply(notice: Notice) -> bool:
    return notice.kind in (NoticeKind.REPLY, NoticeKind.OPENED_FOR_YOU, NoticeKind.ASKED)


def _told(db: Db, notice: Notice, grave: Dead, context: Context) -> Iterator[Notice]:
    """The agent whose words do not go out hears it, unless the agent's own address is dead."""
    agent = context.config.agents.get(notice.by_agent)
    if not _is_reply(notice) or agent is None or dead_addresses.among(db, [agent.email]):
        return
    ticket = notice.ticket
    audience = readers.audience(db, ticket.number, context.now, newest=1) if ticket else Audience()
    since = ENGLISH.day(grave.since.astimezone(context.config.zone(agent.key)))
    yield Notice(
        kind=NoticeKind.DELIVERY_FAILED,
        to=person(agent).address,
        agent=agent.key,
        cause=f"{notice.cause}|dead:{notice.to.email}",
        ticket=ticket,
        facts=(
            f"Your mail was not sent to {notice.to.email}: no mail arrives there, {grave.reason}.",
            f"That is known since {since}, and holds until a mail comes from that address.",
            "Your words stand on the ticket; #requester ADDRESS on top of an answer names another address.",
        ),
        in_reply_to=audience.last_sent.get(agent.email, ""),
        is_first=agent.email not in audience.last_sent,
    )


def _event(notice: Notice, grave: Dead) -> dict[str, Json]:
    return {"kind": "failed", "recipient": notice.to.email, "notice": notice.kind.value, "reason": grave.reason}


def _noted(change: Change, events: tuple[dict[str, Json], ...], context: Context) -> Change:
    stamp = acts.Stamp(CLOCK, context.now)
    for after in events:
        more = lifecycle.note_event(change.after, EventKind.NOTICE_FAILED, stamp, context.config, after)
        change = replace(change, after=more.after, events=change.events + more.events)
    return change


def _instead(db: Db, lost: tuple[Notice, ...], kept: tuple[Notice, ...], context: Context) -> Iterator[Notice]:
    """An alert never goes to nobody: where all who were to hear are dead, the others do."""
    told: set[str] = set()
    for notice in lost:
        if notice.agent and notice.ticket and not any(each.agent and each.ticket for each in kept):
            for who in _others(db, notice.ticket, notice.to.email, context):
                if who.address.email not in told:
                    told.add(who.address.email)
                    remark = f"It comes to you because mail to {notice.to.email} does not arrive."
                    facts = (*notice.facts, remark)
                    yield replace(notice, to=who.address, agent=who.agent, facts=facts, is_first=False, in_reply_to="")


def _others(db: Db, ticket: Ticket, but: str, context: Context) -> tuple[Person, ...]:
    for name in FALLBACK:
        people = hearers((name,), ticket, Audience(), context.config)
        graves = dead_addresses.among(db, {who.address.email for who in people})
        alive = tuple(who for who in people if who.address.email not in graves and who.address.email != but)
        if alive:
            return alive
    return ()
