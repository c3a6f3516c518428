"""Permanent failures of the relay: an event on the ticket, and a notice to its agent.

The sender records a failure in the outbox; here it is processed, each in a transaction of its own.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from mailgate.desk.bounces import Failure, take_failure, without_content
from mailgate.desk.gather.records import gather_ticket
from mailgate.desk.outcome import Context, Outcome
from mailgate.errors import StorageError
from mailgate.notice import Notice
from mailgate.outbound.status_codes import plainly
from mailgate.phrase import phrase
from mailgate.store.db import Db
from mailgate.store.queues import outbox
from mailgate.store.queues.outbox import Refused
from mailgate.worker import apply
from mailgate.worker.runtime import Runtime

AT_ONCE = 50  # failures processed between other work

log = logging.getLogger("mailgate")


def process_failures(db: Db, runtime: Runtime, now: datetime) -> int:
    """Process the failures that are new. Returns how many. Raises StorageError."""
    found = outbox.refused(db, AT_ONCE)
    context = runtime.context(now)
    for refusal in found:
        try:
            with db.transaction():
                _process(db, refusal, context)
                outbox.told(db, refusal.id)
        except StorageError:
            raise
        except Exception:
            log.exception("processing the failure of outgoing mail %d failed", refusal.id)
            with db.transaction():
                outbox.told(db, refusal.id)
    return len(found)


def _process(db: Db, refusal: Refused, context: Context) -> None:
    if refusal.ticket is None and refusal.names:
        _process_several(db, refusal, context)
        return
    known = gather_ticket(db, refusal.ticket, context)
    ticket = known.ticket(refusal.ticket) if refusal.ticket else None
    why = plainly("", refusal.answer)
    failure = Failure(refusal.kind, refusal.recipient, why, refusal.agent, dead=refusal.dead)
    shortened = without_content(ticket, failure, refusal.cause) if ticket and refusal.of_message else None
    outcome = shortened or take_failure(known, ticket, failure, f"outbox:{refusal.id}", context)
    apply.save(db, outcome, context)


def _process_several(db: Db, refusal: Refused, context: Context) -> None:
    """A mail about several tickets: an event on each, and one notice to each who hears of it, about them all."""
    failure = Failure(refusal.kind, refusal.recipient, plainly("", refusal.answer), refusal.agent, dead=refusal.dead)
    first: dict[str, Notice] = {}
    numbers = tuple(f"#{number}" for number in refusal.names)
    for number in refusal.names:
        known = gather_ticket(db, number, context)
        outcome = take_failure(known, known.ticket(number), failure, f"outbox:{refusal.id}", context)
        apply.save(db, replace(outcome, notices=()), context)
        for notice in outcome.notices:
            about_all = (*notice.facts, phrase("delivery-failed.about", tickets=numbers))
            first.setdefault(notice.to.email, replace(notice, facts=about_all))
    apply.save(db, Outcome(notices=tuple(first.values())), context)
