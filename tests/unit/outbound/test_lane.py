"""One relay: how much it is given, what it is believed, and what becomes of the mails in its hands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mailgate.outbound import lane as module
from mailgate.outbound.backoff import FIRST_PAUSE, JITTER, RELAY_FIRST_PAUSE, Reply, Stage
from mailgate.outbound.lane import IN_HAND, NOTIFY_AGAIN, OVERFULL, PROVEN_FOR, Lane, Outside, RelayState
from mailgate.outbound.payload import Payload
from mailgate.outbound.results import Results
from mailgate.settings import Relay
from mailgate.store.attachments import AttachmentStore
from mailgate.store.queues.outbox import LARGE
from tests.jobs import NOW, job
from tests.waiting import until

TAKEN = Reply(Stage.DATA_END, 250, "2.0.0 taken")
UNKNOWN = Reply(Stage.RCPT, 550, "5.7.1 no")
AWAY = Reply(Stage.CONNECT, 0, "connection refused")
BUSY = Reply(Stage.MAIL, 432, "4.3.2 Concurrent connections limit exceeded")
NOT_AS_THIS = Reply(Stage.DATA_END, 554, "5.2.252 SendAsDenied; not allowed to send as this address")
UNREADABLE = Reply(Stage.FILE, 0, "an attachment cannot be read (no such file)")
LATER = Reply(Stage.DATA_END, 451, "4.3.0 later")
RELAY_PAUSE = RELAY_FIRST_PAUSE.total_seconds() * (1 - JITTER)  # with a jitter of 0
PAUSE = FIRST_PAUSE * (1 - JITTER)


class Bench:
    """A lane with a clock that a test turns, a relay that answers each mail as it is told, and what it told."""

    def __init__(self, folder: Path, relay: Relay) -> None:
        self.results, self.now = Results(), 1000.0  # of the loop
        self.answers: dict[int, Reply] = {}  # mail → answer; else it is taken
        self.tried: list[int] = []
        self.closed = 0
        self.held: asyncio.Event | None = None  # answers wait for it
        self.may_send = True
        self.reported: list[Reply] = []
        outside = Outside(
            results=self.results,
            attachments=AttachmentStore(folder),
            clock=lambda: NOW,
            jitter=lambda: 0.0,
            wake=lambda: None,
            elsewhere=lambda _: False,
            report_file=self.reported.append,
            may_send=lambda: self.may_send,
        )
        self.lane = Lane(relay, lambda: self, outside)

    async def send(self, mail_from: str, recipient: str, mail: Payload) -> Reply:
        """As a transport."""
        number = int(recipient.partition("@")[0][1:])
        self.tried.append(number)
        if self.held:
            await self.held.wait()
        return self.answers.get(number, TAKEN)

    async def close(self) -> None:
        """As a transport."""
        self.closed += 1

    async def tell(self, reply: Reply, *numbers: int) -> None:
        """These mails are sent, each behind the one before, and answered so."""
        for number in numbers:
            self.answers[number] = reply
            self.lane.put(job(number))
            await until(lambda number=number: number in self.tried)
            await asyncio.sleep(0)  # the answer is taken


@asynccontextmanager
async def working(bench: Bench, *, connections: int = 1) -> AsyncIterator[Bench]:
    """Connections work while the block lasts."""
    tasks = [asyncio.create_task(bench.lane.work(number)) for number in range(connections)]
    try:
        yield bench
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    one = Bench(tmp_path, Relay())
    monkeypatch.setattr(module, "_now", lambda: one.now)
    return one


# ── how much it is given ────────────────────────────────────────────────────────────────


async def test_no_more_mails_are_in_hand_than_it_can_send_soon(bench):
    assert bench.lane.room() == IN_HAND
    for number in range(IN_HAND):
        bench.lane.put(job(number))
    assert bench.lane.room() == 0
    bench.lane.put(job(IN_HAND))
    assert bench.lane.room() == 0


async def test_large_mails_in_hand_are_one_for_each_connection(bench):
    most = bench.lane.large_room()
    assert most == bench.lane.relay.max_connections
    for number in range(most):
        bench.lane.put(job(number, size=LARGE + 1))
        assert bench.lane.large_room() == most - number - 1
    bench.lane.put(job(most, size=LARGE + 1))
    assert bench.lane.large_room() == 0
    assert bench.lane.room() == IN_HAND - most - 1
    bench.lane.give_back()
    assert bench.lane.large_room() == most


async def test_one_that_has_far_too_much_in_hand_is_left_alone_for_a_second(bench):
    """What names it as its only relay is given to it beyond its room."""
    for number in range(OVERFULL - 1):
        bench.lane.put(job(number))
    assert bench.lane.wait() == 0.0
    bench.lane.put(job(OVERFULL))
    assert bench.lane.wait() == 1.0


@pytest.mark.parametrize("reply", [TAKEN, UNKNOWN, LATER, BUSY, AWAY, UNREADABLE, NOT_AS_THIS])
async def test_what_was_answered_is_in_hand_no_more(bench, monkeypatch, reply):
    """Whatever was said, so that there is room for as many as before."""
    monkeypatch.setattr(module, "THROTTLE_PAUSE", 0.0)
    async with working(bench):
        for number in range(5):
            await bench.tell(reply, number)
            bench.now += 1000.0  # any pause is over
        assert (bench.lane.busy, len(bench.results)) == (0, 5)


async def test_what_is_given_back_was_not_tried(bench):
    for number in range(3):
        bench.lane.put(job(number))
    assert not bench.lane.idle
    bench.lane.give_back()
    assert (bench.results.untried, bench.lane.busy, bench.lane.idle) == ([0, 1, 2], 0, True)


async def test_nothing_is_sent_while_another_node_may_send_it(bench):
    """Each mail goes back untried, for the node that it belongs to now."""
    bench.may_send = False
    async with working(bench):
        for number in range(3):
            bench.lane.put(job(number))
        await until(lambda: len(bench.results) == 3)
        assert (bench.tried, bench.results.untried, bench.lane.busy) == ([], [0, 1, 2], 0)
        bench.may_send = True
        await bench.tell(TAKEN, 4)
        assert [each.id for each, _ in bench.results.sent] == [4]


# ── how it does ─────────────────────────────────────────────────────────────────────────


async def test_connections_that_fail_together_are_one_failure(bench, caplog):
    """Four connections find the relay away: it is tried again after the first pause, not after the fourth."""
    bench.held = asyncio.Event()
    async with working(bench, connections=4):
        for number in range(4):
            bench.answers[number] = AWAY
            bench.lane.put(job(number))
        await until(lambda: len(bench.tried) == 4)
        bench.held.set()
        await until(lambda: len(bench.results) == 4)
    assert bench.lane.wait() == RELAY_PAUSE
    assert [record.message.split()[0] for record in caplog.records].count("relay-down") == 1
    again = NOW + timedelta(seconds=RELAY_PAUSE)
    assert [when for _, _, when in bench.results.later] == [again] * 4


async def test_each_failure_after_a_pause_makes_the_next_pause_longer(bench):
    async with working(bench):
        for number in range(3):
            assert not bench.lane.wait()
            await bench.tell(AWAY, number)
            assert bench.lane.wait() == RELAY_PAUSE * 2**number
            assert (bench.lane.down, bench.lane.room(), bench.lane.large_room()) == (True, 0, 0)
            bench.now += bench.lane.wait()
        assert (bench.lane.room(), bench.lane.down) == (1, False)  # one mail tries it
        await bench.tell(TAKEN, 3)
        assert bench.lane.room() == IN_HAND
        await bench.tell(AWAY, 4)
        assert bench.lane.wait() == RELAY_PAUSE


async def test_the_mail_that_tries_an_ill_relay_is_waited_for(bench):
    async with working(bench):
        await bench.tell(AWAY, 0)
        bench.now += RELAY_PAUSE
        bench.held = asyncio.Event()
        bench.lane.put(job(1))
        assert (bench.lane.wait(), bench.lane.down, bench.lane.room()) == (1.0, True, 0)
        bench.held.set()
        await until(lambda: bench.results.sent)
        assert (bench.lane.wait(), bench.lane.down) == (0.0, False)


async def test_the_log_says_once_that_it_is_well_again(bench, caplog):
    caplog.set_level(logging.INFO)
    async with working(bench):
        await bench.tell(TAKEN, 0)
        await bench.tell(AWAY, 1)
        bench.now += 1000.0
        await bench.tell(TAKEN, 2, 3)
    events = [record.message.split()[0] for record in caplog.records]
    assert [each for each in events if each.startswith("relay-")] == ["relay-down", "relay-up"]


async def test_its_state_says_since_when_it_is_ill_and_what_it_said(bench):
    assert bench.lane.state == RelayState("relay")
    assert not bench.lane.state.tried
    async with working(bench):
        await bench.tell(AWAY, 0)
        ill = bench.lane.state
        assert (ill.ill_since, ill.last_error, ill.last_spoke_at, ill.lasting) == (NOW, str(AWAY), None, False)
        assert ill.tried
        bench.now += 1000.0
        await bench.tell(TAKEN, 1)
        well = bench.lane.state
        assert (well.ill_since, well.last_error, well.last_spoke_at, well.lasting) == (None, "", NOW, False)
        assert well.tried


async def test_what_will_last_is_told_until_it_is_well(bench):
    """Also where what it says next would pass: somebody has still to change something."""
    async with working(bench):
        for number, reply in enumerate((Reply(Stage.LOGIN, 535, "5.7.8 no"), AWAY)):
            await bench.tell(reply, number)
            assert bench.lane.state.lasting
            bench.now += 1000.0
        await bench.tell(LATER, 2)
        assert not bench.lane.state.lasting


# ── what it is believed ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("passed", "believed"), [(PROVEN_FOR - 1, True), (PROVEN_FOR, False)])
async def test_one_that_took_mail_lately_is_believed_that_a_refusal_is_about_the_mail(bench, passed, believed):
    async with working(bench):
        await bench.tell(TAKEN, 0)
        bench.now += passed
        await bench.tell(UNKNOWN, 1)
        bench.lane.release_suspects()
        assert (len(bench.results.failed), len(bench.results.later)) == ((1, 0) if believed else (0, 1))


async def test_a_refusal_waits_for_what_is_still_on_the_wire(bench):
    """Two more in the same words would mean that the relay refuses everything."""

    def failed() -> list[int]:
        bench.lane.release_suspects()  # as the deliverer does at each turn
        return [each.id for each, _, _ in bench.results.failed]

    async with working(bench):
        await bench.tell(TAKEN, 0)
        await bench.tell(UNKNOWN, 1)
        bench.held = asyncio.Event()
        bench.lane.put(job(2))
        assert failed() == []
        bench.held.set()
        await until(lambda: len(bench.results.sent) == 2)
        assert (failed(), bench.lane.busy) == ([1], 0)
        await bench.tell(UNKNOWN, 3)
        assert bench.lane.busy == 1
        assert (failed(), bench.lane.busy) == ([1, 3], 0)


async def test_three_refused_in_the_same_words_are_all_kept(bench):
    bench.held = asyncio.Event()
    async with working(bench, connections=4):
        bench.answers |= dict.fromkeys((1, 2, 3), UNKNOWN)
        for number in range(4):
            bench.lane.put(job(number))
        await until(lambda: len(bench.tried) == 4)
        bench.held.set()
        await until(lambda: len(bench.results) == 4)
        assert (bench.results.failed, bench.lane.busy) == ([], 0)
        assert bench.lane.state.ill_since == NOW
        assert {when for _, _, when in bench.results.later} <= {NOW + timedelta(seconds=RELAY_PAUSE), NOW + PAUSE}


@pytest.mark.parametrize(
    ("from_", "mail_from", "sender"),
    [
        ("sales@bank.example", "bounces@bank.example", "sales@bank.example"),
        ("", "Support@bank.example", "support@bank.example"),
    ],
)
async def test_a_sender_is_the_address_that_readers_see(bench, from_, mail_from, sender):
    """Not the one of the envelope, which may be another for each mail."""
    async with working(bench):
        bench.answers[0] = NOT_AS_THIS
        for number, known in ((0, (((sender, str(NOT_AS_THIS)),), frozenset())), (1, ((), {sender}))):
            bench.lane.put(job(number, from_=from_, mail_from=mail_from))
            await until(lambda number=number: len(bench.results) == number + 1)
            assert (bench.lane.state.refused_senders, bench.lane.state.accepted_senders) == known
        bench.answers[2] = NOT_AS_THIS
        bench.lane.put(job(2, from_=from_, mail_from=mail_from))
        await until(lambda: len(bench.results) == 3)
        assert bench.lane.state.accepted_senders == frozenset()


# ── connections, files ──────────────────────────────────────────────────────────────────


async def test_one_connection_too_many_is_closed_and_its_mail_goes_back_untried(bench):
    async with working(bench):
        await bench.tell(BUSY, 0)
        await until(lambda: bench.closed)
        assert (bench.results.untried, bench.lane.busy, bench.lane.state.ill_since) == ([0], 0, None)
        bench.lane.put(job(1))
        for _ in range(5):
            await asyncio.sleep(0)
        assert bench.tried == [0]  # it rests for a minute


async def test_a_file_that_cannot_be_read_is_reported_once_an_hour(bench):
    async with working(bench):
        for number, passed in enumerate((0.0, NOTIFY_AGAIN - 1, 1.0, 1.0)):
            bench.now += passed
            await bench.tell(UNREADABLE, number)
    assert bench.reported == [UNREADABLE] * 2
    assert [when for _, _, when in bench.results.later] == [NOW + PAUSE] * 4
    assert bench.lane.state == RelayState("relay")  # it was not spoken to


async def test_a_connection_says_goodbye_when_it_ends(bench):
    async with working(bench):
        await bench.tell(TAKEN, 0)
        assert bench.closed == 0
    assert bench.closed == 1
