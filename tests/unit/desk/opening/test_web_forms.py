"""Mail from web forms: `requester = "reply_to"` makes the person who filled it in the requester."""

from __future__ import annotations

import pytest

from tests.desk import CONFIG, Bench, to, told

RULES = """
[[rule]]
name = "Web form"
when = { from = "webform@bank-www.example", reply_to = true }
then = { requester = "reply_to", autoresponse = true }
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, CONFIG + RULES)


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
