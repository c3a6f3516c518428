"""Later mail on a ticket: of requesters, collaborators and strangers, and automatic mail; on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.reading.parse import parse
from mailgate.ticket import Actor
from tests.desk import CONFIG, ELLIOT, KAREN, Bench, Sent, to, told, with_ticket

FOLLOW = CONFIG + "[notices]\nfollow_up = true\n"


@pytest.fixture
def bench(tmp_path):
    return with_ticket(tmp_path)


def test_an_answer_is_a_message_on_the_ticket(bench):
    mails = bench.send(KAREN, "And now it smokes.", answers=bench.ack)
    assert bench.numbers() == [1001]
    assert told(mails) == {("new-message", "elliot@bank.example"), ("new-message", "ann@bank.example")}
    assert bench.thread()[-1] == ("message", "And now it smokes.")
    assert "And now it smokes." in mails[0].text


def test_an_answer_turns_pending_into_open(bench):
    bench.send(ELLIOT, "#pending", answers=bench.alert)
    bench.send(KAREN, "Here you are.", answers=bench.ack)
    assert bench.ticket().status == "open"
    assert bench.events()[-1].reason in ("answered", "")


@pytest.mark.parametrize("end", ["resolved", "closed"])
def test_an_answer_reopens_and_the_sla_starts_over(bench, end):
    bench.send(ELLIOT, f"#{end}", answers=bench.alert)
    bench.now += timedelta(days=2)
    bench.send(KAREN, "Not at all.", answers=bench.ack)
    ticket = bench.ticket()
    assert (ticket.status, ticket.reopened) == ("open", 1)
    assert ticket.sla_started_at == bench.now
    assert ticket.due_at == bench.now + timedelta(hours=18)
    assert ticket.resolved_at is None
    assert ticket.closed_at is None


def test_too_late_an_answer_opens_a_linked_ticket(bench):
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    bench.now += timedelta(days=31)
    mails = bench.send(KAREN, "It is back.", answers=bench.ack)
    assert bench.numbers() == [1001, 1002]
    assert bench.ticket(1002).links == (1001,)
    assert bench.ticket(1001).status == "closed"
    assert "ended too long ago" in to(mails, "elliot@bank.example").text
    assert bench.last()["reason"] == "too-old-to-reopen"


def test_an_answer_that_came_in_time_reopens_however_late_it_is_worked(bench):
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    arrived = bench.now + timedelta(days=29)
    bench.now += timedelta(days=35)
    bench.send(KAREN, "It is back.", answers=bench.ack, arrived=arrived)
    assert bench.numbers() == [1001]
    assert bench.ticket().sla_started_at == arrived


def test_mail_worked_out_of_order_makes_no_clock_run_backwards(bench):
    early = bench.now + timedelta(minutes=1)
    bench.now += timedelta(hours=1)
    bench.send(ELLIOT, "#pending", answers=bench.alert)
    bench.send(KAREN, "Sent before that.", answers=bench.ack, arrived=early)
    log = [span.since for span in bench.ticket().status_log]
    assert log == sorted(log)


def test_a_collaborators_answer_counts(bench):
    bench.send(ELLIOT, "#resolved", answers=bench.alert)
    reply = to(bench.send(ELLIOT, "#reply\n\nDone, I think.", answers=bench.alert), "jane@client.example")
    bench.send("jane@client.example", "No!", answers=reply)
    assert bench.ticket().status == "open"


def test_a_collaborator_gets_replies_only(bench):
    mails = bench.send(ELLIOT, "#resolved", answers=bench.alert)
    assert ("status-changed", "karen@client.example") in told(mails)
    assert "jane@client.example" not in {mail.to for mail in mails}


def test_who_is_added_by_an_answer_with_a_live_key_is_active_and_by_others_not(bench):
    bench.send(KAREN, "My boss as well.", answers=bench.ack, cc="boss@client.example")
    told = bench.send(KAREN, "And him.", subject="[#1001] Portal is down", cc="him@other.example")
    reply = to(bench.send(ELLIOT, "Hello.", answers=to(told, "elliot@bank.example")), "jane@client.example")
    bench.send("jane@client.example", "And her.", answers=reply, cc="her@client.example, jane@client.example")
    bench.now += timedelta(days=31)
    bench.send(KAREN, "Much later.", answers=bench.ack, cc="late@other.example, near@client.example")
    people = {person.email: person.active for person in bench.ticket().collaborators}
    assert people == {
        "jane@client.example": True,
        "boss@client.example": True,
        "him@other.example": False,
        "her@client.example": False,
        "late@other.example": False,
        "near@client.example": True,
    }
    assert bench.kinds().count("cc-changed") == 4
    mails = bench.send(ELLIOT, "#reply\n\nTo all.", answers=bench.alert, cc="")
    assert {mail.to for mail in mails if mail.kind == "reply"} <= {
        "karen@client.example",
        "jane@client.example",
        "boss@client.example",
        "near@client.example",
    }


def test_a_key_that_others_have_read_or_that_expired_makes_nobody_active(bench):
    bench.send(KAREN, "My boss as well.", answers=bench.ack, cc="boss@elsewhere.example")
    mails = bench.send(KAREN, "And him.", answers=bench.ack, cc="him@elsewhere.example")
    reply = to(bench.send(ELLIOT, "Hello.", answers=to(mails, "elliot@bank.example")), "karen@client.example")
    bench.now += timedelta(days=31)
    bench.send(KAREN, "Much later.", answers=reply, cc="late@elsewhere.example")
    people = {person.email.partition("@")[0]: person.active for person in bench.ticket().collaborators}
    assert people == {"jane": True, "boss": True, "him": False, "late": False}


def test_who_joins_a_ticket_with_a_copy_to_themselves_joins_it_once(tmp_path):
    customer = (
        '[customer.Other]\ndomains = ["other.example"]\npeople = { "eve@other.example" = ["eve@home.example"] }\n'
    )
    bench = Bench(tmp_path, CONFIG + customer + '[tickets]\nstrangers = "collaborator"\n')
    bench.send(KAREN, "Help")
    copies = "eve@other.example, eve@home.example, bob@other.example"
    bench.send("eve@other.example", "What is new?", subject="[#1001] Portal is down", cc=copies)
    assert [each.email for each in bench.ticket().collaborators] == ["eve@other.example", "bob@other.example"]


def test_bulk_mail_on_a_ticket_adds_nobody(bench):
    bench.send(KAREN, "Sent by a list.", answers=bench.ack, cc="all@client.example", headers={"Precedence": "bulk"})
    assert [person.email for person in bench.ticket().collaborators] == ["jane@client.example"]


def test_a_token_from_a_stranger_reads_and_writes_nothing(bench):
    mails = bench.send("eve@evil.example", "What is new?", subject="Re: [#1001] Portal is down")
    assert bench.numbers() == [1001, 1002]
    assert bench.ticket(1002).links == (1001,)
    assert len(bench.thread(1001)) == 1
    assert "its sender is not on that ticket" in to(mails, "elliot@bank.example").text
    assert "1001" not in to(mails, "eve@evil.example").text


def test_a_stranger_may_be_stored_as_an_inactive_collaborator(tmp_path):
    bench = Bench(tmp_path, FOLLOW + '[tickets]\nstrangers = "collaborator"\n')
    bench.send(KAREN, "Help")
    mails = bench.send("eve@evil.example", "What is new?", subject="Re: [#1001] Portal is down")
    assert bench.numbers() == [1001]
    assert [(person.email, person.active) for person in bench.ticket().collaborators] == [("eve@evil.example", False)]
    assert "eve@evil.example" not in {mail.to for mail in mails}
    assert "they get nothing until an agent" in to(mails, "elliot@bank.example").text
    answer = bench.send(KAREN, "More.", subject="Re: [#1001] Portal is down")
    assert "nothing until an agent" not in to(answer, "elliot@bank.example").text, "Karen is on the ticket"


def test_a_requesters_key_from_another_address_is_an_inactive_collaborators_message(tmp_path):
    bench = Bench(tmp_path, FOLLOW)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    mails = bench.send("karen.private@home.example", "It is me.", answers=ack)
    assert bench.numbers() == [1001]
    assert [(p.email, p.active) for p in bench.ticket().collaborators] == [("karen.private@home.example", False)]
    assert {mail.kind for mail in mails} == {"new-message"}, "not even a follow-up-received"


def test_a_token_on_mail_that_failed_dmarc_counts_as_a_strangers(bench):
    failed = {"Authentication-Results": "mx.bank.example; dmarc=fail header.from=client.example"}
    mails = bench.send(KAREN, "x", subject="[#1001]", headers=failed, authserv_ids=("mx.bank.example",))
    assert bench.numbers() == [1001, 1002]
    assert "karen@client.example" not in {mail.to for mail in mails}


def test_follow_ups_are_received_with_words_and_can_be_off_for_a_vendor(tmp_path):
    rule = '[[rule]]\nname = "V"\non = ["message"]\nwhen = { body = "hush" }\nthen = { autoresponse = false }\n'
    bench = Bench(tmp_path, FOLLOW + rule)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    assert ("follow-up-received", "karen@client.example") in told(bench.send(KAREN, "More", answers=ack))
    assert ("follow-up-received", "karen@client.example") not in told(bench.send(KAREN, "hush", answers=ack))


def test_follow_ups_answer_what_a_person_writes_as_long_as_it_is_fresh(tmp_path):
    bench = with_ticket(tmp_path, FOLLOW)
    mails = bench.send(KAREN, "Thank you!", answers=bench.ack, message_id="<thanks@client.example>")
    assert to(mails, "karen@client.example").kind == "follow-up-received"
    assert to(mails, "karen@client.example").message["In-Reply-To"] == "<thanks@client.example>"
    assert "only a thank-you" not in to(mails, "elliot@bank.example").text, "the ticket is open"
    bench.now += timedelta(days=10)
    late = bench.now - timedelta(days=5)
    for text, more in (("By a list", {"headers": {"Precedence": "bulk"}}), ("Long ago", {"arrived": late})):
        mails = bench.send(KAREN, text, answers=bench.ack, **more)
        assert {mail.kind for mail in mails} == {"new-message"}
    bench.send(ELLIOT, "#resolve", answers=bench.alert)
    mails = bench.send(KAREN, "Thank you!", answers=bench.ack)
    assert {mail.kind for mail in mails} == {"new-message"}, "thanks need no answer"


def test_thanks_of_a_machine_are_no_thanks(bench):
    bench.send(ELLIOT, "#resolve", answers=bench.alert)
    mails = bench.send(KAREN, "Thank you!", answers=bench.ack, headers={"Precedence": "bulk"})
    assert "only a thank-you" not in to(mails, "elliot@bank.example").text


def test_rules_on_messages_change_the_ticket_alert_and_drop(tmp_path):
    rules = """
