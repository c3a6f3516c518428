"""The deliverer with a real outbox and a real relay that answers as it is told."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailgate.notice import FilePart, Outgoing
from mailgate.outbound import backoff, deliver, lane, pacing
from mailgate.outbound.backoff import Reply
from mailgate.outbound.deliver import Deliverer
from mailgate.settings import Relay as RelayConfig
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Db, Store
from mailgate.store.queues import outbox, trace
from tests.post import Post, clock, from_, mail, post
from tests.sink import Sink
from tests.waiting import PATIENCE, patience, until


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Pauses of the policy shortened; their lengths are tested with the policy."""
    monkeypatch.setattr(backoff, "FIRST_PAUSE", timedelta(seconds=0.1))
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(seconds=0.1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(seconds=0.2))
    monkeypatch.setattr(deliver, "LONGEST_SLEEP", 3600.0)  # so that nothing is found by chance


async def test_a_mail_goes_out_at_once_and_the_relay_s_answer_is_kept(tmp_path):
    """Not at the next look, which is an hour away."""
    async with post(tmp_path) as one:
        await one.put(mail("first"))
        [row] = await one.until("sent")
        assert row["answer"] == "250 2.0.0 taken as 1"
        await one.put(mail("second"))
        await one.until("sent", "sent")
        assert row["sent_at"] is not None
        assert one.sink.taken[0].header("Message-ID") == "<first@bank.example>"
        assert one.relay.ill_since is None


async def test_hundreds_of_mails_go_over_a_few_kept_connections_once_each(tmp_path):
    async with post(tmp_path) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(500)))
        await one.sink.wait_for(500)
        await one.until(*["sent"] * 500)
        assert len({taken.header("Message-ID") for taken in one.sink.taken}) == 500
        assert one.sink.connections == RelayConfig().max_connections


async def test_mail_about_a_ticket_to_one_recipient_keeps_its_order(tmp_path):
    """A deferred mail holds back the later ones of its lane and nobody else's."""
    async with post(tmp_path, script={"a@client.example": ["450 4.2.1 busy"] * 1000}) as one:
        await one.put(*(mail(f"a{n}", "a@client.example", ticket=1) for n in range(5)))
        await one.put(mail("b", "b@client.example", ticket=1), mail("c", "c@client.example", ticket=2))
        await one.until(*["queued"] * 5, "sent", "sent")
        one.sink.script.pop("a@client.example")
        await one.until(*["sent"] * 7)
        subjects = [taken.header("Subject") for taken in one.sink.taken]
        assert sorted(subjects[:2]) == ["b", "c"]
        assert subjects[2:] == ["a0", "a1", "a2", "a3", "a4"]


async def test_a_temporary_refusal_is_tried_again_and_traced(tmp_path):
    async with post(tmp_path, script={"end": ["451 4.3.0 later"]}) as one:
        await one.put(mail("first"))
        [row] = await one.until("sent")
        assert row["attempts"] == 2
        assert "451 4.3.0 later" in row["last_error"]
        steps = [line.step for line in await one.store.read(trace.by_message_id, "<first@bank.example>")]
        assert steps == ["written", "deferred", "sent"]


async def test_a_refused_recipient_fails_alone_and_waits_to_be_told_of(tmp_path):
    async with post(tmp_path, script={"a@client.example": ["550 5.1.1 unknown"]}) as one:
        await one.put(mail("bad", "a@client.example"), mail("good", "b@client.example"))
        await one.until("failed", "sent")
        [refusal] = await one.refused()
        assert (refusal.cause, refusal.recipient, refusal.of_message) == ("bad", "a@client.example", False)
        assert "550 5.1.1 unknown" in refusal.answer
        await one.store.write(outbox.told, refusal.id)
        assert await one.refused() == []


async def test_a_refused_message_is_told_apart_from_a_refused_recipient(tmp_path):
    async with post(tmp_path, script={"end": ["554 5.7.1 spam"] * 3}) as one:
        await one.put(mail("bad"))
        await one.until("failed")
        assert [refusal.of_message for refusal in await one.refused()] == [True]


async def test_the_same_refusal_for_three_recipients_means_an_ill_relay_and_fails_nobody(tmp_path):
    sink_script = {"rcpt": ["550 5.7.1 relaying denied"] * 3}
    async with post(tmp_path, script=sink_script, relays=[RelayConfig(max_connections=1)]) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(5)))
        await one.until(*["sent"] * 5)
        assert await one.refused() == []
        assert one.relay.tried


