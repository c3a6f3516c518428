"""`mailgate forget`: no file holds a byte of the person afterwards, and nothing of others is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from types import SimpleNamespace

import pytest

from mailgate.cli.main import main
from mailgate.store.db import engine_of
from mailgate.store.maintenance.invariants import check
from mailgate.store.raw_files import raw_folder
from mailgate.store.sqlite import connection
from mailgate.store.tickets import search
from mailgate.system import crash_points
from tests.desk import ANN, KAREN, Bench

HER = "vera.quist@client.example"
VERA = f"Vera Quist <{HER}>"
ANN_ADDRESS = "ann@bank.example"
# What only she has brought into the desk, as bytes.
NEEDLES = (b"vera.quist", b"Vera.Quist", b"Quist", b"zanzibar", b"xylophone", b"quagmire", b"marzipan", b"kumquat")
NEEDLES += (b"quist", b"quagmir")  # as the full-text index has them, which shortens a word that begins as the last one


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return Bench(tmp_path)


def alert(bench, number):
    return next(mail for mail in reversed(bench.sent()) if (mail.to, mail.ticket) == (ANN_ADDRESS, number))


def life(bench):
    """A desk with a person in it: own tickets, a part in another's, files, a large mail, one in quarantine, a copy."""
    file = (("log.bin", "application/x-log", b"marzipan " * 50),)
    bench.send(VERA, "The zanzibar is broken.", subject="My xylophone", files=file)  # 1001
    bench.send(ANN, "Dear Vera Quist, which zanzibar?", answers=alert(bench, 1001))
    large = (("dump.bin", "application/x-dump", os.urandom(1000) + b"kumquat" * 60_000),)
    bench.send(VERA, "The one in the quagmire.", subject="My xylophone again", files=large)  # 1002
    bench.send(KAREN, "Mine is broken, Vera Quist knows it.", subject="Our printer", cc=VERA)  # 1003
    sent = next(mail for mail in reversed(bench.sent()) if mail.ticket == 1003 and mail.to != ANN_ADDRESS)
    bench.send(VERA, "It is the quagmire again.", answers=sent, subject=sent.subject, files=file)
    bench.send(ANN, "#note\nVera.Quist@client.example says nothing new.", answers=alert(bench, 1003))
    bench.send(VERA, "I am away.", subject="Out of office", headers={"Auto-Submitted": "auto-replied"})
    quoting = bench.write(ANN, "#priority high\n\n> The zanzibar is broken.", answers=alert(bench, 1001))
    for _ in range(2):
        bench.accept(quoting)
    bench.drain()
    assert bench.last()["reason"] == "duplicate"
    bench.send(ANN, "#list", subject="List")
    bench.deliver()
    with bench.db.transaction():
        assert not search.follow(bench.db, 1000)
    engine_of(bench.config.storage.database).checkpoint()


def contents(bench):
    """Every row of every table."""
    tables = [*bench.db.tables()]
    return {table: sorted(map(repr, map(tuple, bench.db.all(f"SELECT * FROM {table}")))) for table in tables}


def age_files(bench):
    storage = bench.config.storage
    for folder in (storage.attachments, raw_folder(storage.database)):
        for path in folder.rglob("*"):
            if path.is_file():
                os.utime(path, (0, 0))


def holding(folder, needles=NEEDLES):
    """Which files of the data directory hold which of the bytes."""
    files = [path for path in sorted((folder / "var").rglob("*")) if path.is_file()]
    return {(path.name[:20], needle) for path in files for needle in needles if needle in path.read_bytes()}


def forget(capsys, *words):
    code = main(("forget", *words, "--json"))
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.sqlite
def test_no_byte_of_the_person_is_left(bench, tmp_path, capsys):
    life(bench)
    age_files(bench)
    assert {needle for _, needle in holding(tmp_path)} >= {b"zanzibar", b"quagmire", b"marzipan", b"kumquat", b"Quist"}
    code, said = forget(capsys, "Vera.Quist@Client.Example")
    assert code == 0
    assert holding(tmp_path) == set()
    assert (said["address"], said["dry_run"]) == (HER, False)
    assert said["found"] == said["removed"]
    assert said["found"]["tickets"] == [1001, 1002]
    assert said["found"]["in_tickets_of_others"] == [1003]
    assert said["found"]["attachments"] == 2
    assert [each["what"] for each in said["stays"]] == ["digests of their mails"]


