"""What #list takes, in which order its rows stand, and what #show tells beside the thread."""

from __future__ import annotations

import re

import pytest

from mailgate.rules.threading.keys import saying
from tests.desk import CONFIG, KAREN, Bench, to

ANN, BOB, ELLIOT, VERA = (f"{name}@bank.example" for name in ("ann", "bob", "elliot", "vera"))
SAM = "Sam Other <sam@other.example>"


@pytest.fixture
def bench(tmp_path):
    """1001 is Elliot's, 1002 the team's and due first, 1003 Sam's and nobody's, 1004 closed, 1005 Bob's."""
    made = Bench(tmp_path, CONFIG)
    first = to(made.send(KAREN, "One", subject="One"), ANN)
    made.alert = first
    made.send(ANN, "#assign elliot", answers=first)
    made.send(ANN, "#assign Online\n#due 2h", answers=to(made.send(KAREN, "Two", subject="Two"), ANN))
    made.send(SAM, "Three", subject="Three")
    made.send(ANN, "#close", answers=to(made.send(KAREN, "Four", subject="Four"), ANN))
    made.send(BOB, "#claim", answers=to(made.send(SAM, "Five", to="outages@bank.example", subject="Five"), BOB))
    return made


def listed(bench: Bench, *lines: str) -> str:
    return to(bench.send(ANN, "\n".join(lines), answers=bench.alert), ANN).text.partition("\n-----")[0]


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"(?m)^#(\d+)", text)]


@pytest.mark.parametrize(
    ("named", "title", "expected"),
    [
        ("", "Open tickets (3)", [1002, 1001, 1003]),
        ("elliot", "Open tickets of Elliot Alderson (1)", [1001]),
        ("ELLIOT@bank.example", "Open tickets of Elliot Alderson (1)", [1001]),
        ("Online Banking", "Open tickets of the team Online Banking (1)", [1002]),
        ("Support", "Open tickets of Support (3)", [1002, 1001, 1003]),
        ("closed", "Closed tickets (1)", [1004]),
        ("sam@other.example", "Tickets of sam@other.example (1)", [1003]),
        ("Karen Client <karen@client.example>", "Tickets of Karen", [1002, 1001, 1004]),
        ("today", "Due today (1)", [1002]),
        ("unassigned", "Unassigned tickets (1)", [1003]),
    ],
)
def test_a_list_takes_an_agent_a_team_a_status_an_address_or_today(bench, named, title, expected):
    text = listed(bench, f"#list {named}")
    assert numbers(text) == expected, "the most urgent first, and only what Ann sees"
    assert title.partition(" of Karen")[0] in text


@pytest.mark.parametrize("named", ["pending", "resolved", "bob", "nobody@x.example"])
def test_a_list_without_tickets_says_so(bench, named):
    assert ": none." in listed(bench, f"#list {named}")


def test_several_lists_in_one_mail_have_a_heading_each(bench):
    text = listed(bench, "#list overdue", "#list elliot", "#list unassigned")
    found = [line for line in text.splitlines() if "tickets" in line]
    assert found == ["Overdue tickets: none.", "Open tickets of Elliot Alderson (1)", "Unassigned tickets (1)"]


def test_what_is_no_list_is_told_with_the_names_that_there_are(bench):
    text = " ".join(listed(bench, "#list sammy").split())
    assert "Here is what you asked for" not in text
    assert "There is no list “sammy”. Lists: open, mine, unassigned, overdue, today, pending," in text
    assert "Did you mean Elliot Alderson?" in listed(bench, "#list eliot alderson")


def test_a_department_comes_before_a_team_with_its_name(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace('[team."Online Banking"]', "[team.Support]"))
    bench.alert = to(bench.send(KAREN, "One"), ANN)
    assert "Open tickets of Support (1)" in listed(bench, "#list support")


def test_only_links_that_the_role_allows_stand_in_a_row(bench):
    vera = CONFIG.replace('departments = ["Systems Administrators"]', 'departments = ["Support"]')
    bench.configure(vera)
    mails = bench.send(KAREN, "Six", subject="Six")
    text = to(bench.send(VERA, "#list", answers=to(mails, VERA)), VERA).text
    assert numbers(text)
    assert "#ticket" not in text
    assert "Answer: mailto:" not in text
    assert "Answer: mailto:" in to(bench.send(ELLIOT, "#list", answers=to(mails, ELLIOT)), ELLIOT).text


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("plus", [True, False])
def test_text_stands_anywhere_in_the_mail_that_a_rows_answer_opens(tmp_path, below, plus):
    bench = Bench(tmp_path, CONFIG if plus else CONFIG.replace("plus = true", "plus = false"))
    alert = to(bench.send(KAREN, "One", subject="Printer"), ELLIOT)
    (listed_,) = bench.send(ELLIOT, "#list", answers=alert)
    mails = bench.write_by_link(listed_, "Answer", "It prints again.", below=below)
    assert to(mails, "karen@client.example").kind == "reply"
    assert bench.thread()[-1] == ("reply", "It prints again.")


