"""What an agent hears of a mail with commands: everything that is wrong, what was understood, what was not read."""

from __future__ import annotations

import pytest

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, to

ELLIOT_, KAREN_ = "elliot@bank.example", "karen@client.example"


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, CONFIG)


@pytest.fixture
def alert(bench):
    return to(bench.send(KAREN, "It does not open."), ELLIOT_)


def answers(mails) -> list[str]:
    return [mail.text for mail in mails if mail.to == ELLIOT_]


@pytest.mark.parametrize(
    "commands",
    [
        "#resolve",
        "#prio high",
        "#assign me",
        "#assign ann\n#reply",
        "#transfer systems administrators\n#reply",
        "#assign Ann Reyes <ann@bank.example>\n#reply",
        "#canned Hello",
        "#tag x",
        "#away",
        "#note ann",
        "#note Ann Reyes, Bob@bank.example; @vera",
        "#note ann bob",
        '#note "Online Banking"',
        "#note vendor@adobe.example",
    ],
)
def test_commands_that_say_word_for_word_what_is_done_are_not_confirmed_beside_a_text(bench, alert, commands):
    assert answers(bench.send(ELLIOT, f"{commands}\n\nHello Karen.", answers=alert)) == []


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ("#prio h", "Priority: High."),
        ("#assign rey\n#reply", "Assigned to Ann Reyes."),
        ("#transfer sys\n#reply", "Moved to Systems Administrators."),
        ("#due 2h", "Due Fri 20 Nov 2026, 11:00 UTC."),
        ("#due 24 Dec 2pm", "Due Thu 24 Dec 2026, 14:00 UTC."),
        ("#snooze tomorrow", "Pending until Sat 21 Nov 2026, 09:00 UTC."),
        ("#sla sev-b\n#topic report", "SLA plan: Sev-B."),
        ("#assign Online\n#reply", "Assigned to the team Online Banking."),
        ("#canned hel", "Canned response: hello."),
        ("#away until fri", "You are away until Fri 27 Nov 2026, 09:00 UTC."),
    ],
)
def test_what_was_understood_is_confirmed_beside_a_text(bench, alert, commands, said):
    mails = bench.send(ELLIOT, f"{commands}\n\nHello Karen.", answers=alert)
    assert "Hello Karen." in to([mail for mail in mails if mail.kind == "reply"], KAREN_).text
    (answer,) = answers(mails)
    assert said in answer


@pytest.mark.parametrize("named", ["rey", "ann, bo", "online"])
def test_who_is_asked_by_a_part_of_their_name_is_confirmed_beside_the_question(bench, alert, named):
    mails = bench.send(ELLIOT, f"#note {named}\n\nWho knows?", answers=alert)
    asked = {mail.message["To"].partition(" <")[0] for mail in mails if mail.kind == "note"}
    (answer,) = answers(mails)
    assert asked
    assert all(name in answer.partition("Asked ")[2].partition("\n")[0] for name in asked)


def test_whose_absence_a_manager_begins_is_confirmed_beside_a_text(bench, alert):
    ann = to(bench.sent(), "ann@bank.example")
    mails = bench.send("ann@bank.example", "#away elliot\n\nHello Karen.", answers=ann)
    assert "Elliot Alderson is away." in next(mail.text for mail in mails if mail.kind == "answer")


def test_who_is_assigned_and_away_is_told_beside_a_text(bench, alert):
    bench.send("ann@bank.example", "#away", answers=to(bench.sent(), "ann@bank.example"))
    (answer,) = answers(bench.send(ELLIOT, "#assign ann\n#reply\n\nAnn will write.", answers=alert))
    assert "Assigned to Ann Reyes, who is away." in answer


def test_everything_that_is_wrong_is_said_at_once(bench, alert):
    (mail,) = bench.send(ELLIOT, "#clsoe\n#assign nobdy\n#priority hihg\n\nHello", answers=alert)
    for wrong in ("#clsoe is not a command", "no agent or team is called “nobdy”", "did you mean High?"):
        assert wrong in mail.text


def test_a_number_behind_a_command_closes_neither_ticket(bench, alert):
    bench.send(KAREN, "Nor that.", subject="Other")
    (mail,) = bench.send(ELLIOT, "#close 1002", answers=alert)
    assert "for #1002 write #ticket 1002 on the line above" in mail.text
    assert "#close -- 1002" not in mail.text
    bench.tap(mail)
    assert (bench.ticket(1001).status, bench.ticket(1002).status) == ("open", "closed")


def test_text_above_what_a_link_filled_in_comes_back_with_the_command_on_top(bench, alert):
    (mail,) = bench.write_by_link(alert, "Resolve", "It is repaired.")
    assert "Send it corrected" in mail.text
    mails = bench.tap(mail)
    assert "It is repaired." in to(mails, KAREN_).text
    assert bench.ticket().status == "resolved"


def test_text_below_what_a_link_filled_in_is_given_back(bench, alert):
    (answer,) = answers(bench.write_by_link(alert, "Resolve", "It is repaired.", below=True))
    assert "there stood: “It is repaired.”" in answer
    assert bench.ticket().status == "resolved"


def test_a_signature_below_what_a_link_filled_in_is_none(bench, alert):
    signed = "Best regards\nElliot Alderson\nSupport Engineer"
    (answer,) = answers(bench.write_by_link(alert, "Resolve", signed, below=True))
    assert "there stood" not in answer


def test_the_key_below_what_a_link_filled_in_is_none(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace("plus = true\n", ""))  # then the key stands in the text, not in the address
    alert = to(bench.send(KAREN, "It does not open."), ELLIOT_)
    (answer,) = answers(bench.write_by_link(alert, "Resolve", ""))
    assert "there stood" not in answer
    (answer,) = answers(bench.write_by_link(alert, "Close", "It is repaired.", below=True))
    assert "there stood: “It is repaired.”" in answer


def test_of_much_text_below_the_beginning_is_given_back(bench, alert):
    (answer,) = answers(bench.write_by_link(alert, "Resolve", "words " * 400, below=True))
    assert "words word …”" in answer


@pytest.mark.parametrize("commands", ["#quiet", "#note", "#reply", "#quiet\n#note"])
def test_what_only_says_what_becomes_of_something_else_is_answered_with_that(bench, alert, commands):
    (answer,) = answers(bench.send(ELLIOT, commands, answers=alert))
    named = ", ".join(commands.split())
    assert f"Nothing to do: {named} says what becomes of a text or of other commands" in answer
