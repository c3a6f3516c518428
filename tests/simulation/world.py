"""One world: a desk, its people, what is around it, and the passing of days."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mailgate.errors import MailgateError
from mailgate.store.db import Db, open_reader
from mailgate.store.queues import copies
from tests.postgresql import Cluster
from tests.simulation.administrator import Administrator
from tests.simulation.faults import CALM_FROM, Faults
from tests.simulation.life import LIFE, Killed
from tests.simulation.loop import VirtualLoop
from tests.simulation.people import Letter, People
from tests.simulation.process import Desk
from tests.simulation.promises import Promises
from tests.simulation.relay import Delivery, Relay
from tests.simulation.server import DatabaseServer
from tests.simulation.submission import hand_over

DAY = 86_400.0
PEOPLE_UNTIL, LOOK_AT = 22.8, 23.9  # hours: nobody writes any more, everything is checked
SIGN_IN_AT = 22.1  # hours: the administrator signs in where the desk says that it must be done
STARTS = (datetime(2027, 2, 26, tzinfo=UTC), datetime(2027, 10, 20, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC))


@dataclass
class Posted:
    """A letter on its way to the desk, and whether the desk took it over."""

    letter: Letter
    accepted: bool = False
    by_mailbox: bool = False
    at: float = 0.0  # when it was accepted, on the loop's clock
    refused: str = ""
    tries: int = field(default=0)


class World:
    """A desk with a seed. `play` lets days go by; raises AssertionError where a promise is broken.

    Its database is a file, or lies on the server of a `cluster`.
    """

    def __init__(self, folder: Path, seed: int, cluster: Cluster | None = None) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.folder = folder
        self.loop = VirtualLoop()
        self.journal: deque[str] = deque(maxlen=2000)
        self.began = self.loop.time()
        self.base = self.dice.choice(STARTS).timestamp() - self.began
        self.offset = 0.0  # of the wall clock, in seconds
        server = DatabaseServer(self.dice, cluster, folder, lambda: self.base + self.loop.time()) if cluster else None
        self.desk = Desk(self.loop, folder, self.wall, self.dice, server)
        self.relay = Relay(self.dice, lambda: self.desk.lives, self._taken, self.desk.tokens.accepts)
        self.faults = Faults(self)
        self.administrator = Administrator(self)
        self.people = People(self.dice, self._later, self.post, self.now, self._requester)
        self.posted: list[Posted] = []
        self.unwell: list[list[float]] = []  # stretches in which nothing can be expected in time, on the wall clock
        self.errors: list[str] = []
        self.peace = False  # the last days, without any fault
        self.over = False
        self.kill_at = ""  # the crossing of the next kill
        self.kill_in = 0  # crossings until the next kill; 0: none is planned
        self.crossings = 0
        self.kills = self.restarts = self.mails = self.passed = 0
        self.config = self.desk.config  # in force
        self._last = ""
        self.lost: tuple[bytes, bytes] | None = None  # database and log after a power cut, until it returns
        self.reloaded = asyncio.Event()

    # ── time ────────────────────────────────────────────────────────────────────────────

    def wall(self) -> float:
        """The wall clock, in seconds since 1970."""
        return self.base + self.loop.time() + self.offset

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.fromtimestamp(self.wall(), UTC)

    @property
    def day(self) -> int:
        """The days that went by."""
        return int((self.loop.time() - self.began) // DAY)

    @property
    def hour(self) -> float:
        """The hour of the day."""
        return (self.loop.time() - self.began) % DAY / 3600

    def _later(self, seconds: float, call: Callable[..., object], *args: object) -> None:
        """Do something later, and nothing in the last hours of a day."""
        at = (self.hour * 3600 + seconds) % DAY
        if at > PEOPLE_UNTIL * 3600:
            seconds += DAY - at + self.dice.uniform(60, 3600)
        self.loop.call_later(seconds, call, *args)

    def note(self, what: str) -> None:
        """A line of the journal."""
        if what != self._last:
            self._last = what
            self.journal.append(f"{self._when(self.loop.time())} life {self.desk.lives}: {what}")

    def _when(self, time: float) -> str:
        seconds = int(time - self.began)
        return f"day {seconds // 86_400} {seconds % 86_400 // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"

    def when(self, wall: float) -> str:
        """A time of the wall clock, as if it went right, in words of the journal."""
        return self._when(wall - self.base)

    def _requester(self, ticket: int) -> str:
        row = self.db.one("SELECT requester_email FROM ticket WHERE number = ?", [ticket]) if self.db else None
        return row[0] if row else ""

    # ── mail ────────────────────────────────────────────────────────────────────────────

    def _taken(self, delivery: Delivery) -> None:
        """The relay took a mail: its recipient reads it."""
        first = self.promises.delivered(delivery)
        self.mails += 1
        kind, again = delivery.header("X-Mailgate-Notice"), "" if first else " again"
        self.note(f"relay took {kind} {delivery.id} to {delivery.recipient}{again}")
        if first:
            read = self.people.agent_got if delivery.recipient.endswith("@bank.example") else self.people.customer_got
            read(delivery)

    def post(self, letter: Letter) -> None:
        """Somebody sends a mail to the desk: by SMTP, or it comes into the mailbox."""
        posted = Posted(letter)
        self.mails += 1
        self.posted.append(posted)
        to = [each.addr_spec for each in letter.mail["To"].addresses]
        raw = letter.mail.as_bytes()
        if self.dice.random() < 0.25:
            raw = b"Return-Path: <%s>\r\nDelivered-To: %s\r\n" % (letter.sender.encode(), to[0].encode()) + raw
            self.desk.imap.deliver(raw, self.now())
            posted.accepted = posted.by_mailbox = True
            self.note(f"mailbox has {letter.id} {letter.token}")
        else:
            self.loop.create_task(self._submit(posted, raw, to))

    async def _submit(self, posted: Posted, raw: bytes, to: list[str]) -> None:
        """Try until it is taken or refused, as a mail server does."""
        while True:
            posted.tries += 1
            answer = await hand_over(raw, posted.letter.sender, to)
            if answer.startswith("250"):
                posted.accepted, posted.at = True, self.loop.time()
                self.note(f"desk took {posted.letter.id} {posted.letter.token}")
                if self.dice.random() < 0.03:
                    self._later(self.dice.uniform(1, 5000), lambda: self.loop.create_task(self._again(posted, raw, to)))
                return
            if answer.startswith("5"):
                posted.refused = answer
                self.note(f"desk refused {posted.letter.id}: {answer}")
                return
            await asyncio.sleep(self.dice.uniform(60, 900))

    async def _again(self, posted: Posted, raw: bytes, to: list[str]) -> None:
        """A server further up sends once more what was taken."""
        await hand_over(raw, posted.letter.sender, to)

    # ── the desk's processes ────────────────────────────────────────────────────────────

    async def _supervise(self) -> None:
        """What a service manager does: start it, and start it again when it has ended."""
        down = self.ill()
        while not self.over:
            dead = asyncio.Event()
            await self.desk.start()
            assert self.desk.life
            if self.desk.life.alive:
                self.desk.life.on_death["supervisor"] = dead.set
                self.db = self.db or open_reader(self.desk.database)
                self.well(down)
                ended = asyncio.create_task(dead.wait())
                assert self.desk.main
                await asyncio.wait({self.desk.main, ended}, return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
                down = self.ill()
            error = await self.desk.bury(self._power_returns if self.lost else int)
            self.promises.life_ended(self.desk.lives)
            self.administrator.note_end()
            if self.administrator.restores:
                self._restore()
            self.note(f"desk ended: {error!r}")
            if error and not isinstance(error, MailgateError):
                self.errors.append(f"the desk ended with {error!r}")
            await asyncio.sleep(self.dice.choice((1.0, 30.0, 600.0)))

    def _restore(self) -> None:
        """An older state of everything, as a backup has it."""
        if self.db:
            self.db.close()
        backup = self.administrator.restore()
        self.db = open_reader(self.desk.database)
        self.unwell.append([backup.wall, self.wall() + 61])
        self.promises.restored(backup.at)

    def _power_returns(self) -> None:
        """What was not durable is gone."""
        assert self.lost
        if self.db:
            self.db.close()
        self.desk.disk.restore(*self.lost)
        self.db, self.lost = open_reader(self.desk.database), None

    def _server_restarted(self, how: str) -> None:
        """The connections of this world are lost, too; a query opens one anew."""
        self.note(f"server: {how}")
        self.restarts += 1
        self.well(self.ill())
        if self.db:
            self.db.one("SELECT 1")

    def ill(self) -> list[float]:
        """Nothing can be expected in time until `well` is called with what this returns."""
        stretch = [self.wall(), float("inf")]
        self.unwell.append(stretch)
        return stretch

    def well(self, stretch: list[float]) -> None:
        """What was wrong has ended; a minute later it has no effect any more."""
        stretch[1] = self.wall() + 61

    def _crossed(self, crossing: str) -> None:
        self.crossings += 1
        if self.kill_at == crossing and self.hour < CALM_FROM:
            self.kill_at = ""
            self._die(f"at {crossing}")
        if self.kill_in and self.hour < CALM_FROM:
            self.kill_in -= 1
            if not self.kill_in:
                self._die(f"at {crossing}")

    def _remembered(self, remember: Callable[..., None]) -> Callable[..., None]:
        """The last write of a mail's transaction, which fails for those that are poison."""

        def fails(db: Db, digest: str, inbox_id: int, now: datetime) -> None:
            remember(db, digest, inbox_id, now)
            row = db.one("SELECT message_id FROM inbox WHERE id = ?", [inbox_id])
            name = row["message_id"] if row else ""
            if name.startswith("<poison-kills"):
                self._die("by a mail")
            if name.startswith("<poison"):
                raise RuntimeError("poison")

        return fails

    def _die(self, how: str) -> None:
        life = LIFE.get()
        assert life
        self.kills += 1
        power = self.dice.random() < 0.4 and not self.desk.server
        self.note(f"{'power cut' if power else 'killed'} {how}")
        if power:
            self.lost = self.desk.disk.remains()
        life.die()
        raise Killed

    def _token_given(self) -> None:
        """An answer of the token server is on its way: a kill before it is kept loses what it holds."""
        if not self.peace and self.hour < CALM_FROM and self.dice.random() < 0.05:
            self.kill_in = self.dice.randint(1, 4)

    def _next_due(self) -> float:
        row = self.db.one("SELECT min(at) FROM deadline") if self.db else None
        return row[0] - self.wall() if row and row[0] is not None else float("inf")

    # ── days ────────────────────────────────────────────────────────────────────────────

    def play(self, days: int, passed: Callable[[int], object] = int) -> None:
        """Let days go by, then as many as it takes for everything to come to its end."""
        state = random.getstate()
        random.seed(self.seed)
        constants = {"HOLD": self.dice.choice((-1.0, 60.0)), "BUDGET": 60.0}
        remember = patch.object(copies, "remember", self._remembered(copies.remember))
        try:
            with self._log(), self.desk.edges(**constants), remember:
                self._prepare()
                self._run(self._days(days, passed))
        finally:
            random.setstate(state)
            if self.db:
                self.db.close()
            if self.desk.server:
                self.desk.server.close()
            self.loop.close()

    db: Db | None = None

    def _prepare(self) -> None:
        self.desk.file.write_text(self.desk.config)
        if self.desk.server:
            self.desk.server.restarted = self._server_restarted
        (self.folder / "var").mkdir(exist_ok=True)
        (self.folder / "var/secret").write_text("a secret of more than sixteen characters")
        self.desk.next_due = self._next_due
        self.desk.at_crossing = self._crossed
        self.desk.tokens.at_answer = self._token_given
        self.administrator.sign_in()
        self.loop.network.plan = self.faults.plan
        self.loop.set_exception_handler(self._unhandled)
        self.promises = Promises(self)

    def _unhandled(self, _: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Killed | asyncio.CancelledError | MailgateError):
            self.errors.append(f"{context['message']}: {error!r}")

    @contextmanager
    def _log(self) -> Iterator[None]:
        """What the desk logs with a traceback is a failure; what it warns of stands in the journal."""
        log = logging.getLogger("mailgate")
        world = self

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                life = LIFE.get()
                if life and not life.alive:
                    return
                world.note(f"log: {record.getMessage()}"[:300])
                if record.exc_info and not isinstance(record.exc_info[1], MailgateError | Killed | OSError):
                    world.errors.append(self.format(record))

        handler, before = Handler(logging.WARNING), (log.level, log.propagate)
        log.addHandler(handler)
        log.setLevel(logging.WARNING)
        log.propagate = False
        others = [logging.getLogger(name) for name in ("asyncio", "mail.log", "imapclient")]
        for each in others:
            each.disabled = True
        try:
            yield
        finally:
            log.removeHandler(handler)
            log.level, log.propagate = before
            for each in others:
                each.disabled = False

    def _run(self, main: Any) -> None:
        """Run the loop until `main` has ended; a kill passes out of it and in again."""
        task = self.loop.create_task(main)
        task.add_done_callback(lambda _: self.loop.stop())
        while not task.done():
            try:
                self.loop.run_forever()
            except Killed:
                continue
        task.result()

    async def _days(self, days: int, passed: Callable[[int], object]) -> None:
        await self.relay.start()
        supervisor = asyncio.create_task(self._supervise())
        try:
            for day in range(days):
                self.faults.forecast()
                for _ in range(self.dice.randint(2, 5)):
                    self.loop.call_later(self.dice.uniform(0, PEOPLE_UNTIL) * 3600, self.people.opens)
                self.loop.call_later(CALM_FROM * 3600, self._calm)
                self.loop.call_later(SIGN_IN_AT * 3600, self.administrator.look)
                await self._until(LOOK_AT)
                self.promises.check()
                self.passed = day + 1
                await self._until(24.0)
                passed(day)
            self.peace = True
            await asyncio.sleep(4 * DAY)
            self.promises.check_end()
        finally:
            self.over = True
            await self.desk.kill()
            supervisor.cancel()

    async def _until(self, hour: float) -> None:
        await asyncio.sleep(max(hour - self.hour, 0) * 3600)

    def _calm(self) -> None:
        """In the evening everything is well again."""
        self.kill_in, self.kill_at = 0, ""
        if self.desk.server:
            self.desk.server.restart_in = 0
        self.note("calm")


@contextmanager
def place() -> Iterator[Path]:
    """A new folder, in memory where there is such a place."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="simulation", dir=memory if memory.is_dir() else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
