"""Later mail of requesters and strangers, bounces, auto-replies, poison and redo; on a real database."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from mailgate.desk.bounces import Failure, bare_again, gave_up
from mailgate.notice import NoticeKind
from mailgate.reading.parse import parse
from mailgate.store.db import open_writer
from mailgate.store.queues import inbox, outbox
from mailgate.ticket import CLOCK, Actor
from mailgate.worker import apply
from mailgate.worker import batch as processor
from tests.corpus import CORPUS
from tests.desk import CONFIG, ELLIOT, KAREN, Bench, to, told

FOLLOW = CONFIG + "[notices]\nfollow_up = true\n"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.opened = {mail.to: mail for mail in made.send(KAREN, "It does not open.", cc="jane@client.example")}
    made.ack = made.opened["karen@client.example"]
    made.alert = made.opened["elliot@bank.example"]
    return made


# ── messages ────────────────────────────────────────────────────────────────────────────


def test_an_answer_is_a_message_on_the_ticket(bench):
    mails = bench.send(KAREN, "And now it smokes.", answers=bench.ack)
    assert bench.numbers() == [1001]
    assert told(mails) == {("new-message", "elliot@bank.example"), ("new-message", "ann@bank.example")}
    assert bench.thread()[-1] == ("message", "And now it smokes.")
    assert "And now it smokes." in mails[0].text


def test_an_answer_turns_pending_into_open(bench):
    bench.send(ELLIOT, "#pending", answers=bench.alert)
    bench.send(KAREN, "Here you are.", answers=bench.ack)
    assert bench.ticket().status == "open"
    assert bench.events()[-1].reason in ("answered", "")


@pytest.mark.parametrize("end", ["resolved", "closed"])
def test_an_answer_reopens_and_the_sla_starts_over(bench, end):
    bench.send(ELLIOT, f"#{end}", answers=bench.alert)
    bench.now += timedelta(days=2)
    bench.send(KAREN, "Not at all.", answers=bench.ack)
    ticket = bench.ticket()
    assert (ticket.status, ticket.reopened) == ("open", 1)
    assert ticket.sla_started_at == bench.now
    assert ticket.due_at == bench.now + timedelta(hours=18)
    assert ticket.resolved_at is None
    assert ticket.closed_at is None


def test_too_late_an_answer_opens_a_linked_ticket(bench):
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    bench.now += timedelta(days=31)
    mails = bench.send(KAREN, "It is back.", answers=bench.ack)
    assert bench.numbers() == [1001, 1002]
    assert bench.ticket(1002).links == (1001,)
    assert bench.ticket(1001).status == "closed"
    assert "ended too long ago" in to(mails, "elliot@bank.example").text
    assert bench.last()["reason"] == "too-old-to-reopen"


def test_an_answer_that_came_in_time_reopens_however_late_it_is_worked(bench):
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    arrived = bench.now + timedelta(days=29)
    bench.now += timedelta(days=35)
    bench.send(KAREN, "It is back.", answers=bench.ack, arrived=arrived)
    assert bench.numbers() == [1001]
    assert bench.ticket().sla_started_at == arrived


def test_mail_worked_out_of_order_makes_no_clock_run_backwards(bench):
    early = bench.now + timedelta(minutes=1)
    bench.now += timedelta(hours=1)
    bench.send(ELLIOT, "#pending", answers=bench.alert)
    bench.send(KAREN, "Sent before that.", answers=bench.ack, arrived=early)
    log = [span.since for span in bench.ticket().status_log]
    assert log == sorted(log)


def test_a_collaborators_answer_counts(bench):
    bench.send(ELLIOT, "#resolved", answers=bench.alert)
    reply = to(bench.send(ELLIOT, "#reply\n\nDone, I think.", answers=bench.alert), "jane@client.example")
    bench.send("jane@client.example", "No!", answers=reply)
    assert bench.ticket().status == "open"


def test_a_collaborator_gets_replies_only(bench):
    mails = bench.send(ELLIOT, "#resolved", answers=bench.alert)
    assert ("status-changed", "karen@client.example") in told(mails)
    assert "jane@client.example" not in {mail.to for mail in mails}


def test_who_is_added_by_an_answer_with_a_live_key_is_active_and_by_others_not(bench):
    bench.send(KAREN, "My boss as well.", answers=bench.ack, cc="boss@client.example")
    bench.send(KAREN, "And him.", subject="[#1001] Portal is down", cc="him@client.example")
    reply = to(bench.send(ELLIOT, "Hello.", answers=bench.alert), "jane@client.example")
    bench.send("jane@client.example", "And her.", answers=reply, cc="her@client.example, jane@client.example")
    bench.now += timedelta(days=31)
    bench.send(KAREN, "Much later.", answers=bench.ack, cc="late@client.example")
    people = {person.email: person.active for person in bench.ticket().collaborators}
    assert people == {
        "jane@client.example": True,
        "boss@client.example": True,
        "him@client.example": False,
        "her@client.example": False,
        "late@client.example": False,
    }
    assert bench.kinds().count("cc-changed") == 4
    mails = bench.send(ELLIOT, "#reply\n\nTo all.", answers=bench.alert, cc="")
    assert {mail.to for mail in mails if mail.kind == "reply"} <= {
        "karen@client.example",
        "jane@client.example",
        "boss@client.example",
    }


def test_bulk_mail_on_a_ticket_adds_nobody(bench):
    bench.send(KAREN, "Sent by a list.", answers=bench.ack, cc="all@client.example", headers={"Precedence": "bulk"})
    assert [person.email for person in bench.ticket().collaborators] == ["jane@client.example"]


def test_a_token_from_a_stranger_reads_and_writes_nothing(bench):
    mails = bench.send("eve@evil.example", "What is new?", subject="Re: [#1001] Portal is down")
    assert bench.numbers() == [1001, 1002]
    assert bench.ticket(1002).links == (1001,)
    assert len(bench.thread(1001)) == 1
    assert "its sender is not on that ticket" in to(mails, "elliot@bank.example").text
    assert "1001" not in to(mails, "eve@evil.example").text


def test_a_stranger_may_be_stored_as_an_inactive_collaborator(tmp_path):
    bench = Bench(tmp_path, FOLLOW + '[tickets]\nstrangers = "collaborator"\n')
    bench.send(KAREN, "Help")
    mails = bench.send("eve@evil.example", "What is new?", subject="Re: [#1001] Portal is down")
    assert bench.numbers() == [1001]
    assert [(person.email, person.active) for person in bench.ticket().collaborators] == [("eve@evil.example", False)]
    assert "eve@evil.example" not in {mail.to for mail in mails}
    assert "they get nothing until an agent" in to(mails, "elliot@bank.example").text


def test_a_requesters_key_from_another_address_is_an_inactive_collaborators_message(tmp_path):
    bench = Bench(tmp_path, FOLLOW)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    mails = bench.send("karen.private@home.example", "It is me.", answers=ack)
    assert bench.numbers() == [1001]
    assert [(p.email, p.active) for p in bench.ticket().collaborators] == [("karen.private@home.example", False)]
    assert {mail.kind for mail in mails} == {"new-message"}, "not even a follow-up-received"


def test_a_token_on_mail_that_failed_dmarc_counts_as_a_strangers(bench):
    failed = {"Authentication-Results": "mx.bank.example; dmarc=fail header.from=client.example"}
    mails = bench.send(KAREN, "x", subject="[#1001]", headers=failed, authserv_ids=("mx.bank.example",))
    assert bench.numbers() == [1001, 1002]
    assert "karen@client.example" not in {mail.to for mail in mails}


def test_follow_ups_are_received_with_words_and_can_be_off_for_a_vendor(tmp_path):
    rule = '[[rule]]\nname = "V"\non = ["message"]\nwhen = { body = "hush" }\nthen = { autoresponse = false }\n'
    bench = Bench(tmp_path, FOLLOW + rule)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    assert ("follow-up-received", "karen@client.example") in told(bench.send(KAREN, "More", answers=ack))
    assert ("follow-up-received", "karen@client.example") not in told(bench.send(KAREN, "hush", answers=ack))


def test_rules_on_messages_change_the_ticket_alert_and_drop(tmp_path):
    rules = """
