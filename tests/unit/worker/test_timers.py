"""Deadlines of tickets: escalation, closing by itself, and one that fails."""

from __future__ import annotations

import logging
import re
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from urllib.parse import unquote

import pytest

from mailgate.errors import StorageError
from mailgate.store.db import Store
from mailgate.store.queues import quarantine, trace
from mailgate.store.sqlite.db import SqliteDb
from mailgate.store.tickets import search
from mailgate.ticket import CLOCK
from mailgate.worker import timers
from mailgate.worker.daily import agents_day, report_mail, set_aside, spam_digest
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, to, told, with_ticket
from tests.waiting import until


@pytest.fixture
def bench(tmp_path):
    return with_ticket(tmp_path)


def test_overdue_and_escalated_steps_are_told_once(bench):
    mails = bench.send(KAREN, "Down", subject="Down", to="outages@bank.example")
    bob = to(mails, "bob@bank.example")
    bench.send("bob@bank.example", "#assign Online Banking", answers=bob)
    bench.new()
    half = bench.wait(minutes=31)
    assert told(half) == {("escalated", "ann@bank.example")}, "the team's lead"
    assert "50% of the time of the SLA plan Sev-A has passed" in half[0].text
    full = bench.wait(minutes=30)
    assert told(full) == {("overdue", "elliot@bank.example"), ("overdue", "bob@bank.example")}
    assert bench.ticket(1002).overdue
    assert bench.kinds(1002)[-2:] == ["escalated", "overdue"]
    assert bench.wait(minutes=30) == []


def test_what_was_resolved_closes_by_itself_in_silence(bench):
    bench.send(ELLIOT, "#resolved", answers=bench.alert)
    assert bench.wait(days=3, seconds=1) == []
    assert bench.ticket().status == "closed"
    assert bench.events()[-1].by == CLOCK


def test_a_deadline_that_cannot_be_worked_is_put_off_and_stops_no_other(bench):
    bench.send("Sam Other <sam@other.example>", "Other", subject="Other")
    bench.db.run("UPDATE ticket SET rest = '{' WHERE number = 1001")
    bench.wait(hours=19)
    assert bench.ticket(1002).overdue
    assert bench.db.one("SELECT min(at) FROM deadline WHERE ticket = 1001")[0] > bench.now.timestamp()


@pytest.mark.sqlite
def test_a_full_disk_is_no_fault_of_a_deadline(bench):
    """The work of a deadline fails; to put it off would take no room."""
    bench.send(KAREN, "Down", subject="Down", to="outages@bank.example")
    bench.now += timedelta(minutes=61)
    bench.db.run(f"PRAGMA max_page_count = {bench.db.one('PRAGMA page_count')[0]}")
    due = bench.db.all("SELECT * FROM deadline ORDER BY at")
    with suppress(StorageError):
        while True:  # until no page is left
            with bench.db.transaction():
                bench.db.run("INSERT INTO raw (data) VALUES (zeroblob(4000))")
    with pytest.raises(StorageError, match="full"), bench.db.transaction():
        timers.fire_due(bench.db, bench.desk, bench.now)
    bench.db.run("PRAGMA max_page_count = 1073741823")
    assert bench.db.all("SELECT * FROM deadline ORDER BY at") == due
    assert "overdue" in {mail.kind for mail in bench.wait()}, "as soon as there is room again"


async def run_timers(bench):
    """What the daemon asks for twice a second, once."""
    store = await Store.open(bench.config.storage.database, lambda: bench.now)
    await timers.Timers(store, lambda: bench.desk, lambda: bench.now, lambda: None)._tick()
    await store.close()


@pytest.mark.sqlite
async def test_the_daemon_fires_all_that_is_due_however_many(bench, monkeypatch):
    """With two in one transaction: those of five tickets take three."""
    monkeypatch.setattr(timers, "AT_ONCE", 2)
    for number in range(4):
        bench.send(KAREN, f"{number} is slow.", subject=f"{number} is slow")
    bench.now += timedelta(hours=19)
    await run_timers(bench)
    assert all(bench.ticket(1001 + number).overdue for number in range(5))


@pytest.mark.sqlite
async def test_the_daemon_drops_held_mail_in_time_also_where_nothing_else_is_due(tmp_path):
    bench = Bench(tmp_path)
    bench.send(KAREN, "Buy now.", headers={"X-Spam-Flag": "YES"})
    bench.now += timedelta(days=29)
    await run_timers(bench)
    assert bench.last()["state"] == "held"
    bench.now += timedelta(days=1, seconds=1)
    await run_timers(bench)
    assert (bench.last()["state"], bench.last()["reason"]) == ("dropped", "spam")


# ── several tickets at once ─────────────────────────────────────────────────────────────


@pytest.fixture
def late(bench):
    """Three tickets of Support that come due in one pass; Elliot has the second."""
    for name in ("Two", "Three"):
        mails = bench.send(KAREN, f"{name} does not open.", subject=f"{name} is slow")
        if name == "Two":
            bench.send(ELLIOT, "#claim", answers=to(mails, "elliot@bank.example"))
    bench.new()
    return {mail.to: mail for mail in bench.wait(hours=19)}


