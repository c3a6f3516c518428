"""#spam, #ban, #unban: nobody answers a spammer, and nobody bans the desk."""

from __future__ import annotations

import json

import pytest

from mailgate.store.queues import inbox, quarantine
from tests.desk import CONFIG, KAREN, Bench, to
from tests.replay import derived

SPAMMER = "Rich Prince <prince@spam.example>"
ELLIOT, ANN, VERA = "elliot@bank.example", "ann@bank.example", "vera@bank.example"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path, CONFIG + '[notices]\nstatus_changes = ["resolved", "closed", "reopened"]\n')
    made.alert = to(made.send(SPAMMER, "I have ten millions for you.", subject="Money"), ELLIOT)
    return made


def queued(bench):
    return [(each.state, each.reason, each.from_) for each in inbox.aside(bench.db)]


def test_spam_closes_and_its_sender_hears_nothing(bench):
    mails = bench.send(ELLIOT, "#spam -- the prince again", answers=bench.alert)
    assert {mail.to for mail in mails} <= {ELLIOT, ANN}
    ticket = bench.ticket()
    assert (ticket.status, ticket.spam) == ("closed", True)
    assert bench.kinds()[-2:] == ["status-changed", "spam-marked"]
    assert derived(bench.events())["spam"]
    answer = to(mails, ELLIOT)
    assert "Closed as spam; the requester gets no notice." in answer.text
    assert "#spam" not in answer.text.partition("Note:")[2], "it is spam already: no link"


def test_every_alert_has_the_links_of_the_contract(bench):
    for label in ("Claim", "Note", "Resolve", "Close", "Spam"):
        assert f"] {label}: mailto:" in bench.alert.text
    assert "body=%23spam%0D%0A%23end" in bench.alert.text


def test_words_below_spam_stay_inside(bench):
    mails = bench.send(ELLIOT, "#spam\n\nSame as last week.", answers=bench.alert)
    assert not [mail for mail in mails if mail.to == "prince@spam.example"]
    assert bench.thread()[-1] == ("note", "Same as last week.")


def test_spam_is_not_answered_even_when_asked_to(bench):
    mail = to(bench.send(ELLIOT, "#spam\n#reply\n\nGo away.", answers=bench.alert), ELLIOT)
    assert "spam is not answered" in mail.text
    assert bench.ticket().status == "open"


def test_any_other_status_takes_the_mark_away(bench):
    bench.send(ELLIOT, "#spam", answers=bench.alert)
    bench.send(ELLIOT, "#spam", answers=bench.alert)
    assert bench.kinds().count("spam-marked") == 1
    bench.send(ELLIOT, "#quiet\n#reopen", answers=bench.alert)
    assert not bench.ticket().spam
    assert not derived(bench.events())["spam"]


def test_what_is_closed_already_can_still_be_marked(bench):
    bench.send(ELLIOT, "#quiet\n#close", answers=bench.alert)
    bench.send(ELLIOT, "#spam", answers=bench.alert)
    assert bench.ticket().spam


def test_spam_is_no_ban(bench):
    bench.send(ELLIOT, "#spam", answers=bench.alert)
    assert bench.send(SPAMMER, "Twenty millions!", subject="More money")
    assert bench.numbers() == [1001, 1002]


def test_mail_of_who_is_banned_goes_aside_unanswered_and_can_be_taken_up_again(bench):
    bench.send(ELLIOT, "#ban prince@spam.example -- every day", answers=bench.alert)
    assert bench.kinds()[-1] == "banned"
    assert bench.send("prince@SPAM.example", "Again.", subject="Money") == []
    assert queued(bench) == [("quarantined", "banned", "prince@spam.example")]
    (end,) = [line for line in bench.way() if line.startswith("quarantined")]
    assert "banned prince@spam.example is banned since 2026-11-20 by Elliot Alderson: every day; #unban ends it" in end
    assert quarantine.troubles(bench.db) == 0, "the desk is well"
    bench.send(ELLIOT, "#unban prince@spam.example", answers=bench.alert)
    assert bench.kinds()[-1] == "unbanned"
    inbox.retry(bench.db, inbox.aside(bench.db)[0].id)
    assert bench.drain()
    assert bench.numbers() == [1001, 1002]


def test_a_domain_covers_everybody_there_and_nobody_below_it(bench):
    bench.send(ELLIOT, "#ban @Spam.Example", answers=bench.alert)
    assert bench.send("other@spam.example", "Buy.", subject="Now") == []
    assert bench.send("other@mail.spam.example", "Buy.", subject="Now")
    assert bench.send("other@notspam.example", "Buy.", subject="Then")


