"""The subject line: tokens are found anywhere, prefixes of the world's mail programs go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.text.subject import NO_SUBJECT, own_subject, strip_subject, tokens
from tests.lab import desk

DESK = replace(desk().desk, old_tokens=("Ticket {number}", "#{number}:", "[DESK-{number}]"))


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("[#1001] Portal is down", (1001,)),
        ("Re: [#1001] Portal is down", (1001,)),
        ("AW: WG: Fwd: RE[2]: Antw: [#1001] Portal", (1001,)),
        ("Portal is down [ # 1001 ]", (1001,)),
        ("Portal [#\t1001\u00a0] down", (1001,)),
        ("［＃１００１］ Portal", (1001,)),
        ("【#1001】 Portal", (1001,)),
        ("[#1001] and [#1002], [#1001] again", (1001, 1002)),
        ("x[#1001]y", (1001,)),
        ("TICKET 7 is old", (7,)),
        ("ticket7", (7,)),
        ("[desk-12] older", (12,)),
        ("#55: even older", (55,)),
        ("Tickets 7", ()),
        ("aticket 7", ()),
        ("[#0x10]", ()),
        ("[#]", ()),
        ("[#10", ()),
        ("#42 is text", ()),
        ("[#1234567890123456]", ()),
        ("", ()),
    ],
)
def test_tokens(subject: str, numbers: tuple[int, ...]) -> None:
    assert tokens(subject, DESK) == numbers


@pytest.mark.parametrize(
    ("subject", "stripped"),
    [
        ("Portal is down", "Portal is down"),
        ("Re: [#1001] Portal is down", "Portal is down"),
        ("[#1001] Re: Portal is down", "Portal is down"),
        ("RE: AW: Sv: vs: Antw: WG: Fwd: FW: Portal", "Portal"),
        ("Re[2]: Re(3): Re^4: Re*5: Re 6: re7: Portal", "Re 6: re7: Portal"),
        ("RE : Portal", "Portal"),
        ("回复：转发: 門戶", "門戶"),
        ("Отв: На портале", "На портале"),
        ("İLT: YNT: Portal", "Portal"),
        ("R: I: Preventivo", "Preventivo"),
        ("Re: [Fwd: Re: Portal]", "Portal"),
        ("[EXTERNAL] Re: Portal", "[EXTERNAL] Portal"),
        ("Re: [EXT] FW: [users] AW: Portal", "[EXT] [users] Portal"),
        ("*** SPAM *** Re: Portal", "*** SPAM *** Portal"),
        ("[EXTERNAL] Re: [#1001] Portal", "[EXTERNAL] Portal"),
        ("[EXTERNAL] Re:", "[EXTERNAL]"),
        ("[draft] Report: yearly", "[draft] Report: yearly"),
        ("**a" + "******b" * 300 + " Re: Portal", "**a" + "******b" * 300 + " Re: Portal"),
        ("[Fwd: Portal] is down", "[Fwd: Portal] is down"),
        ("[Fwd:]", "[Fwd:]"),
        ("Portal [#1001] is  down", "Portal is down"),
        ("Reply to: all", "Reply to: all"),
        ("Regarding: the portal", "Regarding: the portal"),
        ("Portal re: down", "Portal re: down"),
        ("１/2 ﬁle…", "１/2 ﬁle…"),
        ("Re: [#1001]", NO_SUBJECT),
        ("Re:", NO_SUBJECT),
        ("", NO_SUBJECT),
        (" \n ", NO_SUBJECT),
    ],
)
def test_stripping(subject: str, stripped: str) -> None:
    assert strip_subject(subject, DESK) == stripped


def test_a_bare_number_may_be_a_token() -> None:
    bare = replace(DESK, token="{number}", old_tokens=())
    assert tokens("Re: 1001 portal, not 12a or a13", bare) == (1001, 12)


@given(
    st.lists(
        st.sampled_from(["Re:", "AW: ", "[#12]", "[ #7 ]", "Fwd[3]:", "x", " ", "down", "［#9］", "R"]), max_size=20
    )
)
def test_nothing_is_left_to_strip_and_nothing_is_empty(parts: list[str]) -> None:
    once = strip_subject("".join(parts), DESK)
    assert once.strip() == once != ""
    assert not tokens(once, DESK)
    assert strip_subject(once, DESK) == once


@given(st.text(max_size=200))
def test_any_subject_is_bounded_work_and_keeps_its_words(subject: str) -> None:
    assert strip_subject(f"{subject} portal", DESK).endswith("portal")


def test_hostile_subjects_take_no_time() -> None:
    for subject in (
        "Re:" * 100_000,
        "[Fwd: " * 100_000,
        "[ # " * 100_000,
        "[#1] " * 100_000,
        "[Fwd: x" + "]" * 100_000,
    ):
        assert len(strip_subject(subject, DESK)) <= 4096


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("Re: [#1001] Printer on the third floor is jammed", ""),
        ("Re: [#1001] printer  on the third floor is JAMMED", ""),
        ("Re: [#1001] Printer on the third floor", ""),  # cut
        ("Re: [#1001] Printer", "Printer"),
        ("[EXT] AW: [#1001] Printer on the third floor is jammed", ""),
        ("[External email] Re: [#1001] Scanner", "[External email] Scanner"),
        ("[URGENT] Printer on the third floor is jammed", "[URGENT] Printer on the third floor is jammed"),
        ("Copier", ""),  # what it was called
        ("Re: [#1001]", ""),
        ("", ""),
    ],
)
def test_a_subject_of_its_own(subject: str, own: str) -> None:
    assert own_subject(subject, ("Printer on the third floor is jammed", "Copier"), DESK) == own


def test_a_ticket_whose_first_mail_a_gateway_marked_is_called_the_same() -> None:
    assert own_subject("Re: [#1001] Printer", ("[EXTERNAL] Printer",), DESK) == ""
