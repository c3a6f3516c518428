"""Guarantee 7: agent power needs proof, and what proves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from mailgate.mail import AuthResult, Bounce, Mail
from mailgate.notice import NoticeKind
from mailgate.rules.threading.keys import key_text, plus
from mailgate.rules.threading.references import references
from mailgate.rules.threading.trust import Sender, dkim_flaw, dmarc_result, identify, is_authors, keys_to_burn
from mailgate.settings import Config, Trust
from mailgate.ticket import Address
from tests.lab import ENVELOPE, KEYRING, NOW, body, desk, mail

DESK = desk()
STRICT = desk(trust=Trust(domains=("bank.example",)))
ELLIOT = "elliot@bank.example"
DAY = date(2026, 11, 20)
KEY = KEYRING.notice_id(1001, ELLIOT, NoticeKind.NEW_TICKET, "cause", DAY)
GOOD = "v=1; a=rsa-sha256; d=bank.example; s=a;\r\n\th=From:To : Subject:Date; bh=x; b=y"
PASS = AuthResult("mx.bank.example", "pass", 0, "bank.example")


def who(
    letter: Mail, config: Config = DESK, burnt: tuple[str, ...] = (), believed: tuple[str, ...] = ("mx.bank.example",)
) -> Sender:
    refs = references(letter, body(), ENVELOPE, KEYRING, config)
    return identify(letter, refs, frozenset(burnt), config, KEYRING, believed, NOW)


def signed(signature: str = GOOD, *auth: AuthResult, **changes: Any) -> Mail:
    """Elliot's mail as a server of ours passed it on, by default authenticated."""
    headers = (("from", ELLIOT), ("subject", "x"), *((("dkim-signature", signature),) if signature else ()))
    return mail(**{"sender": ELLIOT, "headers": headers, "auth": auth or (PASS,), **changes})


# ── reply keys ──────────────────────────────────────────────────────────────────────────


def test_a_live_key_of_this_agent_with_their_from_is_proof() -> None:
    sender = who(mail(ELLIOT, in_reply_to=(KEY,)))
    assert sender.proven
    assert (sender.agent, sender.assurance, sender.dmarc) == ("elliot", "reply-key", "none")
    assert sender.own_keys == {key_text(KEY)}
    assert "Elliot Alderson" in sender.why
    assert who(mail("elliot@home.example", in_reply_to=(KEY,))).proven


def logged_in(letter: Mail, login: str, config: Config = DESK) -> Sender:
    return identify(letter, (), frozenset(), config, KEYRING, (), NOW, login=login)


def test_a_login_is_proof_for_the_agent_s_own_from_alone() -> None:
    sender = logged_in(mail(ELLIOT), "elliot")
    assert (sender.proven, sender.assurance) == (True, "login")
    assert logged_in(mail("elliot@home.example"), "elliot").proven
    assert logged_in(mail(ELLIOT), "elliot", STRICT).proven  # no server has to authenticate it besides
    other = logged_in(mail(ELLIOT, in_reply_to=(KEY,)), "ann")
    assert (other.proven, other.why) == (False, "handed over by the agent ann, who is not Elliot Alderson")
    customer = logged_in(mail("karen@client.example"), "elliot")
    assert (customer.agent, customer.proven) == ("", False)


def test_a_login_proves_no_mail_with_two_authors() -> None:
    two = mail(ELLIOT, headers=(("from", ELLIOT), ("from", "ann@bank.example")))
    assert logged_in(two, "elliot").why == "From does not name one author"


def test_logins_can_be_switched_off() -> None:
    sender = logged_in(mail(ELLIOT), "elliot", desk(trust=Trust(agents=("reply-key",))))
    assert (sender.proven, sender.why) == (False, "logins are not trusted here")


def test_a_from_alone_is_no_proof() -> None:
    sender = who(mail(ELLIOT))
    assert (sender.agent, sender.proven) == ("elliot", False)
    assert sender.why == "nothing but the From address names this agent"


def test_a_customer_is_no_agent_whatever_key_they_hold() -> None:
    sender = who(mail("karen@client.example", in_reply_to=(KEY,)))
    assert (sender.agent, sender.proven, sender.own_keys) == ("", False, frozenset())


def test_a_look_alike_domain_is_not_the_agent() -> None:
    assert who(mail("elliot@bаnk.example", in_reply_to=(KEY,))).agent == ""


