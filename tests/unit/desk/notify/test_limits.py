"""Two desks that write to each other, whatever stands between them takes away; one mail that comes twice."""

from __future__ import annotations

import re

import pytest

from tests.desk import CONFIG, KAREN, Bench, told

AUTO = re.compile(
    r"^(auto-submitted|precedence|x-auto.*|x-mailgate.*|list-.*|x-loop|return-path|feedback-id|message-id|references"
    r"|in-reply-to|received|sender|x-.*)$",
    re.IGNORECASE,
)
EVERYTHING_ON = """
[notices]
follow_up = true
status_changes = ["resolved", "closed", "reopened"]
limit_per_sender = "1000/1h"
limit_unknown = "1000/1h"
"""
OTHER = CONFIG.replace("bank.example", "other.example").replace("First Bank", "Other")


def stripped(mail, number):
    """The mail as it comes out of a gateway that takes every sign of a machine, and every id, away."""
    for name in {name for name in mail.message if AUTO.match(name)}:
        del mail.message[name]
    mail.message["Message-ID"] = f"<rewritten.{number}@gateway.example>"
    return mail.message.as_bytes()


def pair(tmp_path, more=""):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    return Bench(tmp_path / "a", CONFIG + more), Bench(tmp_path / "b", OTHER + more)


def talk(here, there, first, most=8):
    """Carry the desks' mails to each other until nobody says anything more; how many there were."""
    here_to, there_to = "support@bank.example", "support@other.example"
    flying, count, desks = first, len(first), [(there, there_to, here_to), (here, here_to, there_to)]
    while flying and count < most:
        receiver, at, other = desks[0]
        desks.reverse()
        for number, mail in enumerate(flying):
            receiver.accept(stripped(mail, f"{count}.{number}"), rcpt=(at,), envelope_from=other)
        flying = [mail for mail in receiver.drain() if mail.to == other]
        count += len(flying)
    return count


@pytest.mark.parametrize("more", ["", EVERYTHING_ON], ids=["as it comes", "every automatic mail on"])
def test_two_desks_fall_silent_within_three_mails_with_every_sign_taken_away(tmp_path, more):
    here, there = pair(tmp_path, more)
    first = here.send("Support <support@other.example>", "Where is our parcel?")
    asked = [mail for mail in first if mail.to == "support@other.example"]
    assert told(asked) == {("acknowledgement", "support@other.example")}
    assert 1 + talk(here, there, asked) <= 3


@pytest.mark.parametrize("more", ["", EVERYTHING_ON], ids=["as it comes", "every automatic mail on"])
def test_an_agents_own_reply_to_another_desk_starts_no_ping_pong(tmp_path, more):
    here, there = pair(tmp_path, more)
    opened = here.send("Support <support@other.example>", "Where is our parcel?")
    alert = next(mail for mail in opened if mail.to == "elliot@bank.example")
    mails = here.send("Elliot Alderson <elliot@bank.example>", "It is on its way.", answers=alert)
    replies = [mail for mail in mails if mail.to == "support@other.example"]
    assert told(replies) == {("reply", "support@other.example")}
    assert talk(here, there, replies) <= 3
    (number,) = there.numbers()
    assert "It is on its way." in there.thread(number)[0][1], "and yet the words have arrived"


def test_a_stripped_notice_is_known_by_its_own_first_line(tmp_path):
    here, there = pair(tmp_path)
    (ack,) = [m for m in here.send("Support <support@other.example>", "Hello") if m.to == "support@other.example"]
    there.accept(stripped(ack, 1), rcpt=("support@other.example",), envelope_from="support@bank.example")
    assert all(mail.agent for mail in there.drain())
    assert there.way()[:2] == ["screened: bulk (acknowledgement)", "ticket: 1001 opened"]


def test_another_desks_acknowledgement_reopens_nothing_and_what_its_people_write_does(tmp_path):
    bench = Bench(tmp_path)
    alert = next(m for m in bench.send(KAREN, "Where is my card?") if m.to == "elliot@bank.example")
    bench.send("Elliot Alderson <elliot@bank.example>", "#resolved\n\nSent today.", answers=alert)
    by_program = {"subject": "Re: [#1001] Portal is down", "headers": {"X-Zendesk-From-Account-Id": "abc"}}
    assert not bench.send(KAREN, "Hello,\n\nyour request (77) has been received.", **by_program)
    assert bench.ticket().status == "resolved"
    assert bench.thread()[-1][1].endswith("has been received.")
    mails = bench.send(KAREN, "It has not come.", **by_program)
    assert bench.ticket().status == "open"
    assert all(mail.agent for mail in mails)


