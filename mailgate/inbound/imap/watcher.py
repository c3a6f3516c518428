"""One IMAP account, watched for ever: a thread that connects, drains, waits and comes back.

IDLE where the server has it, else polling; trouble is waited out with growing pauses.
Never a busy loop, never an exception that ends the thread, and SIGTERM is obeyed at once:
every wait also listens on a wake-up socket.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.connect.access_tokens import Account
from mailgate.connect.oauth2 import TokenRefused
from mailgate.errors import MailgateError
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap.bridge import Bridge
from mailgate.inbound.imap.connection import Denied, Failed, Throttled
from mailgate.inbound.imap.drain import Drain, Memory
from mailgate.inbound.imap.plan import pause
from mailgate.inbound.imap.session import Session, readable
from mailgate.settings import MAX_MAIL, Mailbox
from mailgate.store.db import Store

NETWORK_PAUSE = (1.0, 300.0)  # seconds, first and longest, after a lost connection
DENIED_PAUSE = (30.0, 900.0)  # after a refused login: servers lock accounts that hammer
QUIET_LOOKS = 3  # looks without a new message after which unsolicited responses no longer cause one
IDLE_FAILURES = 3  # refused IDLEs in a row after which the folder is polled

log = logging.getLogger("mailgate.imap")


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """How a mailbox stands; times are UTC."""

    name: str
    connected: bool = False
    idle: bool = False  # the server announces new messages; False: polling
    last_seen: datetime | None = None  # the last complete look at the folder
    last_error: str = ""  # of the trouble that lasts; "" when all is well
    error_since: datetime | None = None
    failures: int = 0  # connections that failed in a row
    taken: int = 0  # messages since start
    skipped: int = 0  # messages left alone since start
    aside: int = 0  # messages that cannot be fetched now

    @property
    def ok(self) -> bool:
        """True while the folder is being read without trouble."""
        return self.connected and not self.last_error


class Watcher:
    """Watches one mailbox on a thread of its own; start and stop it on the daemon's loop.

    `on_status` is called on the loop whenever the status changes. `max_size` in bytes. `account`
    gives access tokens, where the mailbox signs in with OAuth 2.0.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        store: Store,
        acceptor: Acceptor,
        clock: Callable[[], datetime],
        on_status: Callable[[MailboxStatus], None] | None = None,
        max_size: int = MAX_MAIL,
        account: Account | None = None,
    ) -> None:
        self.mailbox = mailbox
        self._account = account
        self._store = store
        self._acceptor = acceptor
        self._clock = clock
        self._on_status = on_status
        self._max_size = max_size
        self._status = MailboxStatus(mailbox.name)
        self._memory = Memory()
        self._idle_failures = 0
        self._stopping = threading.Event()
        self._session: Session | None = None
        self._thread: threading.Thread | None = None

    def status(self) -> MailboxStatus:
        """How the mailbox stands now. May be called from any thread."""
        return self._status

    async def start(self) -> None:
        """Start the thread. Trouble never comes out of here: it is in `status()`."""
        self._loop = asyncio.get_running_loop()
        self._bridge = Bridge(self._loop, self._store, self._acceptor, self._clock)
        self._wake, self._waker = socket.socketpair()
        self._ended = asyncio.Event()
        # A daemon thread: a name server that does not answer must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"imap-{self.mailbox.name}", daemon=True)
        self._thread.start()

    def look_now(self) -> None:
        """End an IDLE or a pause between two looks: the database has something to do in the mailbox."""
        if self._thread is not None and self._status.connected:
            self._waker.send(b"!")

    def retry_now(self) -> None:
        """End the pause after a failure, for its cause may be gone."""
        if self._thread is not None and self._status.last_error:
            self._waker.send(b"!")

    async def stop(self, grace: float = 5.0) -> None:
        """Stop the thread: at once when it waits, after the current batch when it works.

        After `grace` seconds the connection is cut; the ledger knows what was done.
        """
        if self._thread is None:
            return
        self._stopping.set()
        self._waker.send(b"!")
        try:
            await asyncio.wait_for(self._ended.wait(), grace)
        except TimeoutError:
            if self._session is not None:
                self._session.cut()
            try:
                await asyncio.wait_for(self._ended.wait(), 1.0)
            except TimeoutError:
                log.warning("mailbox %s: the thread hangs and is left behind", self.mailbox.name)
                return  # its sockets stay open for it; the process is about to end
        self._thread.join()
        self._thread = None
        self._wake.close()
        self._waker.close()

    # on the thread

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            before = self._status.last_seen
            (first, longest), least = NETWORK_PAUSE, 0.0
            try:
                self._watch()
            except (Denied, TokenRefused) as error:
                first, longest = DENIED_PAUSE
                trouble = _words(error)
            except Throttled as error:
                least = error.seconds
                trouble = _words(error)
                self._memory.in_hand = ()  # no message is to blame for it
            except MailgateError as error:
                trouble = _words(error)
            except Exception as error:  # unknown is temporary
                log.exception("mailbox %s: unexpected trouble", self.mailbox.name)
                trouble = f"unexpected trouble ({type(error).__name__})"
            if self._stopping.is_set():
                break
            self._memory.lost(self._clock())
            failures = failures + 1 if self._status.last_seen == before else 1
            seconds = max(pause(failures, random.random(), first=first, longest=longest), least)  # noqa: S311 (jitter)
            log.warning("mailbox %s: %s; again in %.0f s", self.mailbox.name, trouble, seconds)
            self._tell(connected=False, idle=False, last_error=trouble, failures=failures)
            self._rest(seconds)
        self._tell(connected=False, idle=False)
        self._on_loop(self._ended.set)

    def _rest(self, seconds: float) -> None:
        """Wait before the next try; `retry_now` and `stop` end it."""
        readable([self._wake], seconds)
        self._forget_wakes()

    def _forget_wakes(self) -> None:
        """Empty the wake-up socket, so that one byte ends one wait; a stop stands in its event as well."""
        with suppress(BlockingIOError):
            self._wake.recv(4096, socket.MSG_DONTWAIT)

    def _watch(self) -> None:
        """Drain and wait until stopped; raises when the connection is lost."""
        session = self._session = Session(self.mailbox, self._account)
        try:
            session.open()
            drain = Drain(self.mailbox, session, self._bridge, self._memory, self._stopping.is_set, self._max_size)
            idle = self.mailbox.idle and session.can_idle and self._idle_failures < IDLE_FAILURES
            self._tell(connected=True, idle=idle)
            drain.meet()
            while not self._stopping.is_set():
                self._look(drain, session)
                self._tell(last_seen=self._clock(), last_error=drain.trouble, failures=0)
                if not self._stopping.is_set():
                    self._wait(session, idle=idle)
        except BaseException:
            session.cut()
            raise
        finally:
            self._session = None
        session.close()

    def _wait(self, session: Session, *, idle: bool) -> None:
        try:
            session.wait(self._wake, self.mailbox.poll.total_seconds(), idle=idle)
            self._forget_wakes()
        except Failed:
            self._idle_failures += 1
            raise
        self._idle_failures = 0

    def _look(self, drain: Drain, session: Session) -> None:
        """Look until there is nothing new; from then on IDLE announces it."""
        drain.trouble = ""
        quiet = 0
        while not self._stopping.is_set() and quiet < QUIET_LOOKS:
            session.news()
            taken = drain.look()
            drain.move_junk()
            if not taken and not session.news():
                break
            quiet = 0 if taken else quiet + 1

    def _tell(self, **changes: object) -> None:
        memory, old = self._memory, self._status
        new = replace(
            old,
            taken=memory.taken,
            skipped=memory.skipped,
            aside=len(memory.aside),
            **changes,  # type: ignore[arg-type]
        )
        if new.last_error != old.last_error:
            new = replace(new, error_since=self._clock() if new.last_error else None)
        self._status = new
        if self._on_status is not None and replace(new, last_seen=None) != replace(old, last_seen=None):
            self._on_loop(self._on_status, new)

    def _on_loop(self, call: Callable[..., object], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is closed: nobody listens any more
            log.debug("mailbox %s: the loop is closed", self.mailbox.name)


def _words(error: MailgateError) -> str:
    return f"{error.public}: {error.cause:.300}" if error.cause else error.public
