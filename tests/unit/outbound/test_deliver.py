"""The deliverer: which relay gets a mail, when it is tried again, and what waits for the database or the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mailgate.errors import DatabaseBusy
from mailgate.outbound import deliver, lane
from mailgate.outbound.backoff import FIRST_PAUSE, JITTER, RELAY_FIRST_PAUSE, Reply, Stage
from mailgate.outbound.deliver import Deliverer
from mailgate.outbound.payload import Payload
from mailgate.outbound.results import record_and_claim
from mailgate.settings import Relay
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Store
from mailgate.store.queues import outbox
from mailgate.store.sqlite.db import SqliteDb
from tests.jobs import NOW
from tests.post import mail
from tests.waiting import PATIENCE, until

TAKEN = Reply(Stage.DATA_END, 250, "2.0.0 taken")
AWAY = Reply(Stage.CONNECT, 0, "connection refused")
REST = RELAY_FIRST_PAUSE.total_seconds() * (1 - JITTER)  # with a jitter of 0
SALES, SUPPORT = "sales@bank.example", "support@bank.example"


class Office:
    """A deliverer on a real database, with a clock that a test turns and relays that answer as they are told."""

    def __init__(self, folder: Path, store: Store, relays: Sequence[Relay]) -> None:
        self.store, self.now = store, 1000.0  # of the loop
        self.answers = {relay.name: TAKEN for relay in relays}
        self.tried: list[tuple[str, str]] = []  # relay, recipient
        self.failures = 0  # calls that refusals wait
        self.may_send = True
        self.gate = asyncio.Event()  # the relays answer while it is open
        self.gate.set()
        self.deliverer = Deliverer(
            store,
            [(relay, partial(Wire, self, relay.name)) for relay in relays],
            lambda: self.clock,
            take_failure=self.note_failure,
            report_file=lambda _: None,
            attachments=AttachmentStore(folder),
            jitter=lambda: 0.0,
            may_send=lambda: self.may_send,
        )

    @property
    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.now - 1000.0)

    def note_failure(self) -> None:
        self.failures += 1

    async def put(self, name: str, sender: str = SUPPORT, **more: Any) -> None:
        """A mail to NAME@client.example."""
        made = replace(mail(name, f"{name}@client.example"), mail_from=sender, **more)
        await self.store.write(outbox.add, [made], self.clock)
        self.deliverer.notify()

    async def rows(self) -> dict[str, Any]:
        """By name."""
        found = await self.store.read(lambda db: db.all("SELECT * FROM outbox"))
        return {row["cause"]: row for row in found}

    async def ends(self, name: str, state: str) -> Any:
        """Wait until a mail is in a state."""

        async def so() -> bool:
            return (await self.rows())[name]["state"] == state

        await until(so)
        return (await self.rows())[name]

    async def put_off(self, name: str) -> Any:
        """Wait until a mail has a time that is not the one at which it was written."""

        async def so() -> bool:
            row = (await self.rows())[name]
            return row["state"] == "queued" and row["next_attempt_at"] != row["created_at"]

        await until(so)
        return (await self.rows())[name]


class Wire:
    """A connection to one of the relays."""

    def __init__(self, office: Office, relay: str) -> None:
        self.office, self.relay = office, relay

    async def send(self, mail_from: str, recipient: str, mail: Payload) -> Reply:
        self.office.tried.append((self.relay, recipient.partition("@")[0]))
        await self.office.gate.wait()
        return self.office.answers[self.relay]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def office(folder: Path, *relays: Relay) -> AsyncIterator[Office]:
    store = await Store.open(folder / "mailgate.db")
    one = Office(folder, store, relays)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lane, "_now", lambda: one.now)
        run = asyncio.create_task(one.deliverer.run())
        try:
            yield one
        finally:
            await one.deliverer.stop(PATIENCE)
            await run
            await store.close()


# ── which relay ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("from_", "envelope", "relay"),
    [
        (SALES, "bounces@bank.example", "own"),
        (SUPPORT, SALES, "usual"),  # what readers see decides
        ("", "Sales@Bank.example", "own"),
        ("", SUPPORT, "usual"),
    ],
)
async def test_a_mail_goes_to_the_relay_for_the_address_that_readers_see(tmp_path, from_, envelope, relay):
    async with office(tmp_path, Relay(name="usual"), Relay(name="own", for_=(SALES,))) as one:
        data = (f"From: Desk <{from_}>\r\n" if from_ else "").encode() + b"Subject: x\r\n\r\nText.\r\n"
        await one.put("m", envelope, data=data)
        await one.ends("m", "sent")
        assert one.tried == [(relay, "m")]


async def test_where_each_relay_is_for_somebody_the_first_takes_the_mail_of_all_others(tmp_path):
    relays = [Relay(name="own", for_=(SALES,)), Relay(name="theirs", for_=("outages@bank.example",))]
    async with office(tmp_path, *relays) as one:
        await one.put("m")
        await one.ends("m", "sent")
        assert one.tried == [("own", "m")]


async def test_a_mail_whose_relay_turns_out_to_be_down_goes_to_the_next_one_at_once(tmp_path):
    """The clock stands still."""
    names = ("first", "second", "third")
    async with office(tmp_path, *(Relay(name=name, max_connections=1) for name in names)) as one:
        one.answers |= {"first": AWAY, "second": AWAY}
        await one.put("m")
        row = await one.ends("m", "sent")
        assert one.tried == [(name, "m") for name in names]
        assert row["attempts"] == 3
        await one.put("n")
        await one.ends("n", "sent")
        assert one.tried[3:] == [("third", "n")]


async def test_a_mail_whose_relays_are_all_down_waits_for_them_though_another_one_is_well(tmp_path):
    relays = [Relay(name="usual", max_connections=1), Relay(name="own", for_=(SALES,))]
    async with office(tmp_path, *relays) as one:
        one.answers["usual"] = AWAY
        await one.put("m")
        row = await one.put_off("m")
        assert (one.tried, row["attempts"]) == ([("usual", "m")], 1)
        assert row["next_attempt_at"] == NOW.timestamp() + REST
        one.now += 1.5
        await one.put("n")
        row = await one.put_off("n")
        assert (one.tried, row["attempts"]) == ([("usual", "m")], 0)
        assert row["next_attempt_at"] == NOW.timestamp() + REST


async def test_what_waits_for_several_relays_that_are_down_waits_for_the_first_that_is_tried_again(tmp_path):
    relays = [Relay(name="first", max_connections=1), Relay(name="second"), Relay(name="own", for_=(SALES,))]
    async with office(tmp_path, *relays) as one:
        one.answers |= {"first": AWAY, "second": AWAY}
        await one.put("m")
        await until(lambda: len(one.tried) == 2)
        one.now += REST
        one.answers["second"] = Reply(Stage.DATA_END, 451, "4.3.0 later")
        await one.put("n")  # the first rests twice as long now, the second is well
        await until(lambda: [name for name, _ in one.tried].count("first") == 2)
        one.now += 1.0
        one.answers["second"] = AWAY
        await one.put("o")
        await until(lambda: one.deliverer.states[1].ill_since)
        tried = len(one.tried)
        await one.put("p")
        row = await one.put_off("p")
        assert len(one.tried) == tried
        assert row["next_attempt_at"] == one.clock.timestamp() + REST


async def test_what_a_relay_may_not_be_given_in_this_minute_waits_for_the_next(tmp_path):
    relays = [Relay(name="usual"), Relay(name="own", for_=(SALES,), max_per_minute=1)]
    async with office(tmp_path, *relays) as one:
        await one.put("m", SALES)
        await one.ends("m", "sent")
        one.now += 20.0
        await one.put("n", SALES)
        row = await one.put_off("n")
        assert (one.tried, row["attempts"]) == ([("own", "m")], 0)
        assert row["next_attempt_at"] == NOW.timestamp() + 60.0


async def test_retry_goes_to_the_relay_that_is_well(tmp_path):
    async with office(tmp_path, Relay(name="first", max_connections=1), Relay(name="second")) as one:
        one.answers["first"] = AWAY
        await one.put("m")
        await one.ends("m", "sent")
        one.answers["second"] = Reply(Stage.RCPT, 450, "4.2.1 busy")
        await one.put("n")
        row = await one.put_off("n")
        assert row["next_attempt_at"] == NOW.timestamp() + (FIRST_PAUSE * (1 - JITTER)).total_seconds()
        one.answers["second"] = TAKEN
        await one.store.write(outbox.retry, row["id"])
        one.deliverer.notify()
        await one.ends("n", "sent")
        assert [name for name, _ in one.tried] == ["first", "second", "second", "second"]


# ── what was said ───────────────────────────────────────────────────────────────────────


async def test_a_refusal_is_announced_and_nothing_else_is(tmp_path):
    async with office(tmp_path, Relay()) as one:
        await one.put("m")
        await one.ends("m", "sent")
        assert one.failures == 0
        one.answers["relay"] = Reply(Stage.RCPT, 550, "5.1.1 unknown")
        await one.put("n")
        await one.ends("n", "failed")
        await until(lambda: one.failures)
        assert one.failures == 1


async def test_while_another_node_may_send_nothing_is_claimed(tmp_path, monkeypatch):
    turns = []

    def counted(*args: Any, **how: Any) -> Any:
        turns.append(how)
        return record_and_claim(*args, **how)

    async with office(tmp_path, Relay(name="ill", max_connections=1)) as one:
        one.answers["ill"] = AWAY
        await one.put("m")
        await one.put_off("m")
        one.may_send, one.answers["ill"] = False, TAKEN
        await one.store.write(outbox.retry, 1)
        monkeypatch.setattr(deliver, "record_and_claim", counted)
        for rest in (0.0, REST):  # it rests, and it may be tried
            one.now += rest
            for _ in range(2):  # when it looks for the second time it has done all that the first led to
                one.deliverer.notify()
                await until(lambda: not one.deliverer._wake.is_set())
        assert (one.tried, turns) == ([("ill", "m")], [])
        one.may_send = True
        one.deliverer.notify()
        await one.ends("m", "sent")


# ── trouble of the database and the disk ────────────────────────────────────────────────


class Pauses:
    """How long the deliverer paused for storage; each pause ends at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, _: asyncio.Event, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    pauses = Pauses()
    monkeypatch.setattr(deliver, "pause", pauses)
    return pauses