[[rule]]
name = "Urgent"
on = ["message"]
when = { body = "lawyer" }
then = { priority = "Emergency", department = "Systems Administrators", tags = ["legal"], alert = ["agent:ann"] }
[[rule]]
name = "New faces"
on = ["message"]
when = { requester = "new" }
then = { tags = ["new"] }
[[rule]]
name = "Noise"
on = ["message"]
when = { body = "unsubscribe" }
then = { drop = true }
"""
    bench = Bench(tmp_path, CONFIG + rules)
    ack = to(bench.send(KAREN, "Help"), "karen@client.example")
    mails = bench.send(KAREN, "My lawyer will call.", answers=ack)
    ticket = bench.ticket()
    assert (ticket.priority, ticket.department, ticket.tags) == ("Emergency", "Systems Administrators", ("legal",))
    assert {mail.to for mail in mails} == {"bob@bank.example", "vera@bank.example", "ann@bank.example"}
    assert {event.by for event in bench.events()[-3:]} == {Actor.rule("Urgent")}
    assert bench.send(KAREN, "unsubscribe", answers=ack) == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("dropped", "rule-drop")
    assert bench.way()[-1] == "dropped: rule-drop rule:Noise"
    assert len(bench.thread()) == 2


def test_an_auto_reply_is_stored_and_reopens_nothing(bench):
    bench.send(ELLIOT, "#resolved", answers=bench.alert)
    mails = bench.send(KAREN, "I am away.", answers=bench.ack, headers={"Auto-Submitted": "auto-replied"})
    assert mails == []
    assert bench.ticket().status == "resolved"
    assert bench.thread()[-1] == ("message", "I am away.")
    assert (bench.last()["ticket"], bench.last()["reason"]) == (1001, "reply-key")


def test_a_reaction_is_an_event_of_its_ticket_and_no_message(bench):
    files = (("emoji", "text/vnd.google.email-reaction+json", b'{"emoji": "\\ud83d\\udc4d", "version": 1}'),)
    raw = bench.write(KAREN, "+1", answers=bench.ack, files=files)
    bench.accept(raw.replace(b"Content-Disposition: attachment;", b"X-Was:"))
    assert bench.drain() == []
    assert (bench.last()["ticket"], bench.last()["reason"]) == (1001, "reply-key")
    assert (bench.kinds()[-1], len(bench.thread())) == ("auto-reply", 1)


def test_an_auto_reply_without_a_ticket_is_set_aside(bench):
    assert bench.send("x@y.example", "I am away.", headers={"Auto-Submitted": "auto-replied"}) == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "auto-reply-without-ticket")


def test_our_own_mail_that_comes_back_is_dropped(bench):
    bench.accept(bench.alert.message.as_bytes(), rcpt=("support@bank.example",))
    assert bench.drain() == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("dropped", "own-message-id")


def test_two_desks_that_write_to_each_other_fall_silent(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    here = Bench(tmp_path / "a")
    there = Bench(tmp_path / "b", CONFIG.replace("bank.example", "other.example").replace("First Bank", "Other"))
    flying = [mail for mail in here.send("support@other.example", "Our parcel?") if mail.to == "support@other.example"]
    count = len(flying)
    while flying:
        for mail in flying:
            there.accept(mail.message.as_bytes(), rcpt=("support@other.example",), envelope_from=mail.mail_from)
        back = [mail for mail in there.drain() if mail.to == "support@bank.example"]
        for mail in back:
            here.accept(mail.message.as_bytes(), rcpt=("support@bank.example",), envelope_from=mail.mail_from)
        flying = [mail for mail in here.drain() if mail.to == "support@other.example"]
        count += len(back) + len(flying)
        assert count <= 3
    assert count >= 1


def test_a_mail_in_the_desks_own_name_is_a_ticket_that_is_not_answered(bench):
    mails = bench.send("support@bank.example", "I am not the desk.", subject="Forged")
    assert told(mails) == {("new-ticket", "ann@bank.example"), ("new-ticket", "elliot@bank.example")}
    assert not bench.ticket(1002).autoresponse


def test_real_mail_is_a_ticket_an_event_or_set_aside_and_never_poison(corpus, bench):
    files = sorted(path for path in corpus.rglob("*.eml"))[::7][:150]
    for number, path in enumerate(files):
        bench.accept(path.read_bytes(), key=f"corpus:{number}", envelope_from="someone@client.example")
    bench.drain()
    poison = bench.db.all("SELECT error FROM inbox WHERE reason = 'poison'")
    assert not [row["error"] for row in poison]
    for mail in bench.sent():
        assert parse(mail.message.as_bytes()).defects == ()


def coloured(above: str, mail: Sent, *history: str) -> dict[str, object]:
    """An answer as Outlook writes it, with lines in red among the copied text."""
    rows = "".join(f'<p style="margin:0cm">{line}</p>' for line in history)
    sent = "Sent: Friday, November 20, 2026 10:00 AM"
    head = f"From: Desk &lt;support@bank.example&gt;<br>{sent}<br>Subject: {mail.subject}"
    html = (
        f'<div><p>{above}</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm'
        f' 0cm 0cm"><p>{head}</p></div>{rows}</div>'
    )
    return {"text": above, "html": html, "answers": mail}


def test_answers_in_colour_among_the_copied_text_are_read(bench):
    reply = to(bench.send(ELLIOT, "Which browser?\n\nSince when?", answers=bench.alert), "karen@client.example")
    red = '<span style="color:red">{}</span>'
    history = ("Which browser?", red.format("Firefox"), "Since when?", red.format("Monday"), "Elliot")
    bench.send(KAREN, **coloured("See below in red.", reply, *history))
    shown = "See below in red.\n\n> Which browser?\nFirefox\n> Since when?\nMonday"
    assert bench.thread()[-1] == ("message", shown)


def test_what_is_red_in_an_agents_history_is_no_command_and_not_passed_on(bench):
    red = '<span style="color:red">{}</span>'
    history = ("It does not open.", red.format("#resolve"), red.format("Give me the key."), "Why?", "Karen")
    held = to(bench.send(ELLIOT, **coloured("My answers are below in red.", bench.alert, *history)), bench.alert.to)
    mails = bench.tap(held)
    assert bench.ticket().status == "open"
    assert to(mails, "karen@client.example").text.count("key") == 0