async def test_two_refusals_in_the_same_words_are_two_failures(tmp_path):
    async with post(tmp_path, script={f"r{n}@client.example": ["550 5.7.1 no"] for n in range(2)}) as one:
        await one.put(mail("good"))
        await one.until("sent")
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(2)))
        await one.until("sent", "failed", "failed")


async def test_a_relay_that_has_not_accepted_anything_yet_is_not_believed_at_once(tmp_path):
    async with post(tmp_path, script={"rcpt": ["550 5.7.1 no"] * 2}) as one:
        await one.put(mail("first"))
        [row] = await one.until("sent")
        assert row["attempts"] == 3
        assert await one.refused() == []


async def test_three_mails_refused_alike_after_data_mean_an_ill_relay_and_fail_nobody(tmp_path):
    """A relay that refuses all mail because of its content, such as its From or its signature."""
    said = "554 5.7.0 Message rejected"
    async with post(tmp_path, script={"end": [said] * 12}) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(6)))
        await until(lambda: one.relay.ill_since)
        assert said in one.relay.last_error
        assert one.relay.lasting
        await one.until(*["sent"] * 6)
        assert await one.refused() == []
        assert not one.relay.lasting


async def test_a_refused_sender_keeps_its_mail_and_the_other_addresses_go_on(tmp_path):
    said = "554 5.2.252 SendAsDenied; a@bank.example not allowed to send as sales@bank.example"
    async with post(tmp_path, script={"end sales@client.example": [said] * 4}) as one:
        sales = [from_(mail(f"s{n}", "sales@client.example", ticket=1), "sales@bank.example") for n in range(2)]
        await one.put(*sales, *(mail(f"m{n}", f"r{n}@client.example") for n in range(4)))
        await one.until("queued", "queued", *["sent"] * 4)
        assert one.relay.ill_since is None
        assert one.relay.refused_senders == (("sales@bank.example", f"{said} (at data-end)"),)
        assert one.relay.accepted_senders == {"support@bank.example"}
        await one.until(*["sent"] * 6)
        assert one.relay.refused_senders == ()
        assert one.relay.accepted_senders == {"support@bank.example", "sales@bank.example"}


async def test_an_account_with_a_full_mailbox_fails_nobody(tmp_path):
    said = "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException"
    async with post(tmp_path, script={"end": [said] * 3}) as one:
        await one.put(mail("first"))
        await until(lambda: one.relay.ill_since)
        assert one.relay.last_error == f"the mailbox of the account that sends is full: {said} (at data-end)"
        assert one.relay.lasting
        await one.until("sent")


@pytest.mark.parametrize(
    ("stage", "said", "down"),
    [
        ("mail", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", True),
        ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", False),
        ("end", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", False),
    ],
)
async def test_what_exchange_says_of_an_account_keeps_the_mail_and_is_shown_in_its_words(tmp_path, stage, said, down):
    async with post(tmp_path, script={stage: [said] * 2}, relays=[RelayConfig(max_connections=1)]) as one:
        await one.put(mail("first"))
        await until(lambda: one.relay.last_error if down else one.relay.refused_senders)
        shown = one.relay.last_error if down else dict(one.relay.refused_senders)["support@bank.example"]
        assert said in shown
        assert one.relay.lasting is down
        await one.until("sent")
        assert (one.relay.last_error, one.relay.refused_senders) == ("", ())
        assert await one.refused() == []


async def test_too_many_connections_close_one_and_are_no_trouble(tmp_path, monkeypatch):
    monkeypatch.setattr(lane, "THROTTLE_PAUSE", 0.1)
    said = "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending"
    async with post(tmp_path, script={"mail": [said] * 5}) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(8)))
        rows = await one.until(*["sent"] * 8)
        assert {row["attempts"] for row in rows} == {1}
        assert (one.relay.ill_since, one.relay.refused_senders) == (None, ())
        assert one.sink.connections > RelayConfig().max_connections


async def test_no_more_connections_than_the_relay_may_have(tmp_path):
    async with post(tmp_path, relays=[RelayConfig(max_connections=1)]) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(30)))
        await one.until(*["sent"] * 30)
        assert one.sink.most_open == 1


