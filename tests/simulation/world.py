"""One world: a desk, its people, the weather at its edges, and the passing of days."""

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

from mailgate.daemon.reload import validate
from mailgate.errors import ConfigError, MailgateError
from mailgate.store.db import Db, open_reader
from mailgate.store.queues import copies
from tests.simulation.life import LIFE, Killed
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import Plan
from tests.simulation.people import CUSTOMERS, Letter, People
from tests.simulation.process import Desk
from tests.simulation.promises import Promises
from tests.simulation.relay import Delivery, Relay

DAY = 86_400.0
# Where mail passes from one system to another: a kill between two of these is what doubles or loses mail.
HAND_OVERS = (
    *("daemon:hand-over to the relay", "daemon:relay answered", "daemon:answer to a mail", "daemon:mail answered"),
    *("daemon:change of a mailbox", "daemon:mailbox changed"),
)
CALM_FROM, PEOPLE_UNTIL, LOOK_AT = (
    22.0,
    22.8,
    23.9,
)  # hours: trouble ends, nobody writes any more, everything is checked
STARTS = (datetime(2027, 2, 26, tzinfo=UTC), datetime(2027, 10, 20, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC))
CONFIG = """
[desk]
name = "First Bank Help Desk"
domain = "bank.example"
timezone = "America/New_York"
admin = "root@ops.example"

[storage]
database = "sqlite:///var/mailgate.db"
attachments = "var/attachments"
keep_raw = "3d"
keep_sent = "3d"
keep_closed = "8d"
keep_trace = "4d"

[address."support@bank.example"]
[address."outages@bank.example"]
topic = "Outage"

[smtp]
listen = "127.0.0.1:2525"

[mailbox.support]
host = "127.0.0.1"
port = 143
tls = "none"
user = "support@bank.example"
password = "a password"
existing = "take"
poll = "10m"

[relay]
host = "relay"
port = 25
max_connections = 2

[department.Support]
manager = "ann"
[department.Maintenance]
manager = "ann"
public = false

[agent.elliot]
name = "Elliot Alderson"
email = ["elliot@bank.example"]
departments = ["Support"]
[agent.ann]
name = "Ann Reyes"
email = ["ann@bank.example"]
departments = ["Support", "Maintenance"]
digest = "08:00"
[agent.bob]
name = "Bob Base"
email = ["bob@bank.example"]
departments = ["Support"]
hear = "mine"
[agent.marcus]
name = "Marcus Webb"
email = ["marcus@bank.example"]
departments = ["Maintenance"]
quiet = "20:00-07:00"

[team."Online Banking"]
lead = "ann"
members = ["elliot", "bob"]

[schedule."Business hours"]
timezone = "America/New_York"
hours = { mon-fri = "08:00-17:00" }

[sla."Sev-A"]
resolve = "1h"
first_response = "20m"
escalate = [ { at = "50%", alert = ["assignee"] }, { at = "100%", alert = ["assignee", "manager"] } ]
[sla."Sev-B"]
resolve = "4h"
schedule = "Business hours"

[topic.Outage]
sla = "Sev-A"
priority = "Emergency"
[topic."Report a Problem"]
department = "Maintenance"
sla = "Sev-B"

[report]
weekly = "Mon 08:00"
"""


@dataclass
class Posted:
    """A letter on its way to the desk, and whether the desk took it over."""

    letter: Letter
    accepted: bool = False
    refused: str = ""
    tries: int = field(default=0)


