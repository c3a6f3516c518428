"""Whose text an acknowledgement holds: theirs who have shown that they read mail to that address."""

from __future__ import annotations

import pytest

from tests.desk import CONFIG, ELLIOT, KAREN, Bench, Sent, to

BAIT = "Buy cheap pills at the corner shop"
PASS = {"Authentication-Results": "mx.bank.example; dmarc=pass header.from=client.example"}
BELIEVED = {"authserv_ids": ("mx.bank.example",)}


def acknowledged(bench: Bench, sender: str = KAREN, **more: object) -> Sent:
    """A fresh mail with the bait in it; what its sender gets."""
    mail = to(bench.send(sender, BAIT, subject="Something else", **more), "karen@client.example")
    assert mail.kind == "acknowledgement"
    return mail


def test_a_second_mail_forged_in_a_victims_name_is_acknowledged_without_its_text(bench):
    for _ in range(3):
        assert BAIT not in acknowledged(bench).everything


def test_who_answered_a_mail_of_ours_reads_their_own_words_from_then_on(bench):
    first = acknowledged(bench)
    bench.send(KAREN, "More of it.", answers=first)
    assert BAIT in acknowledged(bench).text


def test_an_agents_answer_to_a_forged_mail_proves_nothing(bench):
    mails = {mail.to: mail for mail in bench.send(KAREN, "It does not open.")}
    bench.send(ELLIOT, "We look into it.", answers=mails["elliot@bank.example"])
    assert BAIT not in acknowledged(bench).everything


def test_a_dmarc_pass_proves_now_and_later(bench):
    assert BAIT in acknowledged(bench, headers=PASS, **BELIEVED).text
    assert BAIT in acknowledged(bench).text


def test_a_pass_that_nobody_vouches_for_proves_nothing(bench):
    assert BAIT not in acknowledged(bench, headers=PASS).everything


def test_a_bare_token_proves_nothing(bench):
    acknowledged(bench)
    bench.send(KAREN, "It is me.", subject="[#1001] Something else")
    assert BAIT not in acknowledged(bench).everything


def test_somebody_elses_notice_proves_nothing(bench):
    """Mallory puts the victim in Cc of a ticket, and answers the own copy in the victim's name."""
    mails = bench.send("Mallory <mallory@evil.example>", "Hello", cc="karen@client.example")
    bench.send(KAREN, "It is me.", answers=to(mails, "mallory@evil.example"))
    assert BAIT not in acknowledged(bench).everything


@pytest.mark.parametrize("headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}])
def test_a_machines_answer_to_what_was_forged_proves_nothing(bench, headers):
    bench.send(KAREN, "I am on holiday.", answers=acknowledged(bench), headers=headers)
    assert BAIT not in acknowledged(bench).everything


def test_behind_a_web_form_the_forms_own_pass_proves_nobody(tmp_path):
    rule = '[[rule]]\nname = "form"\nwhen = { from = "form@client.example" }\nthen = { requester = "reply_to" }\n'
    bench = Bench(tmp_path, CONFIG + rule)
    headers = {**PASS, "Reply-To": "karen@client.example"}
    assert BAIT not in acknowledged(bench, "Form <form@client.example>", headers=headers, **BELIEVED).everything
    bench.db.close()