def test_a_number_in_a_rows_link_opens_no_ticket_that_its_reader_does_not_see(bench):
    bench.send(KAREN, "Help topic: Report a Problem\n\nNobody else may know.", subject="Chair")
    hidden = max(bench.numbers())
    alert = next(mail for mail in bench.sent() if mail.to == ELLIOT)
    answer = saying(alert.reply_to.partition("@")[0], "reply", hidden) + "@bank.example"
    mails = bench.send(ELLIOT, "Hello", to=answer, subject="Hello")
    assert "karen@client.example" not in {each.to for each in mails}
    assert ("reply", "Hello") not in bench.thread(hidden)


def test_a_ticket_is_shown_with_its_files_events_and_ids(bench):
    file = ("log.txt", "text/plain", b"x" * 2000)
    mails = bench.send(KAREN, "See the log.", subject="Six", files=(file,))
    alert = to(mails, ANN)
    bench.send(ANN, "#prio high -- many ask", answers=alert)
    shown = to(bench.send(ANN, "#show", answers=alert), ANN)
    entry = bench.db.one("SELECT id FROM entry WHERE ticket = 1006")["id"]
    assert f"(message, id {entry}):" in shown.text
    assert "Attached: log.txt, 2 kB" in shown.text
    happened = " ".join(shown.text.partition("What happened")[2].split())
    assert "Ann Reyes changed the priority from Normal to High: many ask" in happened
    assert f"id {entry}" in shown.part("html")
    assert "Ann Reyes changed the priority" in shown.part("html")


def test_tickets_of_an_agent_who_left_are_listed_and_say_so(bench):
    """Else nobody finds what nobody works on."""
    fewer = re.sub(r"\[agent\.bob\].*?(?=\[agent\.vera\])", "", CONFIG, flags=re.DOTALL).replace(', "bob"]', "]")
    bench.configure(fewer)
    text = listed(bench, "#list elliot", "#list bob")
    assert "There is no list “bob”" in text, "Ann does not see them"
    bench.db.run("UPDATE ticket SET department = 'Support'")
    text = listed(bench, "#list BOB")
    assert ("Open tickets of BOB (left) (1)" in text, numbers(text)) == (True, [1005])
    assert "assigned to bob (left)" in text


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("#resolve", "#list"), [1002, 1003]),
        (("#list", "#resolve"), [1002, 1003]),
        (("#resolve", "#list resolved"), [1001]),
        (("#claim", "#list mine"), [1001]),
        (("#claim", "#list elliot"), []),
        (("#release", "#list unassigned"), [1001, 1003]),
        (("#assign Online", "#list Online"), [1002, 1001]),
        (("#due 1h", "#list today"), [1001, 1002]),
        (("#due 9d", "#list"), [1002, 1003, 1001]),
        (("#requester sam@other.example", "#list sam@other.example"), [1001, 1003]),
        (("#transfer Maintenance", "#list Support"), [1002, 1003]),
        (("#transfer Maintenance", "#list Maintenance"), [1001]),
        (("#transfer Systems", "#release", "#list Systems"), []),
        (("#merge 1003", "#list"), [1002, 1003]),
        (("#tag urgent", "#search One"), [1001]),
    ],
)
def test_a_list_tells_of_tickets_as_the_other_commands_of_its_mail_leave_them(bench, lines, expected):
    _, _, rows = listed(bench, *lines).partition(" (")  # the title ends with their count
    assert numbers(rows) == expected


def test_a_list_beside_new_holds_the_new_ticket(bench):
    mails = bench.send(ANN, "#new sam@other.example\n#claim\n#list mine\n\nA call.", answers=bench.alert)
    assert numbers(next(mail for mail in mails if mail.kind == "answer").text.partition("\n-----")[0]) == [1006]


def test_the_list_of_bans_tells_of_them_as_the_other_commands_of_its_mail_leave_them(bench):
    assert "y@x.example" in listed(bench, "#ban y@x.example", "#bans").partition("Banned")[2]
    assert "Nobody is banned" in listed(bench, "#bans", "#unban y@x.example")
