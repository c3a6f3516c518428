"""Where an agent's answer goes: what the answered mail said, whatever a program does with it."""

from __future__ import annotations

import re

import pytest

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, outside, to

ANN_, ELLIOT_, KAREN_ = "ann@bank.example", "elliot@bank.example", "karen@client.example"
PLUS = {"plus": CONFIG, "no plus": CONFIG.replace("plus = true", "plus = false")}


@pytest.fixture(params=PLUS)
def bench(tmp_path, request) -> Bench:
    return Bench(tmp_path, PLUS[request.param])


@pytest.fixture
def alerts(bench):
    """The alerts of a new ticket."""
    return bench.send(KAREN, "The portal is down.")


def assigned(bench, alerts):
    """The alert to Ann when Elliot assigns her the ticket."""
    return to(bench.send(ELLIOT, "#assign ann -- knows it", answers=to(alerts, ELLIOT_)), ANN_)


def test_the_assignee_answers_the_customer_with_their_one_mail(bench, alerts):
    alert = assigned(bench, alerts)
    assert alert.kind == "assigned"
    sent = bench.send(ANN_, "It works again.", answers=alert)
    assert [(mail.kind, mail.to) for mail in outside(sent)] == [("reply", KAREN_)]
    assert bench.thread()[-1] == ("reply", "It works again.")


def test_once_answered_the_next_alert_is_a_note(bench, alerts):
    bench.send(ANN_, "It works again.", answers=assigned(bench, alerts))
    again = to(
        bench.send(ELLIOT, "#release\n", answers=to(alerts, ELLIOT_))
        and bench.send(ELLIOT, "#assign ann", answers=to(alerts, ELLIOT_)),
        ANN_,
    )
    assert "Your answer stays an internal note." in again.text
    sent = bench.send(ANN_, "Why me?", answers=again)
    assert not outside(sent)
    assert bench.thread()[-1] == ("note", "Why me?")


def test_what_the_alert_promised_holds_although_nobody_waits_any_more(bench, alerts):
    alert = assigned(bench, alerts)
    bench.send(ELLIOT, "#resolve\n", answers=to(alerts, ELLIOT_))
    assert outside(bench.send(ANN_, "One word more.", answers=alert)), "it said that an answer goes to Karen"


@pytest.mark.parametrize("below", [False, True])
def test_the_answer_link_of_a_note_goes_to_the_customer_wherever_it_is_typed(bench, alerts, below):
    note = to(bench.send(ELLIOT, "#note\n\nWho knows?", answers=to(alerts, ELLIOT_)), ANN_)
    assert "Your answer stays an internal note." in note.text
    sent = bench.write_by_link(note, "Answer Karen Client", "I do.", below=below)
    assert [(mail.kind, mail.to) for mail in outside(sent)] == [("reply", KAREN_)]
    assert bench.thread()[-1] == ("reply", "I do.")
    assert "Ref:" not in sent[0].text


@pytest.mark.parametrize("below", [False, True])
def test_the_note_link_of_a_public_alert_stays_internal_and_asks_nothing_back(bench, alerts, below):
    sent = bench.write_by_link(to(alerts, ANN_), "Note", "I know her.", below=below)
    assert {mail.kind for mail in sent} == {"note"}
    assert bench.thread()[-1] == ("note", "I know her.")


def test_commands_go_with_a_link(bench, alerts):
    sent = bench.write_by_link(to(alerts, ANN_), "Note", "#resolve\n\nAll done.")
    assert bench.thread()[-1] == ("note", "All done.")
    assert bench.ticket().status == "resolved"
    assert {mail.kind for mail in outside(sent)} == {"status-changed"}


def test_an_alert_that_somebody_else_gets_instead_is_theirs(bench, alerts):
    """The assignee's mail does not arrive: who has the alert instead is no assignee."""
    alert = assigned(bench, alerts)
    bench.db.run("INSERT INTO dead_address (email, reason, at) VALUES (?, 'gone', 0)", [ANN_])
    sent = bench.send(KAREN, "Any news?", subject="Re: [#1001] Portal is down")
    assert alert.agent == "ann"
    other = to([mail for mail in sent if mail.agent], ELLIOT_)
    assert bench.desk.keyring.read(other.message_id).public == ("public reply" in other.text)


