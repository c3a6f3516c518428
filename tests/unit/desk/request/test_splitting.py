"""#split: a message that is about something else becomes a ticket of its own."""

from __future__ import annotations

import re

import pytest

from mailgate.store.tickets import histories, tickets
from tests.desk import CONFIG, KAREN, Bench, outside, to
from tests.replay import untold

ZOE = "Zoe <zoe@client.example>"
ELLIOT, ANN, VERA, BOB = "elliot@bank.example", "ann@bank.example", "vera@bank.example", "bob@bank.example"
PDF = ("invoice.pdf", "application/pdf", b"%PDF-1.4 invoice")


@pytest.fixture
def bench(tmp_path):
    """1001 is Karen's, with a second message that has nothing to do with it and an invoice."""
    made = Bench(tmp_path, CONFIG)
    mails = made.send(KAREN, "My portal does not open.", cc=ZOE)
    made.ack, made.first = (next(m for m in mails if m.kind == kind) for kind in ("acknowledgement", "new-ticket"))
    made.alert = to(made.send(KAREN, "By the way, the invoice is wrong.", answers=made.ack, files=(PDF,)), ELLIOT)
    yield made
    for number in made.numbers():
        assert not untold(made.ticket(number), made.events(number))


def test_the_message_that_is_answered_becomes_a_ticket_with_its_files(bench):
    bench.send(ELLIOT, "#split -- billing", answers=bench.alert)
    one, two = bench.ticket(1001), bench.ticket(1002)
    assert (one.links, two.links) == ((1002,), (1001,))
    assert (two.requester.email, two.status, two.department) == ("karen@client.example", "open", "Support")
    assert [text for _, text in bench.thread(1001)] == ["My portal does not open."]
    (entry,) = tickets.thread(bench.db, 1002)
    assert (entry.text.strip(), [each.name for each in entry.attachments]) == (
        "By the way, the invoice is wrong.",
        ["invoice.pdf"],
    )
    assert (two.created_at, two.waiting_since) == (entry.at, entry.at)
    assert [event.reason for number in (1001, 1002) for event in bench.events(number) if event.kind == "split"] == [
        "billing",
        "billing",
    ]


def test_its_author_hears_the_new_number_and_their_own_words_alone(bench):
    (told,) = outside(bench.send(ELLIOT, "#split", answers=bench.alert))
    assert (told.to, told.kind, told.ticket) == ("karen@client.example", "opened-for-you", 1002)
    assert "By the way, the invoice is wrong." in told.text
    assert "portal" not in told.text.partition("It says")[2]


def test_words_below_it_answer_the_message_in_one_mail(bench):
    (told,) = outside(bench.send(ELLIOT, "#split\n\nI send you a new one.", answers=bench.alert))
    assert (told.kind, told.ticket) == ("reply", 1002)
    assert bench.thread(1002)[-1] == ("reply", "I send you a new one.")
    assert bench.ticket(1002).assignee.name == "elliot", "who answers first has it"
    assert bench.ticket(1001).assignee is None


def test_other_commands_are_for_the_new_ticket(bench):
    bench.send(ELLIOT, "#split\n#transfer Maintenance\n#prio low\n#subject Wrong invoice", answers=bench.alert)
    two = bench.ticket(1002)
    assert (two.department, two.priority, two.subject) == ("Maintenance", "Low", "Wrong invoice")
    assert bench.ticket(1001).department == "Support"


def test_quiet_tells_nobody_outside(bench):
    assert outside(bench.send(ELLIOT, "#quiet\n#split", answers=bench.alert)) == []


def test_agents_hear_of_the_new_ticket_and_the_one_who_split_it_can_go_on_with_it(bench):
    mails = bench.send(ELLIOT, "#split", answers=bench.alert)
    alert = to(mails, ANN)
    assert (alert.kind, alert.ticket) == ("new-ticket", 1002)
    assert "Elliot Alderson split this ticket off #1001" in " ".join(alert.text.split())
    answer = to(mails, ELLIOT)
    assert "Karen Client’s message is now [#1002]." in " ".join(answer.text.split())
    bench.send(ELLIOT, "#prio high", answers=answer)
    assert bench.ticket(1002).priority == "High"


