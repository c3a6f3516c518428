"""The clock, the lock, the secret and the words of explain: what stands around the desk."""

from __future__ import annotations

import fcntl
import logging
import os
from datetime import UTC, datetime

import pytest

from mailgate.desk.opening import by_hand
from mailgate.errors import LockHeld, StorageError
from mailgate.mail import Delivery, Envelope, Kept
from mailgate.store.db import open_writer
from mailgate.store.queues import inbox
from mailgate.system import lock
from mailgate.system.clock import FOLLOWED_AFTER, Clock
from mailgate.system.lock import Lock, pid_of, running
from mailgate.ticket import Address
from mailgate.worker import apply, explain
from mailgate.worker import batch as processor
from mailgate.worker.pipeline import think
from tests.desk import KAREN, START

# ── time ────────────────────────────────────────────────────────────────────────────────


class Hands:
    """Two clocks that a test turns."""

    def __init__(self):
        self.wall, self.steady = 1_000_000.0, 50.0

    def pass_(self, seconds, *, jump=0.0):
        self.steady += seconds
        self.wall += seconds + jump


def test_the_clock_follows_the_wall_and_small_corrections():
    hands = Hands()
    clock = Clock(lambda: hands.wall, lambda: hands.steady)
    assert clock() == datetime.fromtimestamp(1_000_000, UTC)
    hands.pass_(10, jump=5)
    assert clock() == datetime.fromtimestamp(1_000_015, UTC)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_jump_is_believed_after_half_a_minute(jump, caplog):
    hands = Hands()
    clock = Clock(lambda: hands.wall, lambda: hands.steady)
    with caplog.at_level(logging.WARNING):
        hands.pass_(1, jump=jump)
        assert clock() == datetime.fromtimestamp(1_000_001, UTC), "nothing fires early"
        hands.pass_(FOLLOWED_AFTER - 1)
        assert clock() == datetime.fromtimestamp(1_000_030, UTC)
        hands.pass_(1)
        assert clock() == datetime.fromtimestamp(1_000_031 + jump, UTC)
    assert len(caplog.records) == 2


def test_a_jump_that_goes_away_never_was():
    hands = Hands()
    clock = Clock(lambda: hands.wall, lambda: hands.steady)
    hands.pass_(1, jump=3600)
    clock()
    hands.pass_(1, jump=-3600)
    assert clock() == datetime.fromtimestamp(1_000_002, UTC)
    hands.pass_(60, jump=3600)
    assert clock() == datetime.fromtimestamp(1_000_062, UTC), "the next one waits anew"


# ── one mailgate ────────────────────────────────────────────────────────────────────────


def test_a_second_mailgate_refuses_and_the_first_is_seen(tmp_path):
    database = tmp_path / "var" / "mailgate.db"
    assert running(database) is None
    with Lock(database):
        assert running(database) == pid_of(lock.lock_path(database))
        with pytest.raises(LockHeld, match="process"), Lock(database):
            pass
    assert running(database) is None
    with Lock(database):
        pass


def test_a_look_at_the_lock_keeps_no_daemon_from_starting(tmp_path, monkeypatch):
    """The look ends while the daemon waits for its next try."""
    database = tmp_path / "mailgate.db"
    with lock.lock_path(database).open("w") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        monkeypatch.setattr(lock.time, "sleep", lambda _: fcntl.flock(looker, fcntl.LOCK_UN))
        with Lock(database):
            assert running(database) == os.getpid()


def test_a_lock_file_of_nonsense_names_nobody(tmp_path):
    (tmp_path / "x").write_text("nonsense")
    assert pid_of(tmp_path / "x") is None
    assert pid_of(tmp_path / "gone") is None


# ── the secret ──────────────────────────────────────────────────────────────────────────


def test_a_mail_that_lies_in_a_file_is_as_large_as_the_file(bench):
    raw, envelope = Kept("a-file", 50_000_000), Envelope("karen@client.example", ("support@bank.example",))
    kept = Delivery(source="smtp", source_key="large", envelope=envelope, raw=raw, arrived_at=START)
    with bench.db.transaction():
        inbox.add(bench.db, [kept], START)
    assert bench.last()["size"] == 50_000_000


# ── storage trouble ─────────────────────────────────────────────────────────────────────