# ── #send: a text that became a note ────────────────────────────────────────────────────


def test_who_moves_a_ticket_out_of_their_sight_gets_no_link_that_is_refused(bench, alerts):
    answer = to(bench.send(ELLIOT, "#transfer systems administrators", answers=to(alerts, ELLIOT_)), ELLIOT_)
    assert "whose tickets you do not see" in answer.text
    assert "mailto:" not in answer.text
    assert "mailto:" not in answer.part("html")
    (refused,) = bench.send(ELLIOT, "Look at the log.", answers=answer)
    assert "Ticket 1001 was not found" in refused.text


def kept(bench, alerts, text="The vendor is on it.", **more):
    """The mail that tells Ann that her text became a note."""
    note = to(bench.send(ELLIOT, "#note\n\nWho knows?", answers=to(alerts, ELLIOT_)), ANN_)
    return to(bench.send(ANN_, text, answers=note, **more), ANN_)


def code_of(mail):
    return re.search(r"%23send%20(\w{12})%0D%0A", mail.text)[1]


@pytest.mark.parametrize("text", ["The vendor is on it.", "A long answer, line by line.\n" * 900])
def test_a_note_is_sent_on_with_one_tap_whatever_its_length(bench, alerts, text):
    told_ = kept(bench, alerts, text)
    assert "Send it to Karen Client: mailto:" in told_.text
    sent = bench.write_by_link(told_, "Send it to Karen Client", "")
    reply = to(sent, KAREN_)
    assert reply.kind == "reply"
    assert text.strip() in reply.text
    assert ("reply", text.strip()) in bench.thread()
    assert [kind for kind, _ in bench.thread()].count("note") == 1, "Elliot's question"
    assert bench.kinds().count("published") == 1
    assert "replied" not in bench.kinds()
    assert "Your note was sent to Karen Client." in to(sent, ANN_).text
    assert bench.ticket().first_response_at
    assert bench.ticket().last_respondent == "ann"
    assert bench.ticket().assignee.name == "ann", "she answered first"
    assert to(sent, ELLIOT_).kind == "taken"


def test_a_note_is_sent_once(bench, alerts):
    told_ = kept(bench, alerts)
    bench.write_by_link(told_, "Send it to Karen Client", "")
    again = bench.write_by_link(told_, "Send it to Karen Client", "")
    assert not outside(again)
    assert "was sent to Karen Client already" in to(again, ANN_).text


def test_only_its_author_sends_a_note_and_nothing_beside_it(bench, alerts):
    told_ = kept(bench, alerts)
    other = bench.send(ELLIOT, f"#send {code_of(told_)}\n", answers=to(alerts, ELLIOT_))
    assert "o note of yours on this ticket has this code" in to(other, ELLIOT_).text
    beside = bench.send(ANN_, f"#send {code_of(told_)}\n\nAnd more.", answers=told_)
    assert "write your text in a mail of its own" in to(beside, ANN_).text
    assert not outside([*other, *beside])


@pytest.mark.parametrize("text", ["#canned hello", "#note", "#note elliot", "#spam"])
def test_a_note_is_not_sent_beside_another_text_or_as_an_answer_to_spam(bench, alerts, text):
    told_ = kept(bench, alerts)
    before = bench.thread()
    (refused,) = bench.send(ANN_, f"#send {code_of(told_)}\n{text}", answers=told_)
    assert refused.kind == "command-failed"
    assert bench.thread() == before


def test_commands_go_with_a_note_that_is_sent(bench, alerts):
    sent = bench.send(ANN_, f"#send {code_of(kept(bench, alerts))}\n#resolve", answers=to(alerts, ANN_))
    assert [mail.kind for mail in outside(sent)] == ["reply"]
    assert bench.ticket().status == "resolved"


