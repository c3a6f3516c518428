"""Two agents answer at once: which of the colleagues' replies did the writer not reckon with?

A reply is overlooked when it is newer than what the answer answers and either is of the
last hour, or had reached the writer before they wrote. Pure: every time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.ticket import Entry

RECENT = timedelta(hours=1)
GRACE = timedelta(minutes=2)  # the writer's clock and the relay's may differ by so much


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry, when the desk took it into the thread, and when the writer's copy of it left (None: not yet)."""

    entry: Entry
    at: datetime
    handed_over: datetime | None = None


def written_at(date: datetime | None, answered: datetime | None, arrived: datetime) -> datetime:
    """When a mail was written: its `Date`, but not after it arrived nor before the mail that it answers."""
    written = min(date or arrived, arrived)
    return max(written, min(answered, arrived)) if answered else written


def overlooked(
    replies: Iterable[Posted], *, answered: datetime | None, written: datetime, arrived: datetime
) -> tuple[Posted, ...]:
    """Those of the colleagues' public replies that the writer seems not to know of.

    `answered` is when the newest notice that the mail answers was made; None for a mail that
    answers none, which is guarded against what is recent alone.
    """
    return tuple(
        reply
        for reply in replies
        if (answered is None or reply.at > answered)
        and (arrived - reply.at <= RECENT or (answered is not None and _had(reply, written)))
    )


def _had(reply: Posted, written: datetime) -> bool:
    return reply.handed_over is not None and reply.handed_over <= written + GRACE