async def test_no_more_mails_a_minute_than_the_relay_may_be_given(tmp_path, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(lane, "_now", lambda: now)
    async with post(tmp_path, relays=[RelayConfig(max_per_minute=3)]) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(7)))
        await one.until(*["sent"] * 3, *["queued"] * 4)
        now += 59.0
        one.deliverer.notify()
        await one.put(mail("more"))
        await one.until(*["sent"] * 3, *["queued"] * 5)
        now += 1.0
        one.deliverer.notify()
        await one.until(*["sent"] * 6, *["queued"] * 2)


async def test_the_next_relay_sends_while_the_first_is_down(tmp_path):
    async with Sink(script={"connect": ["close"] * 8}) as first:
        relays = [RelayConfig(name="first", port=first.port), RelayConfig(name="second")]
        async with post(tmp_path, relays=relays) as one:
            await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(20)))
            await one.until(*["sent"] * 20)
            assert one.relay.ill_since is not None
            assert one.deliverer.states[1].ill_since is None
            assert len(one.sink.taken) == 20

            more = itertools.count()

            async def well() -> bool:
                await one.put(mail(f"more{next(more)}"))
                return one.relay.ill_since is None

            await until(well)
            count = len(first.taken)
            await one.put(mail("last"))
            await first.wait_for(count + 1)


async def test_an_address_with_a_relay_of_its_own_uses_no_other(tmp_path):
    async with Sink() as own, Sink() as unused:
        relays = [
            RelayConfig(name="own", port=own.port, for_=("sales@bank.example",)),
            RelayConfig(name="usual"),
            RelayConfig(name="spare", port=unused.port),
        ]
        async with post(tmp_path, relays=relays) as one:
            await one.put(from_(mail("s"), "sales@bank.example"), mail("m"))
            await one.until("sent", "sent")
            assert [taken.header("Subject") for taken in own.taken] == ["s"]
            assert [taken.header("Subject") for taken in one.sink.taken] == ["m"]
            assert unused.taken == []


async def test_a_resting_relay_does_not_hold_up_the_mail_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(hours=1))
    async with Sink(script={"connect": ["554 no"] * 9}) as ill:
        relays = [RelayConfig(name="ill", port=ill.port, for_=("sales@bank.example",)), RelayConfig(name="well")]
        async with post(tmp_path, relays=relays) as one:
            await one.put(*(from_(mail(f"s{n}", f"r{n}@x.example"), "sales@bank.example") for n in range(80)))
            await until(lambda: one.relay.ill_since)
            await one.put(mail("m"))
            await one.sink.wait_for(1)
            assert [state.lasting for state in one.deliverer.states] == [True, False]


async def test_retry_is_now_also_while_the_relay_rests(tmp_path, monkeypatch):
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(hours=1))
    async with post(tmp_path, script={"connect": ["554 no"]}, relays=[RelayConfig(max_connections=1)]) as one:
        await one.put(mail("first"), mail("second"))
        await until(lambda: one.relay.ill_since)
        await one.until("queued", "queued")
        await one.store.write(outbox.retry, 2)
        one.deliverer.notify()
        await one.until("queued", "sent")
        assert one.relay.ill_since is None


@pytest.mark.parametrize("well", [{}, {"max_per_minute": 1}], ids=["with-room", "paced"])
async def test_retry_is_now_also_while_the_relay_rests_beside_one_that_is_well(tmp_path, monkeypatch, well):
    """And what waits for the pace of that one goes on waiting."""
    monkeypatch.setattr(pacing, "WINDOW", 3600.0)
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(hours=1))
    async with Sink(script={"connect": ["554 no"]}) as ill:
        own = RelayConfig(name="own", port=ill.port, for_=("sales@bank.example",), max_connections=1)
        async with post(tmp_path, relays=[own, RelayConfig(name="well", **well)]) as one:
            await one.put(mail("m"), from_(mail("s"), "sales@bank.example"))
            await until(lambda: one.relay.ill_since)
            await one.until("sent", "queued")
            await one.put(mail("paced", "p@client.example"))
            await one.until("sent", "queued", "queued" if well else "sent")
            for number in (2, 3) if well else (2,):
                await one.store.write(outbox.retry, number)
            one.deliverer.notify()
            await one.until("sent", "sent", "queued" if well else "sent")
            assert [taken.header("Subject") for taken in ill.taken] == ["s"]


