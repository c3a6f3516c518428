"""Mails the administrator about messages that stay in mailboxes: one mail sums up what came together."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from mailgate.daemon.alarms import Notify
from mailgate.errors import StorageError
from mailgate.store.db import Store
from mailgate.store.queues import left_behind
from mailgate.store.queues.left_behind import Left
from mailgate.system.clock import pause

INTERVAL = 20.0  # seconds between checks
SETTLED = timedelta(seconds=30)  # after the last of them; what is found at the first look at a mailbox comes together
LISTED = 20  # messages in one mail

log = logging.getLogger("mailgate")


async def report_leftovers(
    store: Store, clock: Callable[[], datetime], max_size: Callable[[], int], notify: Notify, stop: asyncio.Event
) -> None:
    """Report new ones until `stop`. `max_size` returns the size limit in bytes."""
    while not stop.is_set():
        try:
            newest = await store.read(left_behind.newest_untold)
            if newest is not None and clock() - newest >= SETTLED:
                left = await store.write(left_behind.take_untold)
                if left:  # another node may have been faster
                    notify(*message(left, max_size()))
        except StorageError as error:
            log.warning("cannot look for messages left in mailboxes: %s", error.cause)
        await pause(stop, INTERVAL)


def message(left: Sequence[Left], max_size: int) -> tuple[str, str, tuple[str, ...]]:
    """Cause, subject and lines of the mail about these messages."""
    first = left[0]
    cause = f"left-in-mailbox:{first.place}:{first.uidvalidity}:{first.uid}"
    counts = Counter(each.place.partition(":")[0] for each in left)
    boxes = ", ".join(f"{count} in {name}" for name, count in counts.items())
    subject = "A message is left in a mailbox" if len(left) == 1 else f"{len(left)} messages are left in mailboxes"
    lines = [
        f"{each.place.partition(':')[0]}, UID {each.uid}: {each.why(max_size)}"
        + (f", from {each.from_email}" if each.from_email else "")
        + (f": {each.subject}" if each.subject else "")
        for each in left[:LISTED]
    ]
    more = (f"and {len(left) - LISTED} more: mailgate status",) if len(left) > LISTED else ()
    return cause, subject, (f"No ticket was opened for them ({boxes}). Read them in the mailbox itself.", *lines, *more)