def test_overdue_tickets_are_one_mail_to_each_reader(bench, late):
    assert set(late) == {"elliot@bank.example", "ann@bank.example"}
    mail = late["elliot@bank.example"]
    assert (mail.kind, mail.subject, mail.ticket) == ("overdue", "3 tickets are overdue", None)
    assert mail.message["X-Mailgate-Notice"] == "overdue"
    assert mail.message.get_all("X-Mailgate-Ticket") == ["1001", "1002", "1003"]
    assert [line for line in mail.text.splitlines() if line.startswith("#")][1:] == [
        "#1001  Portal is down",
        "#1002  Two is slow",
        "#1003  Three is slow",
    ]
    assert all(bench.ticket(number).overdue for number in (1001, 1002, 1003))


def row_link(mail, label: str, number: int):
    """Address, subject and body of the mail that a link of a row opens."""
    found = re.findall(rf"{label}: mailto:(\S+?)\?subject=(\S+?)&body=(\S+)", mail.text)
    opened = [tuple(map(unquote, each)) for each in found]
    return next(each for each in opened if f"#ticket {number}\r\n" in each[2])


def test_each_row_keeps_its_tickets_link_and_the_key_of_the_mail(bench, late):
    mail = late["elliot@bank.example"]
    address, subject, body = row_link(mail, "Resolve", 1003)
    assert (address, subject) == (mail.reply_to, "Re: [#1003]")
    bench.send(ELLIOT, body.replace("\r\n", "\n"), to=address, subject=subject)
    assert [bench.ticket(number).status for number in (1001, 1002, 1003)] == ["open", "open", "resolved"]
    mails = bench.write_by_link(mail, "Answer", "We are on it.")  # of the first row
    assert "We are on it." in to(mails, "karen@client.example").text
    assert bench.ticket(1001).assignee.name == "elliot"
    with pytest.raises(StopIteration):
        row_link(mail, "Claim", 1002)  # it is Elliot's


def test_what_comes_due_of_one_ticket_at_once_is_one_alert_about_it(tmp_path):
    """Two steps of its plan and its first response: not three tickets, and no row thrice."""
    steps = 'escalate = [ { at = "40%", alert = ["department"] }, { at = "50%", alert = ["department"] } ]'
    plan = f'[sla."Default SLA"]\nresolve = "18h"\nfirst_response = "8h"\n{steps}\n'
    bench = Bench(tmp_path, f"{CONFIG}\n{plan}")
    bench.send(KAREN, "It does not open.")
    late = {mail.to: mail for mail in bench.wait(hours=10)}
    assert set(late) == {"elliot@bank.example", "ann@bank.example"}
    mail = late["ann@bank.example"]
    assert (mail.kind, mail.ticket) == ("escalated", 1001)
    for fact in ("40% of the time", "50% of the time", "Nobody has answered the requester"):
        assert fact in mail.text
    bench.send(ANN, "#resolve", answers=mail)
    assert bench.ticket().status == "resolved", "its key is good"


def test_the_trace_of_each_ticket_has_the_mail(bench, late):
    for number in (1001, 1002, 1003):
        assert [line.address for line in trace.by_ticket(bench.db, number) if line.step == "together"] == [*late]


def test_a_mail_about_several_that_cannot_be_written_stops_no_deadline(bench, monkeypatch):
    bench.send(KAREN, "Two does not open.", subject="Two is slow")
    written = timers.written.save_alerts

    def fails(db, notices, context):
        if notices[0].agent == "ann":
            raise ZeroDivisionError
        written(db, notices, context)

    monkeypatch.setattr(timers.written, "save_alerts", fails)
    assert {mail.to for mail in bench.wait(hours=19)} == {"elliot@bank.example"}
    assert bench.ticket(1002).overdue


def test_text_that_answers_a_mail_about_several_opens_no_ticket(bench, late):
    mail = late["elliot@bank.example"]
    (returned,) = bench.send(ELLIOT, "We are on it.", answers=mail)
    assert returned.kind == "command-failed"
    assert "name one with #ticket NUMBER" in returned.text
    assert bench.numbers() == [1001, 1002, 1003]


# ── the timers of the daemon ────────────────────────────────────────────────────────────

DAY = CONFIG.replace('email = ["ann@bank.example"]', 'email = ["ann@bank.example"]\ndigest = "08:00"') + (
    '\n[report]\nweekly = "Mon 08:00"\n'
)
NOBODYS = b"Subject: x\r\nMessage-ID: <x@x>\r\nFrom: Exchange <>\r\n\r\nA mail could not be converted.\r\n"
OF_THE_DAY = {"digest", "admin"}