[[rule]]
name = "Urgent"
on = ["message"]
when = { body = "lawyer" }
then = { priority = "Emergency", department = "Systems Administrators", tags = ["legal"], alert = ["agent:ann"] }
[[rule]]
name = "Noise"
on = ["message"]
when = { body = "unsubscribe" }
then = { drop = true }
"""
    bench = Bench(tmp_path, CONFIG + rules)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    mails = bench.send(KAREN, "My lawyer will call.", answers=ack)
    ticket = bench.ticket()
    assert (ticket.priority, ticket.department, ticket.tags) == ("Emergency", "Systems Administrators", ("legal",))
    assert {mail.to for mail in mails} == {"bob@bank.example", "vera@bank.example", "ann@bank.example"}
    assert {event.by for event in bench.events()[-3:]} == {Actor.rule("Urgent")}
    assert bench.send(KAREN, "unsubscribe", answers=ack) == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("dropped", "rule-drop")
    assert len(bench.thread()) == 2


# ── machines ────────────────────────────────────────────────────────────────────────────


def test_an_auto_reply_is_stored_and_reopens_nothing(bench):
    bench.send(ELLIOT, "#resolved", answers=bench.alert)
    mails = bench.send(KAREN, "I am away.", answers=bench.ack, headers={"Auto-Submitted": "auto-replied"})
    assert mails == []
    assert bench.ticket().status == "resolved"
    assert bench.thread()[-1] == ("message", "I am away.")


def test_an_auto_reply_without_a_ticket_is_set_aside(bench):
    assert bench.send("x@y.example", "I am away.", headers={"Auto-Submitted": "auto-replied"}) == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "auto-reply-without-ticket")


def test_our_own_mail_that_comes_back_is_dropped(bench):
    bench.accept(bench.alert.message.as_bytes(), rcpt=("support@bank.example",))
    assert bench.drain() == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("dropped", "own-message-id")


def dsn(returned="", recipient="karen@client.example", action="failed"):
    given_back = f"Message-ID: {returned}\r\nSubject: x\r\n" if returned else "Subject: x\r\n"
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@bank.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <dsn@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{given_back}\r\n--b--\r\n"
    ).encode()


def bounce(bench, *args, **more):
    bench.accept(dsn(*args, **more), envelope_from="", rcpt=("support@bank.example",))
    return bench.drain()


def test_a_bounce_of_ours_is_an_event_and_told_to_the_agent_once(bench):
    reply = to(bench.send(ELLIOT, "Hello.", answers=bench.alert), "karen@client.example")
    mails = bounce(bench, reply.message_id)
    assert told(mails) == {("delivery-failed", "elliot@bank.example")}
    assert "karen@client.example" in mails[0].text
    assert "550 no such user" in mails[0].text
    assert bench.kinds()[-1] == "bounced"
    assert bench.numbers() == [1001]
    raw = dsn(reply.message_id).replace(b"It failed", b"It failed again").replace(b"<dsn@", b"<dsn2@")
    bench.accept(raw, envelope_from="")
    assert bench.drain() == []


def test_a_delay_is_recorded_and_tells_nobody(bench):
    assert bounce(bench, bench.ack.message_id, action="delayed") == []
    assert bench.events()[-1].after["kind"] == "delayed"


def test_a_bounced_alert_is_told_to_somebody_else(bench):
    bench.send(ELLIOT, "#claim", answers=bench.alert)
    mails = bounce(bench, bench.alert.message_id, recipient="elliot@bank.example")
    assert told(mails) == {("delivery-failed", "ann@bank.example")}, "the department, without whom it did not reach"
    assert "Portal is down" in mails[0].text


def test_a_report_of_nothing_we_signed_goes_to_the_admin_and_never_is_a_ticket(bench):
    mails = bounce(bench, "<forged@bank.example>")
    assert told(mails) == {("delivery-failed", "root@ops.example")}
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "bounce-unmatched")
    bench.accept(dsn().replace(b"<dsn@", b"<other@"), envelope_from="")
    assert bench.drain() == [], "at most once an hour"


def test_a_bounce_of_mail_without_a_ticket_is_done(bench):
    confirm = to(bench.send(ELLIOT, "#close", subject="[#1001] x"), "elliot@bank.example")
    assert bounce(bench, confirm.message_id, recipient="elliot@bank.example") == []
    assert bench.last()["state"] == "done"


def test_a_mail_that_the_relay_refused_for_good_is_told_and_its_own_failure_is_not(bench):
    context = bench.desk.context(bench.now)
    failure = Failure(NoticeKind.REPLY, "karen@client.example", "550 5.1.1 no")
    outcome = gave_up(bench.db, 1001, failure, "outbox:7", context)
    with bench.db.transaction():
        apply.save(bench.db, outcome, context, bench.desk.writer)
    assert {mail.kind for mail in bench.new()} == {"delivery-failed"}
    assert bench.kinds()[-1] == "notice-failed"
    again = Failure(NoticeKind.DELIVERY_FAILED, "elliot@bank.example", "550 5.1.1 no")
    assert gave_up(bench.db, 1001, again, "outbox:8", context).notices == ()


def test_an_alert_that_the_relay_does_not_like_comes_again_bare(bench):
    failure = Failure(NoticeKind.NEW_TICKET, "elliot@bank.example", "554 virus", agent="elliot")
    outcome = bare_again(bench.ticket(), failure, "outbox:7")
    (notice,) = outcome.notices
    assert (notice.kind, notice.agent, notice.text) == (NoticeKind.NEW_TICKET, "elliot", "")
    assert "554 virus" in notice.facts[0]
    assert bare_again(bench.ticket(), failure, notice.cause) is None, "once"
    to_karen = Failure(NoticeKind.REPLY, "karen@client.example", "554 virus")
    assert bare_again(bench.ticket(), to_karen, "outbox:7") is None


def test_two_desks_that_write_to_each_other_fall_silent(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    here = Bench(tmp_path / "a")
    there = Bench(tmp_path / "b", CONFIG.replace("bank.example", "other.example").replace("First Bank", "Other"))
    flying = [mail for mail in here.send("support@other.example", "Our parcel?") if mail.to == "support@other.example"]
    count = len(flying)
    while flying:
        for mail in flying:
            there.accept(mail.message.as_bytes(), rcpt=("support@other.example",), envelope_from=mail.mail_from)
        back = [mail for mail in there.drain() if mail.to == "support@bank.example"]
        for mail in back:
            here.accept(mail.message.as_bytes(), rcpt=("support@bank.example",), envelope_from=mail.mail_from)
        flying = [mail for mail in here.drain() if mail.to == "support@other.example"]
        count += len(back) + len(flying)
        assert count <= 3
    assert count >= 1


# ── the clock ───────────────────────────────────────────────────────────────────────────


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


# ── poison and redo ─────────────────────────────────────────────────────────────────────


def held_reply(bench):
    """An agent's held reply with a file; the confirm that would release it."""
    files = (("plan.pdf", "application/pdf", b"%PDF-1.4 plan"),)
    mails = bench.send(ELLIOT, "#reply\n\nSee the plan.", subject="[#1001] x", files=files)
    confirm = to(mails, "elliot@bank.example")
    return confirm, next(
        word for word in confirm.text.replace("%20", " ").split() if len(word) == 12 and word.isalnum()
    )