def test_another_agents_key_is_no_proof() -> None:
    assert not who(mail("ann@bank.example", in_reply_to=(KEY,))).proven


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind.to_requester])
def test_a_requesters_key_proves_no_agent_even_when_made_for_them(kind: NoticeKind) -> None:
    key = KEYRING.notice_id(1001, ELLIOT, kind, "cause", DAY)
    assert not who(mail(ELLIOT, in_reply_to=(key,))).proven


def test_an_expired_key_is_no_proof() -> None:
    old = KEYRING.notice_id(1001, ELLIOT, NoticeKind.NEW_TICKET, "c", (NOW - timedelta(31)).date())
    sender = who(mail(ELLIOT, in_reply_to=(old,)))
    assert (sender.proven, sender.why) == (False, "its reply key has expired")
    assert sender.own_keys == {key_text(old)}
    fresh = KEYRING.notice_id(1001, ELLIOT, NoticeKind.NEW_TICKET, "c", (NOW - timedelta(30)).date())
    assert who(mail(ELLIOT, in_reply_to=(old,), references=(fresh,))).proven


def test_a_burnt_key_is_no_proof() -> None:
    sender = who(mail(ELLIOT, in_reply_to=(KEY,)), burnt=(key_text(KEY),))
    assert (sender.proven, sender.why) == (False, "its reply key went to somebody outside the desk")


def test_a_key_does_not_help_where_keys_are_not_trusted() -> None:
    sender = who(mail(ELLIOT, in_reply_to=(KEY,)), desk(trust=Trust(agents=("dmarc",))))
    assert (sender.proven, sender.why) == (False, "reply keys are not trusted here")


@pytest.mark.parametrize(
    "changes",
    [
        {"from_": (Address(ELLIOT), Address("karen@client.example"))},
        {"headers": (("from", ELLIOT), ("from", "karen@client.example"))},
    ],
)
def test_more_than_one_author_proves_nothing(changes: dict[str, Any]) -> None:
    sender = who(mail(ELLIOT, in_reply_to=(KEY,), **changes))
    assert (sender.agent, sender.proven, sender.why) == ("elliot", False, "From does not name one author")


def test_a_key_on_mail_that_failed_dmarc_is_no_proof() -> None:
    sender = who(mail(ELLIOT, in_reply_to=(KEY,), auth=(replace(PASS, dmarc="fail"),)))
    assert (sender.proven, sender.dmarc, sender.why) == (False, "fail", "DMARC failed")


def test_without_a_pass_mail_of_a_trust_domain_proves_nothing() -> None:
    assert not who(mail(ELLIOT, in_reply_to=(KEY,)), STRICT).proven
    assert who(signed("", in_reply_to=(KEY,)), STRICT).assurance == "reply-key"
    home = mail("elliot@home.example", in_reply_to=(KEY,))
    assert who(home, STRICT).proven


# ── DMARC ───────────────────────────────────────────────────────────────────────────────


def test_an_aligned_pass_is_proof_for_agents_of_trust_domains_only() -> None:
    assert who(signed(), STRICT).assurance == "dmarc"
    assert not who(signed(), DESK).proven
    assert not who(signed(), desk(trust=Trust(agents=("reply-key",), domains=("bank.example",)))).proven


def test_a_header_of_a_server_that_is_not_named_is_never_believed() -> None:
    assert not who(signed(), STRICT, believed=()).proven
    assert not who(signed(GOOD, replace(PASS, authserv_id="evil.example")), STRICT).proven


def dmarc(*auth: AuthResult) -> str:
    return dmarc_result(mail(ELLIOT, auth=auth), ("mx.BANK.example",))


def test_a_pass_below_another_server_s_field_does_not_count() -> None:
    below = (AuthResult("other.example", "none", 0), replace(PASS, position=1))
    assert dmarc(*below) == "none"
    assert dmarc(*reversed(below)) == "none"
    assert dmarc(PASS, AuthResult("other.example", "none", 1)) == "pass"
    assert dmarc() == "none"


def test_results_that_a_server_spreads_over_several_fields_are_one() -> None:
    spf, below = AuthResult("mx.bank.example", "none", 0), replace(PASS, position=1)
    assert dmarc(spf, below) == "pass"
    assert dmarc(spf, replace(below, domain="evil.example")) == "none"
    assert dmarc(PASS, replace(below, domain="evil.example")) == "none", "they contradict each other"
    assert dmarc(PASS, replace(below, dmarc="unclear")) == "none"


