"""Bounces and what they do: told in plain words, dead addresses get nothing, nobody is silenced by a forgery."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.desk.bounces import Failure, take_failure
from mailgate.desk.gather.records import gather_ticket
from mailgate.notice import NoticeKind
from mailgate.outbound.status_codes import DEAD_ADDRESS
from mailgate.store.people import dead_addresses
from mailgate.worker import apply
from tests.desk import CONFIG, ELLIOT, KAREN, Bench, to, told


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.opened = {mail.to: mail for mail in made.send(KAREN, "It does not open.")}
    made.ack = made.opened["karen@client.example"]
    made.alert = made.opened["elliot@bank.example"]
    return made


def report(returned, *, recipient="karen@client.example", action="failed", status="5.1.1", said="550 no such user"):
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@bank.example\r\nSubject: Undelivered\r\n"
        f"Message-ID: <dsn.{status}.{action}.{len(returned)}@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {returned}\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


def complaint(returned):
    return (
        "From: fbl@isp.example\r\nTo: support@bank.example\r\nSubject: Complaint\r\nMessage-ID: <arf@isp.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
        "Original-Rcpt-To: karen@client.example\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {returned}\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    ).encode()


def come_back(bench, raw, sender=""):
    bench.accept(raw, envelope_from=sender, rcpt=("support@bank.example",))
    return bench.drain()


@pytest.mark.parametrize("code", sorted(DEAD_ADDRESS))
def test_nothing_goes_to_a_dead_address_until_a_mail_comes_from_it(bench, code):
    assert told(come_back(bench, report(bench.ack.message_id, status=code))) == {
        ("delivery-failed", "elliot@bank.example"),
        ("delivery-failed", "ann@bank.example"),
    }
    mails = bench.send(ELLIOT, "Are you there?", answers=bench.alert)
    come_back(bench, report(bench.ack.message_id, status=code, said="once more"))
    come_back(bench, report(to(mails, "karen@client.example").message_id, status=code))
    mails = bench.send(ELLIOT, "Try again now.", answers=bench.alert)
    assert told(mails) == {("delivery-failed", "elliot@bank.example")}
    assert "Your mail was not sent to karen@client.example" in to(mails, "elliot@bank.example").text
    assert bench.kinds()[-1] == "notice-failed"
    assert ("reply", "Try again now.") in bench.thread()
    assert "karen@client.example" not in {m.to for m in bench.send(ELLIOT, "#resolved", answers=bench.alert)}
    mails = bench.send(KAREN, "I am here again.", answers=bench.ack)
    again = bench.send(ELLIOT, "Good.", answers=to(mails, "elliot@bank.example"))
    assert ("reply", "karen@client.example") in told(again)


@pytest.mark.parametrize("code", ["5.2.2", "5.7.1", "5.4.1", "5.0.0", "4.1.1"])
def test_any_other_failure_leaves_the_address_alive(bench, code):
    come_back(bench, report(bench.ack.message_id, status=code))
    assert ("reply", "karen@client.example") in told(bench.send(ELLIOT, "Again.", answers=bench.alert))


def test_a_new_mail_from_a_dead_address_is_acknowledged(bench):
    come_back(bench, report(bench.ack.message_id))
    assert ("acknowledgement", "karen@client.example") in told(bench.send(KAREN, "Hello", subject="Other"))


def test_a_delay_is_recorded_and_alarms_nobody(bench):
    assert come_back(bench, report(bench.ack.message_id, action="delayed", status="4.4.7")) == []
    assert bench.events()[-1].after["kind"] == "delayed"


def test_a_complaint_is_recorded_and_told(bench):
    reply = to(bench.send(ELLIOT, "Buy now.", answers=bench.alert), "karen@client.example")
    (mail,) = come_back(bench, complaint(reply.message_id), "fbl@isp.example")
    assert (mail.kind, mail.to) == ("delivery-failed", "elliot@bank.example")
    assert "karen@client.example reported the reply as unwanted (abuse)." in mail.text
    assert (bench.kinds()[-1], bench.events()[-1].after["kind"]) == ("bounced", "feedback")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_reports_about_one_mail_make_nobody_dead(bench, number):
    """Whoever has read a mail of ours can write them."""
    for again in range(number):
        come_back(bench, report(bench.ack.message_id, said=f"550 no such user, {again}"))
    assert ("reply", "karen@client.example") in told(bench.send(ELLIOT, "Again.", answers=bench.alert))


def test_a_report_to_a_bounce_address_is_enough(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace('path = "out"', 'path = "out"\nenvelope = "verp"'))
    mails = bench.send(KAREN, "It does not open.")
    ack = to(mails, "karen@client.example")
    bench.accept(report(ack.message_id), envelope_from="", rcpt=(ack.mail_from,))
    bench.drain()
    assert bench.db.one("SELECT email FROM dead_address")[0] == "karen@client.example"


def test_reports_on_two_tickets_of_one_requester_count_together(bench):
    other = to(bench.send(KAREN, "Another matter.", subject="Fax"), "karen@client.example")
    for mail in (bench.ack, other):
        come_back(bench, report(mail.message_id))
    assert bench.db.one("SELECT email FROM dead_address")[0] == "karen@client.example"


def test_only_the_address_that_we_wrote_to_dies(bench):
    """A report may name whom it likes; the key that it returns tells who it was."""
    come_back(bench, report(bench.ack.message_id, recipient="ann@bank.example"))
    assert "ann@bank.example" in {mail.to for mail in bench.send("Leo <leo@client.example>", "Hello", subject="New")}


def test_a_key_that_left_the_house_kills_no_agent(bench):
    """An agent's alert that went to an outsider could come back as a forged report."""
    bench.send(ELLIOT, "See below.", answers=bench.alert, cc="eve@evil.example")
    come_back(bench, report(bench.alert.message_id, recipient="elliot@bank.example"))
    assert "elliot@bank.example" in {mail.to for mail in bench.send("Leo <leo@client.example>", "Hi", subject="New")}


