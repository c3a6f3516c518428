"""Threading: the order of references, and who may follow them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import MARKER, MARKERS, Bounce, Envelope, Mail
from mailgate.notice import NoticeKind
from mailgate.reasons import Reason
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.threading.keys import key_text, plus, saying
from mailgate.rules.threading.references import highest_number, references
from mailgate.rules.threading.thread import Found, Match, Sifted, lookups, pick, sift
from mailgate.rules.threading.trust import Sender, identify
from mailgate.settings import Config
from mailgate.ticket import Address, Asked, Collaborator, Ticket
from tests.lab import ENVELOPE, KEYRING, NOW, body, desk, mail, ticket

DESK = desk()
DAY = date(2026, 11, 20)
KAREN, ELLIOT, ANN, BOB = "karen@client.example", "elliot@bank.example", "ann@bank.example", "bob@base.example"


def an_id(number: int = 1001, email: str = KAREN, kind: NoticeKind = NoticeKind.REPLY) -> str:
    return KEYRING.notice_id(number, email, kind, "cause", DAY)


def alert(number: int = 1001, email: str = ELLIOT) -> str:
    return an_id(number, email, NoticeKind.NEW_TICKET)


def matched(
    letter: Mail,
    *tickets: Ticket,
    envelope: Envelope = ENVELOPE,
    known: dict[str, tuple[int, ...]] | None = None,
    visible: str = "",
    sender: Sender | None = None,
    burnt: frozenset[str] = frozenset(),
    lost: tuple[str, ...] = (),
    config: Config = DESK,
) -> Match:
    """The way of a mail through references, sift, identify and pick, over these tickets; `lost` ids were never sent."""
    refs = references(letter, body(visible), envelope, KEYRING, config)
    wanted = lookups(refs)
    stored = {found.number: found for found in tickets or (ticket(),)}
    ids = {text: numbers for text, numbers in (known or {}).items() if text in wanted.message_ids}
    asked = {*wanted.numbers, *(number for numbers in ids.values() for number in numbers)}
    asked |= {found.merged_into for found in stored.values() if found.merged_into}
    sent = frozenset(wanted.keys) - set(map(key_text, lost))
    found = Found({number: stored[number] for number in asked if number in stored}, ids, burnt, sent)
    sifted = sift(refs, found)
    who = sender or identify(letter, sifted.known, burnt, config, KEYRING, (), NOW)
    return pick(sifted.known, found, who, config, lost=sifted.lost)


# ── what a mail names ───────────────────────────────────────────────────────────────────


def test_references_come_strongest_first_and_each_once() -> None:
    reply, note, alerted, ref = an_id(), an_id(2), alert(3), key_text(alert(5))
    letter = mail(
        subject="Re: [#1001] [#7] Portal",
        in_reply_to=(reply,),
        references=(KEYRING.anchor(1001), "<foreign@x.example>", note, alerted, reply),
        cc=(Address(plus("support@bank.example", key_text(alert(4)))),),
        text=f"> Ref: {ref}\n> Ref: {ref}",
    )
    refs = references(letter, body(), ENVELOPE, KEYRING, DESK)
    assert [(found.reason, found.ticket, found.message_id) for found in refs] == [
        (Reason.REPLY_KEY, 1001, ""),
        (Reason.REPLY_KEY, 3, ""),
        (Reason.REPLY_KEY, 2, ""),
        (Reason.ADDRESS_KEY, 4, ""),
        (Reason.REF_LINE, 5, ""),
        (Reason.ANCHOR, 1001, ""),
        (Reason.KNOWN_MESSAGE_ID, 0, "<foreign@x.example>"),
        (Reason.SUBJECT_TOKEN, 1001, ""),
        (Reason.SUBJECT_TOKEN, 7, ""),
    ]
    wanted = lookups(refs)
    assert wanted.numbers == (1001, 3, 2, 4, 5, 7)
    assert wanted.message_ids == ("<foreign@x.example>",)
    assert wanted.keys == (*map(key_text, (reply, alerted, note, alert(4))), ref)


@pytest.mark.parametrize("line", ["Ref: {}", "> > ref:{}", "*Ref:* `{}`", "Ref:\u00a0{}", "Ref:\n{}"])
def test_a_ref_line_is_found_anywhere_in_the_text(line: str) -> None:
    for before, behind in (("Thanks\n", "\nbye"), ("", "")):
        text = before + line.format(key_text(an_id())) + behind
        refs = references(mail(text=text), body(), ENVELOPE, KEYRING, DESK)
        assert [found.reason for found in refs] == [Reason.REF_LINE]


def test_a_key_in_running_text_is_no_ref_line() -> None:
    assert references(mail(text=f"I got {key_text(an_id())}"), body(), ENVELOPE, KEYRING, DESK) == ()


# ── keys ────────────────────────────────────────────────────────────────────────────────


def test_a_requesters_key_threads_the_requester() -> None:
    match = matched(mail(in_reply_to=(an_id(),)))
    assert (match.number, match.why, match.role) == (1001, Reason.REPLY_KEY, "requester")
    assert match.key
    assert match.key.text == key_text(an_id())


def test_a_requesters_key_from_another_address_is_an_inactive_collaborators() -> None:
    match = matched(mail("boss@client.example", in_reply_to=(an_id(),)))
    assert (match.number, match.role) == (1001, "inactive")


@pytest.mark.parametrize(("active", "role"), [(True, "collaborator"), (False, "inactive")])
def test_a_collaborator_answers_as_one(active: bool, role: str) -> None:
    held = ticket(collaborators=(Collaborator("cc@client.example", active=active),))
    assert matched(mail("cc@client.example", in_reply_to=(an_id(email="cc@client.example"),)), held).role == role
    assert matched(mail("cc@client.example", "[#1001] x"), held).role == role


def test_a_requesters_key_never_makes_an_agent_of_a_requester_but_keeps_an_agent_one() -> None:
    assert matched(mail(KAREN, in_reply_to=(an_id(),))).role == "requester"
    own = ticket(requester=Address(ELLIOT))
    assert matched(mail(ELLIOT, in_reply_to=(an_id(email=ELLIOT),)), own).role == "requester"
    assert matched(mail(ELLIOT, in_reply_to=(an_id(),))).role == "agent"
    assert matched(mail(BOB, in_reply_to=(an_id(),))).role == "inactive"


def test_a_mail_without_an_author_is_nobodys() -> None:
    match = matched(mail("", in_reply_to=(an_id(),)))
    assert (match.number, match.why, match.strangers_to) == (None, Reason.STRANGER, (1001,))


def test_an_agents_own_key_threads_the_agent_even_when_expired_or_burnt() -> None:
    old = KEYRING.notice_id(1001, ELLIOT, NoticeKind.NEW_TICKET, "c", date(2020, 5, 5))
    for text, burnt in ((alert(), ()), (old, ()), (alert(), (key_text(alert()),))):
        match = matched(mail(ELLIOT, in_reply_to=(text,)), burnt=frozenset(burnt))
        assert (match.number, match.why, match.role) == (1001, Reason.REPLY_KEY, "agent")
    assert matched(mail("elliot@home.example", in_reply_to=(alert(),))).role == "agent"


def test_of_two_tickets_that_a_stranger_names_the_first_is_joined() -> None:
    config = replace(DESK, tickets=replace(DESK.tickets, strangers="collaborator"))
    both = mail("eve@evil.example", "[#1001] [#1002] x")
    match = matched(both, ticket(), ticket(number=1002), config=config)
    assert (match.number, match.role) == (1001, "inactive")


def test_an_agents_key_from_a_stranger_does_not_thread() -> None:
    match = matched(mail("boss@client.example", in_reply_to=(alert(),)))
    assert (match.number, match.why, match.role, match.strangers_to) == (None, Reason.STRANGER, "", (1001,))
    assert match.key is None


def test_an_agents_key_from_somebody_on_the_ticket_is_as_good_as_any_known_id() -> None:
    match = matched(mail(in_reply_to=(alert(),)))
    assert (match.number, match.why, match.key, match.role) == (1001, Reason.KNOWN_MESSAGE_ID, None, "requester")
    match = matched(mail(ANN, in_reply_to=(alert(),)))
    assert (match.number, match.why, match.key, match.role) == (1001, Reason.KNOWN_MESSAGE_ID, None, "agent")


def test_an_own_key_further_back_wins_over_somebody_elses() -> None:
    match = matched(mail(ANN, in_reply_to=(alert(2),), references=(alert(1001, ANN), alert(2))), ticket(), ticket(2))
    assert (match.number, match.role) == (1001, "agent")


def test_keys_in_references_are_read_from_the_right() -> None:
    assert matched(mail(references=(an_id(1), an_id(2))), ticket(1), ticket(2)).number == 2


def test_a_key_wins_over_a_token() -> None:
    assert matched(mail(subject="[#2] x", references=(an_id(1),)), ticket(1), ticket(2)).number == 1


@pytest.mark.parametrize("place", ["envelope", "to", "cc"])
def test_a_key_in_the_address_threads(place: str) -> None:
    address = plus("support@bank.example", key_text(alert()))
    match = {
        "envelope": lambda: matched(mail(ELLIOT), envelope=Envelope(ELLIOT, (address,))),
        "to": lambda: matched(mail(ELLIOT, to=(Address(address),))),
        "cc": lambda: matched(mail(ELLIOT, cc=(Address(address),))),
    }[place]()
    assert (match.number, match.why, match.role) == (1001, Reason.ADDRESS_KEY, "agent")


def test_a_ref_line_threads() -> None:
    match = matched(mail(ELLIOT), visible=f"#claim\n#end\nRef: {key_text(alert())}")
    assert (match.number, match.why, match.role) == (1001, Reason.REF_LINE, "agent")


@pytest.mark.parametrize(
    ("letter", "found"),
    [
        (mail(subject="One more thing"), [Reason.QUOTED_TOKEN]),
        (mail(subject="Re: [#1002] One more thing"), [Reason.SUBJECT_TOKEN]),
        (mail(subject="One more thing", in_reply_to=(an_id(0),)), [Reason.REPLY_KEY]),
        (mail(subject="One more thing", in_reply_to=(KEYRING.anchor(1002),)), [Reason.ANCHOR]),
    ],
)
def test_a_token_in_a_quoted_notice_counts_only_where_ids_and_subject_are_lost(
    letter: Mail, found: list[Reason]
) -> None:
    """A mail that answers a notice about no ticket may quote one about a ticket all the same."""
    quoted = body("Yes.", cut=f"{MARKER}\n\nYour request [#1001] is resolved.\n\nFirst Bank Support · [#1001]\n")
    assert [ref.reason for ref in references(letter, quoted, ENVELOPE, KEYRING, DESK)] == found


def quoted_tokens(cut: str) -> list[int]:
    refs = references(mail(subject="One more thing"), body("Yes.", cut=cut), ENVELOPE, KEYRING, DESK)
    return [ref.ticket for ref in refs if ref.reason is Reason.QUOTED_TOKEN]


def test_a_quoted_token_is_read_from_the_copied_head_of_a_notice_on_and_nowhere_without_one() -> None:
    assert quoted_tokens(f"[#1001] Portal is down\n\n{MARKER}\n\nYour request is resolved.\n") == [1001]
    assert quoted_tokens("[#1001] Portal is down\n\nYour request is resolved.\n") == []
    assert quoted_tokens(f"[#1002] older{' ' * 1200}{MARKER}\n\n[#1001]") == [1001]
    german = f"[#1002] x\n\n{MARKERS['de']}\n\n{' ' * 1200}\n\n{MARKER}\n\n[#1001]"
    assert quoted_tokens(german) == [1002, 1001], "from the first of several notices on"


def test_a_key_whose_ticket_is_gone_says_so() -> None:
    assert matched(mail(in_reply_to=(an_id(9),))) == Match(None, Reason.TICKET_GONE)
    assert matched(mail(subject="[#9] x")) == Match(None, Reason.NOTHING_NAMES_A_TICKET)
    assert matched(mail(in_reply_to=(an_id(9),), subject="[#1001] x")).number == 1001


# ── what this database does not remember ────────────────────────────────────────────────


def sifted(letter: Mail, *tickets: Ticket, lost: tuple[str, ...] = ()) -> Sifted:
    refs = references(letter, body(), ENVELOPE, KEYRING, DESK)
    sent = frozenset(lookups(refs).keys) - set(map(key_text, lost))
    return sift(refs, Found({each.number: each for each in tickets or (ticket(),)}, {}, frozenset(), sent))


def test_an_id_that_was_never_sent_does_not_count() -> None:
    assert matched(mail(in_reply_to=(an_id(),)), lost=(an_id(),)) == Match(None, Reason.NOT_REMEMBERED)
    assert matched(mail(ELLIOT, in_reply_to=(alert(),)), lost=(alert(),)) == Match(None, Reason.NOT_REMEMBERED)
    proof = identify(mail(ELLIOT, in_reply_to=(alert(),)), (), frozenset(), DESK, KEYRING, (), NOW)
    assert not proof.proven


def test_an_anchor_of_another_ticket_with_the_number_does_not_count() -> None:
    new = ticket(anchor="abcde")
    assert matched(mail(references=(KEYRING.anchor(1001, "abcde"),)), new).why is Reason.ANCHOR
    for other in (KEYRING.anchor(1001, "fghij"), KEYRING.anchor(1001), KEYRING.anchor(9)):
        assert matched(mail(references=(other,)), new) == Match(None, Reason.NOT_REMEMBERED)


def test_a_token_beside_a_lost_id_counts_only_where_another_id_names_the_ticket() -> None:
    answer = mail(subject="[#1001] x", in_reply_to=(an_id(),))
    assert matched(answer, lost=(an_id(),)) == Match(None, Reason.NOT_REMEMBERED)
    known = mail(subject="[#1001] x", in_reply_to=(an_id(),), references=(KEYRING.anchor(1001),))
    assert (matched(known, lost=(an_id(),)).number, matched(known, lost=(an_id(),)).why) == (1001, Reason.ANCHOR)
    other = mail(subject="[#1001] x", in_reply_to=(an_id(9),))
    assert matched(other, lost=(an_id(9),)).why is Reason.SUBJECT_TOKEN


def test_which_mail_was_answered_is_its_newest_key() -> None:
    first, second = alert(1001), alert(1002)
    assert not sifted(mail(in_reply_to=(first,))).answers_lost
    assert sifted(mail(in_reply_to=(first,)), lost=(first,)).answers_lost
    assert sifted(mail(in_reply_to=(first,), references=(second,)), lost=(first,)).answers_lost
    assert not sifted(mail(in_reply_to=(first,), references=(second,)), lost=(second,)).answers_lost
    assert sifted(mail(references=(KEYRING.anchor(9),))).answers_lost
    assert not sifted(mail(in_reply_to=(first,), references=(KEYRING.anchor(9),))).answers_lost


def test_the_highest_number_is_read_from_every_id_of_ours() -> None:
    def highest(letter: Mail, envelope: Envelope = ENVELOPE) -> int:
        return highest_number(letter, envelope, references(letter, body(), envelope, KEYRING, DESK), KEYRING)

    verped = Envelope("", (KEYRING.verp("support@bank.example", an_id(7)),))
    assert highest(mail(subject="[#99] x")) == 0
    assert highest(mail(in_reply_to=(an_id(3),), references=(an_id(5), KEYRING.anchor(4, "abcde")))) == 5
    assert highest(mail(references=(KEYRING.anchor(6),))) == 6
    assert highest(mail(message_id=an_id(8))) == 8
    assert highest(mail(), verped) == 7
    assert highest(mail(bounce=Bounce("failed", (), an_id(9)))) == 9
    assert highest(mail(message_id=KEYRING.anchor(10, "abcde"))) == 10


# ── merged tickets ──────────────────────────────────────────────────────────────────────


def into(target: int, **changes: Any) -> Ticket:
    return ticket(merged_into=target, **changes)


def test_what_names_a_merged_ticket_goes_on_the_one_that_it_went_into() -> None:
    match = matched(mail(in_reply_to=(an_id(),)), into(1002), into(1003, number=1002), ticket(number=1003))
    assert (match.number, match.role, match.came_for) == (1003, "requester", 1001)
    assert match.participant
    assert match.participant_there
    plain = matched(mail(in_reply_to=(an_id(),)))
    assert (plain.came_for, plain.role_there, plain.participant_there) == (0, "", False)


def test_the_requester_of_a_merged_ticket_waits_for_consent_on_the_other() -> None:
    other = ticket(number=1002, requester=Address("else@client.example"))
    match = matched(mail(in_reply_to=(an_id(),)), into(1002), other)
    assert (match.number, match.role, match.role_there) == (1002, "inactive", "requester")
    assert not match.participant
    assert match.participant_there
    agent = matched(mail(ELLIOT, in_reply_to=(alert(),)), into(1002), other)
    assert (agent.number, agent.role, agent.came_for) == (1002, "agent", 1001)


# ── outsiders whom an agent asked ───────────────────────────────────────────────────────

SMITH = "smith@plumber.example"
ASKED = ticket(asked=(Asked(SMITH, "Smith", "ann"),))


def test_an_outsider_who_was_asked_writes_notes_with_the_key_or_without() -> None:
    key = an_id(1001, SMITH, NoticeKind.ASKED)
    for letter in (mail(SMITH, in_reply_to=(key,)), mail(SMITH, "[#1001] x")):
        assert matched(letter, ASKED).role == "asked"
    assert matched(mail("jones@plumber.example", "[#1001] x"), ASKED).role == ""


def test_a_question_whose_answer_failed_dmarc_is_nobodys() -> None:
    key = an_id(1001, SMITH, NoticeKind.ASKED)
    mine = frozenset({key_text(key)})
    kept = matched(mail(SMITH, in_reply_to=(key,)), ASKED, sender=Sender(SMITH, own_keys=mine))
    assert (kept.number, kept.role) == (1001, "asked")
    failed = matched(mail(SMITH, in_reply_to=(key,)), ASKED, sender=Sender(SMITH, dmarc="fail", own_keys=mine))
    assert (failed.number, failed.strangers_to) == (None, (1001,))


def test_a_copy_of_a_question_lets_no_stranger_into_the_thread() -> None:
    """It quotes internal words."""
    config = replace(DESK, tickets=replace(DESK.tickets, strangers="collaborator"))
    question, reply = (an_id(1001, SMITH, kind) for kind in (NoticeKind.ASKED, NoticeKind.NEW_TICKET))
    assert matched(mail("eve@evil.example", in_reply_to=(question,)), config=config).number is None
    assert matched(mail("eve@evil.example", "[#1001] x", in_reply_to=(question,)), config=config).number is None
    assert matched(mail("eve@evil.example", in_reply_to=(reply,)), config=config).role == "inactive"


def test_a_lost_id_beside_a_ticket_of_somebody_else_is_a_strangers() -> None:
    match = matched(mail("eve@evil.example", "[#1002] x", in_reply_to=(an_id(),)), ticket(1002), lost=(an_id(),))
    assert (match.why, match.strangers_to) == (Reason.STRANGER, (1002,))


def test_a_key_without_a_ticket_threads_nowhere_but_is_told() -> None:
    match = matched(mail(ELLIOT, in_reply_to=(an_id(0, ELLIOT, NoticeKind.CONFIRM),)))
    assert (match.number, match.why) == (None, Reason.NOTHING_NAMES_A_TICKET)
    assert match.key
    assert match.key.kind is NoticeKind.CONFIRM


# ── anchors, ids, tokens ────────────────────────────────────────────────────────────────


def named(**changes: Any) -> list[tuple[Mail, Reason]]:
    return [
        (mail(references=(KEYRING.anchor(1001),), **changes), Reason.ANCHOR),
        (mail(in_reply_to=("<known@x.example>",), **changes), Reason.KNOWN_MESSAGE_ID),
        (mail(subject="AW: Re: [ #1001 ] x", **changes), Reason.SUBJECT_TOKEN),
    ]


KNOWN = {"<known@x.example>": (1001,)}


def test_anchor_known_id_and_token_thread_who_is_on_the_ticket() -> None:
    for letter, reason in named():
        match = matched(letter, known=KNOWN)
        assert (match.number, match.why, match.role, match.key) == (1001, reason, "requester", None)


def test_anchor_known_id_and_token_open_nothing_to_strangers() -> None:
    for sender in ("boss@client.example", BOB, ""):
        for letter, _ in named(sender=sender):
            match = matched(letter, known=KNOWN)
            assert match == Match(None, Reason.STRANGER, strangers_to=(1001,))


def test_anchor_known_id_and_token_thread_an_agent_who_may_see_the_ticket() -> None:
    for letter, reason in named(sender=ELLIOT):
        match = matched(letter, known=KNOWN)
        assert (match.number, match.why, match.role) == (1001, reason, "agent")


def test_on_mail_that_failed_dmarc_they_are_a_strangers_even_from_a_participant() -> None:
    for who in (KAREN, ELLIOT):
        agent = "elliot" if who == ELLIOT else ""
        for letter, _ in named(sender=who):
            match = matched(letter, known=KNOWN, sender=Sender(who, agent, dmarc="fail"))
            assert (match.number, match.strangers_to) == (None, (1001,))
    kept = matched(mail(in_reply_to=(an_id(),)), sender=Sender(KAREN, dmarc="fail"))
    assert (kept.number, kept.role) == (1001, "requester")


def test_of_several_tokens_the_first_that_fits_decides() -> None:
    other = ticket(2, requester=Address("else@client.example"))
    match = matched(mail(subject="[#2] [#3] [#1001] x"), other, ticket(3), ticket())
    assert match.number == 3


def test_anchor_comes_before_known_id_before_token() -> None:
    tickets = ticket(1), ticket(2), ticket(3)
    ids = {"<known@x.example>": (2,)}
    letter = mail(subject="[#3] x", references=("<known@x.example>", KEYRING.anchor(1)))
    assert matched(letter, *tickets, known=ids).number == 1
    assert matched(mail(subject="[#3] x", references=("<known@x.example>",)), *tickets, known=ids).number == 2


def test_a_known_id_may_stand_for_several_tickets() -> None:
    theirs = ticket(2, requester=Address("else@client.example"))
    match = matched(mail(in_reply_to=("<known@x.example>",)), theirs, ticket(3), known={"<known@x.example>": (2, 3, 4)})
    assert match.number == 3


def test_an_agent_on_their_own_request_is_the_customer_unless_proven() -> None:
    own = ticket(requester=Address(ELLIOT))
    letter = mail(ELLIOT, "[#1001] x")
    assert matched(letter, own).role == "requester"
    assert matched(letter, own, sender=Sender(ELLIOT, "elliot", "dmarc", "pass")).role == "agent"
    unseen = ticket(department="Systems Administrators")
    assert matched(letter, unseen, sender=Sender(ELLIOT, "elliot", "dmarc", "pass")).role == ""


def test_a_proven_agent_is_the_customer_of_their_own_request_in_a_confidential_department() -> None:
    admins = replace(DESK.departments["Systems Administrators"], confidential=True)
    config = replace(DESK, departments={**DESK.departments, admins.name: admins})
    own = ticket(department=admins.name, requester=Address(ELLIOT))
    sender = Sender(ELLIOT, "elliot", "dmarc", "pass")
    assert matched(mail(ELLIOT, "[#1001] x"), own, sender=sender, config=config).role == "requester"


def test_a_key_that_does_not_fit_is_weaker_than_an_anchor() -> None:
    letter = mail(in_reply_to=(alert(2),), references=(KEYRING.anchor(1),))
    assert matched(letter, ticket(1), ticket(2)).number == 1


@pytest.mark.parametrize(
    ("department", "agent", "number"),
    [("Support", "elliot", 1001), ("Systems Administrators", "elliot", None), ("Support", "", None)],
)
def test_the_number_in_a_link_of_a_row_opens_no_ticket_that_its_reader_does_not_see(
    department: str, agent: str, number: int | None
) -> None:
    """Anybody could write another number into the link: it is not signed."""
    key = key_text(KEYRING.notice_id(0, ELLIOT, NoticeKind.DIGEST, "digest:elliot", DAY))
    link = plus("support@bank.example", saying(key, "reply", about=1001))
    sender = Sender(ELLIOT, agent, "key", own_keys=frozenset({key}))
    match = matched(mail(ELLIOT, to=(Address(link),)), ticket(department=department), sender=sender)
    assert (match.number, match.role) == (number, "agent" if number else "")


def test_a_mail_that_names_nothing_is_new() -> None:
    assert matched(mail()) == Match(None, Reason.NOTHING_NAMES_A_TICKET)


def test_subjects_of_new_tickets_are_stripped() -> None:
    assert strip_subject("Re: [#1001] Portal", DESK.desk) == "Portal"


# ── forgeries ───────────────────────────────────────────────────────────────────────────

SIGNS = "abcdefghijklmnopqrstuvwxyz234567."


@given(st.data())
def test_a_key_with_one_character_changed_threads_nobody_and_proves_nothing(data: st.DataObject) -> None:
    text = key_text(data.draw(st.sampled_from([alert(), an_id()])))
    place = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from([sign for sign in SIGNS if sign != text[place]]))
    forged = text[:place] + sign + text[place + 1 :]
    letter = mail(
        data.draw(st.sampled_from([ELLIOT, KAREN])),
        in_reply_to=(f"<{forged}@bank.example>",),
        to=(Address(f"support+k{forged}@bank.example"),),
        text=f"Ref: {forged}",
    )
    refs = references(letter, body(), ENVELOPE, KEYRING, DESK)
    assert not any(ref.key or ref.ticket for ref in refs)
    assert not identify(letter, refs, frozenset(), DESK, KEYRING, (), NOW).proven
    assert matched(letter).number is None


@given(
    st.sampled_from([KAREN, ELLIOT, ANN, BOB, "boss@client.example"]),
    st.sampled_from([KAREN, ELLIOT, ANN, BOB, "boss@client.example"]),
    st.sampled_from(NoticeKind),
    st.sampled_from(["none", "fail"]),
)
def test_only_an_agents_own_key_proves_an_agent(sender: str, person: str, kind: NoticeKind, dmarc: str) -> None:
    """Whatever key is in the mail, whoever it was made for: proof is that agent's own alert, and nothing else."""
    letter = mail(sender, in_reply_to=(an_id(1001, person, kind),))
    refs = references(letter, body(), ENVELOPE, KEYRING, DESK)
    who = identify(letter, refs, frozenset(), DESK, KEYRING, (), NOW)
    agents = {ELLIOT, ANN, BOB}
    assert who.proven == (sender == person and sender in agents and not kind.to_requester)
    match = matched(letter, sender=Sender(who.address, who.agent, who.assurance, dmarc, own_keys=who.own_keys))
    if match.role == "agent":
        assert sender in agents
        assert who.proven or sender in (ELLIOT, ANN)
    if sender == "boss@client.example" and kind is NoticeKind.ASKED:
        assert match.role == ("asked" if sender == person and dmarc != "fail" else "")
    elif sender == "boss@client.example":
        assert match.role == ("inactive" if kind.to_requester else "")