def test_a_pass_that_names_no_domain_proves_nothing() -> None:
    assert dmarc(replace(PASS, domain="")) == "none"


def test_an_author_whom_a_list_names_has_failed() -> None:
    assert dmarc_result(mail(ELLIOT, auth=(PASS,), restored=True), ("mx.bank.example",)) == "fail"


def test_signatures_are_read_in_every_field_of_the_server_that_passed_it() -> None:
    other = AuthResult("mx.bank.example", "none", 1, dkim=("evil.example",))
    assert "held" in dkim_flaw(signed(GOOD, PASS, other))
    assert dkim_flaw(signed(GOOD, PASS, replace(other, dkim=("bank.example",)))) == ""
    assert dkim_flaw(signed(GOOD, PASS, replace(other, authserv_id="other.example"))) == ""


def test_a_fail_counts_wherever_a_believed_server_says_it() -> None:
    said = (AuthResult("mx.bank.example", "pass", 0), AuthResult("mx.bank.example", "fail", 3))
    assert dmarc_result(mail(auth=said), ("mx.bank.example",)) == "fail"
    assert dmarc_result(mail(auth=said), ()) == "none"


@pytest.mark.parametrize(
    ("signature", "flaw"),
    [
        (GOOD, ""),
        ("v=1; d=Mail.Bank.Example; h=subject:from; b=x", ""),
        ("", "no DKIM signature of bank.example"),
        ("v=1; d=evil.example; h=from:subject; b=x", "no DKIM signature of bank.example"),
        ("v=1; d=example; h=from:subject; b=x", "no DKIM signature of bank.example"),
        ("v=1; h=from:subject; b=x", "no DKIM signature of bank.example"),
        ("v=1; d=bank.example; h=from:date; b=x", "the DKIM signature does not cover From and Subject"),
        ("v=1; d=bank.example; h=subject; b=x", "the DKIM signature does not cover From and Subject"),
        ("v=1; d=bank.example; b=x", "the DKIM signature does not cover From and Subject"),
        ("d=bank.example; l=20; h=from:subject", "the DKIM signature leaves the end of the body open (l=)"),
        ("d=bank.example;L = 20;h=from:subject", "the DKIM signature leaves the end of the body open (l=)"),
    ],
)
def test_dkim_has_to_sign_from_subject_and_the_whole_body(signature: str, flaw: str) -> None:
    assert dkim_flaw(signed(signature)) == flaw
    sender = who(signed(signature), STRICT)
    assert sender.proven is (not flaw)
    assert flaw in sender.why


def test_a_worthless_second_signature_does_not_cover_for_a_weak_one() -> None:
    headers = (("dkim-signature", GOOD), ("dkim-signature", "d=bank.example; h=from:subject; l=1"))
    assert "l=" in dkim_flaw(mail(ELLIOT, headers=headers))
    headers = (("dkim-signature", GOOD), ("dkim-signature", "d=bank.example; h=from"))
    assert "does not cover" in dkim_flaw(mail(ELLIOT, headers=headers))
    headers = (("dkim-signature", GOOD), ("dkim-signature", "d=list.example; h=from; l=1"))
    assert dkim_flaw(mail(ELLIOT, headers=headers)) == ""


def test_a_second_subject_is_not_signed() -> None:
    headers = (("subject", "x"), ("subject", "[#1] y"), ("dkim-signature", GOOD))
    assert dkim_flaw(mail(ELLIOT, headers=headers)) == "it has more than one Subject"


def test_a_pass_for_another_from_says_nothing_about_this_author() -> None:
    """The server read another From than we do: two addresses, or a broken one."""
    assert not who(signed(GOOD, replace(PASS, domain="evil.example")), STRICT).proven
    assert not who(signed("", replace(PASS, domain="evil.example"), in_reply_to=(KEY,)), STRICT).proven
    assert who(signed(GOOD, replace(PASS, domain="bank.example")), STRICT).proven


@pytest.mark.parametrize(
    ("held", "proven"),
    [(None, True), (("bank.example",), True), (("mail.bank.example",), True), ((), False), (("evil.example",), False)],
)
def test_a_signature_that_the_server_found_broken_signs_nothing(held: tuple[str, ...] | None, *, proven: bool) -> None:
    """A pass by SPF alone: whoever else may send from there could write it."""
    sender = who(signed(GOOD, replace(PASS, dkim=held)), STRICT)
    assert (sender.proven, sender.why.endswith("no DKIM signature of bank.example held")) == (proven, not proven)