def refuse_writes(store: Store, what: str) -> Any:
    """Let the database take nothing, or take everything again."""

    def work(db: SqliteDb) -> None:
        db.one(f"PRAGMA query_only = {what}")

    return store.through(work)


async def test_a_database_that_takes_nothing_is_asked_ever_less_often_and_as_before_once_it_does(tmp_path, pauses):
    async with office(tmp_path, Relay()) as one:
        for _ in range(2):
            await one.put(f"m{len(pauses.seconds)}")
            await until(partial(_all_sent, one))
            pauses.seconds.clear()
            await refuse_writes(one.store, "ON")
            one.deliverer.notify()
            await until(lambda: len(pauses.seconds) >= 8)
            assert pauses.seconds[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
            await refuse_writes(one.store, "OFF")
            await until(lambda: one.deliverer._storage_pause == deliver.STORAGE_PAUSE)  # a turn has succeeded


async def _all_sent(one: Office) -> bool:
    return {row["state"] for row in (await one.rows()).values()} == {"sent"}


async def test_what_was_claimed_is_not_sent_before_the_claim_is_on_the_disk(tmp_path, pauses, monkeypatch):
    """After a power cut it would be claimed once more."""
    flush, broken = os.fdatasync, False

    def fdatasync(handle: int) -> None:
        if broken:
            raise OSError(5, "Input/output error")
        flush(handle)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    async with office(tmp_path, Relay()) as one:
        await one.put("m")
        await one.ends("m", "sent")
        broken = True
        made = mail("n", "n@client.example")
        await one.store.commit(outbox.add, [made], one.clock)
        one.deliverer.notify()
        await until(lambda: len(pauses.seconds) >= 3)
        assert one.tried == [("relay", "m")]
        assert pauses.seconds[:3] == [1.0, 2.0, 4.0]
        broken = False
        await one.ends("n", "sent")
        broken = True
        await one.store.commit(outbox.add, [mail("o", "o@client.example")], one.clock)
        one.deliverer.notify()
        count = len(pauses.seconds)
        await until(lambda: len(pauses.seconds) > count)
        await one.deliverer.stop(PATIENCE)
        row = (await one.rows())["o"]
        assert (row["state"], row["attempts"]) == ("queued", 0)
        assert [name for _, name in one.tried] == ["m", "n"]
        broken = False


# ── a transaction of which no answer came ───────────────────────────────────────────────


async def test_what_was_claimed_without_an_answer_is_sent_and_what_is_in_hand_is_not_sent_again(tmp_path, monkeypatch):
    """A server that fails over has committed the claim, perhaps. Here it has."""
    monkeypatch.setattr(deliver, "STORAGE_PAUSE", 0.0)
    async with office(tmp_path, Relay(name="usual")) as one:
        commit, lost = one.store.commit, list[int]()

        async def unanswered(work: Any, *args: Any, **more: Any) -> Any:
            found = await commit(work, *args, **more)
            if work is record_and_claim and found[0] and len(lost) < 2:
                lost.extend(job.id for job in found[0])
                raise DatabaseBusy("no answer came")
            return found

        one.gate.clear()
        await one.put("a")
        await until(lambda: one.tried)
        monkeypatch.setattr(one.store, "commit", unanswered)
        await one.put("b")
        row = await one.ends("b", "sending")
        await until(lambda: len(one.tried) == 2)
        one.gate.set()
        assert (await one.ends("a", "sent"))["attempts"] == 1
        assert (await one.ends("b", "sent"))["attempts"] == 1, "the lost try is not counted"
    assert lost[0] == row["id"]
    assert sorted(one.tried) == [("usual", "a"), ("usual", "b")]