@pytest.fixture
def day(tmp_path):
    """A Monday morning on which all is due that a desk does by itself: its notices, by the name of their kind."""
    bench = Bench(tmp_path, DAY)
    bench.wait()
    bench.send(KAREN, "It does not open.")
    with bench.db.transaction():
        report_mail.post(bench.db, report_mail.due(bench.db, bench.config, bench.now), (), bench.now)
    bench.send("Eve <eve@spam.example>", "Buy now.", headers={"X-Spam-Flag": "YES"})
    bench.accept(NOBODYS, envelope_from=None)
    bench.drain()
    bench.new()
    bench.now += timedelta(days=3)
    return bench


@asynccontextmanager
async def daemon(bench):
    """The timers on the desk's database, and how often they said that they wrote mail."""
    store = await Store.open(bench.config.storage.database, lambda: bench.now)
    wrote = []
    made = timers.Timers(store, lambda: bench.desk, lambda: bench.now, lambda: wrote.append(bench.now))
    yield made, wrote
    made.stop()
    await store.close()


def kinds(bench):
    return [mail.kind for mail in bench.new()]


@pytest.mark.sqlite
async def test_what_came_due_while_the_daemon_was_down_is_done_at_its_start(day):
    found = set()

    def done():
        found.update(kinds(day))
        return {"overdue", "report"} | OF_THE_DAY <= found and not search.is_behind(day.db)

    level = logging.getLogger().level
    async with daemon(day) as (running, _):
        running.start()
        await until(done)
    assert logging.getLogger().level == level, "the scheduler alone is to be quiet"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("job", "expected", "times"), [("_tick", {"overdue"}, 1), ("_day", OF_THE_DAY, 3), ("_reports", {"report"}, 1)]
)
async def test_a_timer_that_wrote_mail_says_so_and_one_that_did_not_says_nothing(day, job, expected, times):
    """Its mail waits for the next look otherwise."""
    async with daemon(day) as (running, wrote):
        await getattr(running, job)()
        assert set(kinds(day)) == expected
        assert len(wrote) == times
        await getattr(running, job)()
        assert (kinds(day), len(wrote)) == ([], times)


@pytest.mark.sqlite
async def test_reports_that_could_not_be_written_are_not_counted_again_at_once(day, monkeypatch, caplog):
    """It takes the processor for seconds."""
    post, counted = report_mail.post, []

    def fails(db, dues, mails, now):
        counted.append(now)
        if len(counted) == 1:
            raise StorageError("the database cannot be written", cause="disk full")
        post(db, dues, mails, now)

    monkeypatch.setattr(report_mail, "post", fails)
    async with daemon(day) as (running, wrote):
        look = running._guarded(running._reports)
        for passed in (timedelta(0), timedelta(seconds=5), timedelta(minutes=54)):
            day.now += passed
            await look()
        assert (len(counted), kinds(day), wrote) == (1, [], [])
        assert "timers: storage error: disk full" in caplog.text
        day.now += timedelta(minutes=6)
        await look()
        assert (len(counted), set(kinds(day)), len(wrote)) == (2, {"report"}, 1)
        day.now += timedelta(days=7)
        await look()
        assert len(counted) == 3


@pytest.mark.sqlite
async def test_the_full_text_index_follows_however_far_it_is_behind(day, monkeypatch):
    monkeypatch.setattr(timers, "INDEX_PAUSE", 0)
    monkeypatch.setattr(search, "EVENTS", 1)
    monkeypatch.setattr(search.follow, "__defaults__", (1,))
    for number in range(3):
        day.send(KAREN, f"{number} is slow.", subject=f"{number} is slow")
    async with daemon(day) as (running, _):
        assert search.is_behind(day.db)
        await running._index()
        assert not search.is_behind(day.db)


# ── what is asked every second ──────────────────────────────────────────────────────────


class Watched(SqliteDb):
    """A connection that keeps how SQLite finds the rows of each query."""

    def __init__(self, db: SqliteDb) -> None:
        super().__init__(db._connection, db.files)
        self.plans: dict[str, list[str]] = {}

    def all(self, sql, params=()):
        plan = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
        self.plans[sql] = [row["detail"] for row in plan]
        return super().all(sql, params)

    def one(self, sql, params=()):
        return next(iter(self.all(sql, params)), None)


GROWING = r"(SCAN|SEARCH) (inbox|outbox|ticket|entry|trace|digest)( USING INTEGER PRIMARY KEY \(rowid[<>]|$)"
POLLS = (
    lambda db, bench: timers.any_due(db, bench.now),
    lambda db, bench: agents_day.any_due(db, bench.config, bench.now),
    lambda db, bench: spam_digest.due(db, bench.config, bench.now),
    lambda db, bench: set_aside.due(db, bench.now),
    lambda db, bench: report_mail.due(db, bench.config, bench.now),
    lambda db, bench: search.is_behind(db),
    lambda db, bench: quarantine.troubles(db),
)


@pytest.mark.sqlite
@pytest.mark.parametrize("poll", POLLS)
def test_no_question_that_is_asked_every_second_reads_a_table_that_grows(bench, poll):
    db = Watched(bench.db)
    poll(db, bench)
    assert db.plans
    for sql, plan in db.plans.items():
        for step in plan:
            assert not re.search(GROWING, step), sql
