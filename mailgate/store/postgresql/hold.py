"""One daemon on a database: a lock that its session holds, and a mark that fences earlier daemons off.

The lock ends with the session: with the process, with the machine, with a restart of the server. While a daemon has no
session, another one may begin; it leaves a mark of its own, and every transaction of the earlier one is refused.
"""

from __future__ import annotations

import threading
import uuid
from contextlib import suppress
from typing import NoReturn

from mailgate.errors import DatabaseBusy, LockHeld, StorageError
from mailgate.store.postgresql.connection import LOCKS, Connection, connect, errors_of, value

KEY = "daemon"  # row of `meta`: the mark of the daemon that began last
WAIT = 5  # seconds until the lock counts as held: the server may be about to end the session of a dead process
CHECK = 10.0  # seconds between two looks at the session

_MARK = f"SELECT value FROM meta WHERE key = '{KEY}'"  # noqa: S608


class Hold:
    """The hold of this process on a database, kept by a thread until `close`. Raises LockHeld, StorageError."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._mark = uuid.uuid4().hex
        self._session: Connection | None = None
        self._closed = threading.Event()
        self._take(first=True)
        self._thread = threading.Thread(target=self._keep, name="hold", daemon=True)
        self._thread.start()

    def _take(self, *, first: bool) -> None:
        """Take the lock on a new session. The first time leave the mark; later it must be there still."""
        session = connect(self._url)
        try:
            with errors_of(session):
                session.execute(f"SET lock_timeout = '{WAIT}s'")
                session.execute(f"SELECT pg_advisory_lock({LOCKS + 1}, hashtext(current_schema()))")
                if not (first or value(session, _MARK) == self._mark):
                    _refuse()
                if first:
                    self._leave_mark(session)
        except DatabaseBusy:
            session.close()
            _refuse()
        except BaseException:
            session.close()
            raise
        self._session = session

    def _leave_mark(self, session: Connection) -> None:
        """In a transaction like those that write, so that none of an earlier daemon is under way."""
        with session.transaction():
            session.execute(f"SELECT pg_advisory_xact_lock({LOCKS}, hashtext(current_schema()))")
            session.execute(
                "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [KEY, self._mark],
            )

    def _keep(self) -> None:
        """Take the lock again where the session was lost. What another daemon holds by then is found by the fence."""
        while not self._closed.wait(CHECK):
            try:
                if self._session is not None:
                    with errors_of(self._session):
                        self._session.execute("SELECT 1")
                    continue
            except StorageError:
                self._session = None
            with suppress(StorageError, LockHeld):
                self._take(first=False)

    def close(self) -> None:
        """Let go."""
        self._closed.set()
        self._thread.join()
        if self._session is not None:
            self._session.close()


def _refuse() -> NoReturn:
    raise LockHeld("another mailgate is using this database")
