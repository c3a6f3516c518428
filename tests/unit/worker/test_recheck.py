"""What waits is judged again: with each change of its ticket, and with a new configuration."""

from __future__ import annotations

import pytest

from tests.desk import ANN, CONFIG, ELLIOT, KAREN, START, Bench, to

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


def why(bench: Bench) -> list[str]:
    return [row["text"] for row in bench.db.all("SELECT text FROM trace WHERE step = 'withdrawn' ORDER BY id")]


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


def test_what_goes_at_once_is_left_alone(bench, alert):
    assert waiting(bench, ELLIOT_) == ["new-ticket"], "its time has come"
    bench.send(ANN, "#transfer Maintenance", answers=alert)
    assert waiting(bench, ELLIOT_)[0] == "new-ticket"