def test_an_old_key_kills_nobody(bench):
    bench.now += timedelta(days=40)
    come_back(bench, report(bench.ack.message_id))
    assert bench.db.one("SELECT count(*) FROM dead_address")[0] == 0


def test_an_alert_to_a_dead_agent_goes_to_the_others(tmp_path):
    alone = CONFIG.replace('departments = ["Support", "Maintenance"]', 'departments = ["Maintenance"]')
    bench = Bench(tmp_path, alone)  # elliot alone is in Support, ann manages it
    (alert,) = [mail for mail in bench.send(KAREN, "Help") if mail.to == "elliot@bank.example"]
    mails = come_back(bench, report(alert.message_id, recipient="elliot@bank.example"))
    assert told(mails) == {("delivery-failed", "root@ops.example")}
    assert bench.db.one("SELECT count(*) FROM dead_address")[0] == 0, "a report makes no agent dead"
    with bench.db.transaction():
        dead_addresses.mark(bench.db, "elliot@bank.example", "no such mailbox", bench.now)
    mails = bench.send("Leo <leo@client.example>", "Hello", subject="New")
    assert told(mails) == {("acknowledgement", "leo@client.example"), ("new-ticket", "ann@bank.example")}
    assert "mail to elliot@bank.example does not arrive" in to(mails, "ann@bank.example").text


def test_an_address_that_the_relay_calls_dead_is_dead_with_or_without_a_ticket(bench):
    context = bench.desk.context(bench.now)
    for number in (1001, None):
        failure = Failure(NoticeKind.ACKNOWLEDGEMENT, f"k{number}@client.example", "no such mailbox", dead=True)
        with bench.db.transaction():
            known = gather_ticket(bench.db, number, context)
            outcome = take_failure(known, known.ticket(number or 0), failure, f"outbox:{number}", context)
            apply.save(bench.db, outcome, context)
    assert {row[0] for row in bench.db.all("SELECT email FROM dead_address")} == {
        "k1001@client.example",
        "kNone@client.example",
    }
