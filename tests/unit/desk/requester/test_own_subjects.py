"""Messages with a subject that is not their ticket's: agents read it above the text, requesters' mails keep one."""

from __future__ import annotations

import pytest

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, to

ELLIOT_, KAREN_ = "elliot@bank.example", "karen@client.example"
JOIN = """
[[rule]]
name = "Monitoring"
when = { from = "nagios@" }
then = { join = "24h", department = "Support" }
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, CONFIG + JOIN)


@pytest.fixture
def opened(bench):
    return bench.send(KAREN, "It does not open.")


def changed(bench, opened, subject):
    """The alert about Karen's answer with another subject."""
    ack = to(opened, KAREN_)
    headers = {"In-Reply-To": ack.message_id, "References": ack.message_id}
    return to(bench.send(KAREN, "Nobody can work.", subject=subject, to=ack.reply_to, headers=headers), ELLIOT_)


@pytest.mark.parametrize(
    "subject", ["URGENT", "Re: [#1001] URGENT: Portal is down", "AW: Everything is down now [#1001]"]
)
def test_an_agent_reads_the_subject_that_a_requester_changed_above_the_text(bench, opened, subject):
    alert = changed(bench, opened, subject)
    said = subject.replace("Re: [#1001] ", "").replace("AW: ", "").replace(" [#1001]", "")
    assert f"Karen Client wrote:\n\nSubject: {said}\n\nNobody can work." in alert.text
    assert f"Subject: {said}" in alert.part("html")
    assert alert.subject == "Re: [#1001] Portal is down", "a conversation keeps its subject"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: [#1001] Portal is down",
        "SV: [EXTERNAL] Re: [#1001] portal  is Down",
        "*** SPAM *** Re: [#1001] Portal is down",
        "Re: [#1001]",
        "",
    ],
)
def test_a_subject_that_says_the_same_is_not_shown(bench, opened, subject):
    assert "Subject:" not in changed(bench, opened, subject).text


def test_answers_to_what_a_ticket_was_called_are_none_of_their_own(bench, opened):
    bench.send(ELLIOT, "#subject Login fails on the portal", answers=to(opened, ELLIOT_))
    assert "Subject:" not in changed(bench, opened, "Re: [#1001] Portal is down").text


def test_joined_mails_of_a_machine_show_each_its_subject(bench):
    for used in (91, 94, 97):
        mails = bench.send("nagios@ops.example", "See the dashboard.", subject=f"Disk {used} % full on web3")
    alert = to(mails, ELLIOT_)
    assert "Subject: Disk 97 % full on web3\n\nSee the dashboard." in alert.text
    assert "> Subject: Disk 94 % full on web3" in alert.text
    (shown,) = bench.send(ELLIOT, "#show", answers=alert)
    assert [shown.text.count(f"Subject: Disk {used} %") for used in (91, 94, 97)] == [0, 1, 1]


def test_a_merged_tickets_first_message_shows_what_it_was_called(bench, opened):
    second = to(bench.send(KAREN, "Nor the app.", subject="App is down"), ELLIOT_)
    bench.send(ELLIOT, "#merge 1001", answers=second)
    (shown,) = bench.send(ELLIOT, "#show 1001", answers=to(opened, ELLIOT_))
    assert "Subject: App is down\n\nNor the app." in shown.text


def test_a_message_that_became_a_ticket_shows_its_subject_once(bench, opened):
    alert = changed(bench, opened, "App is down, too")
    bench.send(ELLIOT, "#split", answers=alert)
    assert bench.ticket(1002).subject == "App is down, too"
    (shown,) = bench.send(ELLIOT, "#show 1002", answers=to(opened, ELLIOT_))
    assert "Subject:" not in shown.text


def test_requesters_read_no_subject_above_what_is_quoted(bench, opened):
    alert = changed(bench, opened, "URGENT")
    reply = to(bench.send(ELLIOT, "It works again.", answers=alert), KAREN_)
    assert "Nobody can work." in reply.text
    assert "URGENT" not in reply.everything
    assert reply.subject == "Re: [#1001] Portal is down"
