"""Customers: their routing keys, and one person with several addresses. Agents' second addresses, too."""

from __future__ import annotations

import pytest

from mailgate.config.load import load
from mailgate.errors import ConfigError
from tests.configs import completed
from tests.desk import CONFIG, Bench, to, told

JANE, GMAIL, KAREN = "Jane Doe <jane@bigco.example>", "Jane <jane@gmail.example>", "karen@client.example"
TEXT = CONFIG.replace('email = ["ann@bank.example"]', 'email = ["ann@bank.example", "ann@home.example"]')
TEXT += """
[customer."Big Co"]
domains = ["bigco.example", ".eu.bigco.example"]
people = { "jane@bigco.example" = ["jane@gmail.example"] }
sla = "Sev-B"
priority = "High"

[[rule]]
name = "Big customers"
when = { customer = { is = "Big Co" }, subject = "urgent" }
then = { tags = ["big"], priority = "Emergency" }
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, TEXT)


def routed(bench: Bench, number: int = 1001) -> dict:
    return next(event.after for event in bench.events(number) if event.kind.value == "routed")


@pytest.mark.parametrize("sender", [JANE, GMAIL, "joe@bigco.example", "joe@mail.eu.bigco.example"])
def test_what_the_customer_sets_stands_above_address_topic_and_defaults(bench, sender):
    bench.send(sender, "It is down.", to="outages@bank.example")
    assert routed(bench)["sla"] == {"value": "Sev-B", "from": "customer:Big Co"}  # the topic says Sev-A
    assert routed(bench)["priority"] == {"value": "High", "from": "customer:Big Co"}
    assert bench.ticket().department == "Systems Administrators"  # which it does not set
    assert "Customer:" in to(bench.sent(), "bob@bank.example").text


@pytest.mark.parametrize("sender", ["joe@notbigco.example", "joe@us.bigco.example", "jane@client.example"])
def test_others_are_no_customers_of_that_name(bench, sender):
    bench.send(sender, "It is down.")
    assert routed(bench)["sla"]["from"] == "defaults"


def test_a_rule_and_a_form_line_stand_above_the_customer_and_a_rule_may_ask_for_it(bench):
    bench.send(JANE, "Help topic: Report a Problem\n\nIt is down.", subject="Urgent")
    assert routed(bench)["priority"] == {"value": "Emergency", "from": "rule:Big customers"}
    assert routed(bench)["topic"]["from"] == "form"
    assert bench.ticket().tags == ("big",)
    bench.send(KAREN, "It is down.", subject="Urgent")
    assert bench.ticket(1002).tags == ()


def test_any_address_of_a_person_is_that_person_on_a_ticket(bench):
    mails = bench.send(JANE, "It is down.")
    bench.send("elliot@bank.example", "What do you see?", answers=to(mails, "elliot@bank.example"))
    more = bench.send(GMAIL, "A blank page.", subject="Re: [#1001] Portal is down")  # the token alone
    assert bench.numbers() == [1001]
    assert bench.ticket().collaborators == ()
    assert ("new-message", "elliot@bank.example") in told(more)
    # Replies go on to the address that the ticket was opened from.
    reply = bench.send("elliot@bank.example", "Thanks.", answers=to(more, "elliot@bank.example"))
    assert {mail.to for mail in reply if mail.kind == "reply"} == {"jane@bigco.example"}


def test_a_copy_to_their_other_address_adds_nobody(bench):
    bench.send(JANE, "It is down.", cc="jane@gmail.example, boss@bigco.example")
    assert [each.email for each in bench.ticket().collaborators] == ["boss@bigco.example"]


def test_who_had_the_agents_mail_at_another_address_is_not_sent_it_again(bench):
    mails = bench.send(JANE, "It is down.")
    reply = bench.send(
        "elliot@bank.example",
        "#reply\n\nLook now.",
        answers=to(mails, "elliot@bank.example"),
        to="support@bank.example, jane@gmail.example",
    )
    assert "reply" not in {mail.kind for mail in reply}


def test_a_stranger_of_the_same_company_is_not_that_person(bench):
    bench.send(JANE, "It is down.")
    bench.send("joe@bigco.example", "Me too.", subject="Re: [#1001] Portal is down")
    assert bench.numbers() == [1001, 1002]


def test_an_agents_second_address_is_the_agent_and_the_first_is_written_to(bench):
    mails = bench.send(KAREN, "It is down.")
    alert = to(mails, "ann@bank.example")
    bench.send("ann@home.example", "#claim\n", answers=alert)
    assert str(bench.ticket().assignee) == "agent:ann"
    bench.send(KAREN, "Hello?", cc="ann@home.example", answers=to(mails, KAREN))
    assert bench.ticket().collaborators == ()
    assert "ann@home.example" not in {mail.to for mail in bench.sent() if mail.agent == "ann" and mail.kind != "answer"}


def test_an_agents_own_request_goes_on_from_their_second_address(bench):
    bench.send("ann@home.example", "My chair squeaks.", subject="Chair")
    bench.send("ann@bank.example", "It is worse.", subject="Re: [#1001] Chair")
    assert [kind for kind, _ in bench.thread()] == ["message", "message"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('[customer.A]\ndomains = ["a b"]', "is not a domain"),
        ('[customer.A]\npeople = { "x@a.example" = ["nobody"] }', "is not an e-mail address"),
        ('[customer.A]\npeople = ["x@a.example"]', "must be a table of addresses"),
        ('[customer.A]\ndomains = ["x.example"]\n[customer.B]\ndomains = ["x.example"]', "overlaps with x.example"),
        (
            '[customer.A]\ndomains = [".x.example"]\n[customer.B]\ndomains = ["eu.x.example"]',
            "overlaps with .x.example",
        ),
        ('[customer.A]\ndomains = ["x.example"]\n[customer.B]\ndomains = [".x.example"]', "overlaps with x.example"),
        (
            (
                '[customer.A]\npeople = { "j@a.example" = ["j@g.example"] }\n'
                '[customer.B]\npeople = { "k@b.example" = ["j@g.example"] }'
            ),
            'already belongs to "A"',
        ),
        ('[customer.A]\npeople = { "ann@bank.example" = ["j@g.example"] }', "is an address of the agent"),
        ('[customer.A]\npeople = { "j@g.example" = ["support@bank.example"] }', "is an address of the desk"),
        ('[customer.A]\ndomain = ["x.example"]', 'did you mean "domains"?'),
        ('[customer.A]\ndomains = ["x.example"]\nsla = "Gold"', '"Gold" is not an SLA plan'),
        (
            '[[rule]]\nname = "R"\nwhen = { customer = { is = "Nobody" } }\nthen = { priority = "Low" }',
            "is not a customer",
        ),
        ('[agent.a]\nname = "A"\nemail = ["a@x.example"]\nquiet = "20:00"', "is not a time range"),
        ('[agent.a]\nname = "A"\nemail = ["a@x.example"]\ndigest = "25:00"', 'is not a time of day: write "08:00"'),
        ('[team.T]\nmembers = ["ann"]\nhand_out = "random"', 'not "random"'),
    ],
)
def test_what_cannot_be_is_said(config, said, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(completed(f"{config}\n"))
    with pytest.raises(ConfigError) as error:
        load(file, {})
    assert any(said in str(problem) for problem in error.value.problems), error.value.problems


def test_domains_that_have_no_address_in_common_are_two_customers(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(completed('[customer.A]\ndomains = ["x.example"]\n[customer.B]\ndomains = ["eu.x.example"]\n'))
    config, _ = load(file, {})
    found = [config.customer_of(email) for email in ("j@x.example", "j@eu.x.example", "j@us.x.example")]
    assert [each.name if each else "" for each in found] == ["A", "B", ""]