@pytest.mark.parametrize(
    "line",
    [
        "##- Please type your reply above this line -##",
        "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
        "-- reply above this line --",
        "--- Reply ABOVE THIS LINE to add a note to your request ---",
        "## Please write your answer above this line ##",
    ],
)
def test_other_help_desks_notices_open_a_ticket_and_are_not_answered(tmp_path, line):
    bench = Bench(tmp_path)
    mails = bench.send("Vendor <help@vendor.example>", f"{line}\n\nYour request was received.")
    assert bench.numbers() == [1001]
    assert "acknowledgement" not in {mail.kind for mail in mails}


def test_a_person_who_answers_on_top_or_below_is_a_person(tmp_path):
    bench = Bench(tmp_path)
    karen = "Karen Client <karen@client.example>"
    opened = {mail.to: mail for mail in bench.send(karen, "Help")}
    ack = opened["karen@client.example"]
    bench.send(karen, f"It works now.\n\n{ack.text}", answers=ack)
    assert any("human" in step for step in bench.way())
    bench.send(karen, f"{ack.text}\n\nIt broke again.", answers=ack)
    assert any("human" in step for step in bench.way()), "below, by a program that marks no quotes"


def test_the_line_of_another_help_desk_is_not_shown(tmp_path):
    bench = Bench(tmp_path)
    bench.send("Vendor <help@vendor.example>", "##- Please type your reply above this line -##\n\nIt was received.")
    assert bench.thread() == [("message", "It was received.")]
    bench.send("Vendor <help@vendor.example>", "##- Please type your reply above this line -##", subject="Nothing else")
    assert bench.thread(1002) == [("message", "##- Please type your reply above this line -##")]


def test_a_robot_that_hides_is_answered_until_it_repeats_itself(tmp_path):
    bench = Bench(tmp_path, CONFIG + EVERYTHING_ON)
    robot = "Vendor <help@vendor.example>"

    def says(text):
        mails = bench.send(robot, text, subject="[#1001] Portal is down")
        return [mail.kind for mail in mails if not mail.agent]

    assert [says("Down."), says("Thanks, case 17 is noted."), says("Thanks,  case 18 is noted.")] == [
        ["acknowledgement"],
        ["follow-up-received"],
        [],
    ]
    assert "limited: follow-up-received not sent: the same words came before: a machine may be answering" in bench.way()
    assert bench.thread()[-1] == ("message", "Thanks,  case 18 is noted."), "and its words arrive"
    assert says("Something new.") == ["follow-up-received"]
    bench.wait(hours=2)
    assert says("Thanks, case 19 is noted.") == ["follow-up-received"]


# ── one mail to two addresses ───────────────────────────────────────────────────────────


def test_one_mail_to_two_of_the_desks_addresses_is_one_ticket(tmp_path):
    bench = Bench(tmp_path)
    raw = bench.write("karen@client.example", "Down.", to="support@bank.example, outages@bank.example")
    for at in ("support@bank.example", "outages@bank.example"):
        bench.accept(raw, rcpt=(at,))
    bench.drain()
    assert bench.numbers() == [1001]
    assert bench.ticket().topic == "Business Critical Outage", "whichever copy came first"


@pytest.mark.parametrize("first", [0, 1])
def test_also_when_a_list_put_a_footer_under_one_copy(tmp_path, first):
    bench = Bench(tmp_path)
    raw = bench.write("karen@client.example", "Down.", to="support@bank.example, outages@bank.example")
    footer = raw + b"\r\n_______\r\nops mailing list\r\nhttp://lists.bank.example/ops\r\n"
    listed = footer.replace(b"Subject: ", b"List-Id: <ops.bank.example>\r\nSubject: [ops] ").replace(b"[ops] ", b"")
    copies = [(raw, "support@bank.example"), (listed, "outages@bank.example")]
    for copy, at in (copies[first], copies[1 - first]):
        bench.accept(copy, rcpt=(at,))
    bench.drain()
    assert bench.numbers() == [1001]
