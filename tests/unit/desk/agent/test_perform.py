"""Agents' mails: replies, notes, commands, refusals, held mail; on a real database."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailgate.desk.agent import perform
from mailgate.desk.gather.request import gather_order
from mailgate.notice import ShownTicket
from mailgate.rules.commands.syntax import read_commands
from mailgate.store.db import open_writer
from mailgate.store.queues import quarantine
from mailgate.ticket import ADMIN
from mailgate.worker import apply
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, to, told
from tests.notices import english

NOTE_LINE = "The vendor password is hunter2 and must not leave this house"


@pytest.fixture
def opened(bench):
    bench.opened = {mail.to: mail for mail in bench.send(KAREN, "It does not open.\n\nKaren", cc="jane@client.example")}
    return bench


def alert(bench, who="elliot"):
    return bench.opened[f"{who}@bank.example"]


# ── public and internal ─────────────────────────────────────────────────────────────────


def test_an_answer_to_an_alert_is_a_reply_and_claims_the_ticket(opened):
    mails = opened.send(ELLIOT, "We are on it.", answers=alert(opened))
    assert told(mails) == {
        ("reply", "karen@client.example"),
        ("reply", "jane@client.example"),
    }
    assert str(opened.ticket().assignee) == "agent:elliot"
    assert opened.ticket().first_response_at == opened.now
    assert opened.kinds()[2:] == ["replied", "assigned"]


def test_requester_and_collaborators_see_each_other_and_each_has_one_copy(opened):
    mails = opened.send(ELLIOT, "We are on it.", answers=alert(opened))
    for address in ("karen@client.example", "jane@client.example"):
        copy = to(mails, address).message
        assert "karen@client.example" in copy["To"]
        assert "jane@client.example" not in copy["To"]
        assert "jane@client.example" in copy["Cc"]
    assert len({mail.message_id for mail in mails}) == len(mails)


def test_who_had_the_mail_directly_is_not_sent_it_again_but_hears_of_the_status(opened):
    mails = opened.send(ELLIOT, "#resolved\n\nFixed.", answers=alert(opened), cc=KAREN)
    assert told(mails) >= {("status-changed", "karen@client.example"), ("reply", "jane@client.example")}
    assert ("reply", "karen@client.example") not in told(mails)


def test_a_reply_that_resolves_is_one_mail(opened):
    mails = opened.send(ELLIOT, "#resolved\n\nFixed.", answers=alert(opened))
    mine = to(mails, "karen@client.example")
    assert mine.kind == "reply"
    assert "resolved" in mine.text
    assert opened.ticket().status == "resolved"


def test_quiet_tells_no_requester_of_the_commands(opened):
    mails = opened.send(ELLIOT, "#quiet\n#resolved\n", answers=alert(opened))
    assert {mail.to for mail in mails} & {"karen@client.example", "jane@client.example"} == set()
    mails = opened.send(ELLIOT, "#quiet\n#closed\n\nBye.", answers=alert(opened))
    assert "closed" not in to(mails, "karen@client.example").text


def test_note_stays_inside(opened):
    mails = opened.send(ELLIOT, f"#note\n\n{NOTE_LINE}", answers=alert(opened))
    assert told(mails) == {("note", "ann@bank.example")}, "nobody has it: the department hears"
    assert opened.thread()[-1] == ("note", NOTE_LINE)
    assert not opened.ticket().first_response_at


def test_an_answer_to_a_note_is_a_note_and_the_agent_is_told_with_a_link(opened):
    note = to(opened.send(ELLIOT, "#note\n\nAnybody?", answers=alert(opened)), "ann@bank.example")
    mails = opened.send(ANN, "I know it.", answers=note)
    assert opened.thread()[-1] == ("note", "I know it.")
    mine = to(mails, "ann@bank.example")
    assert mine.kind == "answer"
    assert "because you answered an alert, not Karen Client’s message" in mine.text
    assert "Send it to Karen Client: mailto:" in mine.text
    assert "I%20know" not in mine.text, "a link copies no text"


def test_text_of_a_transfer_or_an_assignment_away_is_a_note_unless_reply(opened):
    opened.send(ELLIOT, "#transfer Systems\n\nLooks like a server thing.", answers=alert(opened))
    assert opened.thread()[-1][0] == "note"
    opened.send(ANN, "#assign Online Banking\n\nYours.", answers=alert(opened, "ann"))
    assert opened.thread()[-1][0] == "note"


def test_the_answer_to_a_text_that_became_a_note_names_the_commands_that_were_done(opened):
    mails = opened.send(ANN, "#assign elliot\n#tag server\n\nPlease look.", answers=alert(opened, "ann"))
    answer = to(mails, "ann@bank.example")
    assert "kept as an internal note" in answer.text
    assert "Assigned to Elliot Alderson." in answer.text


def test_a_ticket_that_changes_hands_is_not_told_as_nobodys_in_between(opened):
    opened.send(ELLIOT, "#claim", answers=alert(opened))
    mails = opened.send(ELLIOT, "#transfer Systems\n#assign bob", answers=alert(opened))
    text = to(mails, "bob@bank.example").text
    assert "Elliot Alderson assigned the ticket to you." in text
    assert "nobody" not in text
    assert opened.kinds()[-3:] == ["transferred", "released", "assigned"], "though that is what happened"


def test_who_reads_is_called_you(opened):
    """An agent is told what others do to them, not to their namesake; who acts for themselves hears nothing."""
    mails = opened.send(ANN, "#note elliot\n#assign elliot -- you know it\n\nCan you?", answers=alert(opened, "ann"))
    assert told(mails) == {("assigned", "elliot@bank.example")}
    text = to(mails, "elliot@bank.example").text
    assert "Ann Reyes has a question for you." in text
    assert "Ann Reyes assigned the ticket to you: you know it" in text
    assert "| assigned to you\n" in text
    assert "Assigned to:     you" in text
    assert "elliot@bank.example" not in {
        mail.to for mail in opened.send(ELLIOT, "#claim\n\nMine.", answers=alert(opened))
    }
    for words in ("Ann Reyes assigned the ticket to you.", "Ann Reyes has a question for you."):
        (held,) = opened.send(ANN, f"#reply\n\n{words}", answers=alert(opened, "ann"))
        assert held.kind == "held", "the guard knows the words as Elliot read them"


def test_transferring_with_a_reply_does_not_claim(opened):
    mails = opened.send(ELLIOT, "#reply\n#transfer Systems\n\nA colleague will answer.", answers=alert(opened))
    assert opened.ticket().assignee is None
    assert ("transferred", "bob@bank.example") in told(mails)


def test_after_reply_pending_waits_for_the_requester(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[tickets]\nafter_reply = "pending"\n')
    first = {mail.to: mail for mail in bench.send(KAREN, "Help")}
    mails = bench.send(ELLIOT, "Which one?", answers=first["elliot@bank.example"])
    assert bench.ticket().status == "pending"
    bench.send(KAREN, "That one.", answers=to(mails, "karen@client.example"))
    assert bench.ticket().status == "open"
    bench.send(ELLIOT, "#resolved\n\nDone.", answers=first["elliot@bank.example"])
    assert bench.ticket().status == "resolved", "what the agent says stands"


def test_claim_on_reply_can_be_off(tmp_path):
    bench = Bench(tmp_path, CONFIG + "[tickets]\nclaim_on_reply = false\n")
    first = to(bench.send(KAREN, "Help"), "elliot@bank.example")
    bench.send(ELLIOT, "Hi", answers=first)
    assert bench.ticket().assignee is None


def test_attachments_alone_are_an_answer(opened):
    mails = opened.send(ELLIOT, "", answers=alert(opened), files=(("guide.pdf", "application/pdf", b"%PDF-1.4 x"),))
    names = [part.get_filename() for part in to(mails, "karen@client.example").message.walk()]
    assert "guide.pdf" in names


def test_a_mail_of_nothing_does_nothing(opened):
    mails = opened.send(ELLIOT, "", answers=alert(opened))
    assert "Nothing to do" in to(mails, "elliot@bank.example").text
    assert opened.kinds() == ["opened", "routed"]


# ── commands ────────────────────────────────────────────────────────────────────────────


def test_every_command_at_once_and_one_answer(opened):
    text = (
        "#assign ann -- she knows it\n#topic report\n#sla sev-b\n#prio high -- a bank is waiting\n"
        "#due 2026-12-24 09:00 -- by Christmas\n#pending\n"
    )
    mails = opened.send(ELLIOT, text, answers=alert(opened))
    ticket = opened.ticket()
    assert str(ticket.assignee) == "agent:ann"
    assert (ticket.topic, ticket.sla, ticket.priority) == ("Report a Problem", "Sev-B", "High")
    assert ticket.status == "pending"
    assert ticket.due_at.isoformat() == "2026-12-24T09:00:00+00:00"
    answer = to(mails, "elliot@bank.example")
    assert answer.kind == "answer"
    assert "Assigned to Ann Reyes." in answer.text
    assert "Help topic: Report a Problem." in answer.text
    assigned = to(mails, "ann@bank.example")
    assert assigned.kind == "assigned"
    assert "she knows it" in assigned.text
    assert "a bank is waiting" in assigned.text
    assert "karen@client.example" not in {mail.to for mail in mails}
    reasons = {event.kind.value: event.reason for event in opened.events()}
    assert reasons["assigned"] == "she knows it"
    assert reasons["due-changed"] == "by Christmas"


def test_a_command_that_changes_nothing_is_done(opened):
    mails = opened.send(ELLIOT, "#open\n#priority normal\n", answers=alert(opened))
    assert "Open." in to(mails, "elliot@bank.example").text
    assert opened.kinds() == ["opened", "routed"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("#assign nobody-i-know", "no agent or team is called"),
        ("#prio hihg", "did you mean High?"),
        ("#assing ann", "did you mean #assign"),
        ("#due yesteryear", "yesteryear"),
        ("#transfer s", "could be"),
        ("#ticket 4711\n#close", "Ticket 4711 was not found"),
    ],
)
def test_all_or_nothing(opened, text, problem):
    mails = opened.send(ELLIOT, f"#resolved\n{text}\n\nHello Karen.", answers=alert(opened))
    assert told(mails) == {("command-failed", "elliot@bank.example")}
    assert problem in mails[0].text
    assert "Hello Karen." in mails[0].text, "their mail comes back with it"
    assert opened.kinds() == ["opened", "routed"]
    assert opened.way()[-2].startswith("refused: ")


def test_view_only_is_refused_with_permission_and_role(bench):
    mails = bench.send(KAREN, "Down", to="outages@bank.example")
    got = to(mails, "vera@bank.example")
    for text, permission in (("#claim", "assign"), ("#close", "close"), ("Hello", "reply"), ("#note\n\nx", "note")):
        refused = to(bench.send("vera@bank.example", text, answers=got), "vera@bank.example")
        assert refused.kind == "command-failed"
        assert f"permission `{permission}`" in refused.text
        assert "View only" in refused.text
    assert bench.kinds() == ["opened", "routed"]


def test_what_an_agent_does_not_see_is_not_found(bench):
    hidden = to(bench.send(KAREN, "Down", to="outages@bank.example"), "bob@bank.example")
    bench.send("bob@bank.example", "#transfer Support", answers=hidden)
    for text in ("Hello", "#show", "#claim"):
        refused = to(bench.send("bob@bank.example", text, answers=hidden), "bob@bank.example")
        assert "Ticket 1001 was not found" in refused.text
    own = to(bench.send(KAREN, "Down", subject="Two", to="outages@bank.example"), "bob@bank.example")
    for text in ("#ticket 1001\n#claim", "#ticket 9999\n#claim"):
        refused = to(bench.send("bob@bank.example", text, answers=own), "bob@bank.example")
        assert "was not found" in refused.text
    shown = to(bench.send("bob@bank.example", "#show 1001", answers=own), "bob@bank.example")
    assert "Ticket 1001 was not found." in shown.text


def test_ticket_names_another_ticket(opened):
    opened.send(KAREN, "Another thing", subject="Two")
    opened.send(ELLIOT, "#ticket 1002\n#prio high", answers=alert(opened))
    assert (opened.ticket(1001).priority, opened.ticket(1002).priority) == ("Normal", "High")


def test_a_signature_below_commands_is_no_text(opened):
    opened.send(ELLIOT, "Hello Karen,\n\nwe look.\n\nElliot\nFirst Bank", answers=alert(opened))
    opened.send(ELLIOT, "#resolved\n\nElliot\nFirst Bank", answers=alert(opened))
    assert [kind for kind, _ in opened.thread()] == ["message", "reply"], "seen at the end of an earlier mail"
    opened.send(ELLIOT, "#open\n\nSent from my iPhone", answers=alert(opened))
    assert len(opened.thread()) == 2


# ── questions ───────────────────────────────────────────────────────────────────────────


def test_show_list_help(opened):
    opened.send(KAREN, "Another thing", subject="Two")
    shown = to(opened.send(ELLIOT, "#show", answers=alert(opened)), "elliot@bank.example")
    assert "[#1001] Portal is down" in shown.text
    assert "It does not open." in shown.text
    listed = to(opened.send(ELLIOT, "#list\n", answers=alert(opened)), "elliot@bank.example")
    assert "#1001" in listed.text
    assert "#1002" in listed.text
    assert "#transfer DEPARTMENT" in to(opened.send(ELLIOT, "#help", answers=alert(opened)), "elliot@bank.example").text
    assert opened.kinds() == ["opened", "routed"]


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        ("mine", {"#1001"}),
        ("unassigned", {"#1002"}),
        ("overdue", set()),
        ("support", {"#1001", "#1002"}),
        ("maintenance", set()),
        ("no such list", {"There is no list “no such list”. Lists: open, mine, unassigned, overdue, today"}),
        ("supprt", {"Did you mean Support?"}),
    ],
)
def test_lists(opened, which, numbers):
    opened.send(KAREN, "Another thing", subject="Two")
    opened.send(ELLIOT, "#claim", answers=alert(opened))
    text = to(opened.send(ELLIOT, f"#list {which}", answers=alert(opened)), "elliot@bank.example").text
    text = text.partition("-------")[0]
    assert all(number in text for number in numbers)
    assert numbers or ": none." in text
    assert ("#1002" in text) == ("#1002" in numbers)


def test_questions_and_commands_in_one_mail_are_both_answered(opened):
    mine = to(opened.send(ELLIOT, "#claim\n#show\n", answers=alert(opened)), "elliot@bank.example")
    assert "Assigned to Elliot Alderson." in mine.text
    assert "Assigned to:     you" in mine.text
    assert str(opened.ticket().assignee) == "agent:elliot"


@pytest.mark.parametrize("which", ["no such list", "supprt", "nobody"])
def test_a_list_that_there_is_not_is_an_error_like_any_unknown_name(opened, which):
    mine = to(opened.send(ELLIOT, f"#claim\n#list {which}", answers=alert(opened)), "elliot@bank.example")
    assert mine.kind == "command-failed"
    assert f"- #list {which}: There is no list “{which}”." in mine.text
    assert opened.ticket().assignee is None


def test_text_below_a_question_is_not_posted_and_said_to_be(opened):
    mine = to(opened.send(ELLIOT, "#help\n\nWhat is extension 12?", answers=alert(opened)), "elliot@bank.example")
    assert "your text below them was left out" in mine.text
    assert len(opened.thread()) == 1


# ── leak guard ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        f"As my colleague says: {NOTE_LINE}.",
        "As my colleague says: the VENDOR password\nis “hunter2” and   must\nnot leave",
        "Ask our Maintenance department.",
    ],
)
def test_a_reply_with_internal_words_is_returned(opened, text):
    opened.send(ELLIOT, f"#note\n\n{NOTE_LINE}", answers=alert(opened))
    mails = opened.send(ANN, text, answers=alert(opened, "ann"))
    assert told(mails) == {("held", "ann@bank.example")}
    assert "internal text" in mails[0].text
    assert opened.thread()[-1][0] == "note"


def test_a_reply_with_a_reason_a_key_or_an_attached_alert_is_returned(opened):
    opened.send(ELLIOT, "#prio high -- their lawyer has called the whole board today", answers=alert(opened))
    key = alert(opened).message_id
    wrapped = f"See {key[:22]}\n  {key[22:]}"
    reason = "Because their lawyer has called the whole board today."
    assert told(opened.send(ANN, reason, answers=alert(opened, "ann"))) == {("held", "ann@bank.example")}
    for text in (f"See {key}", key.upper(), wrapped):
        assert told(opened.send(ANN, text, answers=alert(opened, "ann"))) == {("command-failed", "ann@bank.example")}
    for file, kind in (
        (("alert.eml", "text/plain", alert(opened).message.as_bytes()), "command-failed"),
        (("Maintenance department.pdf", "application/pdf", b"%PDF"), "held"),
        (("scan.bin", "application/octet-stream", b"\0" + key.encode()), "command-failed"),
    ):
        mails = opened.send(ANN, "See attached.", answers=alert(opened, "ann"), files=(file,))
        assert told(mails) == {(kind, "ann@bank.example")}


def test_what_the_requester_wrote_never_counts(opened):
    ack = to([alert(opened)], "elliot@bank.example")
    opened.send(ELLIOT, "#note\n\nShe says the red lamp beside the door blinks twice.", answers=ack)
    opened.send(
        KAREN,
        "the red lamp beside the door blinks twice, Maintenance said",
        answers=opened.opened["karen@client.example"],
    )
    mails = opened.send(ELLIOT, "If the red lamp beside the door blinks twice, call Maintenance.", answers=ack)
    assert "reply" in {mail.kind for mail in mails}


@pytest.mark.parametrize("style", ["top", "bottom", "bare bottom", "outlook"])
def test_a_quoted_alert_reaches_no_requester(opened, style):
    opened.send(ELLIOT, f"#note\n\n{NOTE_LINE}\nSEKRET7", answers=alert(opened))
    fresh = {m.to: m for m in opened.send(KAREN, "Any news?", answers=opened.opened["karen@client.example"])}
    got = fresh["elliot@bank.example"]
    assert "SEKRET7" in got.text
    quoted = "\n".join(f"> {line}" for line in got.text.splitlines())
    line = "On Fri, Nov 20, 2026 at 10:00 AM First Bank Support <support@bank.example> wrote:"
    outlook = (
        f"-----Original Message-----\nFrom: First Bank Support\nSent: Friday\nTo: Elliot\nSubject: x\n\n{got.text}"
    )
    text = {
        "top": f"Soon.\n\n{line}\n{quoted}",
        "bottom": f"{line}\n{quoted}\n\nSoon.",
        "bare bottom": f"{quoted}\n\nSoon.",
        "outlook": f"Soon.\n\n{outlook}",
    }[style]
    mails = opened.send(ELLIOT, text, answers=got)
    for mail in mails:
        if "client.example" in mail.to:
            assert "SEKRET7" not in mail.everything
            assert "hunter2" not in mail.everything
    assert "Soon." in to(mails, "karen@client.example").text


# ── proof ───────────────────────────────────────────────────────────────────────────────


def test_a_forged_agent_changes_nothing_and_is_asked(opened):
    mails = opened.send(ELLIOT, "#close\n\nBye.", subject="[#1001] Portal is down")
    assert told(mails) == {("confirm", "elliot@bank.example")}
    assert opened.ticket().status == "open"
    assert (opened.last()["state"], opened.last()["reason"]) == ("held", "unproven-agent")
    assert opened.kinds()[-1] == "held"
    assert any(line.startswith("held: unproven-agent") for line in opened.way())


def confirm_with(bench, confirm, who=ELLIOT, **more):
    code = re.search(r"#confirm (\w+)|%23confirm%20(\w+)", confirm.text)
    return bench.send(who, f"#confirm {code[1] or code[2]}", answers=confirm, **more)


def test_a_confirmed_mail_is_carried_out_once(opened):
    confirm = to(opened.send(ELLIOT, "#close\n\nBye.", subject="[#1001] Portal is down", cc=""), "elliot@bank.example")
    held = opened.last()["id"]
    mails = confirm_with(opened, confirm)
    assert opened.ticket().status == "closed"
    assert ("note", "Bye.") in opened.thread() or ("reply", "Bye.") in opened.thread()
    assert opened.db.one("SELECT state, reason FROM inbox WHERE id = ?", [held])[1] == "confirmed"
    assert f"confirmed: inbox {held}" in opened.way()
    assert any(line.startswith("notice: ") for line in opened.way())
    assert mails
    events = len(opened.events())
    again = confirm_with(opened, confirm)
    assert told(again) == {("answer", "elliot@bank.example")}
    assert "This was carried out already, or it has expired" in again[0].text
    assert len(opened.events()) == events


@pytest.mark.parametrize("used", [True, False])
def test_a_code_for_which_nothing_waits_is_no_trouble_even_where_nothing_proves_its_sender(opened, used):
    """The link of a confirmation was tapped twice, or somebody made a code up: anybody can write so."""
    code = "aaaaaaaaaaaa"
    if used:
        asked = to(opened.send(ELLIOT, "#close", subject="[#1001] Portal is down"), "elliot@bank.example")
        code = re.search(r"#confirm (\w+)", asked.text)[1]
        opened.send(ELLIOT, f"#confirm {code}", subject="Confirm")
        opened.now += timedelta(hours=1)
    (first,) = opened.send(ELLIOT, f"#confirm {code}", subject="Confirm")
    assert (first.kind, first.to, "carried out already" in first.text) == ("answer", "elliot@bank.example", True)
    assert opened.send(ELLIOT, f"#confirm {code}", subject="Once more") == [], "one answer an hour"
    failed = {"Authentication-Results": "mx.bank.example; dmarc=fail header.from=bank.example"}
    opened.now += timedelta(hours=1, seconds=1)
    forged = opened.send(
        ELLIOT, f"#confirm {code}", subject="Forged", headers=failed, authserv_ids=("mx.bank.example",)
    )
    assert forged == []
    assert (opened.last()["state"], quarantine.troubles(opened.db)) == ("dropped", 0)


def test_a_code_is_its_agents_alone(opened):
    confirm = to(opened.send(ELLIOT, "#close", subject="[#1001] Portal is down"), "elliot@bank.example")
    assert told(confirm_with(opened, confirm, who=ANN)) == {("answer", "ann@bank.example")}
    assert opened.ticket().status == "open"


def test_a_code_ends_after_three_days(opened):
    confirm = to(opened.send(ELLIOT, "#close", subject="[#1001] Portal is down"), "elliot@bank.example")
    opened.now += timedelta(days=3, seconds=10)
    assert told(confirm_with(opened, confirm)) == {("answer", "elliot@bank.example")}
    assert opened.ticket().status == "open"


def test_an_auto_reply_confirms_nothing(opened):
    confirm = to(opened.send(ELLIOT, "#close", subject="[#1001] Portal is down"), "elliot@bank.example")
    confirm_with(opened, confirm, headers={"Auto-Submitted": "auto-replied"})
    assert opened.ticket().status == "open"


def test_only_three_wait_and_the_rest_is_summed_up(opened):
    shown = [opened.send(ELLIOT, f"#close -- {n}", subject="[#1001] Portal is down") for n in range(6)]
    assert [len(mails) for mails in shown] == [1, 1, 1, 1, 0, 0]
    assert "confirm" in shown[2][0].text
    assert "3 mails wait for you already" in shown[3][0].text
    assert "%23confirm" not in shown[3][0].text


def test_words_of_a_stranger_with_the_requesters_key_are_not_quoted_to_them(opened):
    """Karen passed our mail on: what its new owner writes is for agents until one lets them in."""
    new = opened.send(
        "mallory@evil.example", "Please click on evil.example", answers=opened.opened["karen@client.example"]
    )
    mails = opened.send(ELLIOT, "Hello Karen", answers=to(new, "elliot@bank.example"))
    assert "It does not open." in to(mails, "karen@client.example").text
    assert not any("evil.example" in mail.everything for mail in mails if mail.kind == "reply")


def test_refuse_instead_of_confirm(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[trust]\notherwise = "refuse"\n')
    bench.send(KAREN, "Help")
    assert bench.send(ELLIOT, "#close", subject="[#1001] Portal is down") == []
    assert (bench.last()["state"], bench.last()["reason"]) == ("quarantined", "trust-refused")
    assert quarantine.troubles(bench.db) == 0, "anybody can write in an agent's name: status is not red for ever"


def test_the_key_of_another_agent_or_a_broken_one_proves_nothing(opened):
    theirs = opened.send(ELLIOT, "#close", answers=alert(opened, "ann"))
    assert told(theirs) == {("confirm", "elliot@bank.example")}
    raw = opened.write(ELLIOT, "#close", answers=alert(opened))
    key = alert(opened).message_id[1:-1].partition("@")[0]
    broken = key[:-1] + ("a" if key[-1] != "a" else "b")
    opened.accept(raw.replace(key.encode(), broken.encode()), rcpt=("support@bank.example",))
    opened.drain()
    assert opened.ticket().status == "open"


def test_an_out_of_office_with_a_valid_key_changes_nothing(opened):
    opened.send(ELLIOT, f"#note\n\n{NOTE_LINE}", answers=alert(opened))
    away = {"Auto-Submitted": "auto-replied"}
    mails = opened.send(ANN, f"#close\n\nI am away.\n\n> {NOTE_LINE}", answers=alert(opened, "ann"), headers=away)
    assert mails == []
    assert opened.ticket().status == "open"
    assert opened.kinds()[-1] == "auto-reply"
    kind, _ = opened.thread()[-1]
    assert kind == "note", "it may quote the alert that it answers"
    sent = opened.send(ELLIOT, "Hello Karen.", answers=alert(opened))
    assert "I am away" not in to(sent, "karen@client.example").everything


def test_a_key_that_went_to_an_outsider_is_burnt(opened):
    opened.send(ELLIOT, "Hello.", answers=alert(opened), cc="someone@else.example")
    mails = opened.send(ELLIOT, "#close", answers=alert(opened))
    assert told(mails) == {("confirm", "elliot@bank.example")}


def test_dmarc_proves_an_agent_of_a_trusted_domain(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[trust]\ndomains = ["bank.example"]\n')
    bench.send(KAREN, "Help")
    proof = {
        "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example",
        "DKIM-Signature": "v=1; d=bank.example; s=x; h=from:subject:date; b=AAAA; bh=AAAA",
    }
    mails = bench.send(ELLIOT, "#prio high", subject="[#1001]", headers=proof, authserv_ids=("mx.bank.example",))
    assert "Priority: High." in to(mails, "elliot@bank.example").text
    mails = bench.send(ELLIOT, "#prio low", subject="[#1001]", headers=proof)
    assert told(mails) == {("confirm", "elliot@bank.example")}, "nobody is believed on this way in"
    bench.send(ELLIOT, "My own chair is broken.", headers=proof, authserv_ids=("mx.bank.example",))
    assert bench.ticket(1002).requester.email == "elliot@bank.example", "who names no ticket is a customer"


# ── mail without a ticket, and orders from the shell ────────────────────────────────────


def test_a_mail_that_is_no_answer_asks_about_anything_and_changes_nothing_without_a_ticket(opened):
    confirm = to(opened.send(ELLIOT, "#list", subject="What is there?"), "elliot@bank.example")
    listed = to(opened.send(ELLIOT, "#list", answers=confirm), "elliot@bank.example")
    assert listed.ticket is None
    assert "#1001" in listed.text
    assert "Your mail answers no ticket" in to(opened.send(ELLIOT, "#show", answers=listed), "elliot@bank.example").text
    refused = to(opened.send(ELLIOT, "#claim", answers=listed), "elliot@bank.example")
    assert "name one with #ticket NUMBER" in refused.text
    opened.send(ELLIOT, "#ticket 1001\n#claim", answers=listed)
    assert str(opened.ticket().assignee) == "agent:elliot"


def test_a_held_mail_about_no_ticket_is_held_all_the_same(opened):
    opened.send(ELLIOT, "#list", subject="What is there?")
    assert (opened.last()["state"], opened.last()["ticket"]) == ("held", None)


def test_text_for_a_ticket_that_the_alert_is_not_about_stays_inside(opened):
    opened.send("zoe@elsewhere.example", "Another thing", subject="Two")
    mails = opened.send(ELLIOT, "#ticket 1002\n\nFor whom is this?", answers=alert(opened))
    assert opened.thread(1002)[-1] == ("note", "For whom is this?")
    assert "zoe@elsewhere.example" not in {mail.to for mail in mails}


def test_an_agent_answers_on_a_ticket_of_their_own_as_its_requester(opened):
    mails = opened.send(ELLIOT, "My chair.", subject="Chair")
    opened.send(ELLIOT, "It is worse.", answers=to(mails, "elliot@bank.example"))
    assert opened.thread(1002)[-1] == ("message", "It is worse.")


def test_a_configured_signature_is_cut(tmp_path):
    signed = CONFIG.replace('name = "Elliot Alderson"', 'name = "Elliot Alderson"\nsignature = "Elliot\\nRoom 12"')
    bench = Bench(tmp_path, signed)
    first = to(bench.send(KAREN, "Help"), "elliot@bank.example")
    bench.send(ELLIOT, "#claim\n\nElliot\nRoom 12", answers=first)
    bench.send(ELLIOT, "Soon.\n\nElliot\nRoom 12", answers=first)
    assert bench.thread()[1:] == [("reply", "Soon.")]


def test_a_long_text_below_commands_is_no_signature(opened):
    text = "\n".join(f"line {number}" for number in range(12))
    opened.send(ELLIOT, f"#prio high\n\n{text}", answers=alert(opened))
    opened.send(ELLIOT, f"#prio low\n\n{text}", answers=alert(opened))
    assert [kind for kind, _ in opened.thread()] == ["message", "reply", "reply"]


def test_a_long_list_is_cut(opened):
    for number in range(101):
        opened.accept(opened.write(f"p{number}@x.example", "x", subject=f"S{number}"))
    opened.drain()
    text = to(opened.send(ELLIOT, "#list", answers=alert(opened)), "elliot@bank.example").text
    assert "Open tickets (showing 50 of 102)" in text
    assert "#ticket NUMBER on the first line of an answer works on one of them." in text, (
        "two hundred links are too many"
    )


def order(bench, *lines, who=None):
    context = bench.desk.context(bench.now)
    request, ticket = gather_order(bench.db, 1001, who, read_commands(lines), f"cli:{lines}", context)
    with bench.db.transaction():
        outcome = apply.save(bench.db, perform.work(request, ticket, context), context)
    return outcome, bench.new()


def test_orders_from_the_shell_are_the_administrators_or_an_agents(opened):
    outcome, mails = order(opened, "#assign ann -- she is in", "#sla sev-a")
    assert [*map(english, outcome.report)] == ["Assigned to Ann Reyes.", "SLA plan: Sev-A."]
    assert ("assigned", "ann@bank.example") in told(mails)
    assert opened.events()[-1].by == ADMIN
    outcome, mails = order(opened, "#show")
    (shown,) = outcome.answers
    assert isinstance(shown, ShownTicket)
    assert shown.ticket.number == 1001
    assert mails == []
    outcome, mails = order(opened, "#claim")
    assert outcome.problems
    assert mails == []
    _, mails = order(opened, "#resolved", "", "Fixed.", who=opened.config.agents["elliot"])
    assert told(mails) >= {("reply", "karen@client.example"), ("colleague-reply", "ann@bank.example")}
    _, mails = order(opened, "#list mine")
    assert mails == []


def test_an_answer_with_a_machines_marks_is_set_aside_and_opens_nothing(opened):
    mails = opened.send(ELLIOT, "We are on it.", answers=alert(opened), headers={"Precedence": "bulk"})
    assert mails == []
    assert opened.numbers() == [1001]
    assert opened.kinds()[2:] == []
    assert (opened.last()["state"], opened.last()["reason"]) == ("quarantined", "unproven-agent")


def test_database_and_attachments_are_readable_by_their_owner_alone(bench, tmp_path):
    """Customers' mail lies in them, whatever the umask of who starts the daemon."""
    kept, size = bench.desk.files.keep([b"a ", b"file"])
    assert size == 6
    database = tmp_path / "another" / "mailgate.db"
    open_writer(database).close()
    assert database.stat().st_mode & 0o077 == 0
    assert bench.desk.config.storage.attachments.stat().st_mode & 0o077 == 0
    assert bench.desk.files.read(kept) == b"a file"
