"""A desk restored from an older copy: what the lost time sent out works no ticket of the time since.

Every test plays: ticket 1001, a copy, the lost ticket 1002 of Karen's, the copy put back, another ticket 1002 of
Mallory's. Then answers to mail of the lost time come in.
"""

from __future__ import annotations

import re
import sqlite3

import pytest

from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, outside, to

pytestmark = pytest.mark.sqlite

MALLORY = "Mallory Other <mallory@elsewhere.example>"
SECRET_WORDS = "Dear Karen, your account number is 4711."
TRUSTING = CONFIG + '\n[trust]\nagents = ["reply-key", "dmarc"]\ndomains = ["bank.example"]\n'
DMARC = {
    "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example",
    "DKIM-Signature": "v=1; a=rsa-sha256; d=bank.example; h=from:subject; b=x",
}


class Restored:
    """A bench that lost its ticket 1002; `lost` are the mails that were sent about it."""

    def __init__(self, folder, config=CONFIG):
        self.bench = Bench(folder, config)
        self.first = self.bench.send(KAREN, "The printer is broken.", subject="Printer")
        copy = sqlite3.connect(":memory:")
        self.bench.db._connection.backup(copy)
        self.lost = self.bench.send(KAREN, "What is my account number?", subject="Account")
        assert [mail.ticket for mail in self.lost] == [1002] * len(self.lost)
        copy.backup(self.bench.db._connection)
        copy.close()
        self.bench.seen = max(row[0] for row in self.bench.db.all("SELECT id FROM outbox"))
        self.since = self.bench.send(MALLORY, "I like your bank.", subject="Praise")
        assert self.bench.ticket(1002).requester.email == "mallory@elsewhere.example"

    def untouched(self):
        """Mallory's ticket is as it was, and nothing was sent to them."""
        assert self.bench.thread(1002) == [("message", "I like your bank.")]
        assert "account" not in "".join(mail.everything for mail in self.bench.sent() if "elsewhere" in mail.to)
        assert self.bench.ticket(1002).participants == {"mallory@elsewhere.example"}
        assert self.bench.kinds(1002)[:2] == ["opened", "routed"]
        assert {"message", "replied", "noted", "cc-changed", "bounced"}.isdisjoint(self.bench.kinds(1002))


@pytest.fixture
def desk(tmp_path):
    return Restored(tmp_path)


def answer_to(desk, mail, **more):
    return desk.bench.send(ELLIOT, SECRET_WORDS, answers=mail, **more)


def told_to_write_anew(sent):
    (mail,) = sent
    assert (mail.kind, mail.to, mail.ticket) == ("command-failed", "elliot@bank.example", None)
    assert "restored from an older copy" in mail.text
    assert "Please write anew" in mail.text
    assert SECRET_WORDS in mail.text
    return True


# ── agents ──────────────────────────────────────────────────────────────────────────────


def test_an_answer_to_a_lost_alert_reaches_nobody(desk):
    assert told_to_write_anew(answer_to(desk, to(desk.lost, "elliot@bank.example")))
    assert desk.bench.last()["reason"] == "not-remembered"
    desk.untouched()


def test_nor_with_the_key_in_the_address_alone(desk):
    alert = to(desk.lost, "elliot@bank.example")
    assert told_to_write_anew(desk.bench.send(ELLIOT, SECRET_WORDS, to=alert.reply_to, subject=alert.subject))
    desk.untouched()


def test_nor_with_the_key_in_a_line_alone(desk):
    key = to(desk.lost, "elliot@bank.example").message_id.strip("<>").partition("@")[0]
    sent = desk.bench.send(ELLIOT, f"{SECRET_WORDS}\n\nRef: {key}", subject="[#1002] Account")
    assert [(mail.kind, mail.to) for mail in sent] == [("command-failed", "elliot@bank.example")]
    desk.untouched()


def test_nor_with_commands(desk):
    sent = desk.bench.send(ELLIOT, f"#reply\n#close\n{SECRET_WORDS}", answers=to(desk.lost, "elliot@bank.example"))
    assert [(mail.kind, mail.to) for mail in sent] == [("command-failed", "elliot@bank.example")]
    assert desk.bench.ticket(1002).status.value == "open"
    desk.untouched()