async def test_retry_is_now_whatever_the_deliverer_does_meanwhile(tmp_path, monkeypatch):
    """A turn that records other mail claims it before the deliverer is told of it."""
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(hours=1))
    async with Sink(script={"connect": ["554 no"]}) as ill:
        own = RelayConfig(name="own", port=ill.port, for_=("sales@bank.example",), max_connections=1)
        async with post(tmp_path, relays=[own, RelayConfig(name="well")], gate=asyncio.Event()) as one:
            await one.put(from_(mail("s"), "sales@bank.example"), mail("m"))
            await until(lambda: one.relay.ill_since and one.sink.at_gate)
            await one.until("queued", "sending")
            await one.store.write(outbox.retry, 1)
            one.sink.gate.set()
            await one.until("sent", "sent")


async def test_retry_tries_a_relay_that_rests_while_the_next_one_waits_for_its_pace(tmp_path, monkeypatch):
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(pacing, "WINDOW", 3600.0)
    async with Sink(script={"connect": ["554 no"]}) as first:
        relays = [RelayConfig(name="first", port=first.port, max_connections=1)]
        async with post(tmp_path, relays=[*relays, RelayConfig(name="paced", max_per_minute=1)]) as one:
            await one.put(mail("m"))
            await one.until("sent")
            await one.put(mail("n", "n@client.example"))
            await one.store.write(outbox.retry, 2)
            one.deliverer.notify()
            await one.until("sent", "sent")
            assert [taken.header("Subject") for taken in first.taken] == ["n"]


async def test_what_a_relay_was_not_even_offered_uses_up_none_of_its_mails_a_minute(tmp_path, monkeypatch):
    monkeypatch.setattr(pacing, "WINDOW", 3600.0)
    relays = [RelayConfig(max_per_minute=1, max_connections=1)]
    async with post(tmp_path, script={"connect": ["554 no", "554 no"]}, relays=relays) as one:
        await one.put(mail("m"))
        await one.until("sent")
        await one.put(mail("n", "n@client.example"))
        await until(lambda: one.relay.last_spoke_at)
        await one.until("sent", "queued")


async def test_what_waits_for_a_relay_goes_out_when_the_cause_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(backoff, "RELAY_FIRST_PAUSE", timedelta(hours=1))
    monkeypatch.setattr(backoff, "RELAY_LONGEST_PAUSE", timedelta(hours=1))
    async with post(tmp_path, script={"connect": ["554 no"]}, relays=[RelayConfig(max_connections=1)]) as one:
        await one.put(mail("first"), mail("second"))
        await until(lambda: one.relay.ill_since)
        await one.until("queued", "queued")
        await one.deliverer.retry_now()
        await one.until("sent", "sent")


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("connect", "554 5.7.1 go away"),
        ("ehlo", "421 not now"),
        ("mail", "550 5.7.1 not from you"),
        ("connect", "close"),
    ],
)
async def test_an_ill_relay_is_waited_out(tmp_path, stage, answer):
    async with post(tmp_path, script={stage: [answer] * 6}) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(20)))
        await until(lambda: one.relay.ill_since)
        assert one.relay.last_error
        assert one.relay.lasting is answer.startswith("5")
        await one.until(*["sent"] * 20)
        assert one.relay.ill_since is None
        assert await one.refused() == []


async def test_a_sender_that_the_relay_refuses_does_not_stop_the_others_for_long(tmp_path):
    async with post(tmp_path, script={"mail bad@bank.example": ["550 5.7.1 not from you"] * 99}) as one:
        await one.put(replace(mail("bad"), mail_from="bad@bank.example"))
        for n in range(10):
            await one.put(mail(f"m{n}", f"r{n}@client.example"))
            await one.sink.wait_for(n + 1)
        await one.until("queued", *["sent"] * 10)


async def test_an_ill_relay_is_tried_by_one_mail_at_a_time(tmp_path, monkeypatch):
    """Each connection finds it ill; from then on each pause is followed by one mail."""
    pauses, pause = [], lane.relay_pause

    def counted(*args: Any) -> timedelta:
        pauses.append(args)
        return pause(*args)

    monkeypatch.setattr(lane, "relay_pause", counted)
    async with post(tmp_path, script={"mail": ["550 no"] * 1000}) as one:
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(20)))
        await until(lambda: len(pauses) >= 6)
        tried = sum(command.startswith("MAIL") for command in one.sink.commands)
        assert 6 <= tried <= RelayConfig().max_connections + len(pauses)
        assert (await one.states()).count("sending") <= 1