def test_a_banned_answer_to_a_ticket_of_theirs_is_kept_out_as_well(bench):
    bench.send(ELLIOT, "#ban @spam.example", answers=bench.alert)
    before = bench.thread()
    assert bench.send(SPAMMER, "Please.", subject="Re: [#1001] Money") == []
    assert bench.thread() == before


def test_a_machine_of_who_is_banned_is_silent_too(bench):
    bench.send(ELLIOT, "#ban @spam.example", answers=bench.alert)
    headers = {"Auto-Submitted": "auto-replied"}
    bench.send(SPAMMER, "I am away.", subject="Re: [#1001] Money", headers=headers)
    assert queued(bench)[-1][1] == "banned"


def test_their_bytes_are_forgotten_like_those_of_worked_mail(bench):
    bench.send(ELLIOT, "#ban @spam.example", answers=bench.alert)
    bench.send(SPAMMER, "Again.", subject="Money")
    assert inbox.forget_raw(bench.db, bench.now.replace(year=2028), 10) == 3


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("elliot@bank.example", "elliot@bank.example is an agent’s address"),
        ("support@bank.example", "support@bank.example is an address of the desk"),
        ("support+x@bank.example", "support+x@bank.example is an address of the desk"),
        ("root@ops.example", "root@ops.example is the administrator’s address"),
        ("@ops.example", "@ops.example covers root@ops.example, the administrator’s address"),
        ("@bank.example", "@bank.example covers "),
        ("prince", "“prince” is not an address"),
        ("@nowhere", "“@nowhere” is not a domain"),
        ("@*.example", "“@*.example” is not a domain"),
        ("@.mass.example", "“@.mass.example” is not a domain"),
        ("@mass..example", "“@mass..example” is not a domain"),
        ("a@x.example b@x.example", "one address or @domain a line"),
    ],
)
def test_what_cannot_be_banned_is_returned_with_why(bench, what, why):
    mail = to(bench.send(ELLIOT, f"#ban {what}", answers=bench.alert), ELLIOT)
    assert mail.kind == "command-failed"
    assert why in " ".join(mail.text.split())


def test_ban_and_unban_of_one_in_a_mail_is_returned(bench):
    (mail,) = bench.send(ELLIOT, "#unban a@mass.example\n#ban A@mass.example\n#ban b@mass.example", answers=bench.alert)
    assert "#ban a@mass.example and #unban a@mass.example cannot both be done" in " ".join(mail.text.split())
    assert not bench.db.all("SELECT * FROM ban")


def test_a_slip_in_unban_is_returned(bench):
    bench.send(ELLIOT, "#ban @spam.example", answers=bench.alert)
    mail = to(bench.send(ELLIOT, "#unban prince@spam.example", answers=bench.alert), ELLIOT)
    assert "prince@spam.example is not banned; @spam.example is" in mail.text
    mail = to(bench.send(ELLIOT, "#unban @spma.example", answers=bench.alert), ELLIOT)
    assert (mail.kind, "@spma.example is not banned; @spam.example is" in mail.text) == ("command-failed", True)


def test_who_is_not_banned_is_unbanned_already(bench):
    bench.send(ELLIOT, "#ban @spam.example", answers=bench.alert)
    for pattern in ("@spam.example", "@other.example"):
        bench.send(ELLIOT, f"#unban {pattern}", answers=bench.alert)
        mail = to(bench.send(ELLIOT, f"#unban {pattern}", answers=bench.alert), ELLIOT)
        assert (mail.kind, f"{pattern} was not banned." in mail.text) == ("answer", True)
    assert bench.kinds().count("unbanned") == 1


def test_ban_alone_lists_who_is_banned(bench):
    assert "Nobody is banned." in to(bench.send(ELLIOT, "#ban", answers=bench.alert), ELLIOT).text
    bench.send(ELLIOT, "#ban @spam.example -- every day", answers=bench.alert)
    assert "was banned already" in to(bench.send(ELLIOT, "#ban @spam.example", answers=bench.alert), ELLIOT).text
    assert bench.kinds().count("banned") == 1
    listed = to(bench.send(ELLIOT, "#bans", answers=bench.alert), ELLIOT).text
    assert "@spam.example  Elliot Alderson  Fri 20 Nov 2026  every day" in listed


