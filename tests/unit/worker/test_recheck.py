"""What waits is judged again: with each change of its ticket, and with a new configuration."""

from __future__ import annotations

import pytest

from mailgate.store.queues import outbox
from mailgate.ticket import Assignee
from mailgate.worker import undelivered
from tests.desk import CONFIG, ELLIOT, KAREN, START, Bench, to

QUIET = CONFIG.replace('email = ["ann@bank.example"]', 'email = ["ann@bank.example"]\nquiet = "08:00-20:00"')
# Ann is in Support alone; Maintenance is confidential.
SECRET = (
    QUIET.replace("[department.Maintenance]", "[department.Maintenance]\nconfidential = true")
    .replace('manager = "ann"\npublic = false', "public = false")
    .replace('departments = ["Support", "Maintenance"]', 'departments = ["Support"]')
)
MEMBER = SECRET.replace(
    'departments = ["Support"]\n\n[agent.bob]', 'departments = ["Support", "Maintenance"]\n\n[agent.bob]'
)
RENAMED = SECRET.replace("[agent.ann]", '[agent.annie]\nwas = ["ann"]')
for place in ('manager = "{}"', 'lead = "{}"'):
    RENAMED = RENAMED.replace(place.format("ann"), place.format("annie"))
ANN_, ELLIOT_, KAREN_ = "ann@bank.example", "elliot@bank.example", "karen@client.example"


def waiting(bench: Bench, address: str = ANN_) -> list[str]:
    rows = bench.db.all("SELECT kind FROM outbox WHERE state = 'queued' AND recipient = ? ORDER BY id", [address])
    return [row["kind"] for row in rows]


def why(bench: Bench, address: str = ANN_) -> list[str]:
    sql = "SELECT text FROM trace WHERE step = 'withdrawn' AND address = ? ORDER BY id"
    return [row["text"] for row in bench.db.all(sql, [address])]


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path, SECRET)


@pytest.fixture
def alert(bench):
    mails = bench.send(KAREN, "My salary is wrong.")
    assert waiting(bench) == ["new-ticket"]
    return to(mails, ELLIOT_)


def test_an_alert_is_withdrawn_from_who_does_not_see_the_ticket_any_more(bench, alert):
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert "new-ticket" not in waiting(bench)
    assert why(bench) == ["new-ticket not sent: its reader does not see the ticket"]


def test_words_of_a_ticket_that_is_confidential_now_go_to_nobody(tmp_path):
    bench = Bench(tmp_path, MEMBER)
    alert = to(bench.send(KAREN, "My salary is wrong."), ELLIOT_)
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert waiting(bench) == ["transferred"]


def test_what_an_alert_names_beside_its_ticket_counts_too(bench, alert):
    bench.send(KAREN, "And the printer.", subject="Printer")
    assert waiting(bench) == ["new-ticket", "new-ticket"], "the second names the first"
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert waiting(bench) == []
    assert why(bench)[1] == "new-ticket not sent: its reader does not see ticket 1001, which it names"


def test_what_an_alert_names_and_its_reader_sees_still_keeps_nothing_back(bench, alert):
    for subject in ("Printer", "Scanner"):  # each names those that came before
        bench.send(KAREN, "And this one, too.", subject=subject)
    names = "SELECT names FROM outbox WHERE recipient = ? AND state = 'queued' ORDER BY id"
    assert [row[0] for row in bench.db.all(names, [ANN_])] == ["[]", "[1001]", "[1001, 1002]"]
    for number in (1001, 1002):
        bench.send(ELLIOT, f"#ticket {number}\n#claim", answers=alert)
        assert bench.ticket(number).assignee == Assignee.agent("elliot")
    assert (why(bench), waiting(bench)) == ([], ["new-ticket"] * 3)
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert waiting(bench) == []
    lines = bench.db.all("SELECT ticket FROM trace WHERE step = 'withdrawn' AND address = ? ORDER BY id", [ANN_])
    assert [row[0] for row in lines] == [1001, 1002, 1003]


