"""The real daemon with its database on a PostgreSQL server: what it takes is one ticket each, whatever is killed."""

from __future__ import annotations

import itertools
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from smtplib import SMTPDataError, SMTPException

import pytest

from mailgate.settings import Server
from tests.acceptance.world import World, desk
from tests.engines import SQLITE
from tests.postgresql import Cluster, cluster
from tests.waiting import wait_until

KAREN = "karen@client.example"


def on(url: str) -> str:
    """A desk on a server."""
    return desk(instead={SQLITE: url})


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A server that the test may stop."""
    with Cluster() as found:
        yield found


def named(number: int, answers: str = "") -> bytes:
    """A mail with a subject of its own."""
    return (
        "From: Karen <karen@client.example>\r\nTo: support@bank.example\r\n"
        f"Subject: Number {number}\r\nMessage-ID: <n{number}@client.example>\r\n"
        f"{f'In-Reply-To: {answers}' if answers else 'X-None: here'}\r\n\r\nNumber {number}\r\n"
    ).encode()


def is_taken(world: World, number: int) -> bool:
    with suppress(SMTPException, OSError):
        world.send(named(number), sender=KAREN)
        return True
    return False


def test_each_mail_is_one_ticket_whatever_is_killed(tmp_path: Path, server: Cluster) -> None:
    url = server.url(server.empty_database(), tcp=True)
    with World(tmp_path, on(url)) as world:
        world.database = Server(url, tmp_path / "var/mailgate.db")
        world.start()
        numbers, taken = itertools.count(1), list[int]()

        def send() -> None:
            """Send a mail as a mail server does, again and again."""
            number = next(numbers)
            wait_until(lambda: is_taken(world, number), world.log_text)
            taken.append(number)

        for how in (signal.SIGINT, signal.SIGKILL):
            for _ in range(4):
                send()
            server.stop(how)  # while it works
            number = next(numbers)
            with suppress(SMTPException):  # a process of a killed server may still answer one that it has
                world.send(named(number), sender=KAREN)
                taken.append(number)
            server.start()
            send()
            world.end(signal.SIGKILL)
            world.start()
        send()
        world.settle()
        subjects = Counter(subject for (subject,) in world.sql("SELECT subject FROM ticket"))
        assert set(subjects.values()) == {1}
        assert {f"Number {number}" for number in taken} <= subjects.keys(), "what was taken is there"
        once = {got.header("Message-ID"): got for got in world.taken}
        kinds = Counter((got.ticket, got.to, got.kind) for got in once.values())
        assert set(kinds.values()) == {1}, "a notice twice is a copy with the same id"
        assert world.look("database", "check")["ok"]
        assert world.look("status")["ok"]


def test_a_replica_takes_over_and_what_was_acknowledged_is_there(tmp_path: Path, server: Cluster) -> None:
    """The first server waits for the replica with each commit (docs/postgresql.md), and dies for good."""
    name = server.empty_database()
    with Cluster(replica_of=server) as replica:
        server.wait_for_standbys("*")
        hosts = f"127.0.0.1:{server.port},127.0.0.1:{replica.port}"
        url = f"postgresql://mailgate@{hosts}/{name}?target_session_attrs=read-write"
        with World(tmp_path, on(url)) as world:
            world.database = Server(url, tmp_path / "var/mailgate.db")
            world.start()
            taken = [number for number in range(1, 6) if is_taken(world, number)]
            assert len(taken) == 5
            server.stop(signal.SIGKILL)  # while it works
            assert not is_taken(world, 6)
            replica.promote()
            wait_until(lambda: is_taken(world, 6), world.log_text)  # as a mail server does, again and again
            world.settle()
            subjects = Counter(subject for (subject,) in world.sql("SELECT subject FROM ticket"))
            assert subjects == {f"Number {number}": 1 for number in range(1, 7)}
            assert world.look("database", "check")["ok"]


def test_mail_is_refused_while_the_disk_of_the_server_is_full(tmp_path: Path) -> None:
    """The error is the server's own; a trigger raises it.

    The daemon works beside it, so a statement locks one table at most: the function says whether the disk is full.
    """
    name = cluster().empty_database()
    url = cluster().url(name)
    function = "CREATE OR REPLACE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
    with World(tmp_path, on(url)) as world, cluster().connect(name) as administrator:
        world.database = Server(url, tmp_path / "var/mailgate.db")
        world.start()
        tables = administrator.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        administrator.execute(function.format("RETURN NEW;"))
        for (table,) in tables:
            administrator.execute(
                f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION fill()"
            )
        administrator.execute(function.format("RAISE disk_full;"))
        with pytest.raises(SMTPDataError) as refused:
            world.send(named(1), sender=KAREN)
        assert refused.value.smtp_code == 452
        said = "the disk of the database server is full"
        wait_until(lambda: said in str(world.look("status", codes=(0, 1))["problems"]), world.log_text)
        administrator.execute(function.format("RETURN NEW;"))
        assert is_taken(world, 1)
        assert world.settle().only(KAREN).kind == "acknowledgement"
        wait_until(lambda: world.look("status", codes=(0, 1))["problems"] == [], world.log_text)


@pytest.mark.sqlite
def test_a_desk_moves_to_a_server_and_its_old_mails_thread_on(tmp_path: Path) -> None:
    url = cluster().url(cluster().empty_database())
    with World(tmp_path, desk()) as world:
        world.start()
        before = world.step(named(1), sender=KAREN).only("karen@client.example")
        assert world.end() == 0
        world.cli("database", "copy", SQLITE, url)
        shutil.move(tmp_path / "var/mailgate.db", tmp_path / "mailgate.db.old")
        text = world.file.read_text()
        world.file.write_text(text.replace(SQLITE, url))
        world.database = Server(url, tmp_path / "var/mailgate.db")
        world.start()
        world.step(named(2, before.header("Message-ID")), sender=KAREN)
        assert [entry["text"].strip() for entry in world.ticket(1001)["thread"]] == ["Number 1", "Number 2"]
        assert world.step(named(3), sender=KAREN).only("karen@client.example").ticket == 1002