async def test_what_a_dead_process_had_in_hand_is_sent_with_the_same_message_id(tmp_path):
    async with post(tmp_path, run=False) as one:
        await one.put(mail("first"))
        await one.store.write(outbox.claim, clock(), 10)
        assert await one.states() == ["sending"]
        task = asyncio.create_task(one.deliverer.run())
        await one.until("sent")
        await one.deliverer.stop(PATIENCE)
        await task
        assert one.sink.taken[0].header("Message-ID") == "<first@bank.example>"


async def test_a_yes_that_was_lost_on_the_way_sends_the_same_mail_again(tmp_path):
    async with post(tmp_path, script={"lost": ["x"]}) as one:
        await one.put(mail("first"))
        await one.until("sent")
        assert [taken.header("Message-ID") for taken in one.sink.taken] == ["<first@bank.example>"] * 2


async def test_stop_lets_what_is_on_the_wire_finish_and_starts_nothing_more(tmp_path):
    async with post(tmp_path, gate=asyncio.Event(), run=False) as one:
        task = asyncio.create_task(one.deliverer.run())
        await one.put(*(mail(f"m{n}", f"r{n}@client.example") for n in range(30)))
        await until(lambda: one.sink.at_gate == RelayConfig().max_connections)
        stopping = asyncio.create_task(one.deliverer.stop(PATIENCE))
        await asyncio.sleep(0)  # it begins
        one.sink.gate.set()
        await stopping
        await task
        states = await one.states()
        assert states.count("sent") == len(one.sink.taken) == RelayConfig().max_connections
        assert states.count("queued") == 30 - RelayConfig().max_connections
        assert {row["attempts"] for row in await one.rows() if row["state"] == "queued"} == {0}


async def test_stop_cuts_off_what_takes_longer_than_the_grace(tmp_path):
    async with post(tmp_path, script={"end": ["hang"] * 4}, run=False) as one:
        task = asyncio.create_task(one.deliverer.run())
        await one.put(mail("slow"))
        await until(lambda: "DATA" in one.sink.commands)
        async with patience():
            await one.deliverer.stop(0.1)
            await task
        assert await one.states() == ["sending"]


async def test_results_wait_for_a_database_that_takes_nothing_and_nothing_is_sent_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(deliver, "STORAGE_PAUSE", 0.01)

    async with post(tmp_path, gate=asyncio.Event()) as one:
        await one.put(mail("first"))
        await until(lambda: one.sink.at_gate)
        real = outbox.sent
        full, tries = True, 0

        def sent(db: Db, *args: Any) -> None:
            nonlocal tries
            tries += 1
            if full:
                db.one(f"PRAGMA max_page_count = {db.one('PRAGMA page_count')[0]}")
                db.run("INSERT INTO raw (data) VALUES (?)", [b"x" * 500_000])  # the engine's own "disk is full"
            real(db, *args)

        monkeypatch.setattr(outbox, "sent", sent)
        one.sink.gate.set()
        await until(lambda: tries >= 5)
        assert await one.states() == ["sending"]
        full = False
        await one.until("sent")
        assert len(one.sink.taken) == 1


async def test_a_row_that_becomes_due_later_is_sent_then(tmp_path):
    async with post(tmp_path, script={"end": ["450 later"] * 3}) as one:
        await one.put(mail("first"))
        [row] = await one.until("sent")
        assert row["attempts"] == 4


async def test_an_idle_connection_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(lane, "IDLE", 0.1)
    async with post(tmp_path) as one:
        await one.put(mail("first"))
        await one.until("sent")
        await until(lambda: one.sink.open == 0)
        assert one.sink.commands[-1] == "QUIT"
        await one.put(mail("second"))
        await one.until("sent", "sent")


async def test_a_mistake_of_ours_ends_the_run_with_its_error_and_stop_does_not_hang(tmp_path):
    class Broken:
        async def send(self, *_: Any) -> Reply:
            raise ZeroDivisionError

        async def close(self) -> None:
            pass

    store = await Store.open(tmp_path / "mailgate.db")
    deliverer = Deliverer(
        store,
        [(RelayConfig(), Broken)],
        clock,
        take_failure=lambda: None,
        report_file=lambda _: None,
        attachments=AttachmentStore(tmp_path),
    )
    task = asyncio.create_task(deliverer.run())
    await store.write(outbox.add, [mail("first")], clock())
    deliverer.notify()
    async with patience():
        with pytest.raises(ZeroDivisionError):
            await task
        await deliverer.stop(0.1)
    await store.close()


