"""Several nodes on one database while they and the server are disturbed: `make nodes [ARGS="--smtp 2000 …"]`.

Nodes are killed, stopped and restarted every few seconds, and the server is restarted twice, once by a crash.

People write conversations by SMTP to whatever node answers, and mail lies in an IMAP folder. What must hold at the end:
each mail is one entry, each conversation one ticket with its mails in their order; each notice came once, or again as a
copy with the same Message-ID; to each recipient they came in the order in which they were written.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import smtplib
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from mailgate.settings import Server
from tests.acceptance.world import World, desk
from tests.dovecot import Dovecot
from tests.engines import SQLITE
from tests.postgresql import Cluster
from tests.waiting import wait_until

ANSWER = 5.0  # seconds for a node to answer before another one is tried
LENGTH = 5  # mails of a conversation
FOLDER = """
[mailbox.support]
host = "127.0.0.1"
port = IMAP_PORT
tls = "none"
user = "support@bank.example"
password = "secret"
existing = "take"
"""
EX_TEMPFAIL = 75  # how a daemon ends that was taken for dead
# For tests that cannot wait so long; what is late only because the machine is slow begins anew, as a service does.
SHORT = """
from mailgate.store.postgresql import engine
from mailgate.store.queues import nodes
from mailgate.worker import lanes
nodes.LEASE, nodes.RENEW, lanes.RETRY_INTERVAL = 4.0, 0.5, 0.5
nodes.MARGIN = engine.MARGIN = 1.0
"""


def mail(conversation: str, number: int, to: str = "support@bank.example", more: str = "") -> bytes:
    """A mail of a conversation; each answers the one before it."""
    answers = f"In-Reply-To: <{conversation}.{number - 1}@client.example>\r\n" if number else ""
    return (
        f"From: Karen <{conversation}@client.example>\r\nTo: {to}\r\n"
        f"Subject: {'Re: ' if number else ''}About {conversation}\r\n"
        f"Message-ID: <{conversation}.{number}@client.example>\r\n{answers}\r\n{conversation} says {number}\r\n{more}"
    ).encode()


class Site:
    """Nodes on one database, each as a process with a folder of its own, and one relay."""

    def __init__(self, folder: Path, url: str, names: Sequence[str], *, more: str = "", patch: str = "") -> None:
        self._folder, self._url, self._names, self._more, self._patch = folder, url, names, more, patch
        self.nodes: dict[str, World] = {}
        self._open = ExitStack()
        self._still: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        for name in self._names:
            (self._folder / name).mkdir()
            storage = {SQLITE: self._url, '"var/attachments"': f'"{self._folder}/attachments"\nnode = "{name}"'}
            text = desk(sev_a="2s", more=self._more, instead=storage)
            if self.nodes:
                text = text.replace("RELAY_PORT", str(self.first.relay.port))
            world = World(self._folder / name, text)
            world.database = Server(self._url, self._folder / name / "var/mailgate.db")
            if self._patch:
                world.patch(self._patch)
            self.nodes[name] = world
            self._open.enter_context(world)
        return self

    def __exit__(self, *error: object) -> None:
        for go_on in self._still:
            go_on()
        for world in self.nodes.values():
            if world._process is not None and not world.alive:
                world.ended()
        self._open.__exit__(*error)  # type: ignore[arg-type]

    @property
    def first(self) -> World:
        """The node whose relay is that of all."""
        return self.nodes[self._names[0]]

    def start(self, name: str) -> None:
        """Start a node, which shares the secret of the desk."""
        secret = self.nodes[name].folder / "var/secret"
        if not secret.exists():
            for other in self.nodes.values():
                if (there := other.folder / "var/secret").exists():
                    secret.parent.mkdir(exist_ok=True)
                    shutil.copy(there, secret)
                    break
        wait_until(lambda: self._starts(name), self.nodes[name].log_text)

    def _starts(self, name: str) -> bool:
        """Start a node; whether it runs. It ends at once while the server is away, and a service starts it again."""
        world = self.nodes[name]
        try:
            world.start()
        except AssertionError:
            if world.ended() != EX_TEMPFAIL:
                raise
            return False
        return True

    def kill(self, name: str) -> None:
        """The node dies."""
        self.nodes[name].end(signal.SIGKILL)

    def stop(self, name: str) -> Callable[[], None]:
        """The node stands still; what is returned lets it go on."""
        world = self.nodes[name]
        pids = [world.pid]
        with suppress(ProcessLookupError, FileNotFoundError):  # it may have ended by itself, or be about to start one
            pids += world.workers
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

        def go_on() -> None:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

        self._still.append(go_on)
        return go_on

    def revive(self, name: str) -> None:
        """Start a node that ended because it was taken for dead, as a service does."""
        world = self.nodes[name]
        if world._process is not None and not world.alive:
            assert world.ended() in (0, EX_TEMPFAIL), world.log_text()
        if world._process is None:
            self.start(name)

    def holder(self, resource: str) -> str:
        """The node that holds a lease; "" for none."""
        held = "SELECT n.name FROM lease l JOIN node n ON n.number = l.node WHERE l.resource = ?"
        return next((str(name) for (name,) in self.first.sql(held, resource)), "")

    def is_taken(self, raw: bytes, names: Sequence[str], to: str = "support@bank.example") -> bool:
        """Hand a mail to the first of these nodes that takes it. Each has another envelope sender, as a list's have."""
        sender = re.sub(rb"(?s).*Message-ID: <(.*?)@.*", rb"bounce-\1@client.example", raw).decode()
        for name in names:
            with suppress(smtplib.SMTPException, OSError):
                with smtplib.SMTP("127.0.0.1", self.nodes[name].port, timeout=ANSWER) as smtp:
                    smtp.sendmail(sender, [to], raw)
                return True
        return False

    def await_stillness(self) -> None:
        """Wait until every mail is worked, every outage is overdue, and every notice sent."""
        self.first.await_stillness()
        soon = "SELECT 1 FROM deadline WHERE at < extract(epoch FROM clock_timestamp()) + 60"
        wait_until(lambda: not self.first.sql(soon), self.first.log_text)
        self.first.await_stillness()

    def check(self, conversations: dict[str, int]) -> dict[str, int]:
        """What must hold at the end; `conversations` by name with their numbers of mails. Returns figures."""
        world = self.first
        threads: dict[int, list[str]] = defaultdict(list)
        for ticket, text in world.sql("SELECT ticket, text FROM entry WHERE kind = 'message' ORDER BY id"):
            threads[ticket].append(text.strip())
        wanted = [[f"{name} says {number}" for number in range(count)] for name, count in conversations.items()]
        assert world.sql("SELECT id, way, error FROM inbox WHERE state IN ('quarantined', 'held')") == []
        wrong = [thread for thread in threads.values() if thread not in wanted]
        assert sorted(threads.values()) == sorted(wanted), f"each conversation is one ticket, in order: {wrong}"
        written = {row[0]: row[1:] for row in world.sql("SELECT message_id, id, recipient, ticket, kind FROM outbox")}
        assert world.sql("SELECT count(*) FROM outbox WHERE state <> 'sent'") == [(0,)]
        got = [each.header("Message-ID") for each in world.taken]
        assert [(each, *written[each]) for each in {*written} - {*got}] == [], "every notice came"
        assert {*got} - {*written} == set(), "and nothing else"
        seen: dict[tuple[str, int], list[int]] = defaultdict(list)
        for message_id in dict.fromkeys(got):  # the first copy of each
            number, recipient, ticket, _ = written[message_id]
            seen[recipient, ticket].append(number)
        for lane, numbers in seen.items():
            assert numbers == sorted(numbers), f"the order of {lane}"
        alerts = world.sql("SELECT recipient, ticket, names FROM outbox WHERE kind = 'overdue'")
        overdue = Counter((to, number) for to, ticket, names in alerts for number in [ticket, *json.loads(names)])
        assert {count for (_, number), count in overdue.items() if number} <= {1}, "one clock"
        assert world.look("database", "check")["ok"]
        return {"tickets": len(threads), "notices": len(written), "copies": len(got) - len(written)}


