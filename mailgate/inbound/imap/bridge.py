"""From a mailbox's thread to the daemon's loop and back: accepting mail, and transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent import futures
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from mailgate.errors import MailgateError
from mailgate.inbound.accept import Acceptor
from mailgate.mail import Delivery
from mailgate.store.db import Db, Store
from mailgate.store.queues import ledger

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_TIMEOUT = 120.0  # seconds that a commit may take, another process's transaction included


class Bridge:
    """From a mailbox's thread to the daemon's loop and back: accepts, and ledger transactions."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        store: Store,
        acceptor: Acceptor,
        clock: Callable[[], datetime],
    ) -> None:
        self._loop = loop
        self._store = store
        self._acceptor = acceptor
        self.clock = clock

    def hand_over(
        self, deliveries: Sequence[Delivery], place: str, uidvalidity: int, uids: Sequence[int], state: str
    ) -> futures.Future[None]:
        """Begin to store deliveries and then to note them in the ledger; `answer` waits for both."""

        async def both() -> None:
            await self._acceptor.accept_many(deliveries)
            await self._store.write(ledger.note, place, uidvalidity, uids, state)

        return self._start(both())

    def write(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One transaction. Raises StorageError."""
        return self.answer(self._start(self._store.write(work, *args, **kwargs)))

    def read(self, work: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One query on the reader. Raises StorageError."""
        return self.answer(self._start(self._store.read(work, *args, **kwargs)))

    def _start(self, work: Coroutine[Any, Any, T]) -> futures.Future[T]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop is closed: the daemon is gone
            work.close()
            raise MailgateError("the daemon has stopped", cause=str(error)) from error

    def answer(self, begun: futures.Future[T]) -> T:
        """Wait for what was begun; it is durable when this returns. Raises StorageError."""
        try:
            return begun.result(ANSWER_TIMEOUT)
        except TimeoutError as error:
            begun.cancel()
            raise MailgateError("the database does not answer") from error
        except futures.CancelledError as error:
            raise MailgateError("the daemon is stopping") from error
