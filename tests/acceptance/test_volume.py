"""A thousand tickets on twenty connections, with the daemon stopped or killed in between.

The clients behave like mail servers: they send a mail again until it is answered with 250.
"""

from __future__ import annotations

import queue
import signal
import smtplib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.people import ADDRESS
from tests.acceptance.world import World, desk
from tests.ports import reserved_port
from tests.waiting import PATIENCE, wait_until

TICKETS = 1000
CONNECTIONS = 20
EVERY = 5  # each fifth requester adds something at once, on the same connection

MARCUS = "marcus@bank.example"
MORE = """
[alerts]
new_ticket = ["agent:marcus"]
new_message = ["agent:marcus"]
[notices]
limit_unknown = "100000/1h"
limit_per_sender = "1000/1h"
"""


def requester(turn: int) -> str:
    return f"person{turn}@client{turn % 50}.example"


def opening(turn: int) -> bytes:
    return _mail(turn, f"Request number {turn}", f"first.{turn}", "", f"This is what I want, the {turn}. time.")


def addition(turn: int) -> bytes:
    thread = f"In-Reply-To: <first.{turn}@client.example>\r\nReferences: <first.{turn}@client.example>\r\n"
    return _mail(turn, f"Re: Request number {turn}", f"second.{turn}", thread, "One word more.")


def _mail(turn: int, subject: str, ident: str, thread: str, text: str) -> bytes:
    return (
        f"From: Person {turn} <{requester(turn)}>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{ident}@client.example>\r\n{thread}\r\n{text}\r\n\r\n{'Some more words of mine. ' * 20}\r\n"
    ).encode()


@dataclass
class Senders:
    """Mail servers that keep what was not taken, and try again. The last quarter waits for `rest`."""

    world: World
    rest: threading.Event = field(default_factory=threading.Event)
    waiting: queue.Queue[int] = field(default_factory=queue.Queue)
    accepted: Counter[str] = field(default_factory=Counter)
    again: int = 0  # mails that had to be sent once more
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for turn in range(TICKETS):
            self.waiting.put(turn)
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    @property
    def count(self) -> int:
        """How many mails were taken so far."""
        return sum(self.accepted.values())

    def join(self) -> None:
        wait_until(
            lambda: not any(thread.is_alive() for thread in self.threads), self.world.log_text, lambda: self.count
        )

    def find_nobody(self) -> None:
        """Begin with the last quarter while no daemon runs, and wait until somebody has to send again."""
        before = self.again
        self.rest.set()
        wait_until(lambda: self.again > before)

    def _work(self) -> None:
        smtp: smtplib.SMTP | None = None
        while True:
            try:
                turn = self.waiting.get_nowait()
            except queue.Empty:
                break
            if turn >= TICKETS * 3 // 4:
                self.rest.wait()
            for mail in (opening(turn), addition(turn)) if turn % EVERY == 0 else (opening(turn),):
                smtp = self._send(smtp, turn, mail)
        if smtp:
            smtp.close()

    def _send(self, smtp: smtplib.SMTP | None, turn: int, mail: bytes) -> smtplib.SMTP:
        """Send until it is taken; the connection it was taken on."""
        while True:
            try:
                smtp = smtp or smtplib.SMTP("127.0.0.1", self.world.port, timeout=PATIENCE)
                smtp.sendmail(requester(turn), [ADDRESS], mail)
            except (smtplib.SMTPException, OSError):
                if smtp:
                    smtp.close()
                smtp = None
                with self._lock:
                    self.again += 1
                time.sleep(0.1)
            else:
                with self._lock:
                    self.accepted[mail.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()] += 1
                return smtp


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    listen = f'listen = "127.0.0.1:{reserved_port()}"'  # the same after each start, and nobody else's between
    with World(tmp_path, desk(more=MORE, instead={'listen = "127.0.0.1:0"': listen})) as world:
        world.start()
        yield world


def half_way(world: World, senders: Senders) -> None:
    """Wait until some mail is accepted, some processed and some delivered."""
    done = lambda: senders.count > TICKETS / 3 and world.count > TICKETS / 10  # noqa: E731
    wait_until(done, world.log_text, lambda: senders.count)


def check_everything_once(world: World, *, copies: bool = False) -> int:
    """Check that each request is one ticket with one acknowledgement, in order; returns the number of duplicates.

    A duplicate is an identical mail with the same Message-ID, which a crash between the relay's 250
    and the commit can cause; allowed with `copies`.
    """
    tickets = world.sql("SELECT requester_email, number FROM ticket")
    assert len(tickets) == TICKETS
    numbers = dict(tickets)
    assert set(numbers) == {requester(turn) for turn in range(TICKETS)}
    entries = world.sql("SELECT message_id, count(*) FROM entry GROUP BY message_id HAVING count(*) > 1")
    assert entries == []
    ((entry_count,),) = world.sql("SELECT count(*) FROM entry")
    assert entry_count == TICKETS + TICKETS // EVERY

    told: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, bytes] = {}
    for mail in world.relay.taken:  # not taken apart as whole mails: there are thousands
        (to,), ident, kind = mail.recipients, mail.header("Message-ID"), mail.header("X-Mailgate-Notice")
        number = int(mail.header("X-Mailgate-Ticket"))
        if copies and ident in seen:
            assert seen[ident] == mail.data
            continue
        assert ident not in seen, f"{kind} to {to} twice"
        seen[ident] = mail.data
        if to == MARCUS:
            told[str(number)].append(kind)
        else:
            assert numbers[to] == number
            told[to].append(kind)
    for turn in range(TICKETS):
        assert told.pop(requester(turn)) == ["acknowledgement"]
        adds = ["new-message"] if turn % EVERY == 0 else []
        assert told.pop(str(numbers[requester(turn)])) == ["new-ticket", *adds], "in order per ticket"
    assert not told
    assert world.sql("SELECT state, count(*) FROM outbox WHERE state <> 'sent' GROUP BY state") == []
    assert world.sql("SELECT state, reason FROM inbox WHERE state NOT IN ('done', 'dropped')") == []
    return world.count - len(seen)


def test_a_thousand_tickets_with_a_stop_in_between_lose_and_duplicate_nothing(world: World) -> None:
    """SIGTERM drains, or gives up in time, with exit code 0; the next start continues."""
    senders = Senders(world)
    senders.start()
    half_way(world, senders)
    assert world.end() == 0
    drained = "shutdown timed out" not in world.log_text()
    ((working,),) = world.sql("SELECT count(*) FROM inbox WHERE state = 'working'")
    assert working == 0 or not drained, "what was in hand was finished or given back"
    senders.find_nobody()
    world.start()
    senders.join()
    world.settle()
    check_everything_once(world, copies=not drained)


def test_a_thousand_tickets_with_kills_in_between_lose_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every mail answered with 250 is processed; a duplicate notice is the identical mail."""
    senders = Senders(world)
    senders.start()
    for share in (4, 2):
        wait_until(lambda share=share: senders.count > TICKETS / share, world.log_text, lambda: senders.count)  # type: ignore[misc]
        assert world.end(signal.SIGKILL) == -signal.SIGKILL
        if share == 2:
            senders.find_nobody()
        world.start()
    senders.join()
    world.settle()
    copies = check_everything_once(world, copies=True)
    with capsys.disabled():
        print(f"\nkilled twice: {senders.again} mails sent again to us, {copies} copies at the relay")