async def test_a_database_that_cannot_be_written_at_the_start_is_waited_for(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(deliver, "STORAGE_PAUSE", 0.01)
    async with post(tmp_path, run=False) as one:
        await one.put(mail("waits"))
        await one.store.write(lambda db: db.one("PRAGMA query_only = ON"))
        run = asyncio.create_task(one.deliverer.run())
        await until(lambda: caplog.text.count("cannot be queued again now") >= 3)
        assert not run.done()
        await one.store.through(lambda db: db.one("PRAGMA query_only = OFF"))
        await one.sink.wait_for(1)
        await one.deliverer.stop(0.1)
        await run


async def test_stop_does_not_hang_while_the_database_cannot_be_written(tmp_path, caplog):
    async with post(tmp_path, run=False) as one:
        await one.store.write(lambda db: db.one("PRAGMA query_only = ON"))
        run = asyncio.create_task(one.deliverer.run())
        await until(lambda: "cannot be queued again now" in caplog.text)
        async with patience():
            await one.deliverer.stop(0.1)
            await run


# ── files ───────────────────────────────────────────────────────────────────────────────


def with_file(one: Post, cause: str, content: bytes, recipient: str = "ann@bank.example") -> Outgoing:
    """A mail with a file of this content."""
    sha256, size = one.attachments.keep([content])
    made = mail(cause, recipient)
    return replace(made, files=(FilePart(len(made.data), sha256, size),))


async def test_a_file_goes_out_from_its_folder(tmp_path):
    async with post(tmp_path) as one:
        await one.put(with_file(one, "a", b"content of the file"))
        (row,) = await one.until("sent")
        assert b"Y29udGVudCBvZiB0aGUgZmlsZQ==\r\n" in one.sink.taken[0].data
        assert b"Y29udGVudCBv" not in row["data"]
        assert row["size"] == len(one.sink.taken[0].data)


async def test_a_file_that_cannot_be_read_delays_its_mail_alone(tmp_path):
    """Also where that shows in the middle: the relay gets no end, and so no mail."""
    async with post(tmp_path) as one:
        broken, gone = with_file(one, "a", b"broken"), with_file(one, "b", b"gone")
        path = one.attachments.path(broken.files[0].sha256)
        path.write_bytes(b"br0ken")
        one.attachments.path(gone.files[0].sha256).unlink()
        await one.put(broken, gone, mail("c"))
        await until(lambda: len(one.sink.taken) == 1)
        rows = await one.until("queued", "queued", "sent")
        assert "is damaged" in rows[0]["last_error"]
        assert "no such file" in rows[1]["last_error"]
        path.write_bytes(b"broken")
        one.attachments.keep([b"gone"])
        await one.until("sent", "sent", "sent")
        assert len(one.unreadable) == 1, "once an hour"
        assert one.relay.ill_since is None


async def test_large_mails_hold_up_no_others(tmp_path):
    """Ten large ones wait for a slow relay; one connection is always there for what is small."""
    slow = asyncio.Event()
    async with post(tmp_path, gate=slow, gate_from=outbox.LARGE) as one:
        large = [with_file(one, f"large{n}", b"x" * 1_000_000, f"a{n}@bank.example") for n in range(10)]
        await one.put(*large)
        await until(lambda: one.sink.at_gate == RelayConfig().max_connections - 1)
        await one.put(*(mail(f"small{n}", f"k{n}@client.example") for n in range(20)))
        await until(lambda: len(one.sink.taken) == 20)
        assert all(len(taken.data) < outbox.LARGE for taken in one.sink.taken)

        async def few_claimed() -> bool:
            return (await one.store.read(outbox.counts))["sending"] <= RelayConfig().max_connections

        await until(few_claimed)
        slow.set()
        await until(lambda: len(one.sink.taken) == 30)


async def test_one_connection_takes_all_in_order(tmp_path):
    async with post(tmp_path, relays=[RelayConfig(max_connections=1)]) as one:
        await one.put(
            with_file(one, "a", b"x" * 1_000_000), mail("b"), with_file(one, "c", b"y" * 1_000_000), mail("d")
        )
        await one.until("sent", "sent", "sent", "sent")
