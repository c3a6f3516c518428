"""Who is away: what they miss, who stands in, and what they are told when they are back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.desk import CONFIG, START, Bench, Sent, to, told

ANN, ELLIOT, KAREN = "ann@bank.example", "elliot@bank.example", "Karen Client <karen@client.example>"
ZONED = CONFIG.replace('email = ["ann@bank.example"]', 'email = ["ann@bank.example"]\ntimezone = "Europe/Berlin"')


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, ZONED)


def agent_mail(bench: Bench, who: str, text: str) -> list[Sent]:
    """An agent's mail that answers whatever alert they had last."""
    answers = [mail for mail in bench.sent() if mail.to == who][-1]
    return bench.send(who, text, answers=answers)


@pytest.fixture
def ticket(bench):
    """Karen's ticket; both agents of Support had an alert, and it is Ann's."""
    bench.send(KAREN, "The portal is down.")
    agent_mail(bench, ANN, "#claim\n")
    bench.new()
    return bench.ticket()


def test_who_goes_away_is_told_until_when_in_their_own_zone(bench, ticket):
    (answer,) = agent_mail(bench, ANN, "#away until 2026-11-27 09:00\n")
    assert (answer.kind, answer.to) == ("answer", ANN)
    assert "You are away until Fri 27 Nov 2026, 09:00 CET." in answer.text


def test_alerts_about_their_tickets_go_to_their_colleagues_and_say_why(bench, ticket):
    agent_mail(bench, ANN, "#away until 2026-11-27 09:00\n")
    mails = bench.send(KAREN, "Any news?", answers=to(bench.sent(), "karen@client.example"))
    assert told(mails) == {("new-message", ELLIOT)}
    assert "Ann Reyes, whose ticket it is, is away until Fri 27 Nov 2026, 08:00 UTC." in mails[0].text


@pytest.mark.parametrize("text", ["It works again.", "#note\n\nIt works again.", "#resolve", "#pending 1h"])
def test_nobody_stands_in_to_hear_what_an_absent_agent_does(bench, ticket, text):
    agent_mail(bench, ANN, "#away\n")
    mails = agent_mail(bench, ANN, text)
    assert not [mail for mail in mails if mail.to == ELLIOT]


def test_the_one_who_stands_in_cannot_give_away_that_a_colleague_is_away(bench, ticket):
    agent_mail(bench, ANN, "#away\n")
    (alert,) = bench.send(KAREN, "Any news?", answers=to(bench.sent(), "karen@client.example"))
    (refused,) = bench.send(ELLIOT, "Ann Reyes, whose ticket it is, is away.", answers=alert)
    assert refused.kind == "held"
    assert "internal text" in refused.text


def test_with_everybody_away_the_administrator_hears_and_without_one_who_is_away(bench, ticket):
    for who in (ELLIOT, ANN):
        agent_mail(bench, who, "#away\n")
    mails = bench.send(KAREN, "Any news?", answers=to(bench.sent(), "karen@client.example"))
    assert told(mails) == {("new-message", "root@ops.example")}
    bench.configure(ZONED.replace('admin = "root@ops.example"', ""))
    mails = bench.send(KAREN, "And now?", answers=to(bench.sent(), "karen@client.example"))
    assert told(mails) == {("new-message", ANN)}


def test_back_tells_what_happened_meanwhile_in_one_mail(bench, ticket):
    agent_mail(bench, ANN, "#away\n")
    bench.send(KAREN, "Any news?", answers=to(bench.sent(), "karen@client.example"))
    bench.now += timedelta(days=2)
    (answer,) = agent_mail(bench, ANN, "#back\n")
    assert (answer.kind, answer.to) == ("answer", ANN)
    assert "You are back." in answer.text
    assert "Welcome back: you were away since Fri 20 Nov 2026, 10:00 CET" in answer.text
    assert "1 new message" in answer.text
    assert "Portal is down" in answer.text
    assert "<td" in answer.part("html")
    assert "1 new message" in answer.part("html")
    mails = bench.send(KAREN, "Hello?", answers=to(bench.sent()[:3], "karen@client.example"))
    assert told(mails) == {("new-message", ANN)}


def test_until_passes_by_itself_and_the_agent_hears_once(bench, ticket):
    agent_mail(bench, ANN, "#away until 2026-11-20 15:00\n")
    assert bench.wait(hours=3) == []
    (welcome,) = bench.wait(hours=3)
    assert (welcome.kind, welcome.to, welcome.subject) == ("digest", ANN, "Welcome back")
    assert "Nothing happened meanwhile" in welcome.text
    assert bench.wait(hours=1) == []
    assert told(bench.send(KAREN, "Hello?", answers=to(bench.sent(), "karen@client.example"))) == {("new-message", ANN)}


def test_an_absence_that_ran_out_counts_no_more_before_the_clock_has_looked(bench, ticket):
    agent_mail(bench, ANN, "#away until 2026-11-20 15:00\n")
    bench.now = START + timedelta(hours=6)
    assert told(bench.send(KAREN, "Hello?", answers=to(bench.sent(), "karen@client.example"))) == {("new-message", ANN)}


def test_a_manager_sets_somebody_of_the_department_away_who_hears_of_it(bench, ticket):
    mails = agent_mail(bench, ANN, "#away elliot until 2026-11-27 09:00 -- vacation\n")
    assert told(mails) == {("answer", ANN), ("digest", ELLIOT)}
    assert "Elliot Alderson is away until Fri 27 Nov 2026, 09:00 CET." in to(mails, ANN).text
    assert "Ann Reyes has noted that you are away until Fri 27 Nov 2026, 08:00 UTC." in to(mails, ELLIOT).text
    assert "I am back [1]\n" in to(mails, ELLIOT).text
    back = bench.tap(to(mails, ELLIOT))
    assert "You are back." in to(back, ELLIOT).text


