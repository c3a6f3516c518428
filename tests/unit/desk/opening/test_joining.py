"""Whose mail it is: `join`, `requester = "reply_to"`, and lists that write their own address into From."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.reading.mime import addresses
from mailgate.reading.parse import parse
from mailgate.rules.screening.list_sender import read_through
from tests.desk import CONFIG, Bench, to, told

MONITOR = "Nagios <nagios@mon.example>"
RULES = """
[[rule]]
name = "Monitoring"
when = { from = "nagios@mon.example" }
then = { join = "24h", priority = "High" }

[[rule]]
name = "Web form"
when = { from = "webform@bank-www.example", reply_to = true }
then = { requester = "reply_to", autoresponse = true }
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, CONFIG + RULES)


def test_a_storm_of_alarms_is_one_ticket(bench):
    for full in range(80, 100):
        bench.send(MONITOR, f"{full} % of /var", subject=f"PROBLEM: web{full % 3} disk {full}% full")
    assert bench.numbers() == [1001]
    assert len(bench.thread()) == 20
    assert bench.thread()[-1] == ("message", "99 % of /var")
    assert "ticket: 1001" in bench.way()


def test_another_subject_sender_or_day_is_another_ticket(bench):
    bench.send(MONITOR, "x", subject="PROBLEM: disk 91% full")
    bench.send(MONITOR, "x", subject="PROBLEM: load 12")
    bench.send("karen@client.example", "x", subject="PROBLEM: disk 91% full")
    assert bench.numbers() == [1001, 1002, 1003]
    bench.now += timedelta(hours=25)
    bench.send(MONITOR, "x", subject="PROBLEM: disk 92% full")
    assert bench.numbers() == [1001, 1002, 1003, 1004]


def test_an_alarm_after_the_all_clear_opens_its_ticket_again(bench):
    opened = bench.send(MONITOR, "x", subject="disk 91% full")
    bench.send("elliot@bank.example", "#resolved", answers=to(opened, "elliot@bank.example"))
    mails = bench.send(MONITOR, "x", subject="disk 92% full")
    assert bench.numbers() == [1001]
    assert (bench.ticket().status, bench.ticket().reopened) == ("open", 1)
    assert "elliot@bank.example" in {mail.to for mail in mails}


FORM = {
    "from": "Web form <webform@bank-www.example>",
    "headers": {"Reply-To": "Karen Client <karen@client.example>"},
}


def test_mail_from_a_web_form_is_the_customers(bench):
    mails = bench.send(FORM["from"], "My card is lost.", subject="Contact form", headers=FORM["headers"])
    assert bench.ticket().requester.email == "karen@client.example"
    assert bench.ticket().requester.name == "Karen Client"
    ack = to(mails, "karen@client.example")
    assert ack.kind == "acknowledgement"
    bench.send("karen@client.example", "Found it.", answers=ack)
    assert bench.thread()[-1] == ("message", "Found it.")


def test_a_form_that_says_it_is_a_machine_is_answered_because_the_rule_says_so(bench):
    headers = FORM["headers"] | {"Auto-Submitted": "auto-generated", "Precedence": "bulk"}
    mails = bench.send(FORM["from"], "My card is lost.", subject="Contact form", headers=headers)
    assert ("acknowledgement", "karen@client.example") in told(mails)


def test_a_form_without_reply_to_is_the_forms_own(bench):
    bench.send(FORM["from"], "Anonymous words.", subject="Contact form")
    assert bench.ticket().requester.email == "webform@bank-www.example"


# ── lists that put themselves into From ─────────────────────────────────────────────────


def author(*fields):
    raw = "\r\n".join((*fields, "", "hello")).encode()
    return read_through(parse(raw), addresses.read).author


@pytest.mark.parametrize(
    "fields",
    [
        (
            "From: 'Karen Client' via Support <support@bank.example>",
            "X-Original-From: Karen Client <karen@client.example>",
        ),
        (
            "From: Karen Client via ops <ops@lists.example>",
            "Reply-To: Karen Client <karen@client.example>",
            "List-Id: <ops>",
        ),
        ("From: Karen Client via ops <ops@lists.example>", "Reply-To: <karen@client.example>", "List-Post: <mailto:x>"),
        ("From: 'Karen Client' über ops <ops@l.example>", "X-Original-Sender: karen@client.example"),
        (
            "From: Karen Client via ops <ops@lists.example>",
            "Reply-To: ops <ops@lists.example>",
            "Cc: Karen Client <karen@client.example>",
            "List-Id: <ops>",
        ),
    ],
)
def test_a_rewritten_from_is_read_through(fields):
    found = author(*fields)
    assert (found.email, found.name) == ("karen@client.example", "Karen Client")


@pytest.mark.parametrize(
    "fields",
    [
        ("From: Karen via Shop <mail@shop.example>", "Reply-To: karen@client.example"),  # no list
        ("From: Ops <ops@lists.example>", "Reply-To: karen@client.example", "List-Id: <ops>"),  # its own mail
        ("From: Karen via ops <ops@lists.example>", "Reply-To: a@x.example, b@x.example", "List-Id: <ops>"),  # whose?
        ("From: Karen via ops <ops@lists.example>", "List-Id: <ops>"),
    ],
)
def test_what_is_no_rewriting_stays(fields):
    assert author(*fields).email in ("mail@shop.example", "ops@lists.example")


def test_what_dmarc_said_of_the_list_is_no_proof_for_the_author():
    raw = (
        b"Authentication-Results: mx.example; dmarc=pass header.from=lists.example\r\n"
        b"From: Ann via ops <ops@lists.example>\r\nX-Original-From: Ann <ann@bank.example>\r\n\r\nx"
    )
    mail = parse(raw)
    assert [each.dmarc for each in mail.auth] == ["pass"]
    assert read_through(mail, addresses.read).auth == ()


def test_the_desks_own_group_rewrites_from_and_the_customer_is_the_requester(bench):
    headers = {
        "X-Original-From": "Karen Client <karen@client.example>",
        "Reply-To": "Karen Client <karen@client.example>",
        "List-Id": "<support.bank.example>",
    }
    mails = bench.send("'Karen Client' via Support <support@bank.example>", "Help", headers=headers)
    assert bench.ticket().requester.email == "karen@client.example"
    assert ("acknowledgement", "karen@client.example") in told(mails)
