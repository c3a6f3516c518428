"""Inbox, outbox and trace: what the rows promise, on a real database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.errors import NotFound, UnreadableFile
from mailgate.mail import Delivery, Envelope, Mail
from mailgate.notice import NoticeKind, Outgoing
from mailgate.reasons import Reason
from mailgate.store import raw_files
from mailgate.store.db import Db, open_writer
from mailgate.store.queues import claims, copies, inbox, outbox, trace
from mailgate.store.queues.trace import Line
from mailgate.ticket import Address

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Db]:
    one = open_writer(tmp_path / "mailgate.db")
    for number in (1, 2):
        one.run(
            "INSERT INTO ticket (number, subject, status, requester_email, requester_name, department, topic, priority,"
            " sla, address, created_at, updated_at, rest)"
            " VALUES (?, '', 'open', '', '', '', '', '', '', '', 0, 0, '{}')",
            [number],
        )
    yield one
    one.close()


def delivery(key: str, raw: bytes = b"Subject: x\r\n\r\n", sender: str | None = "Karen@client.example") -> Delivery:
    return Delivery(
        source="imap",
        source_key=key,
        envelope=Envelope(sender, ("support@bank.example",)),
        raw=raw,
        arrived_at=NOW - timedelta(days=1),
        authserv_ids=("mx.bank.example",),
        quiet=True,
    )


def outgoing(cause: str, recipient: str = "karen@client.example", ticket: int | None = 1) -> Outgoing:
    return Outgoing(
        kind=NoticeKind.ACKNOWLEDGEMENT,
        ticket=ticket,
        cause=cause,
        mail_from="",
        recipient=recipient,
        message_id=f"<{cause}@bank.example>",
        subject="Hello",
        data=b"data",
    )


def stored(db: Db, *keys: str) -> list[int]:
    return inbox.add(db, [delivery(key) for key in keys], NOW)


# -- inbox


def test_what_was_stored_is_claimed_as_it_came_in_order(db: Db):
    first, second = inbox.add(db, [delivery("a", b"one"), delivery("b", b"two", None)], NOW)
    claimed = inbox.claim(db, 10)
    assert [(one.id, one.load(), one.tries) for one in claimed] == [(first, b"one", 1), (second, b"two", 1)]
    assert claimed[0].envelope == Envelope("Karen@client.example", ("support@bank.example",))
    assert claimed[1].envelope.sender is None
    assert (claimed[0].arrived_at, claimed[0].authserv_ids, claimed[0].quiet) == (
        NOW - timedelta(days=1),
        ("mx.bank.example",),
        True,
    )
    assert inbox.claim(db, 10) == []


def test_a_mail_that_was_tried_before_is_worked_alone(db: Db):
    ids = stored(db, "a", "b", "c", "d")
    inbox.claim(db, 10)
    db.run("UPDATE inbox SET state = 'new', tries = 0 WHERE id <> ?", [ids[1]])
    claims.reclaim(db, NOW)
    assert [[one.id for one in inbox.claim(db, 10)] for _ in range(3)] == [[ids[0]], [ids[1]], ids[2:]]


def test_a_batch_holds_no_more_bytes_than_fit_but_always_one_mail(db: Db, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inbox, "CLAIM_BYTES", 25)
    inbox.add(db, [delivery(str(n), b"x" * size) for n, size in enumerate((100, 10, 10, 10))], NOW)
    assert [len(inbox.claim(db, 10)) for _ in range(3)] == [1, 2, 1]


def test_three_failed_tries_quarantine_a_mail_with_its_traceback(db: Db):
    [one] = stored(db, "a")
    for last in (False, False, True):
        [claimed] = inbox.claim(db, 10)
        assert inbox.failed(db, claimed.id, NOW, "Traceback …") is last
    [row] = inbox.aside(db)
    assert (row.id, row.state, row.reason, row.attempts, row.last_error) == (
        one,
        "quarantined",
        "poison",
        3,
        "Traceback …",
    )
    assert inbox.claim(db, 10) == []


def test_three_deaths_in_the_work_quarantine_a_mail(db: Db):
    [one] = stored(db, "a")
    for _ in range(2):
        inbox.claim(db, 10)
        assert claims.reclaim(db, NOW) == []
    inbox.claim(db, 10)
    assert claims.reclaim(db, NOW) == [one]
    assert inbox.item(db, one).reason == Reason.POISON


def test_a_mail_given_back_has_not_been_tried(db: Db):
    [one] = stored(db, "a")
    inbox.claim(db, 10)
    inbox.unclaim(db, [one])
    assert inbox.claim(db, 10)[0].tries == 1


def test_each_end_is_noted_with_what_was_read(db: Db):
    ids = stored(db, "a", "b", "c", "d")
    inbox.claim(db, 10)
    mail = Mail(message_id="<m@x>", from_=(Address("ann@x.example"),), subject="lone \udc80 surrogate and \0")
    inbox.end(db, ids[0], "done", LATER, Reason.NOTHING_NAMES_A_TICKET, mail=mail, ticket=1)
    inbox.end(db, ids[1], "dropped", LATER, Reason.DUPLICATE)
    inbox.end(db, ids[2], "held", LATER, Reason.UNPROVEN_AGENT)
    inbox.end(db, ids[3], "quarantined", LATER, Reason.UNREADABLE, error="why")
    row = db.one("SELECT * FROM inbox WHERE id = ?", [ids[0]])
    assert row is not None
    assert (row["state"], row["message_id"], row["from_email"], row["ticket"]) == ("done", "<m@x>", "ann@x.example", 1)
    assert row["subject"] == "lone \\udc80 surrogate and \\x00"
    assert [one.state for one in inbox.aside(db)] == ["held", "quarantined"]
    assert inbox.counts(db) == {"new": 0, "working": 0, "held": 1, "quarantined": 1}
    assert inbox.waiting(db) == []


def test_retry_works_a_mail_that_was_set_aside_as_if_it_had_just_come(db: Db):
    [one] = stored(db, "a")
    inbox.claim(db, 10)
    inbox.end(db, one, "held", NOW, Reason.UNPROVEN_AGENT)
    db.run("INSERT INTO held (inbox_id, agent, code, why, at) VALUES (?, 'ann', 'x', 'confirm', 0)", [one])
    inbox.retry(db, one)
    assert inbox.claim(db, 10)[0].tries == 1
    assert db.all("SELECT * FROM held") == []
    with pytest.raises(NotFound):
        inbox.retry(db, one)


def test_drop_ends_what_waits_or_lies_aside_and_nothing_else(db: Db):
    [one, two] = stored(db, "a", "b")
    inbox.drop(db, one, NOW)
    assert inbox.item(db, one).state == "dropped"
    inbox.claim(db, 10)
    with pytest.raises(NotFound):
        inbox.drop(db, two, NOW)


def test_large_mail_has_a_lane_of_its_own_and_nobody_overtakes_their_own_large_one(db: Db):
    big = b"x" * (inbox.OVERSIZE + 1)
    karen = [delivery("a"), delivery("b", big), delivery("c")]
    others = [delivery("d", sender="carl@client.example"), delivery("e", big, sender="carl@client.example")]
    with db.transaction():
        inbox.add(db, [*karen, *others], NOW)
    assert [one.source_key for one in inbox.claim(db, 10, large=False)] == ["a", "d"]
    (large,) = inbox.claim(db, 10, large=True)
    assert large.load() == big
    assert inbox.claim(db, 10, large=False) == []
    inbox.end(db, large.id, "done", NOW)
    assert [one.source_key for one in inbox.claim(db, 10, large=False)] == ["c"]
    assert [one.source_key for one in inbox.claim(db, 10)] == ["e"], "without a daemon there are no lanes"


def test_a_large_mail_is_a_file_which_goes_when_no_row_names_it(db: Db, tmp_path: Path):
    big = b"y" * (raw_files.LARGE + 1)
    filed = [db.files.filed(delivery(key, big)) for key in ("a", "b", "orphan")]
    ids = inbox.add(db, filed[:2], NOW)
    names = [one.raw.name for one in filed]
    assert all(db.files.path(name).stat().st_mode & 0o777 == 0o600 for name in names)
    assert db.files.old(time.time()) == set(), "a young file may be waiting for its row"
    later = time.time() + raw_files.SWEPT_AFTER + 60
    assert db.files.old(later) == set(names)
    assert inbox.unnamed(db, names) == {names[2]}
    inbox.end(db, ids[0], "done", NOW)
    inbox.forget_raw(db, LATER, 10)
    db.files.sweep(inbox.unnamed(db, db.files.old(later)))
    assert db.files.old(later) == {names[1]}
    assert inbox.raw(db, ids[1]) == big
    db.files.sweep([names[1]])
    with pytest.raises(UnreadableFile, match="no such file"):
        inbox.raw(db, ids[1])


def test_bytes_are_forgotten_only_when_old_and_finished(db: Db):
    ids = stored(db, "a", "b")
    inbox.end(db, ids[0], "done", NOW)
    assert inbox.forget_raw(db, NOW, 10) == 0
    assert inbox.forget_raw(db, LATER, 10) == 1
    with pytest.raises(NotFound):
        inbox.raw(db, ids[0])
    assert inbox.raw(db, ids[1])
    with pytest.raises(NotFound):
        inbox.item(db, 99)


def test_the_first_mail_with_a_digest_keeps_it(db: Db):
    assert copies.seen(db, "d") is None
    copies.remember(db, "d", 1, NOW)
    copies.remember(db, "d", 2, NOW)
    assert copies.seen(db, "d") == 1


# -- outbox


def test_a_redo_writes_no_notice_twice(db: Db):
    outbox.add(db, [outgoing("a"), outgoing("b"), outgoing("a")], NOW)
    outbox.add(db, [outgoing("a")], LATER)
    assert [row.id for row in outbox.waiting(db)] == [1, 2]


def test_the_oldest_unsent_row_blocks_its_lane_and_no_other(db: Db):
    outbox.add(
        db,
        [outgoing("a"), outgoing("b"), outgoing("c", ticket=2), outgoing("d", "ann@bank.example"), outgoing("e")],
        NOW,
    )

    def causes() -> list[str]:
        return [job.cause for job in outbox.claim(db, NOW, 10)]

    assert causes() == ["a", "c", "d"]
    assert causes() == []
    outbox.later(db, [(1, LATER, "450 later")])
    assert causes() == []
    assert outbox.next_due(db) == LATER
    assert [job.attempts for job in outbox.claim(db, LATER, 10)] == [2]
    outbox.sent(db, [(1, "250 ok")], LATER)
    assert causes() == ["b"]
    outbox.failed(db, [(2, "550 no", False, False)])
    assert causes() == ["e"]
    assert outbox.next_due(db) is None


def test_mail_about_no_ticket_waits_for_nobody(db: Db):
    outbox.add(db, [outgoing("a", ticket=None), outgoing("b", ticket=None)], NOW)
    assert len(outbox.claim(db, NOW, 10)) == 2


def test_what_a_dead_process_had_in_hand_is_queued_again(db: Db):
    outbox.add(db, [outgoing("a")], NOW)
    outbox.claim(db, NOW, 10)
    assert outbox.counts(db) == {"queued": 0, "sending": 1, "failed": 0, "untold": 0}
    assert outbox.release(db) == 1
    assert len(outbox.claim(db, NOW, 10)) == 1


def test_failed_mail_is_listed_and_can_be_tried_again_or_dropped(db: Db):
    outbox.add(db, [outgoing("a"), outgoing("b", "ann@bank.example")], NOW)
    outbox.claim(db, NOW, 10)
    outbox.failed(db, [(1, "550 no", True, False), (2, "550 no", False, False)])
    row = outbox.waiting(db)[0]
    assert (row.state, row.reason, row.last_error, row.next_attempt_at) == ("failed", "acknowledgement", "550 no", None)
    assert (row.to, row.size, outbox.content(db, 1)) == (("karen@client.example",), 4, (b"data", ()))
    outbox.retry(db, 1)
    assert outbox.item(db, 1).attempts == 0
    assert outbox.item(db, 1).next_attempt_at == NOW
    assert [job.id for job in outbox.claim(db, NOW, 10, urgent=True)] == [1]
    later = NOW + timedelta(hours=1)
    outbox.drop(db, 2, later)
    assert outbox.item(db, 2).state == "dropped"
    line = trace.by_address(db, "ann@bank.example", trace.BEGINNING)[-1]
    assert (line.at, line.step, line.text) == (later, "dropped", "by the administrator")
    for wrong in (lambda: outbox.drop(db, 2, later), lambda: outbox.retry(db, 9), lambda: outbox.item(db, 9)):
        with pytest.raises(NotFound):
            wrong()
    with pytest.raises(NotFound, match="no outgoing mail 9"):
        outbox.content(db, 9)


# -- trace


def test_the_way_of_a_mail_is_found_by_address_message_id_and_ticket_in_both_directions(db: Db):
    [one] = stored(db, "a")
    inbox.claim(db, 10)
    mail = Mail(message_id="<m@x>", from_=(Address("karen@client.example"),), subject="s")
    inbox.end(db, one, "done", LATER, mail=mail, ticket=1, way=["screened: human", "rule: Printers: all"])
    limited = Line(at=LATER, direction="out", step="limited", text="no", message_id="<m@x>", ticket=1, inbox_id=one)
    trace.add(db, [limited])
    outbox.add(db, [outgoing("a"), outgoing("b", "ann@bank.example")], LATER, inbox_id=one)
    outbox.sent(db, [(1, "250 taken")], LATER)
    outbox.failed(db, [(2, "550 no", False, False)])
    whole = ["arrived", "screened", "rule", "limited", "done", "written", "sent", "written", "failed"]
    for lines in (
        trace.by_message_id(db, "m@x"),
        trace.by_ticket(db, 1),
        trace.recent(db, NOW),
    ):
        assert sorted(line.step for line in lines) == sorted(whole)
        assert [line.step for line in lines][:5] == whole[:5]
        assert lines[2].text == "Printers: all"
    assert trace.by_address(db, "Karen@Client.example")[0].step == "arrived"
    assert {line.text for line in trace.by_address(db, "ann@bank.example")} == {
        "acknowledgement to ann@bank.example",
        "550 no",
    }
    assert trace.recent(db, LATER + timedelta(days=1)) == []
    assert trace.by_message_id(db, "") == []


def test_two_mails_of_one_moment_are_traced_one_after_the_other(db: Db):
    numbers = stored(db, "a", "b")
    inbox.claim(db, 10)
    for one in numbers:
        mail = Mail(message_id=f"<{one}@x>", from_=(Address("karen@client.example"),), subject="s")
        inbox.end(db, one, "done", NOW, "reply-key", mail=mail, ticket=1, way=["screened: human"])
    lines = trace.by_ticket(db, 1)
    assert [(line.inbox_id, line.step) for line in lines] == [
        (one, step) for one in numbers for step in ("arrived", "screened", "done")
    ]
    assert lines[-1].text == "ticket 1, named by reply-key"


def test_a_mail_that_was_not_read_yet_is_found_by_its_envelope_sender(db: Db):
    stored(db, "a")
    [line] = trace.by_address(db, "karen@client.example")
    assert line.step == "arrived"
    assert "support@bank.example" in line.text


def test_old_lines_are_forgotten(db: Db):
    trace.add(db, [Line(at=NOW, direction="in", step="refused", text="x", address="a@b")])
    assert trace.forget(db, NOW, 10) == 0
    assert trace.forget(db, LATER, 10) == 1


# -- the engine's plans


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT id FROM inbox WHERE state IN ('new', 'working') AND state = 'new' ORDER BY id", "inbox_waiting"),
        ("SELECT * FROM inbox WHERE state IN ('held', 'quarantined')", "inbox_aside"),
        (f"SELECT id FROM outbox AS one WHERE {outbox._FREE} AND next_attempt_at <= 0", "outbox_due"),
        (f"SELECT id FROM outbox AS one WHERE {outbox._FREE} AND next_attempt_at <= 0", "outbox_lane"),
        ("SELECT * FROM outbox WHERE inbox_id IS NOT NULL AND inbox_id IN (1, 2)", "outbox_inbox"),
        ("SELECT * FROM trace WHERE message_id = 'x' AND message_id <> ''", "trace_message_id"),
        ("SELECT * FROM inbox WHERE message_id = 'x' AND message_id <> ''", "inbox_message_id"),
        ("SELECT count(*) FROM outbox WHERE state = 'failed'", "outbox_failed"),
        ("SELECT raw_id FROM inbox WHERE raw_id IS NOT NULL AND received_at < 1 ORDER BY received_at", "inbox_kept"),
        ("SELECT id FROM outgoing WHERE at < 1 ORDER BY at", "outgoing_at"),
        (
            "SELECT number FROM ticket WHERE status = 'closed' AND merged_into IS NULL AND closed_at < 1",
            "ticket_closed",
        ),
        ("SELECT * FROM entry WHERE attachments <> '[]'", "entry_files"),
        ("SELECT * FROM outgoing WHERE files <> '[]'", "outgoing_files"),
        ("SELECT count(*) FROM outbox WHERE state = 'sending'", "outbox_sending"),
    ],
)
def test_queues_are_found_by_index_whatever_else_the_tables_hold(db: Db, sql: str, index: str):
    plan = " ".join(row["detail"] for row in db.all(f"EXPLAIN QUERY PLAN {sql}"))
    assert index in plan


def test_a_new_notice_looks_through_its_lane_and_not_through_all_that_its_ticket_ever_sent(db: Db):
    ran: list[str] = []
    db._connection.set_trace_callback(ran.append)  # type: ignore[attr-defined]
    outbox.add(db, [replace(outgoing("one", "ann@bank.example"), agent="ann")], NOW)
    db._connection.set_trace_callback(None)  # type: ignore[attr-defined]
    (hurried,) = [sql for sql in ran if sql.startswith("UPDATE outbox")]
    plan = [row["detail"] for row in db.all(f"EXPLAIN QUERY PLAN {hurried}")]
    assert plan == ["SEARCH outbox USING INDEX outbox_lane (ticket=? AND recipient=?)"]