@pytest.mark.parametrize(("who", "line"), [(ELLIOT, "#away ann until fri"), (ANN, "#away bob"), (ELLIOT, "#back ann")])
def test_nobody_else_can_and_nothing_is_done(bench, ticket, who, line):
    (mail,) = agent_mail(bench, who, line + "\n")
    assert mail.kind == "command-failed"
    assert "or the manager of a department" in mail.text
    assert bench.db.all("SELECT * FROM absence") == []


@pytest.mark.parametrize("line", ["#away until smarch", "#away until yesterday", "#away nobodyatall"])
def test_what_cannot_be_read_is_returned(bench, ticket, line):
    (mail,) = agent_mail(bench, ANN, line + "\n")
    assert mail.kind == "command-failed"


@pytest.mark.parametrize("lines", ["#away until 2026-12-01\n#back", "#back\n#away", "#away\n#away until 2026-12-01"])
def test_going_and_coming_back_in_one_mail_is_returned(bench, ticket, lines):
    agent_mail(bench, ANN, "#away until 2026-11-30\n")
    (mail,) = agent_mail(bench, ANN, f"{lines}\n")
    assert mail.kind == "command-failed"
    assert "cannot both be done: keep one of them" in mail.text
    assert "away until Mon 30 Nov 2026" in agent_mail(bench, ANN, "#list\n")[0].text


def test_a_manager_may_send_one_away_and_bring_another_back(bench, ticket):
    agent_mail(bench, ELLIOT, "#away\n")
    mails = agent_mail(bench, ANN, "#away until 2026-11-30\n#back elliot\n")
    assert told(mails) == {("answer", ANN), ("digest", ELLIOT)}


def test_it_needs_no_ticket_and_says_that_text_goes_nowhere(bench, ticket):
    (digest,) = [m for m in agent_mail(bench, ANN, "#away elliot\n") if m.to == ELLIOT]
    (answer,) = bench.send(ELLIOT, "#back\n\nI was never gone.\n", answers=digest)
    assert "your text below the commands was left out" in answer.text
    assert bench.numbers() == [1001]


def test_an_unproven_mail_sends_nobody_away(bench, ticket):
    (confirm,) = bench.send(ANN, "#away\n")
    assert confirm.kind == "confirm"
    assert bench.db.all("SELECT * FROM absence") == []


def test_lists_and_help_say_who_is_away(bench, ticket):
    agent_mail(bench, ANN, "#away until 2026-11-27 09:00 -- vacation\n")
    for question in ("#list", "#help"):
        (answer,) = agent_mail(bench, ELLIOT, f"{question}\n")
        assert "Away:\nAnn Reyes: away until Fri 27 Nov 2026, 08:00 UTC (vacation)" in answer.text


def test_a_list_says_who_is_away_once_the_mail_is_done(bench, ticket):
    agent_mail(bench, ELLIOT, "#away\n")
    assert "Elliot Alderson: away" not in to(agent_mail(bench, ELLIOT, "#back\n#list\n"), ELLIOT).text
    text = to(agent_mail(bench, ELLIOT, "#list\n#help\n#away until 2026-11-27 09:00\n"), ELLIOT).text
    assert text.count("Elliot Alderson: away until Fri 27 Nov 2026, 09:00 UTC") == 1


def test_assigning_to_somebody_who_is_away_is_done_and_said(bench, ticket):
    agent_mail(bench, ANN, "#away\n")
    mails = agent_mail(bench, ELLIOT, "#ticket 1001\n#assign elliot\n#note\n")
    mails = agent_mail(bench, ELLIOT, "#ticket 1001\n#assign ann\n")
    assert "Assigned to Ann Reyes, who is away." in to(mails, ELLIOT).text
    assert bench.ticket().assignee.name == "ann"


def test_going_twice_moves_the_end_and_coming_back_twice_is_done(bench, ticket):
    agent_mail(bench, ANN, "#away\n")
    bench.now += timedelta(days=1)
    agent_mail(bench, ANN, "#away 3d\n")
    (row,) = bench.db.all("SELECT * FROM absence")
    assert row["since"] < bench.now.timestamp() - 86000
    assert row["until"]
    agent_mail(bench, ANN, "#back\n")
    (answer,) = agent_mail(bench, ANN, "#back\n")
    assert "You are not away." in answer.text


def test_an_agent_who_is_gone_from_the_config_comes_back_in_silence(bench, ticket):
    bench.db.run("INSERT INTO absence (agent, since, until, by) VALUES ('gone', 0, 1, 'admin')")
    assert bench.wait() == []
    assert bench.db.all("SELECT * FROM absence") == []


def test_a_manager_brings_somebody_back_who_reads_what_happened(bench, ticket):
    agent_mail(bench, ANN, "#away elliot\n")
    mails = agent_mail(bench, ANN, "#back elliot\n")
    assert told(mails) == {("answer", ANN), ("digest", ELLIOT)}
    assert to(mails, ELLIOT).subject == "Welcome back"


def test_an_answer_on_a_ticket_may_say_it_as_well(bench, ticket):
    mails = agent_mail(bench, ANN, "#back me\n#resolve\n")
    assert "You are not away." in to(mails, ANN).text
    agent_mail(bench, ANN, "#away me\n")
    mails = agent_mail(bench, ANN, "#back\n#reply\n\nIt works again.\n")
    assert {mail.kind for mail in mails if mail.to == "karen@client.example"} == {"reply"}
    assert "Welcome back" in to(mails, ANN).text
