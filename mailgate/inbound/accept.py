"""The one way into the inbox: what `accept` returned for is durable.

Accepts that arrive while a commit is on its way share the next one (group commit); no
timer holds anybody back. Nothing is read or judged here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from mailgate.errors import DatabaseBusy, StorageError
from mailgate.mail import Delivery, Kept
from mailgate.store.db import Store
from mailgate.store.queues import inbox
from mailgate.store.raw_files import LARGE, Draft
from mailgate.system import maillog

__all__ = ["Acceptor", "Delivery"]

BATCH_COUNT = 256  # deliveries in one commit
BATCH_BYTES = 64_000_000

_Waiter = tuple[list[Delivery], asyncio.Future[list[int]]]


class Acceptor:
    """Takes deliveries for the inbox; lives on the loop that its methods are awaited on.

    `clock` returns the time (aware UTC); `notify` wakes the processor after each commit.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], notify: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._notify = notify
        self._waiting: list[_Waiter] = []
        self._committing: asyncio.Task[None] | None = None

    async def accept(self, delivery: Delivery) -> int:
        """Store one delivery; its inbox id, the same again for a repeated source key.

        Durable when it returns. Raises StorageError when the database cannot take it now.
        """
        return (await self.accept_many([delivery]))[0]

    async def accept_many(self, deliveries: Sequence[Delivery]) -> list[int]:
        """Store deliveries, all or none; their inbox ids. Raises StorageError."""
        if not deliveries:
            return []
        self._store.health.require_sound()
        filed = deliveries
        if any(len(delivery.raw) > LARGE for delivery in deliveries):
            filed = [await asyncio.to_thread(self._store.files.filed, delivery) for delivery in deliveries]
        try:
            return await self._commit_with_others(filed)
        except DatabaseBusy:  # after any other trouble the row may stand, and then its file must
            for delivery in filed:
                if isinstance(delivery.raw, Kept):
                    self._store.files.forget(delivery.raw)
            raise

    def begin(self) -> Draft:
        """Begin a large mail that comes in pieces; finished, it is a delivery's `raw`. Raises StorageError."""
        return self._store.files.begin()

    async def _commit_with_others(self, deliveries: Sequence[Delivery]) -> list[int]:
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((list(deliveries), answer))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all(), name="accept")
        return await answer

    async def close(self) -> None:
        """Wait until everything that was handed in is committed or refused."""
        while self._committing is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._committing)

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._take())
        finally:
            self._committing = None
            for _, answer in self._waiting:  # only when this task was cancelled: nobody may wait for ever
                answer.cancel()
            self._waiting.clear()

    def _take(self) -> list[_Waiter]:
        count = size = taken = 0
        for deliveries, _ in self._waiting:
            count += len(deliveries)
            size += sum(len(delivery.raw) for delivery in deliveries)
            if taken and (count > BATCH_COUNT or size > BATCH_BYTES):
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _commit(self, batch: list[_Waiter]) -> None:
        try:
            ids = await self._store.write(inbox.add, [one for some, _ in batch for one in some], self._clock())
        except StorageError as error:
            for _, answer in batch:
                _refuse(answer, type(error)(error.public, cause=error.cause, cure=error.cure))
        except Exception as error:
            if len(batch) == 1:
                _refuse(batch[0][1], error)
            else:
                for waiter in batch:
                    await self._commit([waiter])
        else:
            self._notify()
            position = 0
            for deliveries, answer in batch:
                for inbox_id, each in zip(ids[position:], deliveries, strict=False):
                    maillog.accepted(
                        inbox_id=inbox_id,
                        source=each.source,
                        sender=each.envelope.sender,
                        recipients=each.envelope.recipients,
                        size=len(each.raw),
                    )
                if not answer.done():  # a peer that hung up waits no longer; its mail is stored all the same
                    answer.set_result(ids[position : position + len(deliveries)])
                position += len(deliveries)


def _refuse(answer: asyncio.Future[list[int]], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
