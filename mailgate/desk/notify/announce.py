"""The last step of each decision: whatever can be read only once it is known what changes.

The agent that a ticket is handed out to, the people who are notified, the limits on
automatic mail, addresses that do not work. This is the only way from a change to notices,
so that no way in forgets one of them.
"""

from __future__ import annotations

from dataclasses import replace

from mailgate.desk.notify.dead_addresses import drop_undeliverable
from mailgate.desk.notify.limits import limit
from mailgate.desk.notify.other_tickets import with_others
from mailgate.desk.notify.similar_tickets import with_similar
from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.notices.audience import Audience
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.to_requesters import announce
from mailgate.rules.people import auto_assign
from mailgate.rules.ticket import acts, lifecycle
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.people import audience as readers
from mailgate.ticket import Actor, Address, Assignee, Change, Entry, EntryKind


def complete(db: Db, outcome: Outcome, context: Context, *, alive: str = "", quiet: bool = False) -> Outcome:
    """The outcome with every change and notice that it causes.

    `alive`: an address that a mail just came from, so that it works. `quiet`: only what
    people wrote is sent (`ingest --quiet`).
    """
    if outcome.confirms:
        inbox_id, released = outcome.confirms
        outcome = replace(outcome, confirms=(inbox_id, complete(db, released, context, alive=alive)))
    done = [(each, *_announced(db, each, context)) for each in outcome.announced]
    outcome = replace(
        outcome,
        announced=(),
        changes=(*(change for _, change, _ in done), *outcome.changes),
        notices=(*(notice for _, _, notices in done for notice in notices), *outcome.notices),
    )
    outcome = limit(db, outcome, context)
    for announcement, _, _ in done:
        outcome = _with_canned(outcome, announcement.occasion, context)
    if quiet:
        written = tuple(each for each in outcome.notices if each.kind in (NoticeKind.REPLY, NoticeKind.ASKED))
        outcome = replace(outcome, notices=written)
    return drop_undeliverable(db, outcome, context, alive=alive)


def _announced(db: Db, each: Announcement, context: Context) -> tuple[Change, tuple[Notice, ...]]:
    change, notices = announce_change(db, each.change, each.occasion, context)
    if each.similar_to is not None:
        notices = with_similar(db, notices, change.after, each.similar_to, context.config)
    return change, notices


def announce_change(db: Db, change: Change, occasion: Occasion, context: Context) -> tuple[Change, tuple[Notice, ...]]:
    """The change, with the ticket handed out where it came to a team or department that does so, and its notices."""
    change = _handed_out(db, change, occasion, context)
    if change.before:
        audience = readers.audience(db, change.after.number, context.now)
    else:  # nobody has heard of it yet
        audience = Audience(away=absences.away(db, context.now))
    notices = announce(change, occasion, audience, context.config)
    return change, with_others(db, notices, change.after, context.config)


def _handed_out(db: Db, change: Change, occasion: Occasion, context: Context) -> Change:
    pool = auto_assign.pool_of(change, context.config)
    if pool is None:
        return change
    away = absences.away(db, context.now)
    among = auto_assign.candidates(pool, change.after, away, occasion.agent, context.config)
    turns, load = absences.turns(db, among, pool.reason), absences.load(db, among)
    chosen = auto_assign.choose(pool.how, among, turns, load)
    if not chosen:
        return change
    stamp = acts.Stamp(auto_assign.BY, change.after.updated_at, pool.reason)
    return lifecycle.also(change, [acts.assign(Assignee.agent(chosen), stamp)], stamp, context.config)


def _with_canned(outcome: Outcome, occasion: Occasion, context: Context) -> Outcome:
    """A canned response that goes out stands in the thread as the rule's; no agent answered, and no clock stops."""
    sent = any(notice.kind is NoticeKind.ACKNOWLEDGEMENT and notice.canned for notice in outcome.notices)
    if not sent or outcome.routed is None or outcome.routed.canned is None:
        return outcome
    change, *others = outcome.changes
    address = context.config.addresses.get(change.after.address, context.config.first_address)
    entry = Entry(
        kind=EntryKind.REPLY,
        by=Actor.rule(outcome.routed.canned.rule),
        author=Address(address.email, address.name),
        at=occasion.now,
        text=occasion.canned,
    )
    return replace(outcome, changes=(replace(change, entries=(*change.entries, entry)), *others))
