"""`#note NAME|ADDRESS`: colleagues and outsiders are asked, and their answers come back as notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.rules.threading.keys import Keyring
from tests.desk import CONFIG, Bench, Sent, to, told

KAREN = "karen@client.example"
JANE = "jane@client.example"
NOC = "noc@carrier.example"
ELLIOT = "elliot@bank.example"
ANN = "ann@bank.example"
BOB = "bob@bank.example"
PDF = "application/pdf"
SECRET = "the mole in our branch is called zebra forty"
QUESTION = f"Is the line down? I ask as {SECRET}."
WORKED = CONFIG.replace('name = "First Bank Support"\nplus = true', 'name = "First Bank Support"')


@pytest.fixture(params=[CONFIG, WORKED], ids=["plus", "no plus"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


@pytest.fixture
def alert(bench: Bench) -> Sent:
    return to(bench.send(f"Karen Client <{KAREN}>", "Nobody can log in.\n\nKaren"), ELLIOT)


@pytest.fixture
def question(bench: Bench, alert: Sent) -> Sent:
    return to(bench.send(ELLIOT, f"#ask {NOC}\n\n{QUESTION}", answers=alert), NOC)


def keyring(bench: Bench) -> Keyring:
    return bench.desk.keyring


def answers(bench: Bench, question: Sent, text: str = "Yes, since nine.", **more: object) -> list[Sent]:
    return bench.send(f"Carrier NOC <{NOC}>", text, answers=question, to=question.reply_to, **more)


# ── an outsider ─────────────────────────────────────────────────────────────────────────


def test_an_outsider_gets_the_text_and_nothing_of_the_ticket(bench: Bench, alert: Sent) -> None:
    bench.send(ELLIOT, "#note\n\nAnother note.", answers=alert)
    sent = bench.send(ELLIOT, f"#note {NOC}\n\n{QUESTION}", answers=alert, files=(("trace.pdf", PDF, b"t"),))
    assert told(sent) == {("asked", NOC), ("note", ANN)}, "the manager hears of notes on a ticket that nobody has"
    mail = to(sent, NOC)
    assert QUESTION in mail.text
    assert mail.subject == "[#1001] Portal is down"
    assert str(mail.message["From"]).startswith('"Elliot Alderson (First Bank Support)"')
    assert [part.get_filename() for part in mail.message.walk() if part.get_filename()] == ["trace.pdf"]
    for hidden in ("Nobody can log in", "Karen", KAREN, "Another note", "Normal", "mailto:", "#claim"):
        assert hidden not in mail.everything
    assert bench.thread()[-1] == ("note", QUESTION)
    assert bench.events()[-1].after == {"asked": [{"name": "", "email": NOC}]}


def test_the_question_looks_like_mail_of_a_person(question: Sent) -> None:
    assert question.message["Auto-Submitted"] is None
    assert "Your answer to this mail is read by First Bank Support alone." in question.text


def test_the_question_carries_neither_the_public_anchor_nor_a_key_with_power(bench: Bench, question: Sent) -> None:
    everything = question.message.as_string()
    assert keyring(bench).anchor(1001) not in everything
    assert {key.kind for key in keyring(bench).find(everything)} == {"asked"}
    assert question.message["References"] is None


def test_the_answer_comes_back_as_a_note_to_who_asked(bench: Bench, question: Sent) -> None:
    sent = answers(bench, question, files=(("log.pdf", PDF, b"l"),))
    assert told(sent) == {("note", ELLIOT)}
    assert "noc@carrier.example is outside the desk and answers what Elliot Alderson asked." in sent[0].text
    assert "Your answer stays an internal note." in sent[0].text
    assert bench.thread()[-1] == ("note", "Yes, since nine.")
    assert bench.kinds()[-1] == "noted"
    assert bench.ticket().collaborators == ()
    assert bench.ticket().first_response_at is None


def test_what_an_outsider_quotes_is_no_part_of_the_answer(bench: Bench, question: Sent) -> None:
    answers(bench, question, f"Yes, since nine.\n\nOn Fri, Elliot Alderson wrote:\n> {QUESTION}")
    assert bench.thread()[-1] == ("note", "Yes, since nine.")


def test_an_answer_to_the_note_alert_is_a_note_and_goes_to_no_outsider(bench: Bench, question: Sent) -> None:
    alert = to(answers(bench, question), ELLIOT)
    assert {mail.to for mail in bench.send(ELLIOT, "Thanks, I thought so.", answers=alert)} == {ELLIOT, ANN}
    assert bench.thread()[-1][0] == "note"


def test_the_next_question_is_in_the_same_conversation(bench: Bench, question: Sent) -> None:
    alert = to(answers(bench, question), ELLIOT)
    again = to(bench.send(ELLIOT, f"#ask {NOC}\n\nUntil when?", answers=alert), NOC)
    assert again.message["In-Reply-To"] == question.message_id
    assert again.subject == "Re: [#1001] Portal is down"
    assert "Yes, since nine" not in again.everything
    answers(bench, again, "Until noon.")
    assert [kind for kind, _ in bench.thread()] == ["message", "note", "note", "note", "note"]


def test_an_answer_changes_nothing_of_an_ended_ticket(bench: Bench, alert: Sent, question: Sent) -> None:
    bench.send(ELLIOT, "#close", answers=alert)
    answers(bench, question, "#reopen\n\nLate, but: yes.")
    assert bench.ticket().status == "closed"
    assert bench.ticket().reopened == 0


def test_people_copied_into_the_answer_are_not_added(bench: Bench, question: Sent) -> None:
    answers(bench, question, cc=f"{JANE}, {KAREN}")
    assert bench.ticket().collaborators == ()
    assert bench.thread()[-1][0] == "note"


def test_who_loses_the_key_is_known_by_the_token(bench: Bench, question: Sent) -> None:
    sent = bench.send(NOC, "Forgot: noon.", subject="AW: [#1001] Portal is down")
    assert told(sent) == {("note", ELLIOT)}
    assert bench.thread()[-1] == ("note", "Forgot: noon.")


# ── forged, strayed, sent on ────────────────────────────────────────────────────────────


def test_a_forged_answer_from_another_address_is_a_strangers_mail(bench: Bench, question: Sent) -> None:
    sent = bench.send("evil@spam.example", "The line is fine.", answers=question, to=question.reply_to)
    assert ("note", ELLIOT) not in told(sent)
    assert bench.numbers() == [1001, 1002]
    assert bench.thread(1001)[-1] == ("note", QUESTION)


def test_a_colleague_of_the_outsider_never_writes_where_requesters_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIG + '[tickets]\nstrangers = "collaborator"\n')
    alert = to(bench.send(KAREN, "Nobody can log in."), ELLIOT)
    question = to(bench.send(ELLIOT, f"#ask {NOC}\n\n{QUESTION}", answers=alert), NOC)
    bench.send("boss@carrier.example", f"Fine.\n\n> {QUESTION}", answers=question, to=question.reply_to)
    assert bench.ticket().collaborators == ()
    assert bench.thread(1001)[-1] == ("note", QUESTION)
    held = bench.send(ELLIOT, f"They are fine. {SECRET}", answers=alert)
    assert told(held) == {("held", ELLIOT)}


def test_an_answer_that_failed_dmarc_is_nobodys(bench: Bench, question: Sent) -> None:
    failed = {"Authentication-Results": "mx.bank.example; dmarc=fail (p=reject) header.from=carrier.example"}
    answers(bench, question, "The line is fine.", headers=failed, authserv_ids=("mx.bank.example",))
    assert bench.thread(1001)[-1] == ("note", QUESTION)


def test_the_key_of_a_question_gives_an_agent_no_power(bench: Bench, question: Sent) -> None:
    sent = bench.send(ANN, "#close", answers=question, to=question.reply_to)
    assert told(sent) == {("confirm", ANN)}
    assert bench.ticket().status == "open"


def test_commands_of_an_outsider_are_text(bench: Bench, question: Sent) -> None:
    answers(bench, question, "#close\n#assign nobody\n\nDone.")
    assert bench.ticket().status == "open"
    assert bench.thread()[-1] == ("note", "#close\n#assign nobody\n\nDone.")


def test_a_question_sent_on_to_the_requester_makes_their_answer_an_ordinary_message(
    bench: Bench, question: Sent
) -> None:
    sent = bench.send(KAREN, "What is this?", answers=question, to=question.reply_to)
    assert bench.thread()[-1] == ("message", "What is this?")
    assert ("new-message", ELLIOT) in told(sent)
    assert bench.numbers() == [1001]


def test_what_was_asked_and_answered_is_internal_to_the_leak_guard(bench: Bench, alert: Sent, question: Sent) -> None:
    answers(bench, question, "Our engineer says that someone cut it by hand.")
    for leaked in (SECRET, "engineer says that someone cut it by hand", "Elliot Alderson asked noc@carrier.example"):
        sent = bench.send(ELLIOT, f"Dear Karen, {leaked}.", answers=alert)
        assert told(sent) == {("held", ELLIOT)}
    assert to(bench.send(ELLIOT, "We found the reason.", answers=alert), KAREN)


def test_nothing_of_a_question_or_its_answer_ever_reaches_the_requester(
    bench: Bench, alert: Sent, question: Sent
) -> None:
    answers(bench, question, "CANARY of the carrier in six words here.")
    bench.send(ELLIOT, "We are on it.", answers=alert)
    bench.send(ELLIOT, f"#cc {JANE}", answers=alert)
    bench.send(ELLIOT, "#resolve\n\nDone.", answers=alert)
    for mail in bench.sent():
        if mail.to in (KAREN, JANE):
            assert not any(word in mail.everything for word in ("CANARY", "zebra", NOC, "Carrier"))


def test_a_question_with_a_reply_key_in_it_is_returned(bench: Bench, alert: Sent) -> None:
    key = keyring(bench).find(alert.message.as_string())[0]
    sent = bench.send(ELLIOT, f"#ask {NOC}\n\nSee\nRef: {key}\nbelow.", answers=alert)
    assert told(sent) == {("command-failed", ELLIOT)}
    assert "Your question holds a key of the desk" in sent[0].text


def test_a_question_that_would_lose_a_file_is_returned(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ELLIOT, f"#ask {NOC}\n\nRun it.", answers=alert, files=(("x.exe", PDF, b"MZ"),))
    assert told(sent) == {("command-failed", ELLIOT)}


# ── machines ────────────────────────────────────────────────────────────────────────────


def test_an_out_of_office_of_an_outsider_is_kept_inside_and_alerts_nobody(bench: Bench, question: Sent) -> None:
    away = {"Auto-Submitted": "auto-replied"}
    assert answers(bench, question, f"I am away.\n\n> {QUESTION}", headers=away) == []
    assert bench.thread()[-1][0] == "note"
    assert bench.kinds()[-1] == "auto-reply"


def test_the_ticket_system_of_an_outsider_answers_as_a_note_too_and_is_never_answered(
    bench: Bench, question: Sent
) -> None:
    sent = answers(bench, question, "Case 77 was opened.", headers={"Auto-Submitted": "auto-generated"})
    assert told(sent) == {("note", ELLIOT)}


def test_who_asked_hears_that_the_question_bounced(bench: Bench, question: Sent) -> None:
    report = (
        "From: MAILER-DAEMON@carrier.example\r\nTo: support@bank.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <b1@carrier.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {NOC}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {question.message_id}\r\n\r\n--b--\r\n"
    )
    bench.accept(report.encode(), envelope_from="")
    sent = bench.drain()
    assert told(sent) == {("delivery-failed", ELLIOT)}
    assert f"The question did not reach {NOC}" in sent[0].text


# ── a colleague ─────────────────────────────────────────────────────────────────────────


def test_a_colleague_of_another_department_sees_the_ticket_once_asked(bench: Bench, alert: Sent) -> None:
    shown = to(bench.send(BOB, "#show 1001", answers=_own_alert(bench)), BOB)
    assert "was not found" in shown.text
    sent = bench.send(ELLIOT, "#ask bob\n\nIs it your switch?", answers=alert)
    assert told(sent) == {("note", BOB)}
    note = sent[0]
    assert "Elliot Alderson has a question for you." in note.text
    back = bench.send(BOB, "Yes, it is.", answers=note)
    assert told(back) == {("note", ELLIOT)}, "who was asked need not be told that it stays inside"
    assert bench.thread()[-1] == ("note", "Yes, it is.")
    assert "Asked:           Bob Base" in to(bench.send(BOB, "#show", answers=note), BOB).text


def _own_alert(bench: Bench) -> Sent:
    return to(bench.send(KAREN, "Other", subject="Other", to="outages@bank.example"), BOB)


def test_a_team_is_asked_as_its_members_and_who_asks_is_left_out(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ELLIOT, "#ask Online Banking\n\nAnybody?", answers=alert)
    assert told(sent) == {("note", BOB)}


def test_several_are_asked_by_name_and_address(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ELLIOT, f"#ask Ann Reyes, Bob; Carrier NOC <{NOC}> \n#note @vera\n\nAnybody?", answers=alert)
    assert told(sent) == {("note", ANN), ("note", BOB), ("note", "vera@bank.example"), ("asked", NOC)}
    assert bench.ticket().asked[2].name == "Carrier NOC"


def test_the_administrator_asks_from_the_command_line_too(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ANN, f"#ask {ELLIOT}\n\nYours?", answers=to(_everybody(bench), ANN))
    assert ("note", ELLIOT) in told(sent)


def _everybody(bench: Bench) -> list[Sent]:
    return bench.send(KAREN, "Again", subject="Again")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"#ask {KAREN}", "karen@client.example is on the ticket, and a note is internal"),
        ("#ask me", "no agent or team is called “me”"),
        (f"#ask {ELLIOT}", "is you: name somebody else"),
        ("#ask nobody at all", "no agent or team is called"),
        ("#ask support@bank.example", "cannot be asked: it is an address of the desk"),
        ("#ask noreply@carrier.example", "cannot be asked: it is an address of a list or a machine"),
        ("#ask jane@", "is not an address"),
        ("#ask <>", "no agent or team is called"),
        (f"#reply\n#ask {NOC}", "cannot both be done"),
        ("#ask " + ", ".join(f"a{n}@x.example" for n in range(11)), "at most 10 people"),
    ],
)
def test_who_cannot_be_asked_makes_the_mail_come_back(bench: Bench, alert: Sent, line: str, why: str) -> None:
    sent = bench.send(ELLIOT, f"{line}\n\n{QUESTION}", answers=alert)
    assert told(sent) == {("command-failed", ELLIOT)}
    assert why in " ".join(sent[0].text.split())
    assert bench.thread()[1:] == []


def test_a_question_without_words_comes_back(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ELLIOT, f"#ask {NOC}", answers=alert)
    assert told(sent) == {("command-failed", ELLIOT)}
    assert "There is nothing to ask" in sent[0].text


def test_who_may_only_note_asks_colleagues_and_no_outsiders(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        CONFIG.replace("may = []", 'may = ["note"]'),
    )
    alert = to(bench.send(KAREN, "Down.", to="outages@bank.example"), "vera@bank.example")
    sent = bench.send("vera@bank.example", f"#ask {NOC}\n\n{QUESTION}", answers=alert)
    assert told(sent) == {("command-failed", "vera@bank.example")}
    assert "permission `reply`" in " ".join(sent[0].text.split())
    assert ("note", BOB) in told(bench.send("vera@bank.example", f"#ask bob\n\n{QUESTION}", answers=alert))


def test_every_state_of_the_asked_comes_from_the_events(bench: Bench, alert: Sent) -> None:
    bench.send(ELLIOT, f"#ask bob, {NOC}\n\nOne?", answers=alert)
    bench.send(ELLIOT, f"#ask {NOC}\n\nTwo?", answers=alert)
    derived = [
        (each["email"], event.by.agent_key)
        for event in bench.events()
        if event.kind == "noted" and isinstance(event.after, dict)
        for each in event.after["asked"]
    ]
    assert list(dict.fromkeys(derived)) == [(each.email, each.by) for each in bench.ticket().asked]


CONFIDENTIAL = CONFIG.replace("[department.Support]", "[department.Support]\nconfidential = true")


def test_a_confidential_ticket_is_asked_about_within_its_department(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIDENTIAL)
    alert = to(bench.send(KAREN, "Nobody can log in.", subject="My divorce"), ELLIOT)
    refused = bench.send(ELLIOT, "#ask bob\n\nYours?", answers=alert)
    assert told(refused) == {("command-failed", ELLIOT)}
    assert "Bob Base is not in Support, which is confidential: ask a member of it" in " ".join(refused[0].text.split())
    assert ("note", ANN) in told(bench.send(ELLIOT, "#ask ann\n\nYours?", answers=alert))


def test_an_outsider_who_is_asked_about_a_confidential_ticket_reads_no_subject(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIDENTIAL)
    alert = to(bench.send(KAREN, "Nobody can log in.", subject="My divorce"), ELLIOT)
    mail = to(bench.send(ELLIOT, f"#ask {NOC}\n\n{QUESTION}", answers=alert), NOC)
    assert QUESTION in mail.text
    assert "divorce" not in mail.everything


@pytest.mark.parametrize("who", [f"bob {NOC}", f"Bob Base, {NOC}", f"{NOC} bob", f"bob base {NOC}"])
def test_people_are_named_with_commas_or_without(bench: Bench, alert: Sent, who: str) -> None:
    asked = {mail.to for mail in bench.send(ELLIOT, f"#note {who}\n\nWho knows?", answers=alert)}
    assert asked >= {BOB, NOC}


def test_a_name_that_nobody_has_is_returned_whole(bench: Bench, alert: Sent) -> None:
    mail = to(bench.send(ELLIOT, "#note Bob Barnes\n\nWho knows?", answers=alert), ELLIOT)
    assert "no agent or team is called “Bob Barnes”" in " ".join(mail.text.split())