def test_what_an_alert_names_goes_to_nobody_once_it_is_confidential(tmp_path):
    """Also not to who sees the ticket there: they may read it, and no mail holds its words."""
    bench = Bench(tmp_path, MEMBER)
    alert = to(bench.send(KAREN, "My salary is wrong."), ELLIOT_)
    bench.send(KAREN, "And the printer.", subject="Printer")
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert waiting(bench) == ["transferred"]
    assert why(bench)[1] == "new-ticket not sent: its reader does not see ticket 1001, which it names"


def test_an_assignment_that_is_over_is_told_to_nobody(bench, alert):
    bench.send(ELLIOT, "#assign ann", answers=alert)
    assert "assigned" in waiting(bench)
    bench.send(ELLIOT, "#assign me", answers=alert)
    assert "assigned" not in waiting(bench)
    assert "the ticket is assigned to somebody else" in why(bench)[-1]


def test_a_reminder_of_a_resolved_ticket_is_withdrawn(bench, alert):
    bench.db.run("UPDATE outbox SET kind = 'overdue' WHERE recipient = ? AND state = 'queued'", [ANN_])
    bench.send(ELLIOT, "#resolve", answers=alert)
    assert "overdue" not in waiting(bench)


def test_a_new_message_stays(bench, alert):
    bench.send(KAREN, "Hello?", subject="Re: [#1001] x")
    bench.send(ELLIOT, "#resolve", answers=alert)
    assert waiting(bench)[:2] == ["new-ticket", "new-message"]


def test_spam_and_merged_tickets_are_no_news(bench, alert):
    bench.send(ELLIOT, "#spam", answers=alert)
    assert "new-ticket" not in waiting(bench)


def test_a_closed_ticket_that_turns_out_to_be_spam_is_no_news(bench, alert):
    bench.send(ELLIOT, "#close", answers=alert)
    assert "new-ticket" in waiting(bench)
    bench.send(ELLIOT, "#spam", answers=alert)
    assert why(bench) == ["new-ticket not sent: the ticket is spam"]


def test_a_reply_that_waits_goes_to_nobody_who_is_its_requester_no_more(bench, alert):
    bench.send(ELLIOT, "Your salary is 4711.", answers=alert)
    assert "reply" in waiting(bench, KAREN_)
    bench.send(ELLIOT, "#requester lee@client.example", answers=alert)
    assert "reply" not in waiting(bench, KAREN_)
    assert "reply not sent: its reader is not on the ticket" in why(bench, KAREN_)


def test_what_an_alert_names_beside_its_ticket_counts_with_a_new_configuration_too(tmp_path):
    """Also where no mail about that one waits."""
    bench = Bench(tmp_path, MEMBER.replace("confidential = true", ""))
    alert = to(bench.send(KAREN, "My salary is wrong."), ELLIOT_)
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    bench.db.run("UPDATE outbox SET state = 'sent'")
    bench.send(KAREN, "And the printer.", subject="Printer")
    assert waiting(bench) == ["new-ticket"]
    bench.configure(MEMBER)
    assert why(bench) == ["new-ticket not sent: its reader does not see ticket 1001, which it names"]


def test_mail_to_who_left_the_desk_is_withdrawn_and_that_of_a_renamed_agent_goes(bench, alert):
    bench.configure(RENAMED)
    assert waiting(bench) == ["new-ticket"]
    bench.configure(RENAMED.replace("ann@bank.example", "other@bank.example"))
    assert waiting(bench) == []
    assert why(bench) == ["new-ticket not sent: its reader is no agent at this address"]


def test_a_reply_that_waits_for_the_relay_goes_to_nobody_who_is_off_the_ticket(bench, alert):
    bench.send(ELLIOT, "#cc zoe@elsewhere.example\n\nHello", answers=alert)
    bench.db.run("UPDATE outbox SET next_attempt_at = ? WHERE kind = 'reply'", [START.timestamp() + 9_000_000])
    bench.send(ELLIOT, "#uncc zoe@elsewhere.example", answers=alert)
    assert waiting(bench, "zoe@elsewhere.example") == []
    assert "reply" in waiting(bench, KAREN_)


