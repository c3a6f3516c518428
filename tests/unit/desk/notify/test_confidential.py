"""Confidential departments: unasked mail holds no word of a ticket, and nobody but members finds it."""

from __future__ import annotations

import pytest

from tests.desk import CONFIG, KAREN, Bench, to, told

ANN, ELLIOT, BOB = "ann@bank.example", "elliot@bank.example", "bob@bank.example"
SECRET = ("SECRETSUBJECT", "SECRETWORD", "SECRETFILE", "SECRETFORM", "SECRETREASON", "SECRETTAG", "SECRETNOTE")
TEXT = (
    CONFIG.replace('manager = "ann"\npublic = false', 'confidential = true\nmanager = "bob"')
    + """
[[rule]]
name = "Staff"
when = { subject = "SECRETSUBJECT" }
then = { department = "Maintenance", tags = ["SECRETTAG"] }
"""
)


@pytest.fixture
def bench(tmp_path):
    return Bench(
        tmp_path, TEXT.replace('email = ["ann@bank.example"]', 'email = ["ann@bank.example"]\ndigest = "08:00"')
    )


@pytest.fixture
def opened(bench):
    bench.wait()
    return bench.send(
        KAREN,
        "Room: SECRETFORM\n\nSECRETWORD happened.",
        subject="SECRETSUBJECT",
        files=(("SECRETFILE.pdf", "application/pdf", b"x"),),
    )


def says(mail) -> list[str]:
    return [word for word in SECRET if word in mail.everything]


def test_an_alert_holds_nothing_of_it_and_says_how_to_read_it(opened):
    alert = to(opened, ANN)
    assert says(alert) == []
    assert alert.subject == "[#1001] (confidential)"
    assert (
        "Maintenance is confidential: this mail does not hold the words of the ticket; #show sends them." in alert.text
    )
    assert not [part for part in alert.message.walk() if part.get_filename()]
    assert "Show: mailto:" in alert.text
    assert "Karen Client" in alert.text


def test_only_members_and_the_manager_hear(opened):
    assert {mail.to for mail in opened if mail.agent} == {ANN}


def test_a_held_answer_comes_back_whole_with_why_and_without_the_rest(bench, opened):
    """The agent's own words are no secret to the agent; forgotten, this mail is all that is left of them."""
    bench.send(ANN, "#note\n\nSECRETNOTE is what nobody outside should ever read.", answers=to(opened, ANN))
    words = "We say what nobody outside should ever read."
    mail = to(bench.send(ANN, words, answers=to(opened, ANN)), ANN)
    (forgotten,) = [each for each in bench.wait(days=3, minutes=1) if each.kind == "held"]
    for each in (mail, forgotten):
        assert words in each.text
        assert says(each) == []
        assert "Show: mailto:" in each.text
    assert "internal text (“what nobody outside should ever read”)" in mail.text
    assert "Send it anyway: mailto:" in mail.text


def test_every_later_alert_is_silent_too(bench, opened):
    bench.new()
    bench.send(KAREN, "SECRETWORD again.", answers=to(opened, "karen@client.example"))
    bench.send(
        KAREN, "And again.", subject="[#1001] SECRETSUBJECT SECRETWORD", to=to(opened, "karen@client.example").reply_to
    )
    bench.send(ANN, "#prio high -- SECRETREASON\n#tag SECRETTAG\n#note\n\nSECRETNOTE", answers=to(opened, ANN))
    bench.send(ANN, "#assign me -- SECRETREASON\n", answers=to(opened, ANN))
    bench.send(ANN, "#release -- SECRETREASON\n", answers=to(opened, ANN))
    bench.wait(days=2)
    alerts = [mail for mail in bench.new() + bench.sent() if mail.agent and mail.kind != "answer"]
    assert {"new-ticket", "new-message", "overdue", "digest"} <= {mail.kind for mail in alerts}
    assert [says(mail) for mail in alerts if says(mail)] == []


def test_a_member_who_asks_is_answered(bench, opened):
    (answer,) = bench.send(ANN, "#show\n", answers=to(opened, ANN))
    assert "SECRETWORD happened." in answer.text
    assert answer.subject == "Re: [#1001] (confidential)"


def test_the_requester_reads_their_own_words(bench, opened):
    assert to(opened, "karen@client.example").subject.endswith("SECRETSUBJECT")


@pytest.mark.parametrize("question", ["#show 1001", "#list", "#search SECRETWORD", "#list Maintenance"])
def test_nobody_else_finds_it(bench, opened, question):
    bench.send(KAREN, "Another.", subject="Public")
    mine = next(mail for mail in bench.sent() if mail.to == ELLIOT)
    (answer,) = bench.send(ELLIOT, f"{question}\n", answers=mine)
    assert "1001" not in answer.text.partition("----")[0].replace("#show 1001", "").replace("Ticket 1001 was", "")
    assert says(answer) in ([], ["SECRETWORD"] if "SECRETWORD" in answer.subject else [])


def test_the_manager_finds_it_without_being_in_the_department(bench, opened):
    bench.send(KAREN, "Down.", to="outages@bank.example", subject="Public")
    mine = next(mail for mail in bench.sent() if mail.to == BOB)
    (answer,) = bench.send(BOB, "#show 1001\n", answers=mine)
    assert "SECRETWORD happened." in answer.text


def test_an_agent_who_wrote_it_is_a_requester_and_reads_no_note(bench):
    mails = bench.send(ELLIOT, "SECRETWORD about my boss.", subject="SECRETSUBJECT")
    bench.send(ANN, "#note\n\nSECRETNOTE", answers=to(mails, ANN))
    (answer,) = bench.send(ELLIOT, "#show 1001\n", answers=to(mails, ELLIOT)) or [None]
    assert "SECRETNOTE" not in answer.everything
    bench.send(ELLIOT, "It goes on.", answers=to(mails, ELLIOT))
    assert bench.thread()[-1] == ("message", "It goes on.")


def test_it_is_assigned_to_members_alone(bench, opened):
    (refused,) = bench.send(ANN, "#assign elliot\n", answers=to(opened, ANN))
    assert "Elliot Alderson is not in Maintenance, which is confidential" in refused.text
    bench.send(ANN, "#assign Online Banking\n", answers=to(opened, ANN))
    more = bench.send(KAREN, "Hello?", answers=to(opened, "karen@client.example"))
    assert told(more) == {("new-message", BOB)}  # of the team he alone may know


def test_it_is_never_among_similar_tickets(bench, opened):
    bench.send(ANN, "#resolve\n", answers=to(opened, ANN))
    more = bench.send(KAREN, "SECRETWORD happened.", subject="SECRETSUBJECT elsewhere", to="outages@bank.example")
    assert bench.ticket(1002).department == "Maintenance"
    bench.send(ANN, "#transfer support\n", answers=to(more, ANN))
    third = bench.send(KAREN, "Room: 1\n\nSomething happened in SECRETFORM.", subject="What happened")
    assert [mail.kind for mail in third if "[#1001]" in mail.everything] == []


def test_without_members_the_administrator_hears_without_content(tmp_path):
    text = TEXT.replace('departments = ["Support", "Maintenance"]', 'departments = ["Support"]')
    bench = Bench(tmp_path, text.replace('manager = "bob"\n', ""))
    mails = bench.send(KAREN, "SECRETWORD", subject="SECRETSUBJECT")
    assert says(to(mails, "root@ops.example")) == []
