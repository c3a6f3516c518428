"""The end of every decision about a ticket: hand it out, then tell who should hear.

The one place where a change becomes notices, so that no way in forgets who is away.
"""

from __future__ import annotations

from mailgate.desk.others import with_others
from mailgate.desk.outcome import Context
from mailgate.model import Assignee, Change, Notice
from mailgate.rules import acts, handout, lifecycle
from mailgate.rules.audience import Audience
from mailgate.rules.notices import announce
from mailgate.rules.occasion import Occasion
from mailgate.store import presence, readers
from mailgate.store.db import Db


def tell(db: Db, change: Change, occasion: Occasion, context: Context) -> tuple[Change, tuple[Notice, ...]]:
    """The change, with the ticket handed out where it came to a team or department that does so, and its notices."""
    change = _handed_out(db, change, occasion, context)
    if change.before:
        audience = readers.audience(db, change.after.number, context.now)
    else:  # nobody has heard of it yet
        audience = Audience(away=presence.away(db, context.now))
    notices = announce(change, occasion, audience, context.config)
    return change, with_others(db, notices, change.after, context.config)


def _handed_out(db: Db, change: Change, occasion: Occasion, context: Context) -> Change:
    pool = handout.pool_of(change, context.config)
    if pool is None:
        return change
    away = presence.away(db, context.now)
    among = handout.candidates(pool, change.after, away, occasion.agent, context.config)
    turns, load = presence.turns(db, among, pool.reason), presence.load(db, among)
    chosen = handout.choose(pool.how, among, turns, load)
    if not chosen:
        return change
    stamp = acts.Stamp(handout.BY, change.after.updated_at, pool.reason)
    return lifecycle.also(change, [acts.assign(Assignee("agent", chosen), stamp)], stamp, context.config)
