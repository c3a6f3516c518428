"""Bounces and refusals of our own mail: events on the ticket, and who is told once."""

from __future__ import annotations

import pytest

from mailgate.desk.bounces import Failure, take_failure, without_content
from mailgate.desk.gather.records import gather_ticket
from mailgate.notice import NoticeKind
from mailgate.store.queues import quarantine
from mailgate.worker import apply
from tests.desk import ELLIOT, to, told, with_ticket
from tests.notices import english


@pytest.fixture
def bench(tmp_path):
    return with_ticket(tmp_path)


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
    assert quarantine.troubles(bench.db) == 0, "anybody can send one"


def test_a_bounce_of_mail_without_a_ticket_is_done(bench):
    confirm = to(bench.send(ELLIOT, "#close", subject="[#1001] x"), "elliot@bank.example")
    assert bounce(bench, confirm.message_id, recipient="elliot@bank.example") == []
    assert bench.last()["state"] == "done"


def test_a_mail_that_the_relay_refused_for_good_is_told_and_its_own_failure_is_not(bench):
    context = bench.desk.context(bench.now)
    failure = Failure(NoticeKind.REPLY, "karen@client.example", "550 5.1.1 no")
    known = gather_ticket(bench.db, 1001, context)
    outcome = take_failure(known, known.ticket(1001), failure, "outbox:7", context)
    with bench.db.transaction():
        apply.save(bench.db, outcome, context)
    assert {mail.kind for mail in bench.new()} == {"delivery-failed"}
    assert bench.kinds()[-1] == "notice-failed"
    again = Failure(NoticeKind.DELIVERY_FAILED, "elliot@bank.example", "550 5.1.1 no")
    assert take_failure(known, known.ticket(1001), again, "outbox:8", context).notices == ()


def test_an_alert_that_the_relay_does_not_like_comes_again_bare(bench):
    failure = Failure(NoticeKind.NEW_TICKET, "elliot@bank.example", "554 virus", agent="elliot")
    outcome = without_content(bench.ticket(), failure, "outbox:7")
    (notice,) = outcome.notices
    assert (notice.kind, notice.agent, notice.text) == (NoticeKind.NEW_TICKET, "elliot", "")
    assert "554 virus" in english(notice.facts[0])
    assert without_content(bench.ticket(), failure, notice.cause) is None, "once"
    to_karen = Failure(NoticeKind.REPLY, "karen@client.example", "554 virus")
    assert without_content(bench.ticket(), to_karen, "outbox:7") is None


NEW = "karen@new.example"


@pytest.fixture
def returned(bench):
    """The notice that a reply to Karen came back."""
    reply = to(bench.send(ELLIOT, "It opens again.", answers=bench.alert), "karen@client.example")
    return to(bounce(bench, reply.message_id), "elliot@bank.example")


def test_a_reply_that_came_back_goes_to_the_requester_who_is_named_then(bench, returned):
    assert "An answer with only #requester ADDRESS names another address and sends the reply there." in returned.text
    mails = bench.send(ELLIOT, f"#requester {NEW}", answers=returned)
    sent = to(mails, NEW)
    assert (sent.kind, "It opens again." in sent.text) == ("reply", True)
    assert told(mails) == {("reply", NEW), ("answer", "elliot@bank.example")}, "Jane has it already"
    assert "Your reply that did not arrive was sent to karen@new.example." in to(mails, "elliot@bank.example").text
    assert [kind for kind, _ in bench.thread()].count("reply") == 1
    assert told(bench.send(ELLIOT, "#requester other@new.example", answers=returned)) == {
        ("answer", "elliot@bank.example")
    }, "it arrived, as far as anybody knows"


def test_a_reply_that_is_sent_again_is_no_note(bench, returned):
    bench.send(ELLIOT, "#assign ann", answers=returned)
    mails = bench.send(ELLIOT, f"#requester {NEW}", answers=returned)
    assert told(mails) == {("reply", NEW), ("answer", "elliot@bank.example")}
    assert "noted" not in bench.kinds()
    assert bench.kinds()[-1] == "requester-changed"


@pytest.mark.parametrize("more", ["\n\nI send it to you once more.", "\n#note\n\nThe old one is dead.", "\n#quiet"])
def test_with_words_of_its_own_or_quietly_nothing_is_sent_again(bench, returned, more):
    mails = bench.send(ELLIOT, f"#requester {NEW}{more}", answers=returned)
    assert not [mail for mail in mails if mail.to == NEW and "It opens again." in mail.text.split(">")[0]]


def test_a_reply_that_arrived_is_not_sent_again(bench):
    bench.send(ELLIOT, "It opens again.", answers=bench.alert)
    bounce(bench, bench.alert.message_id, recipient="elliot@bank.example")
    mails = bench.send(ELLIOT, f"#requester {NEW}", answers=bench.alert)
    assert told(mails) == {("answer", "elliot@bank.example")}


def test_what_came_back_before_another_reply_is_not_sent_again(bench, returned):
    bench.send(ELLIOT, "#reply\n\nOnce more.", answers=returned)
    mails = bench.send(ELLIOT, f"#requester {NEW}", answers=returned)
    assert told(mails) == {("answer", "elliot@bank.example")}