def test_a_sent_note_is_compared_with_other_notes_and_never_with_itself(bench, alerts):
    secret = "their contract ends in March, and nobody may tell them"
    bench.send(ELLIOT, f"#note\n\nPsst: {secret}.", answers=to(alerts, ELLIOT_))
    told_ = kept(bench, alerts, f"I hear {secret}.")
    held = bench.write_by_link(told_, "Send it to Karen Client", "")
    assert {mail.kind for mail in held} == {"held"}
    released = bench.tap(to(held, ANN_))
    assert [mail.kind for mail in outside(released)] == ["reply"]
    assert bench.kinds().count("published") == 1


def test_a_note_is_sent_with_its_files_and_its_formatting(bench, alerts):
    told_ = kept(
        bench, alerts, "See the file.", files=(("plan.txt", "text/plain", b"one"),), html="<p>See <b>the</b> file.</p>"
    )
    reply = to(bench.write_by_link(told_, "Send it to Karen Client", ""), KAREN_)
    assert "<b>the</b>" in reply.part("html")
    assert [part.get_filename() for part in reply.message.walk() if part.get_filename()] == ["plan.txt"]


def test_who_may_not_reply_is_offered_no_sending(tmp_path):
    bench = Bench(tmp_path, CONFIG.replace("may = []", 'may = ["note"]'))
    alert = to(bench.send(KAREN, "Down", to="outages@bank.example"), "vera@bank.example")
    assert "Your answer stays an internal note." in alert.text
    sent = bench.send("vera@bank.example", "I would restart it.", answers=alert)
    assert not outside(sent)
    assert bench.thread()[-1] == ("note", "I would restart it.")
    assert "Send it to" not in "".join(mail.text for mail in sent if mail.to == "vera@bank.example")


# ── an answer to `command-failed` ───────────────────────────────────────────────────────


def test_an_answer_to_a_failed_mail_goes_where_that_would_have_gone(bench, alerts):
    failed = to(bench.send(ELLIOT, "#resolvd\n\nIt works again.", answers=to(alerts, ELLIOT_)), ELLIOT_)
    assert failed.kind == "command-failed"
    assert "Your answer goes to Karen Client (public reply)." in failed.text
    sent = bench.send(ELLIOT, "#resolved\n\nIt works again.", answers=failed)
    assert [mail.kind for mail in outside(sent)] == ["reply"]
    assert bench.thread()[-1] == ("reply", "It works again.")


def test_the_corrected_mail_is_sent_with_one_tap(bench, alerts):
    failed = to(bench.send(ELLIOT, "#resolvd\n\nIt works again.", answers=to(alerts, ELLIOT_)), ELLIOT_)
    sent = bench.write_by_link(failed, "Send it corrected", "Elliot\nRoom 12", below=True)
    assert [mail.kind for mail in outside(sent)] == ["reply"]
    assert bench.thread()[-1] == ("reply", "It works again.")
    assert bench.ticket().status == "resolved"


@pytest.mark.parametrize("text", ["#note\n#resolvd\n\nHm.", "#transfr Systems\n\nHm.", "#asign bob\n\nHm."])
def test_what_would_have_been_a_note_stays_one(bench, alerts, text):
    failed = to(bench.send(ELLIOT, text, answers=to(alerts, ELLIOT_)), ELLIOT_)
    assert "Your answer stays an internal note." in failed.text
    assert not outside(bench.send(ELLIOT, "Hm.", answers=failed))
    assert bench.thread()[-1] == ("note", "Hm.")


@pytest.mark.parametrize("text", ["#frobnicate\n\nHm.", "#prio x\n\nHm.", "#resolvd\n\n" + "Long. " * 400])
def test_no_link_where_it_cannot_be_told_or_would_be_cut(bench, alerts, text):
    failed = to(bench.send(ELLIOT, text, answers=to(alerts, ELLIOT_)), ELLIOT_)
    assert failed.kind == "command-failed"
    assert "Send it corrected" not in failed.text


# ── a command right below quoted text ───────────────────────────────────────────────────


def quoting(mail, text):
    return "\n".join(["Ann wrote:", *(f"> {line}" for line in mail.text.splitlines()), text])


