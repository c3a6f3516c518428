"""Requesters and collaborators help themselves by mail; on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgate.store.tickets import tickets
from mailgate.ticket import Assignee
from tests.desk import ANN, CONFIG, ELLIOT, KAREN, Bench, to, told, with_ticket

PASS = {"Authentication-Results": "mx.bank.example; dmarc=pass header.from=client.example"}
BELIEVED = {"authserv_ids": ("mx.bank.example",)}


@pytest.fixture
def bench(tmp_path):
    return with_ticket(tmp_path)


def test_a_requester_closes_and_the_desk_hears(bench):
    bench.send(ELLIOT, "#claim", answers=bench.alert)
    mails = bench.send(KAREN, "#close\n\nSent from my iPhone", answers=bench.ack)
    assert told(mails) == {("status", "elliot@bank.example"), ("status-changed", "karen@client.example")}
    assert "Your request is closed." in to(mails, "karen@client.example").text
    assert "Karen Client closed the ticket." in to(mails, "elliot@bank.example").text
    assert bench.ticket().status == "closed"
    assert len(bench.thread()) == 1, "a mail of words alone posts nothing"
    assert bench.last()["ticket"] == 1001


def test_a_requester_whose_program_sends_no_name_is_known_by_that_of_the_ticket(bench):
    """Below a command the closing formula and the name are a signature, and alerts name the person."""
    bench.send("karen@client.example", "#close\n\nKind regards\nKaren Client\nAcme Inc.", answers=bench.ack)
    assert (bench.ticket().status, len(bench.thread())) == ("closed", 1)
    mails = bench.send("karen@client.example", "It is down again.", answers=bench.ack)
    alert = next(mail for mail in mails if mail.kind == "new-message")
    assert "New message from Karen Client on" in alert.text
    assert alert.message["From"] == "Karen Client via First Bank Support <support@bank.example>"


def test_thanks_with_close_are_a_message_and_start_nothing_over(bench):
    bench.send(ELLIOT, "#resolved\n\nTry again.", answers=bench.alert)
    mails = bench.send(KAREN, "#close\n\nThanks, it works!", answers=bench.ack)
    assert told(mails) == {("new-message", "elliot@bank.example"), ("status-changed", "karen@client.example")}
    assert bench.thread()[-1] == ("message", "Thanks, it works!")
    assert "only a thank-you" not in to(mails, "elliot@bank.example").text, "it closes"
    assert (bench.ticket().status, bench.ticket().reopened, bench.ticket().waiting_since) == ("closed", 0, None)
    assert bench.last()["ticket"] == 1001


def test_the_words_stand_in_no_message_below_them(bench):
    html = "<p>#status</p><p>It is <b>urgent</b>.</p>"
    mails = bench.send(KAREN, "#status\n\nIt is urgent.", answers=bench.ack, html=html)
    assert "#status" not in to(mails, "elliot@bank.example").everything
    assert [(each.text.strip(), each.html) for each in tickets.thread(bench.db, 1001)][-1] == ("It is urgent.", "")


@pytest.mark.parametrize("text", ["#status", "#status\n\nIt is urgent."])
def test_words_and_their_message_have_one_answer(tmp_path, text):
    bench = with_ticket(tmp_path, CONFIG + "[notices]\nfollow_up = true\n")
    mails = bench.send(KAREN, text, answers=bench.ack)
    assert [mail.kind for mail in mails if mail.to == "karen@client.example"] == ["status-changed"]


def test_an_answer_stands_behind_the_mail_in_its_conversation(bench):
    chain = {"References": "<a@client.example> <b@client.example> <c@client.example> <d@client.example>"}
    mails = bench.send(KAREN, "#status", subject="[#1001] Portal", headers=PASS | chain, message_id="<e@x>", **BELIEVED)
    answer = to(mails, "karen@client.example").message
    assert answer["In-Reply-To"] == "<e@x>"
    assert answer["References"].split()[1:] == [f"<{each}@client.example>" for each in "bcd"] + ["<e@x>"]


def test_a_word_that_opens_nothing_leaves_the_assignee(bench):
    bench.send(ELLIOT, "#resolved\n\nTry again.", answers=bench.alert)
    bench.send(ANN, "#assign ann\n#note\n\nI watch it.", answers=bench.opened["ann@bank.example"])
    bench.send(KAREN, "#status", answers=bench.ack)
    assert (bench.ticket().status, bench.ticket().assignee) == ("resolved", Assignee.agent("ann"))


def test_the_end_of_their_own_mails_below_a_word_is_no_message_and_that_of_others_is(bench):
    """Known from what they wrote before, not from what others wrote on the ticket."""
    bench.send(KAREN, "And it smokes.\n\nKC\nSales, floor 3", answers=bench.ack)
    bench.send(
        "jane@client.example", "Here too.\n\nJD\nStores, floor 4", subject="[#1001] Portal", headers=PASS, **BELIEVED
    )
    bench.send(KAREN, "#status\n\nKC\nSales, floor 3", answers=bench.ack)
    assert len(bench.thread()) == 3
    bench.send(KAREN, "#status\n\nJD\nStores, floor 4", answers=bench.ack)
    assert bench.thread()[-1] == ("message", "JD\nStores, floor 4")


def test_reopening_by_word_and_with_words(bench):
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    mails = bench.send(KAREN, "#reopen", answers=bench.ack)
    assert "Your request is open." in to(mails, "karen@client.example").text
    assert "write to us anew" not in to(mails, "karen@client.example").text
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    bench.send(KAREN, "#reopen\n\nIt is back.", answers=bench.ack)
    assert bench.thread()[-1] == ("message", "It is back.")
    assert (bench.ticket().status, bench.ticket().reopened) == ("open", 2)


def test_too_late_a_word_opens_nothing_and_says_so(bench):
    bench.send(ELLIOT, "#closed", answers=bench.alert)
    bench.now += timedelta(days=31)
    for word in ("#reopen", "#status", "#close\n\nThanks."):
        mails = bench.send(KAREN, word, answers=bench.ack)
        assert "Your request is closed." in to(mails, "karen@client.example").text
        assert ("write to us anew" in to(mails, "karen@client.example").text) is (word == "#reopen")
    assert bench.numbers() == [1001]
    bench.send(KAREN, "#reopen\n\nIt is back.", answers=bench.ack)
    assert bench.numbers() == [1001, 1002]
    assert bench.thread(1002) == [("message", "It is back.")]


def test_status_and_help_are_answered_in_public_words_and_change_nothing(bench):
    bench.send(ELLIOT, "#note\n#prio high\n\nThe vendor password is hunter2.", answers=bench.alert)
    bench.send(ELLIOT, "#reply\n\nWe look.", answers=bench.alert)
    before = bench.kinds()
    mail = to(bench.send(KAREN, "#status\n#help", answers=bench.ack), "karen@client.example")
    assert "It was opened on Fri 20 Nov 2026; our last answer was sent on Fri 20 Nov 2026." in " ".join(
        mail.text.split()
    )
    assert "#reopen opens it again" in " ".join(mail.text.split())
    assert not {word for word in ("hunter2", "High", "Elliot") if word in mail.everything}
    assert mail.message["Auto-Submitted"]
    assert bench.kinds() == before


def test_a_collaborator_leaves(bench):
    reply = to(bench.send(ELLIOT, "We look.", answers=bench.alert), "jane@client.example")
    mails = bench.send("jane@client.example", "#leave", answers=reply)
    assert told(mails) == {("status-changed", "jane@client.example")}
    assert "no longer on this request" in mails[0].text
    assert bench.ticket().collaborators == ()
    assert "jane@client.example" not in {mail.to for mail in bench.send(ELLIOT, "Done.", answers=bench.alert)}


@pytest.mark.parametrize(
    ("sender", "text", "more"),
    [
        ("jane@client.example", "#close", {}),
        (KAREN, "#leave", {}),
        (KAREN, "#resolved", {}),
        (KAREN, "Please\n#close", {}),
        (KAREN, "#close", {"headers": {"Precedence": "bulk"}}),
        (KAREN, "#close", {"headers": PASS | {"Precedence": "bulk"}, **BELIEVED}),
        (
            KAREN,
            "#close",
            {
                "headers": {"Authentication-Results": "mx.bank.example; dmarc=fail"},
                "authserv_ids": ("mx.bank.example",),
            },
        ),
    ],
)
def test_all_else_is_text(bench, sender, text, more):
    bench.send(sender, text, answers=bench.ack, **more)
    assert bench.thread()[-1] == ("message", text)
    assert bench.ticket().status == "open"


def test_a_stranger_closes_nothing(bench):
    bench.send("evil@other.example", "#close", subject="[#1001] Portal is down")
    bench.send("evil@other.example", "#close", answers=bench.ack)
    assert bench.ticket().status == "open"


def test_words_are_answered_within_the_limit_and_not_when_old(tmp_path):
    bench = Bench(tmp_path, CONFIG + '[notices]\nlimit_per_sender = "2/1h"\n')
    ack = to(bench.send(KAREN, "Down."), "karen@client.example")
    mails = [mail for _ in range(3) for mail in bench.send(KAREN, "#status", answers=ack)]
    assert len(mails) == 2, "what acknowledges a mail that nothing proves does not count"
    bench.now += timedelta(days=10)
    assert bench.send(KAREN, "#status", answers=ack, arrived=bench.now - timedelta(days=5)) == []
    bench.db.close()


def test_a_file_below_a_word_is_a_message(bench):
    bench.send(KAREN, "#close", answers=bench.ack, files=(("log.txt", "text/plain", b"x"),))
    assert bench.thread()[-1] == ("message", "")
    assert bench.ticket().status == "closed"


# ── agents are customers too ────────────────────────────────────────────────────────────

BOB = "bob@bank.example"


@pytest.fixture
def own(bench):
    """What Bob has from the desk about the ticket that is his as a customer."""
    mails = bench.send(f"Bob Base <{BOB}>", "My mouse is broken.", subject="Mouse")
    bench.send(ELLIOT, "#claim", answers=to(mails, "elliot@bank.example"))
    return to(mails, BOB)


@pytest.mark.parametrize(("word", "told_back"), [("#status", "is open"), ("#help", "#reopen"), ("#close", "is closed")])
def test_an_agent_asks_on_a_ticket_of_their_own_as_its_requester(bench, own, word, told_back):
    mails = bench.send(BOB, word, answers=own)
    mail = to(mails, BOB)
    assert (mail.kind, mail.ticket) == ("status-changed", 1002)
    assert told_back in mail.text
    assert bench.ticket(1002).status == ("closed" if word == "#close" else "open")


@pytest.mark.parametrize("text", ["#close\n#prio high", "#prio high", "#close\n\nThanks\n#assign me"])
def test_more_than_a_requesters_words_is_an_agents_mail_and_needs_an_agents_proof(bench, own, text):
    (mail,) = bench.send(BOB, text, answers=own)
    assert (mail.kind, mail.to) == ("confirm", BOB)
    assert (bench.ticket(1002).status, bench.ticket(1002).priority) == ("open", "Normal")


@pytest.fixture
def merged(bench):
    """Karen's ticket, merged into somebody else's, which is resolved."""
    theirs = bench.send("Otto Other <otto@other.example>", "Mine, too.", subject="Otto cannot log in")
    bench.send(ELLIOT, "#merge 1002", answers=bench.alert)
    bench.send(ANN, "#resolve", answers=to(theirs, "ann@bank.example"))
    return bench


@pytest.mark.parametrize("words", ["#status", "#help", "#status\n#help\n\n-- \nKaren Client"])
def test_who_asks_about_a_merged_request_is_answered_about_it_alone(merged, words):
    (answer,) = merged.send(KAREN, words, answers=merged.ack)
    assert (answer.kind, answer.to, answer.ticket) == ("status-changed", "karen@client.example", 1001)
    assert answer.subject == "Re: [#1001] Portal is down"
    assert "Your request is handled together with another one about the same matter." in answer.text
    assert "1002" not in answer.everything
    assert "Otto" not in answer.everything
    assert merged.ticket(1002).status == "resolved"
    assert [text for _, text in merged.thread(1002)] == ["Mine, too."]
    assert merged.last()["ticket"] == 1001


@pytest.mark.parametrize("text", ["#close", "#reopen", "#status\n\nAny news?"])
def test_a_merged_request_is_not_its_requesters_to_close_or_reopen(merged, text):
    mails = merged.send(KAREN, text, answers=merged.ack)
    assert {mail.kind for mail in mails} <= {"new-message", "assigned"}
    assert merged.thread(1002)[-1] == ("message", text)


def test_of_a_merged_request_nobody_else_asks_in_its_requesters_name(merged):
    """Neither a collaborator nor a mail that is not proven to be the requester's."""
    for sender, more in (("jane@client.example", PASS), (KAREN, {})):
        subject = "Re: [#1001] Portal is down"
        mails = merged.send(sender, "#status", subject=subject, headers=more, **(BELIEVED if more else {}))
        assert "status-changed" not in {mail.kind for mail in mails}
        assert merged.thread(1002)[-1] == ("message", "#status")