@pytest.mark.sqlite
def test_mails_of_others_that_name_the_person_lose_their_bytes(bench, tmp_path, capsys):
    """She has no part in the ticket: an agent and the requester wrote of her."""
    bench.send(KAREN, f"Ask {HER}.")
    bench.send(ANN, f"Vera Quist <{HER}> knows.", answers=alert(bench, 1001))
    bench.deliver()
    age_files(bench)
    code, said = forget(capsys, HER)
    assert (code, said["stays"]) == (0, [])
    assert holding(tmp_path, (HER.encode(),)) == set()
    assert [text for _, text in bench.thread(1001)] == [
        "Ask erased@mailgate.invalid.",
        "Vera Quist <erased@mailgate.invalid> knows.",
    ]


def test_the_tickets_of_others_go_on(bench, capsys):
    life(bench)
    forget(capsys, HER)
    assert bench.numbers() == [1003]
    ticket = bench.ticket(1003)
    assert ticket.requester.email == "karen@client.example"
    assert ticket.collaborators == ()
    texts = [text for _, text in bench.thread(1003)]
    assert texts[0] == "Mine is broken, (erased) knows it."
    assert "(erased)" in texts
    assert "erased@mailgate.invalid says nothing new." in texts
    assert not [problem for each in check(bench.db, bench.desk.files) for problem in each.problems]
    bench.send(KAREN, "It works now.", answers=None, subject="[#1003] Our printer")
    bench.send(VERA, "Hello again.", subject="A new matter")
    assert bench.numbers()[-1] > 1003


def test_a_dry_run_says_the_same_and_changes_nothing(bench, tmp_path, capsys):
    life(bench)
    before = contents(bench)
    files = holding(tmp_path)
    code, said = forget(capsys, HER, "--dry-run")
    assert (code, said["dry_run"], said["removed"]) == (0, True, {})
    assert contents(bench) == before
    assert holding(tmp_path) == files
    age_files(bench)
    _, done = forget(capsys, HER)
    assert done["found"] == said["found"]


def test_the_report_as_text(bench, capsys):
    life(bench)
    assert main(("forget", HER, "--dry-run")) == 0
    said = capsys.readouterr().out
    assert f"{HER}: would be erased\n" in said
    assert "tickets: 1001, 1002\n" in said
    assert "their part in tickets of others: 1003\n" in said
    assert "stays: digests of their mails" in said


@pytest.mark.sqlite
def test_what_must_stay_is_said_with_the_reason(bench, tmp_path, capsys):
    life(bench)
    bench.db.run('INSERT INTO ban (pattern, "by", at, reason) VALUES (?, ?, 0, ?)', [HER, "agent:ann", ""])
    bench.send(KAREN, "And this?", subject="Files", files=(("a.bin", "application/x-a", HER.encode()),))
    bench.deliver()
    (tmp_path / "var" / "mailgate.db.schema-3").write_bytes(b"old " + HER.encode())
    age_files(bench)
    _, said = forget(capsys, HER)
    stays = {each["what"].rpartition("/")[2]: each["why"] for each in said["stays"]}
    assert stays[f"the ban on {HER}"] == "it keeps their mail out: #unban lifts it"
    assert stays["mailgate.db.schema-3"] == "the database as it was before an upgrade: delete it"
    assert "a file in a ticket of somebody else names them" in stays.values()


def test_what_was_stored_a_moment_ago_is_left_to_the_sweep(bench, capsys):
    """A mail that is being worked may have stored the same content, and its row is to come."""
    life(bench)
    _, said = forget(capsys, HER)
    assert [each["why"] for each in said["stays"]].count(
        "a backup runs, or it was stored a moment ago: the daemon removes it within two days"
    ) == 3


def test_mail_on_its_way_is_said(bench, capsys):
    bench.send(KAREN, "Mine is broken.", subject="Our printer", cc=VERA)
    _, said = forget(capsys, HER)
    assert "it waits to be sent: run this again afterwards" in [each["why"] for each in said["stays"]]


def test_mail_that_waits_to_be_worked_is_said_and_goes_next_time(bench, tmp_path, capsys):
    bench.accept(bench.write(VERA, "The zanzibar is broken."))
    _, said = forget(capsys, HER)
    assert ("received mail 1", "it waits to be worked: run this again afterwards") in [
        tuple(each.values()) for each in said["stays"]
    ]
    bench.drain()
    bench.deliver()
    forget(capsys, HER)
    assert bench.numbers() == []
    assert holding(tmp_path) == set()


