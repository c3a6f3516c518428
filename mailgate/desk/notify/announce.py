"""Completes an outcome with everything that can be read only after the decision.

Automatic assignment, notices, limits on automatic mail, dead addresses. All notices of changes are made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailgate.desk.notify.dead_addresses import drop_undeliverable
from mailgate.desk.notify.limits import ask_limits, limit
from mailgate.desk.notify.related_tickets import ask_related, with_related
from mailgate.desk.outcome import Announcement, Context, Outcome
from mailgate.notice import Notice, NoticeKind
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.to_agents import HISTORY
from mailgate.rules.notices.to_requesters import announce
from mailgate.rules.people import auto_assign
from mailgate.rules.people.absence import Away
from mailgate.rules.ticket import acts, lifecycle
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.ticket import Actor, Address, Assignee, Change, Entry, EntryKind


def complete(
    db: Db, outcome: Outcome, context: Context, *, alive: str = "", quiet: bool = False, unproven: bool = False
) -> Outcome:
    """The complete outcome, with all changes and notices.

    `alive`: an address that a mail just came from, so that it is not dead. `quiet`: only notices with people's own
    text are kept (`ingest --quiet`). `unproven`: a mail caused it of which nothing proves whose it is.
    """
    if outcome.confirms:
        inbox_id, released = outcome.confirms
        outcome = replace(outcome, confirms=(inbox_id, complete(db, released, context, alive=alive)))
    db.ahead(lambda db: _queries(db, outcome, context, unproven=unproven))
    audiences = {each.change.after.number: each.audience for each in outcome.announced}
    outcome, announced = _announced(db, outcome, context), outcome.announced
    about = (each.thread for each in announced if each.change.after.number == outcome.ticket)
    outcome = limit(db, outcome, next(about, ()), context, unproven=unproven)
    for each in announced:
        outcome = _with_canned(outcome, each.occasion, context)
    if outcome.to_author:
        outcome = replace(outcome.to_author.added_to(outcome), to_author=None)
    if quiet:
        written = tuple(each for each in outcome.notices if each.kind in (NoticeKind.REPLY, NoticeKind.ASKED))
        outcome = replace(outcome, notices=written)
    return drop_undeliverable(db, outcome, audiences, context, alive=alive)


def _queries(db: Db, outcome: Outcome, context: Context, *, unproven: bool) -> None:
    """The queries of `complete` that are known from the start."""
    for each in outcome.announced:
        ask_related(db, each.change.after, each.similar_to, context.config)
        ask_limits(db, each.change.after, outcome, context, trusted=not unproven)


def _announced(db: Db, outcome: Outcome, context: Context) -> Outcome:
    """The outcome with the announced changes and their notices: one to each agent, after a merge about what remains."""
    done = [_announce(db, each, context) for each in outcome.announced]
    own = [notice for _, notices in done[:1] for notice in notices]
    others = [notice for _, notices in done[1:] for notice in notices]
    merged = any(change.after.merged_into for change, _ in done[:1])
    first, second = (others, own) if merged else (own, others)
    notified = {notice.to.email for notice in first if notice.agent}
    kept = [notice for notice in second if not notice.agent or notice.to.email not in notified]
    return replace(
        outcome,
        announced=(),
        changes=(*(change for change, _ in done), *outcome.changes),
        notices=(*first, *kept, *outcome.notices),
    )


def _announce(db: Db, each: Announcement, context: Context) -> tuple[Change, tuple[Notice, ...]]:
    """A change, with automatic assignment, and its notices."""
    config, own = context.config, each.change.entries
    shown = replace(each.change, entries=(*each.moved, *own)) if each.moved else each.change
    change = _assigned(db, shown, each.occasion, each.audience.away, config)
    notices = announce(change, each.occasion, each.audience, config)
    if each.merged:
        notices = tuple(_with_history(notice, each.merged) for notice in notices)
    notices = with_related(db, notices, change.after, each.similar_to, config)
    return replace(change, entries=own) if each.moved else change, notices


def _with_history(notice: Notice, merged: Sequence[Entry]) -> Notice:
    """An alert of a merge, with the thread of the merged ticket."""
    both = sorted((*notice.history, *merged), key=lambda entry: entry.id or 0, reverse=True)
    return replace(notice, history=tuple(both[:HISTORY])) if notice.agent else notice


def _assigned(db: Db, change: Change, occasion: Occasion, away: Away, config: Config) -> Change:
    pool = auto_assign.pool_of(change, config)
    if pool is None:
        return change
    among = auto_assign.candidates(pool, change.after, away, occasion.agent, config)
    turns, load = absences.turns(db, among, pool.reason), absences.load(db, among)
    chosen = auto_assign.choose(pool.how, among, turns, load)
    if not chosen:
        return change
    stamp = acts.Stamp(auto_assign.BY, change.after.updated_at, pool.reason)
    return lifecycle.also(change, [acts.assign(Assignee.agent(chosen), stamp)], stamp, config)


def _with_canned(outcome: Outcome, occasion: Occasion, context: Context) -> Outcome:
    """The outcome with the sent canned response as an entry of the rule; it meets no SLA target."""
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
