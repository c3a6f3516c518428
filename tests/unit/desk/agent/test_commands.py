"""The commands that edit a ticket and its people, by mail, on a real database."""

from __future__ import annotations

import pytest

from mailgate.ticket import Actor
from tests.desk import ANN, ELLIOT, KAREN, to, told


@pytest.fixture
def opened(bench):
    bench.alert = to(bench.send(KAREN, "It does not open.", cc="jane@client.example"), "elliot@bank.example")
    return bench


def test_tags_and_subject(opened):
    mails = opened.send(ELLIOT, "#tag portal vip\n#subject Re: [#1001] Login fails -- since 9\n", answers=opened.alert)
    assert told(mails) == {("answer", "elliot@bank.example")}
    assert "Tagged portal, vip." in mails[0].text
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
        assert [(event.by, event.reason) for event in events] == [(Actor.agent("elliot"), "same cause")]


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
    assert "Elliot Alderson linked the ticket with #1002." in note.text
    assert "Elliot Alderson tagged the ticket portal." in note.text


# ── people ──────────────────────────────────────────────────────────────────────────────


def test_who_is_added_hears_it_once_and_reads_what_is_public(opened):
    opened.send(ELLIOT, "#note\n\nThe vendor password is hunter2.", answers=opened.alert)
    mails = opened.send(ELLIOT, "#cc Boss <boss@client.example>, jane@client.example\n", answers=opened.alert)
    assert told(mails) == {("collaborator-added", "boss@client.example"), ("answer", "elliot@bank.example")}
    added = to(mails, "boss@client.example")
    assert "Elliot Alderson added you to request [#1001]: Portal is down" in added.text
    assert "> It does not open." in added.text
    assert "hunter2" not in added.everything
    assert opened.alert.message_id not in added.everything
    assert added.reply_to == "support@bank.example"
    reply = opened.send(ELLIOT, "We look.", answers=opened.alert)
    assert ("reply", "boss@client.example") in told(reply)
    opened.send("boss@client.example", "Thanks.", answers=added)
    assert opened.thread()[-1] == ("message", "Thanks.")


def test_who_is_added_with_a_reply_gets_the_reply_alone(opened):
    mails = opened.send(ELLIOT, "#cc boss@client.example\n\nWe look.", answers=opened.alert)
    assert to(mails, "boss@client.example").kind == "reply"


def test_quiet_adds_in_silence(opened):
    mails = opened.send(ELLIOT, "#quiet\n#cc boss@client.example\n", answers=opened.alert)
    assert "boss@client.example" not in {mail.to for mail in mails}
    assert "boss@client.example" in opened.ticket().participants


def test_an_inactive_collaborators_message_comes_with_a_link_that_agrees(opened):
    ack = next(mail for mail in opened.sent() if mail.kind == "acknowledgement")
    mails = opened.send("boss@client.example", "I am her boss.", answers=ack)
    alert = to(mails, "elliot@bank.example")
    assert "Add boss@client.example: mailto:support+k" in alert.text
    assert "%23cc%20boss%40client.example%0D%0A%23end" in alert.text
    assert not opened.ticket().collaborators[-1].active
    mails = opened.send(ELLIOT, "#cc boss@client.example\n#end", answers=alert)
    assert ("collaborator-added", "boss@client.example") in told(mails)
    assert opened.ticket().collaborators[-1].active
    later = opened.send("boss@client.example", "More.", answers=to(mails, "boss@client.example"))
    assert "Add boss" not in to(later, "elliot@bank.example").text


def test_people_whom_an_unproven_mail_names_are_agreed_to_one_by_one(opened):
    cc = "him@other.example, her@other.example"
    mails = opened.send(KAREN, "And them.", subject="[#1001] Portal is down", cc=cc)
    alert = to(mails, "elliot@bank.example")
    assert "Add him@other.example: mailto:" in alert.text
    assert "Add her@other.example: mailto:" in alert.text
    assert all("Add h" not in mail.text for mail in mails if not mail.agent)


