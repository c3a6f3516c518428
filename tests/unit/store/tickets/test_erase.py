"""A ticket is erased with everything that hangs on it, and nothing of others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.store.maintenance.invariants import check
from mailgate.store.queues import outbox
from mailgate.store.tickets import erase
from mailgate.store.tickets.tickets import next_number
from tests.desk import ANN, KAREN, Bench

ANN_ADDRESS = "ann@bank.example"
JIM = "Jim <jim@client.example>"


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def alert(bench, number):
    return next(mail for mail in reversed(bench.sent()) if (mail.to, mail.ticket) == (ANN_ADDRESS, number))


def closed(bench):
    return erase.closed_before(bench.db, bench.now, 10)


def whole(bench):
    """Every row that speaks of tickets: table → rows."""
    tables = ("ticket", "entry", "event", "collaborator", "known_id", "ended_word", "similar_shown", "deadline")
    return {table: bench.db.one(f"SELECT count(*) FROM {table}")[0] for table in (*tables, "outbox", "trace", "raw")}


def sound(bench):
    return not [problem for each in check(bench.db, bench.desk.files) for problem in each.problems]


def test_nothing_is_left_of_a_ticket_but_the_digests_of_its_mails(bench):
    before = whole(bench)
    bench.send(KAREN, "The portal shows error 4711.", cc="Jim <jim@client.example>")
    bench.send(ANN, "Please restart it.", answers=alert(bench, 1001))
    bench.send(ANN, "#resolve", answers=alert(bench, 1001))
    bench.send(ANN, "#close", answers=alert(bench, 1001))
    bench.deliver()
    with bench.db.transaction():
        assert erase.erase(bench.db, [1001]) == [1001]
    assert whole(bench) == before
    (row,) = bench.db.all("SELECT * FROM inbox")
    assert (row["from_email"], row["subject"], row["sender"], row["ticket"], row["raw_id"]) == (
        "",
        "",
        None,
        None,
        None,
    )
    assert bench.db.one("SELECT count(*) FROM digest")[0] == 4
    assert sound(bench)


def test_another_ticket_keeps_everything(bench):
    bench.send(JIM, "Mine is broken, too.")
    before = whole(bench)
    bench.send(KAREN, "The portal shows error 4711.", subject="Error 4711")
    with bench.db.transaction():
        erase.erase(bench.db, [1002])
    assert whole(bench) == before
    assert bench.thread(1001)[0][1] == "Mine is broken, too."


def test_a_number_is_never_given_again(bench):
    bench.send(KAREN, "One.")
    bench.send(KAREN, "Two.", subject="Another matter")
    with bench.db.transaction():
        erase.erase(bench.db, [1002])
    assert next_number(bench.db, 1) == 1003
    with bench.db.transaction():
        erase.erase(bench.db, [1001])
    assert next_number(bench.db, 1) == 1003


def test_an_answer_to_an_erased_ticket_opens_a_new_one(bench):
    sent = bench.send(KAREN, "It is broken.")
    bench.deliver()
    with bench.db.transaction():
        erase.erase(bench.db, [1001])
    bench.send(KAREN, "Still broken.", answers=next(mail for mail in sent if mail.to == "karen@client.example"))
    assert bench.numbers() == [1002]


def test_a_mail_that_comes_again_is_still_known(bench):
    raw = bench.write(KAREN, "It is broken.")
    bench.accept(raw)
    bench.drain()
    with bench.db.transaction():
        erase.erase(bench.db, [1001])
    for n in range(2):
        bench.accept(raw, key=f"once more {n}")
        bench.drain()
        assert bench.last()["reason"] == "duplicate"
    assert bench.numbers() == []


def test_merged_tickets_go_with_the_one_that_they_were_merged_into(bench):
    bench.send(KAREN, "One.")
    bench.send(KAREN, "Two.", subject="Another matter")
    bench.send(ANN, "#merge 1001", answers=alert(bench, 1002))
    bench.deliver()
    assert bench.ticket(1002).merged_into == 1001
    bench.now += timedelta(days=1)
    assert closed(bench) == []
    bench.send(ANN, "#close", answers=alert(bench, 1001))
    bench.deliver()
    bench.now += timedelta(days=1)
    assert closed(bench) == [1001]
    with bench.db.transaction():
        assert erase.erase(bench.db, [1001]) == [1001, 1002]
    assert bench.numbers() == []
    assert sound(bench)


def test_a_ticket_about_which_mail_is_on_its_way_stays(bench):
    bench.send(KAREN, "It is broken.")
    bench.send(ANN, "#close", answers=alert(bench, 1001))
    bench.now += timedelta(days=1)
    assert closed(bench) == []
    bench.deliver()
    assert closed(bench) == [1001]
    bench.now -= timedelta(days=1)
    assert erase.closed_before(bench.db, bench.now - timedelta(days=1), 10) == []


def test_a_mail_that_is_erased_while_it_is_sent_may_end_in_any_way(bench):
    bench.send(KAREN, "It is broken.")
    jobs = outbox.claim(bench.db, bench.now, 100)
    with bench.db.transaction():
        erase.erase(bench.db, [1001])
    first = jobs[0].id
    with bench.db.transaction():
        outbox.sent(bench.db, [(first, "250 ok")], bench.now)
        outbox.later(bench.db, [(first, bench.now, "451 later")])
        outbox.unclaim(bench.db, [first])
        outbox.failed(bench.db, [(first, "550 no", True, True)])
    assert outbox.refused(bench.db, 10) == []