def test_poison_is_tried_three_times_then_set_aside_and_told_once(bench):
    confirm, code = held_reply(bench)
    shutil.rmtree(bench.config.storage.attachments)
    bench.accept(bench.write(ELLIOT, f"#confirm {code}", answers=confirm))
    bench.accept(bench.write(KAREN, "A good one.", subject="Good"))
    mails = bench.drain()
    row = bench.db.one("SELECT * FROM inbox WHERE reason = 'poison'")
    assert (row["state"], row["tries"]) == ("quarantined", 3)
    assert "FileNotFoundError" in row["error"]
    assert [mail.to for mail in mails if mail.kind == "admin"] == ["root@ops.example"]
    assert "acknowledgement" in {mail.kind for mail in mails}, "the mail behind it is worked"
    assert ("reply", "See the plan.") not in bench.thread()
    with bench.db.transaction():
        inbox.retry(bench.db, row["id"])
    assert bench.drain() == [], "told once"


def test_a_mail_in_the_desks_own_name_is_a_ticket_that_is_not_answered(bench):
    mails = bench.send("support@bank.example", "I am not the desk.", subject="Forged")
    assert told(mails) == {("new-ticket", "ann@bank.example"), ("new-ticket", "elliot@bank.example")}
    assert not bench.ticket(1002).autoresponse