def test_who_is_taken_off_gets_no_reply(opened):
    opened.send(ELLIOT, "#uncc jane@client.example -- left the company", answers=opened.alert)
    assert opened.ticket().collaborators == ()
    assert {mail.to for mail in opened.send(ELLIOT, "We look.", answers=opened.alert)} == {"karen@client.example"}
    (mail,) = opened.send(ELLIOT, "#uncc jane@client.example", answers=opened.alert)
    assert (mail.kind, "Not on the ticket: jane@client.example." in mail.text) == ("answer", True)
    opened.send(ELLIOT, "#cc joe@client.example", answers=opened.alert)
    both = "#uncc joe@client.example, jane@client.example, lee@other.example"
    told = to(opened.send(ELLIOT, both, answers=opened.alert), "elliot@bank.example").text
    assert "No longer collaborators: joe@client.example. Not on the ticket: jane@client.example, lee@other" in told


def test_a_new_requester_gets_the_answers_and_the_old_one_none(opened):
    opened.send(ELLIOT, "#requester Lee <lee@other.example> -- she wrote for him", answers=opened.alert)
    mails = opened.send(ELLIOT, "We look.", answers=opened.alert)
    assert {mail.to for mail in mails if mail.kind == "reply"} == {"lee@other.example", "jane@client.example"}
    assert opened.events()[2].kind == "requester-changed"
    opened.send(KAREN, "Still mine?", subject="[#1001] Portal is down")
    assert opened.numbers() == [1001, 1002], "who is no longer on it is a stranger to it"


def test_permissions_of_people(bench):
    got = to(bench.send(KAREN, "Down", to="outages@bank.example"), "vera@bank.example")
    for text, permission in (("#cc a@x.example", "cc"), ("#requester a@x.example", "requester")):
        refused = to(bench.send("vera@bank.example", text, answers=got), "vera@bank.example")
        assert f"permission `{permission}`" in refused.text


# ── pending until ───────────────────────────────────────────────────────────────────────


def test_a_snoozed_ticket_is_open_again_then_and_its_assignee_is_reminded_once(opened):
    opened.send(ELLIOT, "#claim", answers=opened.alert)
    mails = opened.send(ELLIOT, "#snooze 3h -- parts come today\n", answers=opened.alert)
    assert "Pending until Fri 20 Nov 2026, 12:00 UTC." in to(mails, "elliot@bank.example").text
    assert "karen@client.example" not in {mail.to for mail in mails}
    assert opened.wait(hours=2, minutes=59) == []
    (mail,) = opened.wait(minutes=2)
    assert (mail.kind, mail.to) == ("reminder", "elliot@bank.example")
    assert "It is time to come back to [#1001]: it is open again." in mail.text
    assert "You put it off on Fri 20 Nov 2026, 09:00 UTC: parts come today" in mail.text
    assert "The clock" not in mail.text
    assert "Your answer goes to Karen Client, with copies to jane@client.example (public reply)." in mail.text, (
        "she waits for an answer"
    )
    assert (opened.ticket().status, opened.ticket().wake_at) == ("open", None)
    assert opened.wait(hours=5) == []


def test_nobody_holds_it_so_the_department_is_reminded(opened):
    opened.send(ELLIOT, "#pending 1h", answers=opened.alert)
    assert told(opened.wait(hours=1, minutes=1)) == {
        ("reminder", "elliot@bank.example"),
        ("reminder", "ann@bank.example"),
    }


@pytest.mark.parametrize("how", ["answer", "#open", "#resolved", "#pending"])
def test_whatever_else_sets_the_status_ends_it(opened, how):
    opened.send(ELLIOT, "#claim\n#pending 1h", answers=opened.alert)
    if how == "answer":
        opened.send(KAREN, "Here it is.", subject="[#1001] Portal is down")
    else:
        opened.send(ELLIOT, how, answers=opened.alert)
    assert opened.ticket().wake_at is None
    assert opened.wait(hours=2) == []


