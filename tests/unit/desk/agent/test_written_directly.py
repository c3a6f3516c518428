"""Conversations beside the desk: agents' Cc, direct answers, the note address; and how words look when passed on."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from tests.desk import CONFIG, Bench, Sent, to, told

KAREN = "karen@client.example"
JANE = "jane@client.example"
ZOE = "zoe@other.example"
ELLIOT = "elliot@bank.example"
ANN = "ann@bank.example"
NOTE = "support+note@bank.example"
TRUSTED = CONFIG + '[trust]\ndomains = ["bank.example"]\n'
PASS = {
    "authserv_ids": ("mx.bank.example",),
    "headers": {
        "Authentication-Results": "mx.bank.example; dmarc=pass header.from=bank.example;"
        " dkim=pass header.d=bank.example",
        "DKIM-Signature": "v=1; d=bank.example; s=x; h=from:subject:to; b=x; bh=x",
    },
}
PNG = b"\x89PNG"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def alert(bench: Bench) -> Sent:
    return to(bench.send(f"Karen Client <{KAREN}>", "Nobody can log in.", message_id="<k1@client.example>"), ELLIOT)


def collaborators(bench: Bench) -> list[tuple[str, bool]]:
    return [(each.email, each.active) for each in bench.ticket().collaborators]


def cc_of(mail: Sent) -> str:
    return str(mail.message["Cc"])


# ── people in Cc of an agent's reply ────────────────────────────────────────────────────


def test_who_is_in_cc_of_an_agents_reply_becomes_a_collaborator_and_is_not_written_to_twice(
    bench: Bench, alert: Sent
) -> None:
    sent = bench.send(ELLIOT, "Jane knows more.", answers=alert, cc=f"Jane <{JANE}>")
    assert {mail.to for mail in sent if mail.kind in ("reply", "collaborator-added")} == {KAREN}
    assert JANE in cc_of(to(sent, KAREN))
    assert collaborators(bench) == [(JANE, True)]
    assert bench.ticket().collaborators[0].name == "Jane"
    assert "cc-changed" in bench.kinds()


def test_the_copied_one_answers_and_gets_the_next_reply(bench: Bench, alert: Sent) -> None:
    bench.send(ELLIOT, "Jane knows more.", answers=alert, cc=JANE, message_id="<e1@bank.example>")
    answer = {"In-Reply-To": "<e1@bank.example>"}
    sent = bench.send(JANE, "I do.", subject="Re: [#1001] Portal is down", headers=answer)
    assert bench.thread()[-1] == ("message", "I do.")
    again = bench.send(ELLIOT, "Thanks.", answers=to(sent, ELLIOT))
    assert {mail.to for mail in again if mail.kind == "reply"} == {KAREN, JANE}


def test_desk_agents_lists_and_machines_in_cc_never_become_collaborators(bench: Bench, alert: Sent) -> None:
    copied = f"support@bank.example, outages@bank.example, {ANN}, noreply@x.example, dev-request@lists.example"
    bench.send(ELLIOT, "All of you.", answers=alert, cc=copied)
    assert collaborators(bench) == []


def test_there_are_never_more_collaborators_than_a_ticket_may_have(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIG + "[tickets]\nmax_collaborators = 1\n")
    alert = to(bench.send(KAREN, "Nobody can log in."), ELLIOT)
    bench.send(ELLIOT, "All of you.", answers=alert, cc=f"{JANE}, {ZOE}")
    assert collaborators(bench) == [(JANE, True)]


def test_who_waits_for_an_agents_word_is_not_let_in_by_answer_to_all(bench: Bench, alert: Sent) -> None:
    bench.send(KAREN, "Zoe, too.", subject="Re: [#1001]", cc=ZOE)
    assert collaborators(bench) == [(ZOE, False)]
    bench.send(ELLIOT, "Hello all.", answers=alert, cc=ZOE)
    assert collaborators(bench) == [(ZOE, False)]


def test_people_in_cc_of_a_note_learn_nothing_more(bench: Bench, alert: Sent) -> None:
    bench.send(ELLIOT, "#note\n\nAmong us.", answers=alert, cc=JANE)
    assert collaborators(bench) == []


def test_an_agent_who_may_not_change_collaborators_adds_none(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIG.replace("may = []", 'may = ["reply"]'))
    alert = to(bench.send(KAREN, "Down.", to="outages@bank.example"), "vera@bank.example")
    assert to(bench.send("vera@bank.example", "Hello.", answers=alert, cc=JANE), KAREN)
    assert collaborators(bench) == []


def test_nobody_is_added_by_a_mail_that_nothing_proves(bench: Bench, alert: Sent) -> None:
    sent = bench.send(
        ELLIOT, "Hello.", subject="Re: [#1001] Portal is down", to=KAREN, cc=f"support@bank.example, {ZOE}"
    )
    assert told(sent) == {("confirm", ELLIOT)}
    assert collaborators(bench) == []


# ── an agent who answered the customer directly ─────────────────────────────────────────


def directly(bench: Bench, text: str = "Try again now.", **more: object) -> list[Sent]:
    headers = {**PASS["headers"], "In-Reply-To": "<k1@client.example>", "References": "<k1@client.example>"}
    fields = {"to": KAREN, "cc": "support@bank.example", "subject": "Re: Portal is down", **PASS, "headers": headers}
    return bench.send(f"Elliot <{ELLIOT}>", text, **{**fields, **more})


@pytest.fixture
def trusting(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, TRUSTED)
    bench.send(
        f"Karen Client <{KAREN}>", "Nobody can log in.", message_id="<k1@client.example>", cc=f"{ELLIOT}, {JANE}"
    )
    return bench


def test_a_direct_answer_counts_as_the_public_reply_and_is_not_sent_again(trusting: Bench) -> None:
    sent = directly(trusting)
    assert trusting.thread()[-1] == ("reply", "Try again now.")
    assert KAREN not in {mail.to for mail in sent}
    assert to(sent, JANE).kind == "reply", "a collaborator who was not written to gets it from the desk"
    ticket = trusting.ticket()
    assert ticket.first_response_at is not None
    assert ticket.waiting_since is None
    assert ticket.last_respondent == "elliot"


def test_a_direct_answer_to_all_is_sent_to_nobody_again(trusting: Bench) -> None:
    sent = directly(trusting, cc=f"support@bank.example, {JANE}")
    assert {mail.to for mail in sent}.isdisjoint({KAREN, JANE})


def test_a_direct_answer_threads_by_the_token_too(trusting: Bench) -> None:
    directly(trusting, subject="Re: [#1001] Portal is down", headers=PASS["headers"])
    assert trusting.thread()[-1] == ("reply", "Try again now.")


def test_a_direct_answer_that_resolves_tells_the_requester_of_that_alone(trusting: Bench) -> None:
    sent = directly(trusting, "#resolve\n\nTry again now.")
    assert to(sent, KAREN).kind == "status-changed"
    assert trusting.ticket().status == "resolved"


def test_the_requesters_answer_to_it_comes_to_the_ticket(trusting: Bench) -> None:
    directly(trusting, message_id="<e9@bank.example>")
    headers = {"In-Reply-To": "<e9@bank.example>"}
    trusting.send(KAREN, "It works.", to=ELLIOT, cc="support@bank.example", subject="Re: Portal", headers=headers)
    assert trusting.thread()[-1] == ("message", "It works.")
    assert trusting.numbers() == [1001]


def test_a_direct_answer_that_nothing_proves_is_held(bench: Bench, alert: Sent) -> None:
    headers = {"In-Reply-To": "<k1@client.example>"}
    sent = bench.send(ELLIOT, "Try again.", to=KAREN, cc="support@bank.example", subject="Re: Portal", headers=headers)
    assert told(sent) == {("confirm", ELLIOT)}
    assert bench.thread() == [("message", "Nobody can log in.")]
    assert bench.ticket().first_response_at is None
    code = sent[0].text.partition("#confirm ")[2].split()[0]
    back = bench.send(ELLIOT, f"#confirm {code}", subject="Re: confirm")
    assert KAREN not in {mail.to for mail in back}
    assert bench.thread()[-1] == ("reply", "Try again.")


def test_a_copy_of_a_mail_to_somebody_else_is_a_note(trusting: Bench) -> None:
    directly(trusting, "What do you think?", to="vendor@x.example", subject="[#1001] Portal", headers=PASS["headers"])
    assert trusting.thread()[-1] == ("note", "What do you think?")
    assert "vendor@x.example" not in trusting.ticket().participants


# ── the note address ────────────────────────────────────────────────────────────────────


def test_an_agents_mail_to_the_note_address_is_a_note(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ELLIOT, "Among us.", answers=alert, to=NOTE)
    assert bench.thread()[-1] == ("note", "Among us.")
    assert KAREN not in {mail.to for mail in sent}
    assert ("answer", ELLIOT) not in told(sent), "who says so need not be told"


def test_beside_other_addresses_it_makes_a_note_too(bench: Bench, alert: Sent) -> None:
    bench.send(ELLIOT, "Among us.", answers=alert, to=f"{alert.reply_to}, {NOTE}")
    bench.send(ELLIOT, "And this.", answers=alert, to=alert.reply_to, cc=NOTE)
    assert [kind for kind, _ in bench.thread()] == ["message", "note", "note"]


def test_the_note_address_wins_over_reply_and_the_agent_is_told(bench: Bench, alert: Sent) -> None:
    sent = bench.send(ELLIOT, "#reply\n\nAmong us.", answers=alert, to=NOTE)
    assert bench.thread()[-1] == ("note", "Among us.")
    assert "because it was sent to the note address" in " ".join(to(sent, ELLIOT).text.split())


def test_a_fresh_mail_to_the_note_address_is_no_ticket(bench: Bench) -> None:
    sent = bench.send(ELLIOT, "Among us.", to=NOTE, **PASS)
    assert told(sent) == {("confirm", ELLIOT)}
    assert bench.numbers() == []


def test_a_proven_fresh_mail_to_the_note_address_comes_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, TRUSTED)
    sent = bench.send(ELLIOT, "Among us.", to=NOTE, subject="Portal", **PASS)
    assert told(sent) == {("command-failed", ELLIOT)}
    assert bench.numbers() == []


def test_a_requesters_mail_to_the_note_address_is_a_message(bench: Bench, alert: Sent) -> None:
    bench.send(KAREN, "Still down.", to=NOTE, subject="Re: [#1001] Portal is down")
    assert bench.thread()[-1] == ("message", "Still down.")


def test_without_plus_there_is_no_note_address(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIG.replace("plus = true", "plus = false"))
    alert = to(bench.send(KAREN, "Nobody can log in."), ELLIOT)
    bench.send(ELLIOT, "Hello.", answers=alert, to=f"support@bank.example, {NOTE}")
    assert bench.thread()[-1] == ("reply", "Hello.")


# ── formatting and images ───────────────────────────────────────────────────────────────

PAGE = (
    '<div dir="ltr">#prio high<div><br></div><div>Hello <b>Karen</b>, <a href="https://status.example/">look</a>'
    '<img src="cid:logo" alt=""></div></div><br><div class="gmail_quote"><div class="gmail_attr">On Friday, wrote:'
    '</div><blockquote class="gmail_quote">##- Write your answer above this line -##<br>CANARY</blockquote></div>'
)
TEXT = "#prio high\n\nHello *Karen*, look <https://status.example/>\n\nOn Friday, wrote:\n> CANARY"


def with_image(
    bench: Bench, sender: str, page: str, text: str, answers: Sent | None = None, content: bytes = PNG
) -> list[Sent]:
    """A mail whose HTML shows an image that it brings along (multipart/related)."""
    whole = bench.write(sender, text, answers=answers, html=page)
    message = email.message_from_bytes(whole, policy=email.policy.SMTP)
    part = next(each for each in message.walk() if each.get_content_type() == "text/html")
    part.add_related(content, "image", "png", cid="<logo>", filename="logo.png")
    bench.accept(message.as_bytes())
    return bench.drain()


def types(mail: Sent) -> list[str]:
    return [part.get_content_type() for part in mail.message.walk()]


def test_an_agents_formatting_and_images_reach_the_requester_without_commands_and_quotes(
    bench: Bench, alert: Sent
) -> None:
    reply = to(with_image(bench, ELLIOT, PAGE, TEXT, alert), KAREN)
    page = reply.part("html")
    assert "Hello <b>Karen</b>," in page
    assert '<a href="https://status.example/"' in page
    assert "multipart/related" in types(reply)
    image = next(part for part in reply.message.walk() if part.get_content_type() == "image/png")
    assert f'src="cid:{image["Content-ID"].strip("<>")}"' in page
    assert image.get_payload(decode=True) == PNG
    for gone in ("#prio", "CANARY", "cid:logo"):
        assert gone not in reply.everything
    assert "Hello Karen" in reply.text
    assert "<b>" not in reply.text


def test_a_requesters_images_are_shown_in_the_alert(bench: Bench) -> None:
    page = '<p>It looks <i>so</i>: <img src="cid:logo" alt="screen"></p>'
    alert = to(with_image(bench, KAREN, page, "It looks so: screen"), ELLIOT)
    assert "It looks <i>so</i>:" in alert.part("html")
    assert 'alt="screen"' in alert.part("html")
    assert "multipart/related" in types(alert)


def test_an_image_too_large_for_the_alert_is_told_in_words_and_listed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONFIG + '[attachments]\nalert_max = "1 kB"\n')
    page = '<p>It looks so: <img src="cid:logo" alt="my screen"></p>'
    alert = to(with_image(bench, KAREN, page, "It looks so: my screen", content=PNG * 999), ELLIOT)
    assert "It looks so: my screen" in alert.part("html")
    assert "cid:" not in alert.part("html")
    assert "Not attached: logo.png" in alert.text


def test_no_remote_image_script_or_style_of_a_requester_reaches_an_agent(bench: Bench) -> None:
    page = (
        '<p style="background:url(https://track.test/a)">Hello <b>desk</b><img src="https://track.test/1.gif">'
        '<script>evil()</script><a href="javascript:evil()">x</a></p>'
    )
    shown = to(bench.send(KAREN, "Hello desk x", html=page), ELLIOT).part("html")
    assert "<b>desk</b>" in shown
    assert not any(bad in shown for bad in ("track.test", "<script", "javascript", "evil"))


def test_hidden_text_of_a_page_is_not_shown(bench: Bench) -> None:
    page = '<div style="display:none">CANARY</div><p>Hello <b>desk</b></p>'
    assert "CANARY" not in to(bench.send(KAREN, "Hello desk", html=page), ELLIOT).everything


def test_an_internal_word_in_a_links_target_is_a_leak(bench: Bench, alert: Sent) -> None:
    bench.send(ELLIOT, "#note\n\nthe mole in our branch is called zebra", answers=alert)
    page = '<p>See <a href="https://x.example/the%20mole%20in%20our%20branch%20is%20called%20zebra">this</a></p>'
    sent = bench.send(ELLIOT, "See this", html=page, answers=alert)
    assert told(sent) == {("held", ELLIOT)}


def test_a_key_in_a_links_target_is_a_leak(bench: Bench, alert: Sent) -> None:
    page = f'<p>Write <a href="mailto:{alert.reply_to}">here</a></p>'
    sent = bench.send(ELLIOT, "Write here", html=page, answers=alert)
    assert told(sent) == {("command-failed", ELLIOT)}


def test_who_is_asked_gets_the_formatting_too(bench: Bench, alert: Sent) -> None:
    page = "<div>#ask noc@carrier.example</div><div>Is it <b>down</b>?</div>"
    mail = to(bench.send(ELLIOT, "x", html=page, answers=alert), "noc@carrier.example")
    assert "Is it <b>down</b>?" in mail.part("html")
    assert "#ask" not in mail.everything