def commits(bench, batch: processor.Batch) -> tuple[int, int]:
    """Work a batch: how many mails were finished, in how many transactions."""
    said: list[str] = []
    bench.db._connection.set_trace_callback(said.append)
    finished = processor.work(bench.db, batch, bench.desk, bench.desk.context(bench.now))
    bench.db._connection.set_trace_callback(None)
    return finished, said.count("COMMIT")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_fails_among_mails_of_one_transaction_is_undone_alone(bench, place, monkeypatch):
    monkeypatch.setattr(processor, "HOLD", 60.0)
    confirm, code = held_reply(bench)
    shutil.rmtree(bench.config.storage.attachments)
    texts = ["First", "Second"]
    for number in range(3):
        if number == place:
            poison = bench.accept(bench.write(ELLIOT, f"#confirm {code}", answers=confirm))
        else:
            bench.accept(bench.write(KAREN, "A good one.", subject=texts.pop(0)))
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    finished, transactions = 0, 0
    while batch:
        done, written = commits(bench, batch)
        batch, finished, transactions = batch[done:], finished + done, transactions + written
    assert (finished, transactions) == (3, 2), "the two good ones in one, the word of the failure in another"
    states = {row["id"]: row["state"] for row in bench.db.all("SELECT id, state FROM inbox ORDER BY id DESC LIMIT 3")}
    assert {id_ for id_, state in states.items() if state != "done"} == {poison}
    assert [bench.ticket(number).subject for number in (1002, 1003)] == ["First", "Second"]
    assert ("reply", "See the plan.") not in bench.thread()


