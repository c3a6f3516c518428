"""The end of every decision about a ticket: hand it out, then tell who should hear.

The one place where a change becomes notices, so that no way in forgets who is away.
"""

from __future__ import annotations

from mailgate.desk.notify.other_tickets import with_others
from mailgate.desk.outcome import Context
from mailgate.notice import Notice
from mailgate.rules.notices.audience import Audience
from mailgate.rules.notices.occasion import Occasion
from mailgate.rules.notices.to_requesters import announce
from mailgate.rules.people import auto_assign
from mailgate.rules.ticket import acts, lifecycle
from mailgate.store.db import Db
from mailgate.store.people import absences
from mailgate.store.people import audience as readers
from mailgate.ticket import Assignee, Change


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