def test_a_full_disk_is_nobodys_fault(bench):
    bench.accept(bench.write(KAREN, "Hello " * 5000))
    claimed = processor.claim(bench.db)
    batch = processor.read(claimed, bench.desk, bench.now)
    pages = bench.db.one("PRAGMA page_count")[0]
    bench.db.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError):
        processor.work(bench.db, batch, bench.desk, bench.desk.context(bench.now))
    bench.db.run("PRAGMA max_page_count = 1073741823")
    assert bench.last()["state"] == "working"
    assert bench.last()["tries"] == 1
    processor.work(bench.db, batch, bench.desk, bench.desk.context(bench.now))
    assert bench.numbers() == [1001]


# ── explain ─────────────────────────────────────────────────────────────────────────────


def test_explain_names_the_command_that_named_the_ticket(bench):
    bench.send(KAREN, "Help")
    alert = next(mail for mail in bench.sent() if mail.kind == "new-ticket" and mail.to == "elliot@bank.example")
    bench.send(KAREN, "Other", subject="Another thing")
    bench.accept(bench.write("elliot@bank.example", "#ticket 1002\n#claim", answers=alert))
    (prepared,) = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    verdict = think(bench.db, prepared, bench.desk.context(bench.now))
    assert explain.document(verdict, "a.eml", {}, bench.config.agents)["ticket"] == {
        "number": 1002,
        "why": "named-by-command",
    }


def test_explain_says_everything_and_writes_nothing(bench):
    bench.accept(bench.write(KAREN, "Help topic: Report a Problem\n\nA chair.", subject="Chair"))
    claimed = processor.claim(bench.db)
    (prepared,) = processor.read(claimed, bench.desk, bench.now)
    before = bench.db.one("SELECT total_changes()")[0]
    verdict = think(bench.db, prepared, bench.desk.context(bench.now))
    assert bench.db.one("SELECT total_changes()")[0] == before
    document = explain.document(verdict, "a.eml", {0: "the subject"}, bench.config.agents)
    assert list(document) == (
        [
            "file",
            "mail",
            "screen",
            "bounce",
            "forwarded",
            "sender",
            "ticket",
            "rules",
            "fields",
            "commands",
            "changes",
            "notices",
            "error",
        ]
    )
    assert document["screen"] == {"kind": "human", "reasons": ["no-machine-sign"]}
    assert document["fields"]["topic"] == {"value": "Report a Problem", "from": "form"}
    assert document["fields"]["department"]["from"] == "topic:Report a Problem"
    assert document["ticket"] == {"number": 1001, "why": "new ticket: nothing-names-a-ticket"}
    assert document["notices"][0]["subject"] == "the subject"
    assert document["sender"] == {"kind": "stranger", "name": "Karen Client", "assurance": "none"}
    words = explain.words(document)
    for word in (
        "topic = Report a Problem  (form)",
        "screened  human",
        "notice    acknowledgement to karen@client.example",
    ):
        assert word in words


def test_the_clock_ends_what_nobody_confirmed(bench):
    bench.send(KAREN, "Help")
    bench.send("elliot@bank.example", "#close", subject="[#1001] x")
    held = bench.last()["id"]
    bench.now = START.replace(day=25)
    bench.wait()
    row = bench.db.one("SELECT state, reason FROM inbox WHERE id = ?", [held])
    assert tuple(row) == ("dropped", "unproven-agent")
    assert bench.db.one("SELECT count(*) FROM held")[0] == 0


def test_a_place_where_no_database_can_be_made_is_told_in_a_line(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        open_writer(in_the_way / "mailgate.db")


# ── two processes on one database ───────────────────────────────────────────────────────


def test_a_mail_is_decided_again_when_a_ticket_changed_meanwhile(bench, monkeypatch):
    """Another process's change falls between the decision and the writing: the decision is made anew."""
    bench.send(KAREN, "It is broken.")
    bench.accept(bench.write("ben@client.example", "Mine too."))
    elsewhere = open_writer(bench.config.storage.database)
    thinking, thoughts = processor.think, []

    def think_while_others_write(db, prepared, context):
        verdict = thinking(db, prepared, context)
        thoughts.append(verdict.outcome.ticket)
        if len(thoughts) == 1:
            with elsewhere.transaction():
                order = by_hand.Order(Address("jane@client.example"), "Meanwhile", "Words.", "cli:x", quiet=True)
                apply.save(elsewhere, by_hand.open_by_hand(elsewhere, order, context), context, bench.desk.writer)
        return verdict

    monkeypatch.setattr(processor, "think", think_while_others_write)
    bench.drain()
    elsewhere.close()
    assert thoughts == [1002, 1003]
    assert bench.numbers() == [1001, 1002, 1003]
    assert bench.db.one("SELECT requester_email AS who FROM ticket WHERE number = 1003")["who"] == "ben@client.example"