def test_an_agent_who_was_banned_before_they_came_is_heard(bench):
    bench.send(ELLIOT, "#ban new@client.example", answers=bench.alert)
    bench.configure(
        CONFIG.replace('email = ["elliot@bank.example"]', f"email = {json.dumps([ELLIOT, 'new@client.example'])}")
    )
    assert bench.send("new@client.example", "It is me.", subject="Hello")


# ── without a ticket ────────────────────────────────────────────────────────────────────

PROVEN = {
    "headers": {
        "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example",
        "DKIM-Signature": "v=1; d=bank.example; h=from:subject; b=x",
    },
    "authserv_ids": ("mx.bank.example",),
}
TRUSTED = CONFIG + '[trust]\ndomains = ["bank.example"]\n'


def fresh(bench: Bench, text: str, sender: str = ELLIOT):
    """A mail of an agent's that answers nothing."""
    (mail,) = bench.send(sender, text, subject="Bans", **PROVEN)
    assert mail.to == sender
    return mail


def test_a_ban_needs_no_ticket(bench):
    bench.configure(TRUSTED)
    before = bench.kinds()
    mail = fresh(bench, "#ban @spam.example -- every day\n#ban a@b.example\n\nBye.")
    assert (mail.kind, mail.ticket) == ("answer", None)
    assert "@spam.example is banned: mail from there goes to quarantine." in mail.text
    assert "a@b.example is banned" in mail.text
    assert "your text below the commands was left out" in mail.text
    assert "@spam.example  Elliot Alderson  Fri 20 Nov 2026  every day" in fresh(bench, "#bans").text
    assert bench.send(SPAMMER, "Again.", subject="Money") == []
    assert queued(bench)[-1][1] == "banned"
    mail = fresh(bench, "#unban @spam.example\n#list")
    assert "@spam.example is no longer banned." in mail.text
    assert "Money" in mail.text, "the list that was asked for"
    assert bench.send(SPAMMER, "Again, again.", subject="Money")
    assert bench.kinds() == before
    assert "@bank.example covers" in fresh(bench, "#ban @bank.example").text


def test_a_ban_without_a_ticket_takes_the_permission_in_any_department_and_of_a_ticket_in_its_own(bench):
    both = 'departments = { "Systems Administrators" = "View only", Support = "All Access" }'
    bench.configure(TRUSTED.replace('role = "View only"\ndepartments = ["Systems Administrators"]', both))
    assert "is banned" in fresh(bench, "#ban a@b.example", VERA).text
    alert = to(bench.send(KAREN, "Fire!", to="outages@bank.example", subject="Fire"), VERA)
    refused = to(bench.send(VERA, "#ban c@b.example", answers=alert, **PROVEN), VERA)
    assert "in Systems Administrators: your role there is View only" in " ".join(refused.text.split())
    bench.configure(TRUSTED)
    mail = fresh(bench, "#ban c@d.example", VERA)
    assert mail.kind == "command-failed"
    assert "in none of your departments your role has the permission `spam`" in " ".join(mail.text.split())


def test_a_ban_beside_what_is_for_a_ticket_asks_for_the_ticket(bench):
    bench.configure(TRUSTED)
    mail = fresh(bench, "#ban a@b.example\n#close")
    assert (mail.kind, "#ticket NUMBER" in mail.text) == ("command-failed", True)
    assert "Nobody is banned." in fresh(bench, "#bans").text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#away until 2026-12-01", "You are away until"),
        ("#back", "You are not away"),
        ("#list", "Money"),
        ("#search millions", "Money"),
        ("#report 30d", "opened"),
        ("#help", "#assign"),
        ("#bans", "Nobody is banned"),
        ("#show 1001", "ten millions"),
    ],
)
def test_what_is_about_no_ticket_is_answered_without_one(bench, text, found):
    bench.configure(TRUSTED)
    mail = fresh(bench, text)
    assert mail.kind in ("answer", "report")
    assert found in mail.everything


@pytest.mark.parametrize("text", ["#ban spam@mass.example", "#away until 2026-12-01"])
def test_a_report_asked_for_beside_what_is_about_no_ticket_comes_as_well(bench, text):
    bench.configure(TRUSTED)
    mails = bench.send(ELLIOT, f"{text}\n#report 7d", subject="Word", **PROVEN)
    assert [mail.kind for mail in mails if mail.to == "elliot@bank.example"] == ["answer", "report"]


def test_a_ticket_for_somebody_needs_no_ticket_either(bench):
    bench.configure(TRUSTED)
    bench.send(ELLIOT, f"#new {KAREN}\n\nShe called.", subject="A call", **PROVEN)
    assert bench.numbers() == [1001, 1002]