def test_a_collaborators_message_becomes_the_collaborators_ticket_and_shows_them_nothing_else(bench):
    mails = bench.send(ELLIOT, "We look at it, Karen.", answers=bench.first)
    alert = to(bench.send(ZOE, "My phone is broken, too.", answers=to(mails, "zoe@client.example")), ELLIOT)
    (told,) = outside(bench.send(ELLIOT, "#split\n\nBring it to us.", answers=alert))
    assert (told.to, told.ticket) == ("zoe@client.example", 1002)
    assert "portal" not in told.text
    assert bench.ticket(1002).collaborators == ()


def test_internal_words_of_the_old_ticket_stay_inside_the_new_one(bench):
    bench.send(ELLIOT, "#note\n\nThe accounting server loses every second invoice today.", answers=bench.alert)
    text = "#split\n\nThe accounting server loses every second invoice today."
    mails = bench.send(ELLIOT, text, answers=bench.alert)
    assert outside(mails) == []
    assert bench.numbers() == [1001], "all or nothing"
    held = to(mails, ELLIOT)
    assert (held.kind, held.ticket, bench.kinds()[-1]) == ("held", 1001, "held")
    code = re.search(r"#confirm (\w+)", held.text)
    bench.send(ELLIOT, f"#confirm {code[1]}", subject="Yes")
    assert bench.numbers() == [1001, 1002], "sent all the same, it is split off"
    assert bench.thread(1002)[-1][0] == "reply"


def test_who_waited_for_an_answer_to_the_message_waits_on_the_new_ticket(bench):
    bench.send(ELLIOT, "It is being repaired.", answers=bench.first)
    alert = to(bench.send(KAREN, "And the other thing?", answers=bench.ack), ELLIOT)
    last = bench.ticket(1001).waiting_since
    assert last
    bench.send(ELLIOT, "#split", answers=alert)
    assert bench.ticket(1001).waiting_since is None
    assert bench.ticket(1002).waiting_since == last


def test_later_mail_that_answers_the_message_itself_belongs_to_the_new_ticket(bench):
    own = tickets.thread(bench.db, 1001)[1].message_id
    bench.send(ELLIOT, "#split", answers=bench.alert)
    bench.send(KAREN, "As I wrote.", subject="Re: invoice", headers={"In-Reply-To": own})
    assert bench.thread(1002)[-1] == ("message", "As I wrote.")


def test_the_first_message_cannot_go(bench):
    mail = to(bench.send(ELLIOT, "#split", answers=bench.first), ELLIOT)
    assert "This message opened the ticket: without it nothing would be left" in " ".join(mail.text.split())


def test_the_first_message_cannot_go_either_when_an_older_ticket_was_merged_into_it(bench):
    alert = to(bench.send("Lee <lee@third.example>", "Me too.", subject="Younger"), ELLIOT)
    bench.send(ELLIOT, "#merge 1002", answers=bench.first)
    mail = to(bench.send(ELLIOT, "#split", answers=alert), ELLIOT)
    assert "This message opened the ticket" in " ".join(mail.text.split())


def test_without_a_message_it_says_how_to_name_one(bench):
    note = to(bench.send(ELLIOT, "#note\n\nHm.", answers=bench.alert), ANN)
    for text in ("#split", "#split 99"):
        mail = to(bench.send(ANN, text, answers=note), ANN)
        assert "or name it by its id (#show lists them): #split 17" in " ".join(mail.text.split())
    mail = to(bench.send(ANN, "#split it", answers=note), ANN)
    assert "#split takes the id of a message, or nothing" in mail.text
    bench.send(ANN, f"#split {tickets.thread(bench.db, 1001)[1].id}", answers=note)
    assert bench.numbers() == [1001, 1002]


def test_who_may_not_merge_may_not_split(bench):
    mails = bench.send(KAREN, "All is down.", subject="Outage", to="outages@bank.example")
    mails = bench.send(KAREN, "And more.", answers=next(m for m in mails if m.kind == "acknowledgement"))
    mail = to(bench.send(VERA, "#split", answers=to(mails, VERA)), VERA)
    assert "it takes the permission `merge`" in " ".join(mail.text.split())
    assert bench.numbers() == [1001, 1002]


def test_a_split_is_undone_by_a_merge(bench):
    mails = bench.send(ELLIOT, "#split", answers=bench.alert)
    bench.send(ELLIOT, "#merge 1001", answers=to(mails, ELLIOT))
    assert [entry.text.strip() for entry in histories.whole_thread(bench.db, 1001)] == [
        "My portal does not open.",
        "By the way, the invoice is wrong.",
    ]