@contextmanager
def site(
    folder: Path, server: Cluster, names: Sequence[str], dovecot: Dovecot | None = None, patch: str = ""
) -> Iterator[Site]:
    """A site on a new database, its nodes started."""
    more = FOLDER.replace("IMAP_PORT", str(dovecot.port)) if dovecot else ""
    with Site(folder, server.url(server.empty_database(), tcp=True), names, more=more, patch=patch) as found:
        for name in names:
            found.start(name)
        yield found


def write(found: Site, conversations: Sequence[str], chance: random.Random, length: int = LENGTH) -> None:
    """Send conversations, mail after mail of each in turn, to nodes by chance."""
    for number in range(length):
        for conversation in conversations:
            to = "outages@bank.example" if conversation.endswith("0") else "support@bank.example"
            raw = mail(conversation, number, to)

            def sent(raw: bytes = raw, to: str = to) -> bool:
                return found.is_taken(raw, chance.sample([*found.nodes], len(found.nodes)), to)

            wait_until(sent)


def disturb(found: Site, chance: random.Random, stop: threading.Event, *, pause: float, still: float) -> Counter[str]:
    """Kill, stop and restart one node after the other until `stop`; how often. `still`: seconds of standing still.

    While a node stands still, the others are disturbed.
    """
    done: Counter[str] = Counter()
    standing: dict[str, threading.Timer] = {}  # by the name of the node; ends when it goes on
    while not stop.wait(pause):
        if not (free := [name for name in found.nodes if name not in standing or not standing[name].is_alive()]):
            continue
        name = chance.choice(free)
        how = chance.choice(["killed", "stopped", "ended"])
        found.revive(name)
        if how == "killed":
            found.kill(name)
            stop.wait(pause)
            found.start(name)
        elif how == "stopped":
            standing[name] = threading.Timer(still, found.stop(name))
            standing[name].start()
        else:
            found.nodes[name].end()
            found.start(name)
        done[how] += 1
    for each in standing.values():
        each.join()
    return done


