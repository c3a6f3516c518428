"""What the relay refused for good: an event on the ticket, and a word to its agent.

The way out notes the refusal together with the mail's end; here it becomes known, in a
transaction a mail. Nothing is sent from here.
"""

from __future__ import annotations

import logging
from datetime import datetime

from mailgate.desk.bounces import Failure, bare_again, gave_up
from mailgate.desk.gather.records import gather_ticket
from mailgate.desk.outcome import Context
from mailgate.errors import StorageError
from mailgate.outbound.status_codes import plainly
from mailgate.store.db import Db
from mailgate.store.queues import outbox
from mailgate.store.queues.outbox import Refused
from mailgate.worker import apply
from mailgate.worker.setup import Runtime

AT_ONCE = 50  # refusals told between other work

log = logging.getLogger("mailgate")


def tell_of_failures(db: Db, desk: Runtime, now: datetime) -> int:
    """Tell of what was refused since the last time; how many. Raises StorageError."""
    found = outbox.refused(db, AT_ONCE)
    context = desk.context(now)
    for refusal in found:
        try:
            with db.transaction():
                _tell(db, refusal, desk, context)
                outbox.told(db, refusal.id)
        except StorageError:
            raise
        except Exception:
            log.exception("the failure of outgoing mail %d could not be told", refusal.id)
            with db.transaction():
                outbox.told(db, refusal.id)
    return len(found)


def _tell(db: Db, refusal: Refused, desk: Runtime, context: Context) -> None:
    known = gather_ticket(db, refusal.ticket, context)
    ticket = known.ticket(refusal.ticket) if refusal.ticket else None
    why = plainly("", refusal.answer)
    failure = Failure(refusal.kind, refusal.recipient, why, refusal.agent, dead=refusal.dead)
    bare = bare_again(ticket, failure, refusal.cause) if ticket and refusal.of_message else None
    outcome = bare or gave_up(known, ticket, failure, f"outbox:{refusal.id}", context)
    apply.save(db, outcome, context, desk.writer)