class World:
    """A desk with a seed. `play` lets days go by; raises AssertionError where a promise is broken."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.folder = folder
        self.loop = VirtualLoop()
        self.journal: deque[str] = deque(maxlen=2000)
        self.began = self.loop.time()
        self.base = self.dice.choice(STARTS).timestamp() - self.began
        self.offset = 0.0  # of the wall clock, in seconds
        self.desk = Desk(self.loop, folder, self.wall, self.dice)
        self.relay = Relay(self.dice, lambda: self.desk.lives, self._taken)
        self.people = People(self.dice, self._later, self.post, self.now)
        self.posted: list[Posted] = []
        self.unwell: list[list[float]] = []  # stretches in which nothing can be expected in time, on the wall clock
        self.connections = 0.0  # share of connections that go wrong
        self.errors: list[str] = []
        self.over = False
        self.kill_at = ""  # the crossing of the next kill
        self.kill_in = 0  # crossings until the next kill; 0: none is planned
        self.crossings = 0
        self.kills = self.mails = self.passed = 0
        self.config = CONFIG  # in force
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
            posted.accepted = True
            self.note(f"mailbox has {letter.id} {letter.token}")
        else:
            self.loop.create_task(self._submit(posted, raw, to))

    async def _submit(self, posted: Posted, raw: bytes, to: list[str]) -> None:
        """Try until it is taken or refused, as a mail server does."""
        while True:
            posted.tries += 1
            answer = await self._dialogue(raw, posted.letter.sender, to)
            if answer.startswith("250"):
                posted.accepted = True
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
        await self._dialogue(raw, posted.letter.sender, to)

    async def _dialogue(self, raw: bytes, sender: str, to: list[str]) -> str:
        """One attempt; the last answer, "" when the connection was lost."""
        try:
            async with asyncio.timeout(300):
                reader, writer = await asyncio.open_connection("127.0.0.1", 2525)
                try:
                    return await _say(reader, writer, raw, sender, to)
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return ""

    # ── the desk's processes ────────────────────────────────────────────────────────────

    async def _supervise(self) -> None:
        """What a service manager does: start it, and start it again when it has ended."""
        while not self.over:
            dead = asyncio.Event()
            await self.desk.start()
            assert self.desk.life
            if self.desk.life.alive:
                self.desk.life.on_death["supervisor"] = dead.set
                self.db = self.db or open_reader(self.folder / "var/mailgate.db")
                self._well()
                ended = asyncio.create_task(dead.wait())
                assert self.desk.main
                await asyncio.wait({self.desk.main, ended}, return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
            self._ill()
            error = await self.desk.bury(self._power_returns if self.lost else int)
            self.promises.life_ended(self.desk.lives)
            self.note(f"desk ended: {error!r}")
            if error and not isinstance(error, MailgateError):
                self.errors.append(f"the desk ended with {error!r}")
            await asyncio.sleep(self.dice.choice((1.0, 30.0, 600.0)))

    def _power_returns(self) -> None:
        """What was not durable is gone."""
        assert self.lost
        if self.db:
            self.db.close()
        self.desk.disk.restore(*self.lost)
        self.db, self.lost = open_reader(self.folder / "var/mailgate.db"), None

    def _ill(self) -> None:
        self.unwell.append([self.wall(), float("inf")])

    def _well(self) -> None:
        """Whatever was wrong has ended, as far as time is concerned."""
        for each in self.unwell:
            if each[1] == float("inf"):
                each[1] = self.wall() + 61

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
        power = self.dice.random() < 0.4
        self.note(f"{'power cut' if power else 'killed'} {how}")
        if power:
            self.lost = self.desk.disk.remains()
        life.die()
        raise Killed

    def _next_due(self) -> float:
        row = self.db.one("SELECT min(at) FROM deadline") if self.db else None
        return row[0] - self.wall() if row and row[0] is not None else float("inf")

    # ── the weather ─────────────────────────────────────────────────────────────────────

    def _plan(self, host: str, port: int) -> Plan:
        if self.dice.random() >= self.connections:
            return Plan()
        dice = self.dice
        return dice.choice(
            (
                Plan(delay=dice.uniform(0.01, 20)),
                Plan(refuse=True),
                Plan(never=True),
                Plan(cut_up=dice.randint(0, 4000)),
                Plan(cut_down=dice.randint(0, 600)),
                Plan(silent_down=dice.randint(0, 600)),
            )
        )

    def _forecast(self) -> None:
        """What goes wrong on this day."""
        dice = self.dice
        for _ in range(dice.randint(1, 4)):
            what = dice.choice((self._bad_relay, self._bad_imap, self._bad_disk, self._bad_network, self._bad_clock))
            at = dice.uniform(0, CALM_FROM - 0.5)
            span = min(dice.choice((0.05, 0.5, 3.0, 8.0)), CALM_FROM - at)
            self.loop.call_later(at * 3600, what, span * 3600)
        for chance, what in (
            (0.6, self._plan_kill),
            (0.4, self._plan_kill),
            (0.1, self._stop),
            (0.3, self._reload),
            (0.05, self._renumber),
            (0.15, self._lose_addresses),
            (0.25, self.people.poisons),
        ):
            if dice.random() < chance:
                self.loop.call_later(dice.uniform(0, CALM_FROM - 1) * 3600, what)

    def _for(self, what: str, seconds: float, over: Callable[[], object]) -> None:
        self.note(f"{what} for {seconds / 3600:.2f} h")

        def ends() -> None:
            self.note(f"{what} is over")
            over()

        self.loop.call_later(seconds, ends)

    def _bad_relay(self, seconds: float) -> None:
        self.relay.trouble = self.dice.choice((0.1, 0.5, 3.0))
        self._for(f"relay trouble {self.relay.trouble}", seconds, lambda: setattr(self.relay, "trouble", 0.0))

    def _bad_imap(self, seconds: float) -> None:
        imap = self.desk.imap
        imap.trouble, imap.down = self.dice.choice(((0.5, False), (3.0, False), (0.0, True)))
        for gone in [*imap.clients] if imap.down else ():
            gone.shutdown()
        self._for(f"mailbox trouble {imap.trouble}", seconds, self._imap_well)

    def _imap_well(self) -> None:
        self.desk.imap.trouble, self.desk.imap.down = 0.0, False

    def _bad_disk(self, seconds: float) -> None:
        disk = self.desk.disk
        disk.state, disk.share = (
            self.dice.choice(("full", "broken", "read-only", "busy")),
            self.dice.choice((1.0, 0.05)),
        )
        self._ill()
        self._for(f"disk {disk.state} {disk.share}", min(seconds, 3 * 3600), self._disk_well)

    def _disk_well(self) -> None:
        self.desk.disk.state = ""
        self._well()

    def _bad_network(self, seconds: float) -> None:
        self.connections = self.dice.choice((0.2, 0.8))
        self._for(f"network trouble {self.connections}", seconds, lambda: setattr(self, "connections", 0.0))

    def _bad_clock(self, seconds: float) -> None:
        jump = self.dice.choice((-1, 1)) * self.dice.choice((30.0, 3_000.0, 90_000.0))
        now = self.wall()
        self.unwell.append([now - abs(jump) - 3700, now + abs(jump) + seconds + 3700])
        self.offset += jump

        def back() -> None:
            self.offset -= jump

        self._for(f"clock off by {jump} s", min(seconds, 20.0) if self.dice.random() < 0.5 else seconds, back)

    def _plan_kill(self) -> None:
        if self.dice.random() < 0.4:
            self.kill_at = self.dice.choice(HAND_OVERS)
            return
        self.kill_in = self.dice.choice((1, 2, 5, 20, 60, self.dice.randint(1, 200)))

    def _stop(self) -> None:
        self.note("stop")
        if self.desk.up and self.desk.daemon:
            self.desk.daemon.stop()

    def _renumber(self) -> None:
        self.note("another UIDVALIDITY")
        self.desk.imap.folders["INBOX"].renumber()
        for each in [*self.desk.imap.clients]:
            each.shutdown()

    def _lose_addresses(self) -> None:
        """Some customers have another address from now on; last week's have theirs again."""
        addresses = [each.email for each in CUSTOMERS]
        self.relay.dead = set(self.dice.sample(addresses, 1))
        self.people.bouncing = set(self.dice.sample(addresses, 1))
        self.note(f"dead: {self.relay.dead}, returned: {self.people.bouncing}")

    def _reload(self) -> None:
        """The administrator edits the configuration, well or badly, and says `mailgate reload`."""
        if self.desk.disk.state:
            return  # it would be refused, and is repeated when the disk is well
        text = self.dice.choice(
            (
                CONFIG,
                CONFIG.replace('resolve = "1h"', 'resolve = "2h"'),
                CONFIG.replace("max_connections = 2", "max_connections = 1"),
                CONFIG.replace('manager = "ann"', 'manager = "nobody"'),
                CONFIG.replace("[desk]", "[desk"),
            )
        )
        self.desk.file.write_text(text)
        try:
            validate(self.desk.file)
        except ConfigError:
            self.note("reload of a broken configuration")
            self.desk.reload()
            self.loop.call_later(30, self.desk.file.write_text, self.config)
        else:
            self.note("reload")
            self.config = text
            self.desk.reload()

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
            self.loop.close()

    db: Db | None = None

    def _prepare(self) -> None:
        self.desk.file.write_text(CONFIG)
        (self.folder / "var").mkdir(exist_ok=True)
        (self.folder / "var/secret").write_text("a secret of more than sixteen characters")
        self.desk.next_due = self._next_due
        self.desk.at_crossing = self._crossed
        self.loop.network.plan = self._plan
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
                self._forecast()
                for _ in range(self.dice.randint(2, 5)):
                    self.loop.call_later(self.dice.uniform(0, PEOPLE_UNTIL) * 3600, self.people.opens)
                self.loop.call_later(CALM_FROM * 3600, self._calm)
                await self._until(LOOK_AT)
                self.promises.check()
                self.passed = day + 1
                await self._until(24.0)
                passed(day)
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
        self.note("calm")


async def _say(reader: Any, writer: Any, raw: bytes, sender: str, to: list[str]) -> str:
    """Hand a mail over by SMTP; the last answer."""

    async def answer() -> str:
        while True:
            line = (await reader.readuntil(b"\n")).decode().rstrip()
            if line[3:4] != "-":
                return line

    def stuffed() -> bytes:
        return raw.replace(b"\r\n.", b"\r\n..")

    said = await answer()
    commands = ["EHLO mx.client.example", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in to), "DATA"]
    for command in commands:
        if not said.startswith("2"):
            return said
        writer.write(f"{command}\r\n".encode())
        said = await answer()
    if not said.startswith("354"):
        return said
    writer.write(stuffed() + b".\r\n")
    return await answer()


@contextmanager
def place() -> Iterator[Path]:
    """A new folder, in memory where there is such a place."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="simulation", dir=memory if memory.is_dir() else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
