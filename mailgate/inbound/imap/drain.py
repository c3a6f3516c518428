"""Emptying one IMAP folder into the inbox, over one connection.

The order is the promise: durable here first, then noted in the ledger, then moved,
flagged or deleted there, then noted as finished. Whatever is interrupted is picked up
from the ledger. One message that cannot be fetched never holds up the others.
Runs on the mailbox's own thread; reaches the database only through `Bridge`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from mailgate.errors import MailgateError
from mailgate.inbound.envelope import read_envelope
from mailgate.inbound.imap.bridge import Bridge
from mailgate.inbound.imap.connection import Failed
from mailgate.inbound.imap.headers import read_summary
from mailgate.inbound.imap.plan import BATCH_COUNT, COMMAND_COUNT, Plan, batches, left_alone, pause, plan
from mailgate.inbound.imap.session import Fetched, Outline, Session
from mailgate.mail import Delivery
from mailgate.rules.screening.spam import keyword
from mailgate.settings import Mailbox
from mailgate.store.queues import ledger, left_behind

P = ParamSpec("P")
T = TypeVar("T")

STUCK_AFTER = 3  # tries after which a message counts as left in the mailbox
ASIDE_FIRST, ASIDE_LONGEST = 60.0, 3600.0  # seconds until an unreadable message is tried again

log = logging.getLogger("mailgate.imap")


@dataclass(slots=True)
class Memory:
    """What outlives a connection but not the daemon: the messages that give trouble.

    Nothing here is needed to be right, only to stay polite: the ledger holds the facts.
    """

    uidvalidity: int = 0
    aside: dict[int, tuple[int, datetime]] = field(default_factory=dict)  # uid → tries, next try
    fragile: dict[int, int] = field(default_factory=dict)  # in work when a connection was lost → how many at once now
    in_hand: tuple[int, ...] = ()
    taken: int = 0
    skipped: int = 0

    def belongs_to(self, uidvalidity: int) -> None:
        """Forget what was remembered of other UIDs."""
        if uidvalidity != self.uidvalidity:
            self.uidvalidity = uidvalidity
            self.aside.clear()
            self.fragile.clear()
            self.in_hand = ()

    def set_aside(self, uids: Sequence[int], now: datetime) -> None:
        """These could not be fetched: try again later, and later still the time after."""
        for uid in uids:
            tries = self.aside.get(uid, (0, now))[0] + 1
            wait = pause(tries, 1.0, first=ASIDE_FIRST, longest=ASIDE_LONGEST)
            self.aside[uid] = (tries, now + timedelta(seconds=wait))

    def due(self, now: datetime) -> tuple[int, ...]:
        """Messages set aside that are due again."""
        return tuple(sorted(uid for uid, (_, at) in self.aside.items() if at <= now))

    def lost(self, now: datetime) -> None:
        """The connection was lost: any message in work may have been the cause.

        It is fetched in ever smaller groups until the culprit is alone, and set aside then;
        most often it was the network, and a few smaller groups cost nothing.
        """
        if len(self.in_hand) == 1:
            self.set_aside(self.in_hand, now)
        self.fragile.update(dict.fromkeys(self.in_hand, max(1, len(self.in_hand) // 8)))
        self.in_hand = ()

    def by_limit(self, uids: Sequence[int], count: int) -> list[tuple[int, list[int]]]:
        """Messages by how many of them may be fetched at once, `count` at most; those without failures first."""
        groups: dict[int, list[int]] = {}
        for uid in uids:
            groups.setdefault(min(count, self.fragile.get(uid, count)), []).append(uid)
        return sorted(groups.items(), reverse=True)


class Drain:
    """Works one folder over one connection."""

    def __init__(
        self,
        mailbox: Mailbox,
        session: Session,
        bridge: Bridge,
        memory: Memory,
        stopping: Callable[[], bool],
        max_size: int,
    ) -> None:
        self._mailbox = mailbox
        self._session = session
        self._bridge = bridge
        self._memory = memory
        self._stopping = stopping
        self._max_size = max_size
        self._place = mailbox.place
        self._spam_seen = -1  # the event up to which mails of spam tickets were moved
        self._next = 0  # the first UID that was not looked at yet; 0 before the first look
        self._unfinished: set[int] = set()
        self._handed: tuple[list[int], futures.Future[None]] | None = None
        self.trouble = ""  # the latest thing that went wrong without ending the connection; the caller clears it
        memory.belongs_to(session.uidvalidity)

    def meet(self) -> None:
        """Note a folder that is seen for the first time, and what `existing` leaves alone there.

        After a UIDVALIDITY reset everything looks new (RFC 3501 2.3.1.1). What was left
        alone is left alone again, by arrival time; the rest is taken, and known content
        is recognised downstream.
        """
        self._bridge.write(left_behind.begin_spam, self._place)
        now, validity = self._bridge.clock(), self._session.uidvalidity
        seen = self._bridge.read(ledger.sight, self._place)
        if seen is not None and seen.uidvalidity == validity:
            return
        dates: dict[int, datetime] = {}
        if self._mailbox.existing != "take" and (seen is None or seen.skipped_until is not None):
            outlines = self._outlines(self._session.all_uids())
            dates = {uid: outline.arrived_at or now for uid, outline in outlines.items()}
        if seen is None:
            alone = left_alone(dates, self._mailbox.existing, now)
            until = max((dates[uid] for uid in alone), default=None)
        else:
            until = seen.skipped_until
            alone = tuple(uid for uid, date in dates.items() if until is not None and date <= until)
        self._bridge.write(ledger.note_sight, self._place, ledger.Sight(validity, until), alone)
        self._memory.skipped += len(alone)
        log.info(
            "mailbox %s: %s folder %r: %d messages left alone",
            self._mailbox.name,
            "first sight of" if seen is None else "UIDVALIDITY changed in",
            self._mailbox.folder,
            len(alone),
        )

    def look(self) -> int:
        """Take every message that the ledger does not know, finish what waits; how many were taken."""
        now = self._bridge.clock()
        todo = self._todo(now)
        taken = 0
        if todo.gone:
            self._bridge.write(ledger.note, self._place, self._session.uidvalidity, todo.gone, ledger.FINISHED)
        for batch in self._batches(todo.take):
            if self._stopping():
                break
            fetched = self._fetch(batch)  # while the batch before it is being stored
            taken += self._settle()
            if len(self._unfinished) >= COMMAND_COUNT:
                self._finish()
            self._hand_over(fetched)
        taken += self._settle()
        self._finish()
        self._memory.taken += taken
        return taken

    def _todo(self, now: datetime) -> Plan:
        first = not self._next
        due = self._memory.due(now)
        uids = self._session.all_uids() if first else self._session.uids_from(self._next)
        again = self._session.still_there(due) if due else []
        for uid in set(due) - set(again):
            del self._memory.aside[uid]
        self._next = max(self._next, max(uids, default=0) + 1)
        present = sorted({*uids, *again})
        if not present and not first:
            return Plan((), (), ())
        if first:
            self._bridge.write(left_behind.keep_only, self._place, self._session.uidvalidity, uids)
            self._bridge.write(left_behind.retake, self._place, self._session.uidvalidity, self._max_size)
        known = self._bridge.read(ledger.states, self._place, self._session.uidvalidity, present)
        todo = plan(present, known, self._memory.aside.keys() - set(again))
        if not first:  # only the first look of a connection saw the whole folder
            return Plan(todo.take, (), ())
        self._unfinished.update(todo.finish)
        return todo

    def _batches(self, uids: Sequence[int]) -> list[tuple[int, ...]]:
        outlines = self._outlines(uids)
        self._memory.set_aside([uid for uid in uids if uid not in outlines], self._bridge.clock())
        large = tuple(uid for uid, outline in outlines.items() if outline.size > self._max_size)
        if large:
            self._leave(large, left_behind.TOO_LARGE, {uid: outlines[uid].size for uid in large})
            self._memory.skipped += len(large)
            self._complain(f"too large to be taken, left in the folder: UID {_some(large)}")
        rest = [uid for uid in uids if uid in outlines and uid not in large]
        sizes = {uid: outline.size for uid, outline in outlines.items()}
        groups = self._memory.by_limit(rest, BATCH_COUNT)
        return [batch for limit, some in groups for batch in batches(some, sizes, limit)]

    def _fetch(self, batch: tuple[int, ...]) -> dict[int, Fetched]:
        fetched = self._in_hand(self._session.messages, batch)
        missing = [uid for uid in batch if uid not in fetched]
        if missing:
            self._memory.set_aside(missing, self._bridge.clock())
            stuck = [uid for uid in missing if self._memory.aside[uid][0] >= STUCK_AFTER]
            self._leave(stuck, left_behind.CANNOT_BE_FETCHED, {})
            self._complain(f"could not be fetched, tried again later: UID {_some(missing)}")
        return fetched

    def _leave(self, uids: Sequence[int], reason: str, sizes: Mapping[int, int]) -> None:
        """Record messages that stay in the mailbox, with what their headers say."""
        if not uids:
            return
        found = self._in_hand(self._session.headers, tuple(uids)) if reason == left_behind.TOO_LARGE else {}
        now = self._bridge.clock()
        left = [
            left_behind.Left(
                place=self._place,
                uidvalidity=self._session.uidvalidity,
                uid=uid,
                reason=reason,
                size=sizes.get(uid, 0),
                since=now,
                **read_summary(found.get(uid, b"")),
            )
            for uid in uids
        ]
        self._bridge.write(left_behind.leave, left, self._mailbox.name, self._max_size)

    def move_junk(self) -> None:
        """Move mails of tickets that became spam to the folder for junk."""
        newest, mails = self._bridge.read(left_behind.spam, self._place)
        if self._spam_seen == newest:
            return
        uids = [mail.uid for mail in mails if mail.uidvalidity == self._session.uidvalidity]
        try:
            if mails and (moved := self._session.junk(uids, [mail.message_id for mail in mails if mail.message_id])):
                log.info("mailbox %s: %d messages moved to junk", self._mailbox.name, moved)
        except Failed as error:
            self._complain("spam cannot be moved to junk", error)
            return
        self._bridge.write(left_behind.note_spam, self._place, newest)
        self._spam_seen = newest

    def _hand_over(self, fetched: Mapping[int, Fetched]) -> None:
        uids = sorted(fetched)
        state = ledger.FINISHED if self._mailbox.after == "leave" else ledger.ACCEPTED
        deliveries = [self._delivery(uid, fetched[uid]) for uid in uids]
        begun = self._bridge.hand_over(deliveries, self._place, self._session.uidvalidity, uids, state)
        self._handed = (uids, begun)

    def _settle(self) -> int:
        """Wait until what was handed over is durable; how many messages it was."""
        if self._handed is None:
            return 0
        (uids, begun), self._handed = self._handed, None
        self._bridge.answer(begun)
        stuck = [uid for uid in uids if self._memory.aside.get(uid, (0, None))[0] >= STUCK_AFTER]
        if stuck:
            self._bridge.write(left_behind.remove, self._place, stuck)
        for uid in uids:
            self._memory.aside.pop(uid, None)
            self._memory.fragile.pop(uid, None)
        if self._mailbox.after == "move":
            with suppress(Failed):  # a courtesy to people who look there; the ledger does not need it
                self._session.mark_seen(uids)
        if self._mailbox.after != "leave":
            self._unfinished.update(uids)
        return len(uids)

    def _delivery(self, uid: int, message: Fetched) -> Delivery:
        return Delivery(
            source="imap",
            source_key=f"imap:{self._place}:{self._session.uidvalidity}:{uid}",
            envelope=read_envelope(message.raw, (self._mailbox.credentials.user,)),
            raw=message.raw,
            arrived_at=message.arrived_at or self._bridge.clock(),
            authserv_ids=self._mailbox.authserv_ids,
            mark=keyword(message.flags),
        )

    def _outlines(self, uids: Sequence[int]) -> dict[int, Outline]:
        found: dict[int, Outline] = {}
        for limit, some in self._memory.by_limit(uids, COMMAND_COUNT):
            for at in range(0, len(some), limit):
                found.update(self._in_hand(self._session.outlines, tuple(some[at : at + limit])))
        return found

    def _in_hand(self, fetch: Callable[[Sequence[int]], dict[int, T]], uids: tuple[int, ...]) -> dict[int, T]:
        """Fetch; where the server refuses, halve until the bad message stands alone."""
        self._memory.in_hand = uids
        try:
            found = fetch(uids)
        except Failed:
            found = {}
            if len(uids) > 1:
                half = len(uids) // 2
                found = self._in_hand(fetch, uids[:half]) | self._in_hand(fetch, uids[half:])
        self._memory.in_hand = ()
        return found

    def _finish(self) -> None:
        try:
            for done in self._session.finish(self._unfinished):
                self._bridge.write(ledger.note, self._place, self._session.uidvalidity, done, ledger.FINISHED)
                self._unfinished.difference_update(done)
        except Failed as error:  # they are safe here and stay in the ledger as accepted: tried again at the next look
            self._complain(f"{len(self._unfinished)} messages cannot be finished (after: {self._mailbox.after})", error)

    def _complain(self, what: str, error: MailgateError | None = None) -> None:
        self.trouble = f"{what}: {error.cause:.300}" if error else what
        log.warning("mailbox %s: %s", self._mailbox.name, self.trouble)


def _some(uids: Sequence[int]) -> str:
    listed = ", ".join(str(uid) for uid in sorted(uids)[:10])
    return f"{listed} and {len(uids) - 10} more" if len(uids) > 10 else listed