def test_a_reminder_tells_others_who_put_it_off_and_the_guard_knows_the_words(opened):
    opened.send(ELLIOT, "#pending 1h -- the vendor wants to see our contract", answers=opened.alert)
    mails = opened.wait(hours=1, minutes=1)
    said = "Elliot Alderson put it off on Fri 20 Nov 2026, 09:00 UTC"
    assert f"{said}: the vendor wants to see our contract" in to(mails, "ann@bank.example").text
    assert "You put it off on" in to(mails, "elliot@bank.example").text
    for words in (said, "You put it off on Fri 20 Nov 2026"):
        (held,) = opened.send(ELLIOT, f"#reply\n\n{words}.", answers=opened.alert)
        assert held.kind == "held"


def test_a_ticket_put_off_again_is_told_by_the_last_one_and_without_a_reason(opened):
    opened.send(ELLIOT, "#claim\n#pending 1h -- first", answers=opened.alert)
    theirs = next(mail for mail in opened.sent() if (mail.to, mail.kind) == ("ann@bank.example", "new-ticket"))
    opened.send(ANN, "#pending 4h", answers=theirs)
    (mail,) = opened.wait(hours=5)
    assert "Ann Reyes put it off on Fri 20 Nov 2026, 09:00 UTC." in mail.text
    assert "first" not in mail.text.partition("----")[0]


def test_a_later_time_moves_it(opened):
    opened.send(ELLIOT, "#claim\n#pending 1h", answers=opened.alert)
    opened.send(ELLIOT, "#pending 4h", answers=opened.alert)
    assert opened.wait(hours=2) == []
    assert [mail.kind for mail in opened.wait(hours=3)] == ["reminder"]


def test_a_time_that_is_none_is_returned(opened):
    (mail,) = opened.send(ELLIOT, "#pending waits for parts", answers=opened.alert)
    assert mail.kind == "command-failed"
    assert opened.ticket().status == "open"


# ── search ──────────────────────────────────────────────────────────────────────────────


def found(mail):
    return {word for word in mail.text.partition("-------")[0].split() if word.startswith("#1")}


def test_search_finds_all_words_anywhere_in_any_status_of_what_the_agent_sees(opened):
    opened.send("Sofia Client <sofia@client.example>", "The 100% printer is jammed.", subject="Printer")
    opened.send(KAREN, "The printer of the portal, too.", subject="Hidden", to="outages@bank.example")
    opened.send(ELLIOT, "#closed\n\nIt needs a new roller.", answers=opened.alert)

    def search(words):
        return to(opened.send(ELLIOT, f"#search {words}", answers=opened.alert), "elliot@bank.example")

    assert found(search("PORTAL")) == {"#1001"}, "closed, and the hidden one is not there"
    assert found(search('"printer" sofia')) == {"#1002"}
    assert found(search("100% jammed")) == {"#1002"}
    assert found(search("roller")) == {"#1001"}
    assert "Tickets found: none." in search("printer portal").text
    assert "Too many words" in search("a " * 13).text
    assert opened.kinds()[-1] != "noted"


def test_show_tells_who_and_what_belongs_to_it(opened):
    opened.send(KAREN, "Another thing", subject="Two")
    ack = next(mail for mail in opened.sent() if mail.kind == "acknowledgement")
    opened.send("boss@client.example", "I am her boss.", answers=ack)
    opened.send(ELLIOT, "#tag portal\n#link 1002\n#pending 2h", answers=opened.alert)
    text = to(opened.send(ELLIOT, "#show", answers=opened.alert), "elliot@bank.example").text
    assert "Status:          pending until Fri 20 Nov 2026, 11:00 UTC" in text
    assert "Collaborators:   jane@client.example, boss@client.example (gets nothing yet)" in text
    assert "Tags:            portal\nLinked:          [#1002]" in text
