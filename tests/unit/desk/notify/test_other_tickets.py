"""An alert lists the requester's other open tickets, and a tap merges them."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from tests.desk import CONFIG, KAREN, Bench, to

ELLIOT, ANN, BOB, VERA = "elliot@bank.example", "ann@bank.example", "bob@bank.example", "vera@bank.example"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, CONFIG)
    made.send(KAREN, "The printer smokes.", subject="Printer")
    return made


def link(mail, label):
    found = re.search(rf"{re.escape(label)}: mailto:(\S+?)\?subject=(\S+?)&body=(\S+)", mail.text)
    assert found, mail.text
    return found[1], unquote(found[2]), unquote(found[3]).replace("\r\n", "\n")


def test_a_new_ticket_comes_with_the_others_and_a_tap_merges_it(bench):
    alert = to(bench.send(KAREN, "It still smokes.", subject="Printer again"), ELLIOT)
    assert "Other open tickets of Karen Client" in alert.text
    assert "[#1001] Printer\n    open, assigned to nobody, opened Fri 20 Nov 2026" in alert.text
    address, subject, body = link(alert, "Merge into [#1001]")
    assert body == "#merge 1001\n#end\n"
    bench.send(ELLIOT, body + "\nElliot", subject=subject, to=unquote(address))
    assert bench.ticket(1002).merged_into == 1001


def test_later_alerts_list_them_too_and_no_longer_once_they_ended_or_were_merged(bench):
    mails = bench.send(KAREN, "Screen is dark.", subject="Screen")
    ack, alert = (next(m for m in mails if m.kind == kind) for kind in ("acknowledgement", "new-ticket"))
    assert "[#1001] Printer" in to(bench.send(KAREN, "Very dark.", answers=ack), ELLIOT).text
    bench.send(ELLIOT, "#merge 1002", answers=to([m for m in bench.sent() if m.ticket == 1001], ELLIOT))
    assert "[#1001] Printer" not in to(bench.send(KAREN, "Darker.", answers=ack), ELLIOT).text.partition("Earlier")[0]
    bench.send(KAREN, "Third.", subject="Third")
    bench.send(ELLIOT, "#quiet\n#resolved", answers=alert)
    assert "Screen" not in to(bench.send(KAREN, "Fourth.", subject="Fourth"), ELLIOT).text


def test_nobody_is_told_of_a_ticket_that_they_do_not_see(bench):
    mails = bench.send(KAREN, "All is down.", subject="Outage", to="outages@bank.example")
    assert "Printer" not in to(mails, BOB).text
    assert "Outage" not in to(bench.send(KAREN, "Hm.", subject="Hm"), ELLIOT).text


def test_who_may_not_merge_gets_no_link(bench):
    bench.send(KAREN, "All is down.", subject="Outage", to="outages@bank.example")
    mails = bench.send(KAREN, "More is down.", subject="More", to="outages@bank.example")
    assert "Merge into [#1002]" in to(mails, BOB).text
    assert "[#1002] Outage" in to(mails, VERA).text
    assert "Merge into" not in to(mails, VERA).text


@pytest.fixture
def secret(tmp_path):
    config = CONFIG.replace(
        '[department."Systems Administrators"]\n', '[department."Systems Administrators"]\nconfidential = true\n'
    )
    made = Bench(tmp_path, config)
    made.send(KAREN, "My boss steals.", subject="About my boss", to="outages@bank.example")
    return made


def test_a_confidential_ticket_is_listed_to_members_alone_and_without_its_subject(secret):
    alert = to(secret.send(KAREN, "The printer smokes.", subject="Printer"), ELLIOT)
    assert "1001" not in alert.everything
    mails = secret.send(KAREN, "And more.", subject="More", to="outages@bank.example")
    assert "About my boss" not in to(mails, BOB).everything
    assert "Printer" not in to(mails, BOB).everything


def test_a_confidential_ticket_is_not_merged_into_another_department(secret):
    alert = to(secret.send(KAREN, "The printer smokes.", subject="Printer"), ELLIOT)
    secret.send(ELLIOT, "#transfer Support\n#assign bob", answers=alert)
    (mine,) = [mail for mail in secret.sent() if mail.to == BOB and mail.ticket == 1002]
    mail = to(secret.send(BOB, "#merge 1001", answers=mine), BOB)
    assert "can only be merged within its department" in " ".join(mail.text.split())


def test_requesters_and_collaborators_read_nothing_of_the_list(bench):
    mails = bench.send(KAREN, "It still smokes.", subject="Again", cc="zoe@client.example")
    bench.send(ELLIOT, "We come.", answers=to(mails, ELLIOT))
    for mail in bench.sent():
        if "bank.example" not in mail.to and mail.ticket == 1002:
            assert "Other open" not in mail.everything
            assert "1001" not in mail.everything


def test_the_subject_of_another_ticket_is_not_pasted_to_a_collaborator(tmp_path):
    bench = Bench(tmp_path, CONFIG)
    bench.send(KAREN, "Please.", subject="My salary has not come for three months now")
    alert = to(bench.send(KAREN, "It smokes.", subject="Printer", cc="zoe@client.example"), ELLIOT)
    mails = bench.send(ELLIOT, "Is it about: My salary has not come for three months now?", answers=alert)
    assert [mail.to for mail in mails] == [ELLIOT]
    bench.db.close()