def test_the_database_is_held_for_the_mail_in_hand_and_no_longer(bench, monkeypatch):
    monkeypatch.setattr(processor, "HOLD", 0.0)
    monkeypatch.setattr(processor, "BUDGET", 60.0)
    for subject in ("First", "Second", "Third"):
        bench.accept(bench.write(KAREN, "A good one.", subject=subject))
    batch = processor.read(processor.claim(bench.db), bench.desk, bench.now)
    assert commits(bench, batch) == (3, 3)


def test_what_a_process_died_of_three_times_is_set_aside_and_told(bench):
    inbox_id = bench.accept(bench.write(KAREN, "Deadly.", subject="Deadly"))
    for _ in range(3):
        with bench.db.transaction():
            assert [each.id for each in inbox.claim(bench.db, 32)] == [inbox_id]
            bench.db.run("UPDATE inbox SET state = 'new' WHERE id = ?", [inbox_id])
    bench.db.run("UPDATE inbox SET state = 'working' WHERE id = ?", [inbox_id])
    with bench.db.transaction():
        processor.recover(bench.db, bench.desk, bench.now)
    assert told(bench.new()) == {("admin", "root@ops.example")}
    assert bench.last()["state"] == "quarantined"


def test_a_redo_composes_the_same_mails(bench, tmp_path):
    """What the power took away before the commit is done again to the byte of its ids."""
    bench.accept(bench.write(KAREN, "Once more.", answers=bench.ack))
    bench.db.run("VACUUM INTO ?", [str(tmp_path / "lost.db")])
    lost = open_writer(tmp_path / "lost.db")
    processor.drain(lost, bench.desk, lambda: bench.now)
    ids = [row["message_id"] for row in lost.all("SELECT message_id FROM outbox ORDER BY id")]
    lost.close()
    before = len(bench.sent())
    bench.drain()
    assert len(bench.sent()) > before
    assert [mail.message_id for mail in bench.sent()] == ids


def test_the_same_notice_is_never_queued_twice(bench):
    before = len(bench.sent())
    row = bench.db.one("SELECT * FROM outbox ORDER BY id LIMIT 1")
    bench.db.run(
        "INSERT INTO outbox (kind, cause, mail_from, recipient, message_id, subject, data, created_at, next_attempt_at)"
        " VALUES (?, ?, '', ?, ?, '', x'', 0, 0) ON CONFLICT (cause, kind, recipient) DO NOTHING",
        [row["kind"], row["cause"], row["recipient"], row["message_id"]],
    )
    assert len(bench.sent()) == before
    assert outbox.counts(bench.db)["queued"] == before


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public corpus lies beside the checkout")
def test_real_mail_is_a_ticket_an_event_or_set_aside_and_never_poison(bench):
    files = sorted(path for path in CORPUS.rglob("*.eml"))[::7][:150]
    for number, path in enumerate(files):
        bench.accept(path.read_bytes(), key=f"corpus:{number}", envelope_from="someone@client.example")
    bench.drain()
    poison = bench.db.all("SELECT error FROM inbox WHERE reason = 'poison'")
    assert not [row["error"] for row in poison]
    for mail in bench.sent():
        assert parse(mail.message.as_bytes()).defects == ()