def test_nor_by_a_passed_dmarc(tmp_path):
    desk = Restored(tmp_path, TRUSTING)
    alert = to(desk.lost, "elliot@bank.example")
    assert told_to_write_anew(answer_to(desk, alert, headers=DMARC, authserv_ids=("mx.bank.example",)))
    desk.untouched()


def test_an_older_alert_of_the_ticket_does_not_prove_an_answer_to_a_lost_one(tmp_path):
    """What the lost one was, public or a note, is not known: the older key would make a note public."""
    bench = Bench(tmp_path)
    alert = to(bench.send(KAREN, "Down.", subject="Printer"), "elliot@bank.example")
    note = to(bench.send(ANN, "#note elliot\nIs she on the list?", answers=alert_to_ann(bench)), "elliot@bank.example")
    bench.db.run("UPDATE outbox SET message_id = '<lost@x>', cause = 'lost' WHERE message_id = ?", [note.message_id])
    sent = bench.send(ELLIOT, "Yes, a bad payer.", answers=note, headers={})
    assert alert.message_id in str(note.message["References"])
    assert [(mail.kind, mail.to) for mail in sent] == [("command-failed", "elliot@bank.example")]
    assert outside(sent) == []


def alert_to_ann(bench):
    return to([mail for mail in bench.sent() if mail.kind == "new-ticket"], "ann@bank.example")


def test_a_failed_dmarc_is_answered_by_nothing(tmp_path):
    desk = Restored(tmp_path, TRUSTING)
    failed = {"Authentication-Results": "mx.bank.example; dmarc=fail header.from=bank.example"}
    alert = to(desk.lost, "elliot@bank.example")
    assert answer_to(desk, alert, headers=failed, authserv_ids=("mx.bank.example",)) == []
    assert (desk.bench.last()["state"], desk.bench.last()["reason"]) == ("quarantined", "not-remembered")
    desk.untouched()


def test_a_lost_mail_that_an_agent_forwards_names_no_ticket(desk):
    inner = to(desk.lost, "karen@client.example").data
    alert = to(desk.since, "elliot@bank.example")
    desk.bench.send(ELLIOT, "#new Karen\nSee below.", subject="Fwd", files=(("mail.eml", "message/rfc822", inner),))
    desk.bench.send(ELLIOT, "See this.", subject="Fwd", files=(("mail.eml", "message/rfc822", inner),), headers={})
    assert alert.ticket == 1002
    desk.untouched()


def test_what_is_remembered_works_as_ever(desk):
    sent = desk.bench.send(ELLIOT, "Turn it off and on.", answers=to(desk.first, "elliot@bank.example"))
    assert to(sent, "karen@client.example").ticket == 1001
    sent = desk.bench.send(ELLIOT, "Thank you!", answers=to(desk.since, "elliot@bank.example"))
    assert to(sent, "mallory@elsewhere.example").ticket == 1002


# ── requesters ──────────────────────────────────────────────────────────────────────────


def test_a_lost_requesters_answer_is_a_new_ticket(desk):
    sent = desk.bench.send(KAREN, "It is about my account.", answers=to(desk.lost, "karen@client.example"))
    assert to(sent, "karen@client.example").kind == "acknowledgement"
    assert desk.bench.last()["reason"] == "not-remembered"
    assert desk.bench.ticket(1003).requester.email == "karen@client.example"
    assert "does not know: the desk was restored" in to(sent, "elliot@bank.example").text
    desk.untouched()


def test_also_by_the_anchor_alone_and_from_the_requester_of_the_new_ticket(desk):
    """Mallory was in Cc of the lost one: their answer to it is none to their own ticket of that number."""
    anchor = str(to(desk.lost, "karen@client.example").message["References"]).split()[0]
    desk.bench.send(MALLORY, "About account.", subject="Re: [#1002] Account", headers={"References": anchor})
    assert desk.bench.numbers() == [1001, 1002, 1003]
    desk.untouched()


def test_a_known_anchor_goes_on_threading(desk):
    lost = to(desk.lost, "karen@client.example").message_id
    anchor = str(to(desk.first, "karen@client.example").message["References"]).split()[0]
    desk.bench.send(KAREN, "Still broken.", subject="Re: Printer", headers={"References": f"{anchor} {lost}"})
    assert desk.bench.thread(1001)[-1] == ("message", "Still broken.")


