"""A code and the mail that waits for it: what else may stand beside it, and what has changed on the desk meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailgate.store.queues import inbox
from mailgate.ticket import Actor
from mailgate.worker import batch
from mailgate.worker.explain import document
from mailgate.worker.pipeline import think
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, Sent, to, told
from tests.notices import english

NOTE = "The vendor password is hunter2 and must not leave this house"
REPLY = "It is mended: the vendor password is hunter2 and must be changed."
TWO_ADDRESSES = CONFIG.replace('["ann@bank.example"]', '["ann@bank.example", "reyes@bank.example"]')
RENAMED = CONFIG.replace('"ann"', '"anna"').replace("[agent.ann]\n", '[agent.anna]\nwas = ["ann"]\n')


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, TWO_ADDRESSES)
    made.alerts = {mail.to: mail for mail in made.send(KAREN, "It does not open.")}
    made.send(ELLIOT, f"#note\n\n{NOTE}", answers=made.alerts["elliot@bank.example"])
    return made


def held(bench: Bench, text: str = REPLY, sender: str = ANN) -> Sent:
    (mail,) = bench.send(sender, text, answers=bench.alerts["ann@bank.example"])
    assert mail.kind == "held"
    return mail


def code(mail: Sent) -> str:
    return re.search(r"#confirm (\w{12})", mail.text)[1]


def confirm(bench: Bench, mail: Sent, more: str = "", **how: object) -> list[Sent]:
    return bench.send(ANN, f"#confirm {code(mail)}{more}", answers=mail, **how)


def replies(bench: Bench) -> int:
    return [kind for kind, _ in bench.thread()].count("reply")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("\n#resolve", "#resolve: a code stands alone"),
        ("\n#confirm aaaaaaaaaaaa", "cannot both be done"),
        ("\n#resolv", "did you mean #resolve?"),
        ("\n\nThanks!\n#close", "Commands go on top"),
    ],
)
def test_a_code_stands_alone_and_nothing_is_done_beside_it_by_half(bench, more, why):
    mail = held(bench)
    back = to(confirm(bench, mail, more), "ann@bank.example")
    assert back.kind == "command-failed"
    assert why in back.text
    assert (replies(bench), bench.ticket().status) == (0, "open")
    confirm(bench, mail)
    assert replies(bench) == 1, "the code is still good"


def test_text_below_a_code_is_left_out_with_a_word_and_a_signature_without(bench):
    first, second = held(bench), held(bench, f"Again: {REPLY}")
    assert "Your text below the code was left out." in to(confirm(bench, first, "\n\nPlease."), "ann@bank.example").text
    assert "ann@bank.example" not in {mail.to for mail in confirm(bench, second, "\n\nSent from my iPhone")}
    assert replies(bench) == 2


def test_a_code_in_quoted_words_or_a_machines_mail_sends_nothing(bench):
    mail = held(bench)
    bench.send(ANN, f"#note\n\nOh dear.\n\n> #confirm {code(mail)}", answers=mail)
    confirm(bench, mail, headers={"Auto-Submitted": "auto-replied"})
    confirm(bench, mail, headers={"X-Autoreply": "yes"})
    assert replies(bench) == 0


def test_two_taps_that_wait_together_send_it_once(bench):
    mail = held(bench)
    for _ in range(2):
        bench.accept(bench.write(ANN, f"#confirm {code(mail)}", answers=mail))
    again = to(bench.drain(), "ann@bank.example")
    assert (again.kind, "carried out already" in again.text) == ("answer", True)
    assert replies(bench) == 1
    back = to(confirm(bench, mail, "\n#resolve"), "ann@bank.example")
    assert (back.kind, "#resolve: a code stands alone" in back.text) == ("command-failed", True)


@pytest.mark.parametrize(("hours", "sent"), [(71, 1), (73, 0)])
def test_a_code_is_good_for_three_days_also_before_the_clock_has_looked(bench, hours, sent):
    mail = held(bench)
    bench.now += timedelta(hours=hours)
    confirm(bench, mail)
    assert replies(bench) == sent


def test_a_code_is_good_after_its_agent_has_another_key_and_so_is_the_word_that_nobody_used_it(bench):
    first, second = held(bench), held(bench, f"Again: {REPLY}")
    bench.configure(RENAMED)
    assert to(confirm(bench, first), "karen@client.example").kind == "reply"
    assert bench.events()[-1].by == Actor.agent("anna")
    (word,) = [mail for mail in bench.wait(days=3, minutes=1) if mail.kind == "held"]
    assert word.to == "ann@bank.example"
    assert f"Again: {REPLY}" in word.text
    assert second.message_id != word.message_id


def test_who_is_away_is_away_under_another_key(bench):
    bench.send(ANN, "#away", answers=bench.alerts["ann@bank.example"])
    bench.configure(RENAMED)
    assert "ann@bank.example" not in {mail.to for mail in bench.send(KAREN, "Another.", subject="Another")}
    assert "back" in to(bench.send(ANN, "#back", answers=bench.alerts["ann@bank.example"]), "ann@bank.example").text


@pytest.mark.parametrize("elliots", ["", ', "reyes@bank.example"'])
def test_a_code_sends_nothing_from_an_address_that_is_no_longer_its_agents(bench, elliots):
    """The address went to nobody, or to a colleague: the answer would be theirs."""
    mail = held(bench, sender="Ann Reyes <reyes@bank.example>")
    bench.configure(CONFIG.replace('"elliot@bank.example"]', f'"elliot@bank.example"{elliots}]'))
    back = to(confirm(bench, mail), "ann@bank.example")
    assert back.kind == "command-failed"
    assert "from an address that is no longer yours" in back.text
    assert [kind for kind, _ in bench.thread()] == ["message", "note"]
    (word,) = [each for each in bench.wait(days=3, minutes=1) if each.kind == "held"]
    assert (word.to, REPLY in word.text) == ("ann@bank.example", True)


def test_who_lost_sight_of_the_ticket_sends_nothing_and_hears_nothing_of_it(bench):
    mail = held(bench)
    forgotten = held(bench, f"Again: {REPLY}")
    orders = "#transfer Systems Administrators\n#subject Something new"
    bench.send(ELLIOT, orders, answers=bench.alerts["elliot@bank.example"])
    back = to(confirm(bench, mail), "ann@bank.example")
    (word,) = [each for each in bench.wait(days=3, minutes=1) if each.to == "ann@bank.example"]
    assert forgotten.message_id != word.message_id
    for told_, text in ((back, REPLY), (word, f"Again: {REPLY}")):
        assert text in told_.text, "their own words come back"
        assert "Something new" not in told_.everything
        assert "karen" not in told_.everything.lower()
    assert replies(bench) == 0


def test_who_lost_the_role_has_the_words_back(bench):
    mail = held(bench)
    bench.configure(CONFIG.replace('["Support", "Maintenance"]', '["Support"]\nrole = "View only"'))
    back = to(confirm(bench, mail), "ann@bank.example")
    assert "your role there is View only" in back.text
    assert REPLY in back.text
    assert replies(bench) == 0


def test_an_answer_to_one_requester_never_goes_to_another_who_has_the_ticket_now(bench):
    mail = held(bench)
    bench.send("Joe Other <joe@other.example>", "Mine.", subject="Joe's")
    bench.send(ELLIOT, "#merge 1002\n#quiet", answers=bench.alerts["elliot@bank.example"])
    mails = confirm(bench, mail)
    assert told(mails) == {("command-failed", "ann@bank.example")}
    assert REPLY in mails[0].text


def test_a_held_mail_that_is_retried_waits_for_the_same_code(bench):
    mail = held(bench)
    with bench.db.transaction():
        inbox.retry(bench.db, bench.last()["id"])
    assert bench.drain() == [], "told once"
    confirm(bench, mail)
    assert replies(bench) == 1


def test_a_held_mail_that_the_administrator_dropped_is_never_sent(bench):
    mail = held(bench)
    with bench.db.transaction():
        inbox.drop(bench.db, bench.last()["id"], bench.now)
    assert to(confirm(bench, mail), "ann@bank.example").kind == "answer"
    assert replies(bench) == 0


def test_explain_of_a_code_tells_what_the_mail_that_waits_would_do(bench):
    mail = held(bench, f"#prio high\n\n{REPLY}")
    bench.accept(bench.write(ANN, f"#confirm {code(mail)}", answers=mail))
    (prepared,) = batch.read(batch.claim(bench.db), bench.desk, bench.now)
    verdict = think(bench.db, prepared, bench.desk.context(bench.now))
    found = document(verdict, "a.eml", {0: "the subject"}, bench.config.agents, english)
    assert found["ticket"] == {"number": 1001, "why": "confirmed"}
    assert [command["line"] for command in found["commands"]] == [f"#confirm {code(mail)}", "#prio high"]
    assert {"replied", "priority-changed"} <= {change["kind"] for change in found["changes"]}
    assert found["notices"][0] == {"kind": "reply", "to": "karen@client.example", "subject": "the subject"}


@pytest.mark.parametrize("nobody", ["undisclosed-recipients:;", "(ann@bank.example) undisclosed-recipients:;"])
def test_an_agent_in_sender_alone_proves_nothing_with_a_key_either(bench, nobody):
    """From is what servers authenticate (RFC 6854 5): where it names nobody, Sender only says who wrote."""
    sender = {"Sender": "ann@bank.example"}
    mails = bench.send(nobody, "#close", answers=bench.alerts["ann@bank.example"], headers=sender)
    assert told(mails) == {("confirm", "ann@bank.example")}
    assert bench.ticket().status == "open"
