"""Mails that share a transaction: each has its effect once, as if it had come alone, whatever becomes of the others."""

from __future__ import annotations

import pytest

from mailgate.errors import StorageError
from mailgate.store.queues import inbox
from mailgate.worker import apply, batch
from tests.desk import CONFIG, Bench, told

KAREN = "Karen Client <karen@client.example>"
ELLIOT, ANN = "elliot@bank.example", "ann@bank.example"
FLOOD = '\n[tickets]\nmax_open_per_requester = 3\n[notices]\nlimit_unknown = "2/1h"\n'
HANDED_OUT = CONFIG.replace('lead = "ann"', 'lead = "ann"\nhand_out = "round-robin"').replace(
    'topic = "Business Critical Outage"\n', 'topic = "Business Critical Outage"\nassign = "team:Online Banking"\n'
)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "HOLD", 60.0)
    made = Bench(tmp_path)
    made.first = made.send(KAREN, "It does not open.")
    made.alerts = {mail.to: mail for mail in made.first}
    yield made
    made.db.close()


def karen(bench: Bench, text: str) -> int:
    return bench.accept(bench.write(KAREN, text, answers=bench.alerts["karen@client.example"]))


def failing(monkeypatch, inbox_id: int, error: Exception, times: int) -> None:
    """Working this mail fails so many times, when all of it is written."""
    finish, left = apply.finish, [error] * times

    def fails(db, id_, *rest):
        finish(db, id_, *rest)
        if id_ == inbox_id and left:
            raise left.pop()

    monkeypatch.setattr(apply, "finish", fails)


def states(bench: Bench) -> list[str]:
    return [row["state"] for row in bench.db.all("SELECT state FROM inbox ORDER BY id")]


def test_one_of_a_thread_that_fails_leaves_no_trace_among_the_others_and_comes_in_later(bench, monkeypatch):
    karen(bench, "One.")
    poison = karen(bench, "Two.")
    bench.accept(bench.write(ELLIOT, "#prio high\n\nThree.", answers=bench.alerts[ELLIOT]))
    failing(monkeypatch, poison, ZeroDivisionError(), times=3)
    mails = bench.drain()
    assert [text for _, text in bench.thread()] == ["It does not open.", "One.", "Three."]
    assert "Two." not in "".join(mail.everything for mail in mails if mail.to != "root@ops.example")
    assert (states(bench), bench.ticket().priority) == (["done", "done", "quarantined", "done"], "High")
    with bench.db.transaction():
        inbox.retry(bench.db, poison)
    assert ("new-message", ELLIOT) in told(bench.drain())
    assert [text for _, text in bench.thread()][-1] == "Two."


def test_trouble_of_the_disk_takes_all_of_them_back_and_none_is_worked_twice(bench, monkeypatch):
    ids = [karen(bench, text) for text in ("One.", "Two.", "Three.")]
    failing(monkeypatch, ids[1], StorageError("no space left"), times=1)
    before = bench.kinds()
    with pytest.raises(StorageError):
        bench.drain()
    assert (bench.kinds(), bench.new()) == (before, [])
    with bench.db.transaction():
        inbox.unclaim(bench.db, ids)
    bench.drain()
    assert [text for _, text in bench.thread()][1:] == ["One.", "Two.", "Three."]
    assert {row["tries"] for row in bench.db.all("SELECT tries FROM inbox")} == {1}


def test_copies_of_one_mail_and_its_answers_come_in_as_one_thread(bench):
    raw = bench.write(KAREN, "One.", subject="Printer", message_id="<a@client.example>")
    for key in ("first", "second"):
        bench.accept(raw, key=key)
    answer = {"In-Reply-To": "<a@client.example>", "References": "<a@client.example>"}
    bench.accept(bench.write(KAREN, "Two.", subject="Re: Printer", headers=answer))
    bench.accept(bench.write("Jane <jane@client.example>", "Mine.", subject="Re: Printer", headers=answer))
    bench.drain()
    assert [text for _, text in bench.thread(1002)] == ["One.", "Two."]
    assert (bench.numbers(), states(bench)[1:]) == ([1001, 1002, 1003], ["done", "dropped", "done", "done"])


def test_limits_count_what_came_before_in_the_same_transaction(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "HOLD", 60.0)
    bench = Bench(tmp_path, CONFIG + FLOOD)
    for subject in ("one", "two", "three", "four", "five"):
        bench.accept(bench.write(KAREN, "Hello.", subject=f"Matter {subject}"))
    for name in ("a", "b", "c"):
        bench.accept(bench.write(f"{name}@new.example", "Hello.", subject=f"Matter of {name}"))
    mails = bench.drain()
    assert states(bench) == ["done"] * 3 + ["quarantined"] * 2 + ["done"] * 3
    assert [mail.to for mail in mails if mail.kind == "limit-reached"] == ["karen@client.example"]
    assert [mail.to for mail in mails if mail.kind == "acknowledgement" and "new.example" in mail.to] == [
        "a@new.example"
    ]


def test_tickets_are_handed_out_in_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "HOLD", 60.0)
    bench = Bench(tmp_path, HANDED_OUT)
    for name in ("a", "b", "c", "d"):
        bench.accept(bench.write(f"{name}@new.example", "Hello.", subject=f"About {name}", to="outages@bank.example"))
    bench.drain()
    assert [bench.ticket(number).assignee.name for number in bench.numbers()] == ["elliot", "bob", "elliot", "bob"]


def test_what_two_agents_do_at_once_is_done_one_after_the_other(bench):
    bench.send("Joe <joe@other.example>", "Mine.", subject="Joe's")
    second = {mail.to: mail for mail in bench.sent() if mail.ticket == 1002}
    bench.accept(bench.write(ANN, "#merge 1001", answers=second[ANN]))
    bench.accept(bench.write(ELLIOT, "#merge 1002", answers=bench.alerts[ELLIOT]))
    for who in (ANN, ELLIOT):
        bench.accept(bench.write(who, "#reply\n\nWe look at it.", answers=bench.alerts[who]))
    kinds = {(mail.kind, mail.to) for mail in bench.drain()}
    assert {("command-failed", ELLIOT), ("held", ELLIOT), ("reply", "karen@client.example")} <= kinds
    assert [bench.ticket(number).merged_into for number in (1001, 1002)] == [0, 1001]
    assert [kind for kind, _ in bench.thread()].count("reply") == 1