def test_a_note_is_never_published_because_its_command_stands_right_below_a_quote(bench, alerts):
    alert = to(alerts, ELLIOT_)
    sent = bench.send(ELLIOT, quoting(alert, "#note\n\nShe is difficult."), answers=alert)
    assert {mail.kind for mail in sent} == {"command-failed"}
    assert "“#note” stands right below quoted text" in to(sent, ELLIOT_).text
    assert len(bench.thread()) == 1


def test_a_page_tells_where_its_quote_ends(bench, alerts):
    alert = to(alerts, ELLIOT_)
    page = f"<blockquote>{alert.text}</blockquote><p>#note</p><p>She is difficult.</p>"
    bench.send(ELLIOT, quoting(alert, "\n#note\n\nShe is difficult."), html=page, answers=alert)
    assert bench.thread()[-1] == ("note", "She is difficult.")


@pytest.mark.parametrize(
    ("language", "said"), [("", "your role in Support lets you write notes only"), ("de", "Rolle")]
)
def test_whose_role_has_no_replies_reads_that_as_the_reason_for_a_note(tmp_path, language, said):
    role = '[role."Notes only"]\nmay = ["note"]\n'
    agent = f'role = "Notes only"\nlanguage = "{language}"\n' if language else 'role = "Notes only"\n'
    bench = Bench(tmp_path, CONFIG.replace("[agent.ann]\n", f"{role}[agent.ann]\n{agent}"))
    alert = to(bench.send(KAREN, "The portal is down."), ANN_)
    assert alert.kind == "new-ticket"
    answer = to(bench.send(ANN_, "It works again.", answers=alert), ANN_)
    assert said in " ".join(answer.text.split())
    assert bench.thread()[-1] == ("note", "It works again.")


@pytest.mark.parametrize("failed", ["#new somebody unknown\n\nHe phoned.", "#ticket 9999\n\nIt works."])
def test_an_answer_to_a_mail_about_no_ticket_is_not_for_the_customer_of_an_alert_before(bench, alerts, failed):
    (returned,) = bench.send(ELLIOT, failed, answers=to(alerts, ELLIOT_))
    assert (returned.kind, returned.ticket) == ("command-failed", None)
    sent = bench.send(ELLIOT, "I meant Joe.", answers=returned)
    assert not outside(sent)
    assert bench.thread()[-1] == ("note", "I meant Joe.")
    assert "Send it to Karen Client" in to(sent, ELLIOT_).text


def test_on_top_of_an_answer_to_a_mail_about_no_ticket_the_commands_say_where_it_goes(bench, alerts):
    (returned,) = bench.send(ELLIOT, "#ticket 9999\n\nIt works.", answers=to(alerts, ELLIOT_))
    assert outside(bench.send(ELLIOT, "#ticket 1001\n#reply\n\nIt works.", answers=returned))
    assert bench.thread()[-1] == ("reply", "It works.")


def test_an_answer_to_a_confirm_without_its_code_opens_no_ticket(bench, alerts):
    (confirm,) = bench.send(ELLIOT, "#claim", subject="Re: [#1001] Portal is down")
    assert confirm.kind == "confirm"
    (returned,) = bench.send(ELLIOT, "Yes, it was me.", answers=confirm)
    assert "with its line #confirm CODE on top" in returned.text
    assert bench.numbers() == [1001]
    assert bench.ticket().assignee is None
    bench.tap(confirm)
    assert bench.ticket().assignee.name == "elliot"


@pytest.mark.parametrize("failed", ["#close", "#ticket 9999\n\nIt works.", "#new somebody unknown\n\nHe phoned."])
def test_an_answer_to_a_mail_about_no_ticket_opens_none_in_its_authors_name(bench, alerts, failed):
    (confirm,) = bench.send(ELLIOT, "#list", subject="Hm")
    (returned,) = bench.send(ELLIOT, failed, answers=confirm)
    assert (returned.kind, returned.ticket) == ("command-failed", None)
    answer = bench.send(ELLIOT, "I meant the other one.", answers=returned)
    assert "name one with #ticket NUMBER" in to(answer, ELLIOT_).text
    assert bench.numbers() == [1001]