def test_what_is_held_for_their_ticket_goes_with_it(bench, tmp_path, capsys):
    """An agent's answer that waits to be confirmed quotes them."""
    life(bench)
    bench.send(ANN, "#close\n\n> The zanzibar is broken.", subject="Re: [#1001] My xylophone")
    assert (bench.last()["state"], bench.last()["ticket"]) == ("held", 1001)
    bench.deliver()
    age_files(bench)
    _, said = forget(capsys, HER)
    assert [each["what"] for each in said["stays"]] == ["digests of their mails"]
    assert holding(tmp_path) == set()


def test_what_is_held_for_the_ticket_of_somebody_else_is_said(bench, capsys):
    life(bench)
    bench.send(ANN, "#close\n\n> Vera Quist knows it.", subject="Re: [#1003] Our printer")
    last = bench.last()
    assert (last["state"], last["ticket"]) == ("held", 1003)
    bench.deliver()
    _, said = forget(capsys, HER)
    assert (f"received mail {last['id']}", "it is held: run this again afterwards") in [
        tuple(each.values()) for each in said["stays"]
    ]


def test_a_name_that_others_bear_stays(bench, capsys):
    life(bench)
    bench.send("Vera Quist <other@client.example>", "I am another one.", subject="Another")
    _, said = forget(capsys, HER)
    assert ("the name Vera Quist", "other people write under it, too") in [
        tuple(each.values()) for each in said["stays"]
    ]
    assert bench.ticket(1004).requester.name == "Vera Quist"


def test_somebody_unknown_is_no_error(bench, capsys):
    bench.send(KAREN, "It is broken.")
    code, said = forget(capsys, "nobody@nowhere.example")
    assert (code, said["found"]["tickets"], said["stays"]) == (0, [], [])
    assert bench.numbers() == [1001]
    assert main(("forget", "nobody@nowhere.example")) == 0
    assert capsys.readouterr().out == "nobody@nowhere.example: nothing was found\n"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (ANN_ADDRESS, "is an address of the agent ann"),
        ("support@bank.example", "is an address of the desk"),
        ("vera", "is not an address"),
    ],
)
def test_agents_and_the_desk_are_refused(bench, capsys, address, why):
    assert main(("forget", address)) != 0
    assert why in capsys.readouterr().err


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def observers():
    yield crash_points.observers
    crash_points.observers.clear()


@pytest.mark.sqlite
def test_a_run_that_is_interrupted_anywhere_is_finished_by_the_next(tmp_path, monkeypatch, capsys, observers):
    """What the first has not done, the second does: in the database, its log, and the folders."""
    number = 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        bench = Bench(folder)
        life(bench)
        age_files(bench)
        left = iter(range(number - 1, -1, -1))

        def kill(_boundary, left=left):
            if next(left) == 0:
                raise Killed

        observers.append(kill)
        try:
            main(("forget", HER))
        except Killed:
            pass
        else:
            break
        finally:
            observers.clear()
        forget(capsys, HER)
        assert holding(folder) == set(), number
        assert bench.numbers() == [1003]
    assert number > 10


@pytest.mark.sqlite
def test_the_report_comes_where_somebody_reads_the_database_all_the_while(bench, tmp_path, monkeypatch, capsys):
    life(bench)
    age_files(bench)
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.1)
    with closing(engine_of(bench.config.storage.database).open_reader()) as reader, reader.snapshot():
        reader.all("SELECT number FROM ticket")
        assert main(["forget", HER, "--json"]) == 75
        report = json.loads(capsys.readouterr().out)
    assert report["removed"]["tickets"] == [1001, 1002]
    why = {each["what"]: each["why"] for each in report["stays"]}[str(bench.config.storage.database)]
    assert "run this again: the log of the database could not be emptied" in why
    assert main(["forget", HER]) == 0
    assert not holding(tmp_path)


HOLD_CHECKPOINT = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 1, 121)  # https://www.sqlite.org/walformat.html, "WAL locks"
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.sqlite
def test_a_checkpoint_of_the_daemon_is_waited_for(bench, tmp_path, monkeypatch, capsys):
    """SQLite refuses a second one at once, however long it waits for readers."""
    life(bench)
    age_files(bench)
    index = tmp_path / "var" / "mailgate.db-shm"
    command, waits = [sys.executable, "-c", HOLD_CHECKPOINT, index], []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        pause = SimpleNamespace(
            monotonic=time.monotonic, sleep=lambda seconds: waits.append((seconds, other.communicate()))
        )
        monkeypatch.setattr(connection, "time", pause)
        assert main(["forget", HER]) == 0
    assert len(waits) == 1
    assert not holding(tmp_path)
