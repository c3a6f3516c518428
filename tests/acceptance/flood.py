"""Many tickets at once on twenty connections, while the daemon is stopped or killed: nothing is lost, nothing doubled.

    python -m tests.acceptance.flood [--seconds 120] [--every 4] [--seed 1]

kills the daemon, its worker, or both, every few seconds, at moments that are drawn. The clients behave like mail
servers: they send a mail again until it is answered with 250.
"""

from __future__ import annotations

import argparse
import os
import queue
import random
import signal
import smtplib
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.people import ADDRESS
from tests.acceptance.world import World, desk
from tests.ports import reserved_port
from tests.waiting import PATIENCE, wait_until

CONNECTIONS = 20
EX_TEMPFAIL = 75
PROGRESS = 100  # mails that are worked between two kills: one that is in hand at three of them is quarantined
AHEAD = 2000  # mails that were taken and not worked, at which senders wait: to accept one is quicker than to work it
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
    tickets: int
    rest: threading.Event = field(default_factory=threading.Event)
    waiting: queue.Queue[int] = field(default_factory=queue.Queue)
    accepted: Counter[str] = field(default_factory=Counter)
    turns: set[int] = field(default_factory=set)  # those whose mails were all taken
    again: int = 0  # mails that had to be sent once more
    ended: bool = False  # nothing new is begun
    _count: int = 0
    _worked: int = 0  # when it was last looked at
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for turn in range(self.tickets):
            self.waiting.put(turn)
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    @property
    def count(self) -> int:
        """How many mails were taken so far."""
        return self._count

    def join(self) -> None:
        wait_until(
            lambda: not any(thread.is_alive() for thread in self.threads), self.world.log_text, lambda: self.count
        )
        assert self.ended or len(self.turns) == self.tickets

    def find_nobody(self) -> None:
        """Begin with the last quarter while no daemon runs, and wait until somebody has to send again."""
        before = self.again
        self.rest.set()
        wait_until(lambda: self.again > before)

    def _work(self) -> None:
        smtp: smtplib.SMTP | None = None
        while not self.ended:
            try:
                turn = self.waiting.get_nowait()
            except queue.Empty:
                break
            if turn >= self.tickets * 3 // 4:
                self.rest.wait()
            self._hold_back()
            for mail in (opening(turn), addition(turn)) if turn % EVERY == 0 else (opening(turn),):
                smtp = self._send(smtp, turn, mail)
            with self._lock:
                self.turns.add(turn)
        if smtp:
            smtp.close()

    def _hold_back(self) -> None:
        """Wait while too much was taken that is not worked yet."""
        while self.count - self._worked > AHEAD and not self.ended:
            with self._lock:
                self._worked = count_of_worked(self.world)
            time.sleep(0.1)

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
                    self._count += 1
                    self.accepted[mail.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()] += 1
                return smtp


def check_everything_once(world: World, turns: Collection[int], *, copies: bool = False) -> int:
    """Check that each request is one ticket with one acknowledgement, in order; returns the number of duplicates.

    A duplicate is an identical mail with the same Message-ID, which a crash between the relay's 250
    and the commit can cause; allowed with `copies`.
    """
    tickets = world.sql("SELECT requester_email, number FROM ticket")
    unworked = world.sql("SELECT state, reason, error FROM inbox WHERE state NOT IN ('done', 'dropped')")
    assert len(tickets) == len(turns), unworked
    numbers = dict(tickets)
    assert set(numbers) == {requester(turn) for turn in turns}
    entries = world.sql("SELECT message_id, count(*) FROM entry GROUP BY message_id HAVING count(*) > 1")
    assert entries == []
    ((entry_count,),) = world.sql("SELECT count(*) FROM entry")
    assert entry_count == len(turns) + sum(turn % EVERY == 0 for turn in turns)

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
    for turn in turns:
        assert told.pop(requester(turn)) == ["acknowledgement"]
        adds = ["new-message"] if turn % EVERY == 0 else []
        assert told.pop(str(numbers[requester(turn)])) == ["new-ticket", *adds], "in order per ticket"
    assert not told
    assert world.sql("SELECT state, count(*) FROM outbox WHERE state <> 'sent' GROUP BY state") == []
    assert world.sql("SELECT state, reason FROM inbox WHERE state NOT IN ('done', 'dropped')") == []
    return world.count - len(seen)


def new_world(folder: Path) -> World:
    """A desk for it."""
    listen = f'listen = "127.0.0.1:{reserved_port()}"'  # the same after each start, and nobody else's between
    return World(folder, desk(more=MORE, instead={'listen = "127.0.0.1:0"': listen}))


def kill(world: World, what: str) -> None:
    """Kill the daemon, its worker, or both, and start it again, as a service manager does."""
    if what != "daemon":
        os.kill(world.worker, signal.SIGKILL)
    code = world.ended() if what == "worker" else world.end(signal.SIGKILL)
    assert code in (-signal.SIGKILL, EX_TEMPFAIL), world.log_text()  # a daemon without its worker ends by itself
    world.start()


def await_progress(world: World, worked: int) -> None:
    """Wait until mails were worked since the last start, when `worked` were."""
    wait_until(lambda: count_of_worked(world) >= worked + PROGRESS, world.log_text)


def count_of_worked(world: World) -> int:
    """The number of mails that were worked."""
    ((count,),) = world.sql("SELECT count(*) FROM inbox WHERE done_at IS NOT NULL")
    return int(count)


def main() -> None:
    """Random kills for a while; raises AssertionError when something is lost or comes twice."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.acceptance.flood",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="for which mail comes (120)")
    parser.add_argument("--every", type=float, default=4.0, metavar="S", help="seconds between two kills, about (4)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    dice, kills = random.Random(args.seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="mailgate-flood-") as folder, new_world(Path(folder)) as world:
        world.start()
        senders = Senders(world, 1_000_000)
        senders.start()
        end = time.monotonic() + args.seconds
        worked = 0
        while (now := time.monotonic()) < end:
            time.sleep(min(dice.uniform(0.2, 1.8) * args.every, end - now))
            await_progress(world, worked)
            what = dice.choice(("daemon", "worker", "both"))
            kill(world, what)
            kills[what] += 1
            worked = count_of_worked(world)
        senders.ended = True
        senders.join()
        world.settle()
        copies = check_everything_once(world, senders.turns, copies=True)
        print(
            f"{len(senders.turns)} tickets, {senders.count} mails taken, {world.count} notices; kills: {dict(kills)}; "
            f"{senders.again} mails sent again to us, {copies} copies at the relay with one Message-ID each"
        )


if __name__ == "__main__":
    main()