# ── whose a requester's mail is ─────────────────────────────────────────────────────────

KAREN = "karen@client.example"
REPLY = KEYRING.notice_id(1001, KAREN, NoticeKind.REPLY, "cause", DAY)


def authors(letter: Mail, dmarc: str = "none", burnt: tuple[str, ...] = (), *, human: bool = True) -> bool:
    refs = references(letter, body(), ENVELOPE, KEYRING, DESK)
    sender = Sender(letter.author.email, dmarc=dmarc)
    return is_authors(letter, refs, frozenset(burnt), sender, DESK, KEYRING, human=human)


def test_a_pass_or_the_answer_to_a_notice_of_ones_own_shows_whose_a_mail_is() -> None:
    assert authors(mail(), "pass")
    assert authors(mail(), "pass", human=False)
    assert authors(mail(in_reply_to=(REPLY,)))
    others = KEYRING.notice_id(1001, "jane@client.example", NoticeKind.REPLY, "cause", DAY)
    assert authors(mail(in_reply_to=(REPLY,), references=(others,)))
    assert not authors(mail())
    assert not authors(mail(in_reply_to=(others,)))


def test_a_key_shows_nothing_once_others_had_it_or_a_machine_answers() -> None:
    assert not authors(mail(in_reply_to=(REPLY,)), burnt=(key_text(REPLY),))
    assert not authors(mail(in_reply_to=(REPLY,)), human=False)
    assert not authors(mail(in_reply_to=(KEYRING.notice_id(1001, KAREN, NoticeKind.NOTE, "cause", DAY),)))


def test_a_mail_that_failed_or_has_no_one_author_is_nobodys() -> None:
    assert not authors(mail(in_reply_to=(REPLY,)), "fail")
    assert not authors(mail("", in_reply_to=(REPLY,)), "pass")
    assert not authors(mail(in_reply_to=(REPLY,), from_=(Address(KAREN), Address("eve@evil.example"))))
    assert not authors(mail(in_reply_to=(REPLY,), headers=(("from", KAREN), ("from", KAREN))))


# ── burning ─────────────────────────────────────────────────────────────────────────────


def burnt(letter: Mail) -> tuple[str, ...]:
    carried = KEYRING.find(f"{letter.text}\n{letter.html}")
    return keys_to_burn(letter, carried, references(letter, body(), ENVELOPE, KEYRING, DESK), DESK, KEYRING)


def test_keys_in_a_mail_that_went_outside_are_burnt() -> None:
    other = key_text(KEYRING.notice_id(7, ELLIOT, NoticeKind.NOTE, "c", DAY))
    third = key_text(KEYRING.notice_id(8, ELLIOT, NoticeKind.NOTE, "c", DAY))
    reply = KEYRING.notice_id(1001, "karen@client.example", NoticeKind.REPLY, "c", DAY)
    letter = mail(
        ELLIOT,
        in_reply_to=(KEY,),
        references=(reply,),
        to=(Address("karen@client.example"),),
        text=f"> mailto:support%2Bk{other}@bank.example",
        html=f'<a href="mailto:support+k{third}@bank.example">',
    )
    assert burnt(letter) == (key_text(KEY), key_text(reply), other, third)


@pytest.mark.parametrize(
    "to",
    ["support@bank.example", ELLIOT, "elliot@home.example", plus("support@bank.example", key_text(KEY)), ""],
)
def test_a_mail_to_the_desk_and_oneself_burns_nothing(to: str) -> None:
    assert burnt(mail(ELLIOT, in_reply_to=(KEY,), to=(Address(to),))) == ()


def test_a_key_that_a_colleague_holds_is_burnt() -> None:
    """They could act as its agent with it."""
    assert burnt(mail(ELLIOT, in_reply_to=(KEY,), cc=(Address("ann@bank.example"),))) == (key_text(KEY),)
    assert burnt(mail("ann@bank.example", in_reply_to=(KEY,))) == (key_text(KEY),)


def test_a_key_that_comes_back_from_outside_is_burnt_unless_in_a_bounce() -> None:
    letter = mail("karen@client.example", in_reply_to=(KEY,))
    assert burnt(letter) == (key_text(KEY),)
    assert burnt(replace(letter, bounce=Bounce("delayed", ()))) == ()


def test_a_copy_to_a_customer_burns() -> None:
    letter = mail(ELLIOT, in_reply_to=(KEY,), cc=(Address("karen@client.example"),))
    assert burnt(letter) == (key_text(KEY),)