def restart(found: Site, server: Cluster, mails: int, *, away: float) -> Iterator[str]:
    """Restart the server in order when a third of the mails are entries, and by a crash when two thirds are."""
    for share, how, name in ((1, signal.SIGINT, "server restarted"), (2, signal.SIGKILL, "server crashed")):
        wait_until(lambda wanted=mails * share // 3: entries(found) >= wanted, progress=lambda: entries(found))
        server.stop(how)
        time.sleep(away)
        server.start()
        yield name


def entries(found: Site) -> int:
    """The number of mails that are entries of tickets."""
    ((count,),) = found.first.sql("SELECT count(*) FROM entry WHERE kind = 'message'")
    return int(count)


def play(
    found: Site,
    dovecot: Dovecot,
    chance: random.Random,
    *,
    by_smtp: int,
    in_folder: int,
    pause: float,
    still: float,
    before: Sequence[str] = (),
    server: Cluster | None = None,
) -> dict[str, int]:
    """Mails come both ways while nodes are disturbed; figures of what came of it.

    `before`: earlier conversations of a mail each; `server`: is restarted twice, too.
    """
    names = [f"smtp{number}" for number in range(by_smtp // LENGTH)]
    folder = [f"folder{number}" for number in range(in_folder)]
    stop = threading.Event()
    faults: list[Counter[str]] = []
    failures: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
            raise

    def disturbing() -> None:
        faults.append(disturb(found, chance, stop, pause=pause, still=still))

    def writing(some: Sequence[str]) -> None:
        write(found, some, random.Random(some[0]))

    def restarting() -> None:
        if server is not None:
            faults.append(Counter(restart(found, server, by_smtp + in_folder, away=pause)))

    chunks = [some for start in range(3) if (some := names[start::3])]
    disturbers = [threading.Thread(target=guarded, args=(work,)) for work in (disturbing, restarting)]
    writers = [threading.Thread(target=guarded, args=(lambda some=some: writing(some),)) for some in chunks]
    for thread in (*disturbers, *writers):
        thread.start()
    for some in itertools.batched(folder, 50) if hasattr(itertools, "batched") else [folder]:
        dovecot.deliver([mail(each, 0) for each in some])
    for thread in writers:
        thread.join()
    wait_until(lambda: not dovecot.uids(), found.first.log_text, lambda: len(dovecot.uids()))
    stop.set()
    for thread in disturbers:
        thread.join()
    assert not failures, failures
    for name in found.nodes:
        found.revive(name)
    found.await_stillness()
    figures = found.check(dict.fromkeys(names, LENGTH) | dict.fromkeys((*folder, *before), 1))
    return {**figures, **sum(faults, Counter())}


def failover(found: Site, dovecot: Dovecot) -> float:
    """Seconds until a message is a ticket that arrives when the node dies that watches its folder."""
    wait_until(lambda: found.holder("mailbox support"))
    name = found.holder("mailbox support")
    found.kill(name)
    began = time.monotonic()
    dovecot.deliver([mail("failover", 0)])
    ticket = "SELECT 1 FROM ticket WHERE subject = 'About failover'"
    other = next(world for each, world in found.nodes.items() if each != name)
    wait_until(lambda: other.sql(ticket), other.log_text)
    seconds = time.monotonic() - began
    found.start(name)
    return seconds


def main() -> None:
    """The large run by hand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--smtp", type=int, default=2000, help="mails by SMTP")
    parser.add_argument("--imap", type=int, default=2000, help="mails in the folder")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two faults")
    parser.add_argument("--still", type=float, default=60.0, help="seconds for which a node stands still")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    names = [chr(ord("a") + number) for number in range(args.nodes)]
    folder = Path(tempfile.mkdtemp(prefix="mailgate-nodes-"))
    print(f"seed {args.seed}, logs in {folder}", flush=True)
    with Cluster() as server, Dovecot() as dovecot, site(folder, server, names, dovecot) as found:
        print(f"failover of the mailbox: {failover(found, dovecot):.1f} s", flush=True)
        began = time.monotonic()
        chance = random.Random(args.seed)
        figures = play(
            found,
            dovecot,
            chance,
            by_smtp=args.smtp,
            in_folder=args.imap,
            pause=args.pause,
            still=args.still,
            before=["failover"],
            server=server,
        )
        print(f"{figures} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
