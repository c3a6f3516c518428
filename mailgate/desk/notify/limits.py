"""Limits on automatic mail: notices over a limit are withheld and recorded, not delayed.

A machine without the usual headers is recognised by its repeated text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from mailgate.desk.outcome import Context, Outcome
from mailgate.notice import AUTOMATIC_KINDS, Notice, NoticeKind
from mailgate.rules.screening.duplicates import says_the_same
from mailgate.store.db import Db
from mailgate.store.people import audience
from mailgate.ticket import Entry, Ticket

ECHO = timedelta(hours=1)  # within which the same text is acknowledged once
LOOKED_AT = 20  # entries of a ticket
PER_TICKET = 20  # automatic mails to requesters about one ticket, an hour


def limit(db: Db, outcome: Outcome, before: Sequence[Entry], context: Context, *, unproven: bool = False) -> Outcome:
    """The outcome without the automatic notices that are over a limit. `before`: latest entries of its ticket.

    `unproven`: a mail caused it of which nothing proves whose it is. What such mails caused uses up no limit of what
    is proven, or of what agents and timers do.
    The acknowledgement of a first-time requester counts against the limit for all of those together.
    """
    kept: list[Notice] = []
    withheld: list[tuple[Notice, str]] = []
    for notice in outcome.notices:
        why = _over(db, notice, outcome, context, trusted=not unproven) or _echo(notice, outcome, before, context)
        if why:
            withheld.append((notice, why))
        else:
            kept.append(notice)
    contact = next((notice.to.email for notice in kept if notice.kind is NoticeKind.ACKNOWLEDGEMENT), "")
    return replace(
        outcome,
        notices=tuple(kept),
        withheld=(*outcome.withheld, *withheld),
        first_contact=contact if outcome.first_time else "",
    )


def _over(db: Db, notice: Notice, outcome: Outcome, context: Context, *, trusted: bool) -> str:
    if notice.agent or notice.kind not in AUTOMATIC_KINDS:
        return ""
    limits, now = context.config.notices, context.now
    per_sender, unknown = limits.limit_per_sender, limits.limit_unknown
    ticket = notice.ticket.number if notice.ticket else 0
    since = now - per_sender.period
    if audience.automatic_to(db, notice.to.email, since, trusted=trusted) >= per_sender.count:
        return f"limit_per_sender: {per_sender.count} automatic mails in {per_sender.period}"
    if ticket and audience.automatic_about(db, ticket, now - timedelta(hours=1), trusted=trusted) >= PER_TICKET:
        return f"{PER_TICKET} automatic mails an hour about one ticket"
    if outcome.first_time and not trusted and audience.first_contacts(db, now - unknown.period) >= unknown.count:
        return f"limit_unknown: {unknown.count} acknowledgements to first-time requesters in {unknown.period}"
    return ""


def ask_limits(db: Db, ticket: Ticket, outcome: Outcome, context: Context, *, trusted: bool) -> None:
    """The queries of `limit` about notices to the requester of a ticket."""
    limits, now = context.config.notices, context.now
    audience.automatic_to(db, ticket.requester.email, now - limits.limit_per_sender.period, trusted=trusted)
    audience.automatic_about(db, ticket.number, now - timedelta(hours=1), trusted=trusted)
    if outcome.first_time and not trusted:
        audience.first_contacts(db, now - limits.limit_unknown.period)


def _echo(notice: Notice, outcome: Outcome, before: Sequence[Entry], context: Context) -> str:
    """Why a repeated message is not acknowledged: a machine may be answering; "" if it may be."""
    if notice.kind is not NoticeKind.FOLLOW_UP_RECEIVED:
        return ""
    since = context.now - ECHO
    new = [entry for change in outcome.changes for entry in change.entries]
    recent = [entry for entry in before[-LOOKED_AT:] if entry.at >= since]
    again = any(one.by == other.by and says_the_same(one.text, other.text) for one in new for other in recent)
    return "the same words came before: a machine may be answering" if again else ""
