"""The commands that edit a ticket and its people, by mail, on a real database."""

from __future__ import annotations

import pytest

from tests.desk import Bench, to, told

KAREN = "Karen Client <karen@client.example>"
ELLIOT = "Elliot Alderson <elliot@bank.example>"
ANN = "Ann Reyes <ann@bank.example>"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def opened(bench):
    bench.alert = to(bench.send(KAREN, "It does not open.", cc="jane@client.example"), "elliot@bank.example")
    return bench


def test_tags_and_subject(opened):
    mails = opened.send(ELLIOT, "#tag portal vip\n#subject Re: [#1001] Login fails -- since 9\n", answers=opened.alert)
    assert told(mails) == {("answer", "elliot@bank.example")}
    assert "Done: tagged portal, vip." in mails[0].text
    assert opened.ticket().tags == ("portal", "vip")
    assert opened.ticket().subject == "Login fails -- since 9"
    opened.send(ELLIOT, "#untag PORTAL nothing", answers=opened.alert)
    assert opened.ticket().tags == ("vip",)
    assert opened.kinds()[2:] == ["tagged", "subject-changed", "tagged"]
    reply = to(opened.send(ELLIOT, "Was it: Portal is down?", answers=opened.alert), "karen@client.example")
    assert reply.subject == "Re: [#1001] Login fails -- since 9"
    assert "portal" not in reply.text.lower().replace("portal is down", "")


def test_a_link_is_made_on_both_tickets_once(opened):
    opened.send(KAREN, "Another thing", subject="Two")
    opened.send(ELLIOT, "#link 1002 -- same cause", answers=opened.alert)
    opened.send(ELLIOT, "#link #1002", answers=opened.alert)
    assert (opened.ticket(1001).links, opened.ticket(1002).links) == ((1002,), (1001,))
    for number in (1001, 1002):
        events = [event for event in opened.events(number) if event.kind == "linked"]
        assert [(event.by, event.reason) for event in events] == [("agent:elliot", "same cause")]


def test_a_ticket_that_the_agent_does_not_see_is_not_found_and_not_linked(opened):
    opened.send(KAREN, "Down", subject="Two", to="outages@bank.example")
    (mail,) = opened.send(ELLIOT, "#tag x\n#link 1002", answers=opened.alert)
    assert mail.kind == "command-failed"
    assert "ticket 1002 was not found" in mail.text
    assert (opened.ticket().tags, opened.ticket().links, opened.ticket(1002).links) == ((), (), ())


def test_a_colleague_reads_of_it_in_the_note_that_came_with_it(opened):
    opened.send(KAREN, "Another thing", subject="Two")
    mails = opened.send(ELLIOT, "#note\n#link 1002\n#tag portal\n\nSame server.", answers=opened.alert)
    note = to(mails, "ann@bank.example")
    assert "Elliot Alderson linked the ticket with 1002." in note.text
    assert "Elliot Alderson tagged the ticket portal." in note.text