def test_what_is_due_and_waits_for_the_relay_is_judged_too(bench, alert):
    assert waiting(bench, ELLIOT_) == ["new-ticket"]
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert waiting(bench, ELLIOT_) == ["answer"]
    assert why(bench, ELLIOT_) == ["new-ticket not sent: its reader does not see the ticket"]


def test_what_a_connection_has_in_hand_goes(bench, alert):
    bench.db.run("UPDATE outbox SET state = 'sending' WHERE recipient = ?", [ELLIOT_])
    bench.send(ELLIOT, "#transfer Maintenance", answers=alert)
    assert why(bench, ELLIOT_) == []


# ── a mail about several tickets ────────────────────────────────────────────────────────


@pytest.fixture
def late(tmp_path):
    """Three tickets of Elliot's are overdue, and the relay is down: one mail about them waits."""
    bench = Bench(tmp_path)
    for number in range(3):
        alert = to(bench.send(KAREN, "It does not open.", subject=f"Printer {number}"), ELLIOT_)
        bench.send(ELLIOT, "#claim", answers=alert)
    bench.deliver()
    bench.alert = to(bench.wait(hours=19), ELLIOT_)
    assert bench.alert.subject == "3 tickets are overdue"
    return bench


def queued(bench: Bench) -> list[tuple[str, str]]:
    sql = "SELECT subject, names FROM outbox WHERE state = 'queued' AND recipient = ? AND kind = 'overdue'"
    return [(row["subject"], row["names"]) for row in bench.db.all(sql, [ELLIOT_])]


def test_of_a_mail_about_several_tickets_what_is_over_is_left_out(late):
    late.send(ELLIOT, "#ticket 1002\n#resolve", answers=late.alert)
    assert queued(late) == [("2 tickets are overdue", "[1001, 1003]")]
    late.send(ELLIOT, "#ticket 1001\n#due 3d", answers=late.alert)
    assert queued(late) == [("1 ticket is overdue", "[1003]")]
    (mail,) = [mail for mail in late.sent() if mail.subject == "1 ticket is overdue" and mail.to == ELLIOT_]
    assert mail.message.get_all("X-Mailgate-Ticket") == ["1003"]
    assert "Printer 2" in mail.text
    late.send(ELLIOT, "#ticket 1003\n#close", answers=late.alert)
    assert queued(late) == []
    assert why(late, ELLIOT_) == [
        "overdue not sent: another mail is about #1001, #1003 alone",
        "overdue not sent: another mail is about #1003 alone",
        "overdue not sent: none of its tickets is due any more",
    ]


def test_a_mail_about_several_tickets_that_are_all_due_stays(late):
    late.send(ELLIOT, "#ticket 1002\n#tag portal", answers=late.alert)
    late.configure(CONFIG)
    assert queued(late) == [("3 tickets are overdue", "[1001, 1002, 1003]")]


def test_a_mail_about_several_tickets_that_fails_for_good_is_an_event_on_each(late):
    (row,) = late.db.all("SELECT id FROM outbox WHERE message_id = ?", [late.alert.message_id])
    with late.db.transaction():
        outbox.failed(late.db, [(row["id"], "550 5.1.1 no such user", False, True)])
    assert undelivered.process_failures(late.db, late.desk, late.now) == 1
    for number in (1001, 1002, 1003):
        event = late.events(number)[-1]
        assert (event.kind, event.after["recipient"], event.after["notice"]) == ("notice-failed", ELLIOT_, "overdue")
    told_of = [mail for mail in late.new() if mail.kind == "delivery-failed"]
    assert [mail.to for mail in told_of] == [ANN_]
    assert "It was about #1001, #1002, #1003." in told_of[0].text
    assert undelivered.process_failures(late.db, late.desk, late.now) == 0