def test_a_rating_of_a_lost_ticket_rates_nothing(desk):
    desk.bench.send(KAREN, "good\n#end", answers=to(desk.lost, "karen@client.example"))
    assert desk.bench.ticket(1002).satisfaction == ""
    desk.untouched()


def test_an_answer_to_a_lost_mail_proves_nobody(desk):
    """Only who answers what was sent to them is shown their own words in an acknowledgement."""
    desk.bench.send(KAREN, "It is about my account.", answers=to(desk.lost, "karen@client.example"))
    assert desk.bench.db.one("SELECT count(*) FROM proven")[0] == 0


# ── machines ────────────────────────────────────────────────────────────────────────────


def bounce_of(mail):
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@bank.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nIt could not be delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {mail.to}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {mail.message_id}\r\n\r\n--b--\r\n"
    ).encode()


def test_a_bounce_of_a_lost_mail_is_no_event_and_makes_no_address_dead(desk):
    desk.bench.accept(bounce_of(to(desk.lost, "karen@client.example")), envelope_from="")
    desk.bench.drain()
    assert desk.bench.last()["reason"] == "bounce-unmatched"
    assert desk.bench.db.one("SELECT count(*) FROM dead_address")[0] == 0
    desk.untouched()
    desk.bench.accept(bounce_of(to(desk.first, "karen@client.example")), envelope_from="")
    desk.bench.drain()
    assert "bounced" in desk.bench.kinds(1001)


def test_a_lost_mail_that_comes_back_is_a_loop(desk):
    desk.bench.accept(to(desk.lost, "karen@client.example").data)
    desk.bench.drain()
    assert desk.bench.last()["reason"] == "own-message-id"
    desk.untouched()


# ── numbers ─────────────────────────────────────────────────────────────────────────────


def lose(desk, count):
    """More tickets of the lost time, each of whose mails is returned."""
    numbers = range(1003, 1003 + count)
    return [
        desk.bench.desk.keyring.notice_id(n, "karen@client.example", "acknowledgement", "x", desk.bench.now.date())
        for n in numbers
    ]


def test_numbers_go_on_behind_the_highest_ever_seen(desk):
    seen = lose(desk, 7)[-1]
    desk.bench.send(KAREN, "Hello?", subject="Re: hello", headers={"In-Reply-To": seen})
    assert desk.bench.numbers() == [1001, 1002, 1010]
    desk.bench.send(KAREN, "And now something new.", subject="New")
    assert desk.bench.numbers() == [1001, 1002, 1010, 1011]


@pytest.mark.parametrize("how", ["agent", "bounce", "loop", "auto-reply"])
def test_also_where_the_mail_that_shows_it_opens_nothing(desk, how):
    seen = lose(desk, 7)[-1]
    bench = desk.bench
    if how == "agent":
        bench.send(ELLIOT, "Done.", subject="x", headers={"In-Reply-To": seen})
    elif how == "bounce":
        mail = to(desk.lost, "karen@client.example")
        bench.accept(bounce_of(mail).replace(mail.message_id.encode(), seen.encode()), envelope_from="")
    elif how == "loop":
        mail = to(desk.lost, "karen@client.example")
        bench.accept(mail.data.replace(mail.message_id.encode(), seen.encode()))
    else:
        bench.send(KAREN, "Away.", subject="x", headers={"In-Reply-To": seen, "Auto-Submitted": "auto-replied"})
    bench.drain()
    assert bench.numbers() == [1001, 1002]
    bench.send(KAREN, "Something new.", subject="New")
    assert bench.numbers() == [1001, 1002, 1010]


def test_a_forged_number_moves_nothing(desk):
    forged = re.sub(r"\.\w+@", f".{'a' * 26}@", lose(desk, 7)[-1])
    desk.bench.send(KAREN, "Hello?", subject="[#5000] hello", headers={"In-Reply-To": forged})
    assert desk.bench.numbers() == [1001, 1002, 1003]


def test_the_same_opening_has_the_same_anchor_again(desk):
    """What an IMAP folder brings once more after a restore is the ticket that it was."""
    lost = str(to(desk.lost, "karen@client.example").message["References"]).split()[0]
    since = str(to(desk.since, "mallory@elsewhere.example").message["References"]).split()[0]
    assert lost != since
    assert lost.startswith("<t.7k.")
    assert since.startswith("<t.7k.")
