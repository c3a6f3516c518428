"""The index of rules: every rule that matches is a candidate, and a thousand others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.rules.routing.criteria import RuleInput, is_met
from mailgate.rules.routing.rule_index import RuleIndex
from mailgate.rules.text.patterns import compile_pattern
from mailgate.settings import Criterion, Rule
from mailgate.ticket import Address
from tests.unit.rules.routing.test_criteria import CASES, criterion
from tests.unit.rules.routing.test_criteria import rule_input as given_mail


def rules(*whens: tuple[tuple[Criterion, ...], ...]) -> list[Rule]:
    return [Rule(name=f"r{at}", position=at, when=when) for at, when in enumerate(whens)]


def candidates(index: RuleIndex, mail: RuleInput) -> list[str]:
    return [rule.name for rule in index.candidates(mail)]


@pytest.mark.parametrize("negated", [False, True])
def test_a_rule_whose_criterion_holds_is_a_candidate(negated: bool) -> None:
    asked = [criterion(field, op, *values, negated=negated) for field, op, values, _ in CASES]
    mail = given_mail()
    found = candidates(RuleIndex(rules(*(((each,),) for each in asked))), mail)
    assert {f"r{at}" for at, each in enumerate(asked) if is_met(each, mail)} <= set(found)
    assert found == sorted(found, key=lambda name: int(name[1:]))


def test_a_rule_whose_criterion_was_filed_and_fails_is_none() -> None:
    index = RuleIndex(
        rules(
            ((criterion("subject", "contains", "portal", "printer"),),),
            ((criterion("subject", "starts", "portal"),),),
            ((criterion("subject", "ends", "the"),),),
            ((criterion("subject", "matches", "^portal"),),),
            ((criterion("from", "domain", "client.example"),),),
            ((criterion("from", "domain", ".client.example"),),),
            ((criterion("header.x-nothing", "exists"),),),
            ((criterion("subject", "is", "the portal"),), (criterion("source", "in", "imap", "smtp"),)),
            ((criterion("subject", "contains", "portal"), criterion("auth", "is", "fail")),),
            ((criterion("size", "over", "1"),),),
            (),
            ((),),
        )
    )
    assert candidates(index, given_mail()) == ["r0", "r5", "r7", "r9", "r10", "r11"]


# ── any rule, any mail ──────────────────────────────────────────────────────────────────

WORDS = ["", "a", "A", "ß", "SS", "İ", "a.b", "$", "\\", "\ud800", "x y", "*", "portal", "Straße"]
TEXTS = st.lists(st.sampled_from([*WORDS, " "]), max_size=5).map("".join)


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    op = draw(st.sampled_from(["is", "in", "contains", "starts", "ends", "matches", "exists", "domain"]))
    values = tuple(
        draw(st.lists(st.sampled_from([*WORDS, "a.example", ".example", ".a.example"]), min_size=1, max_size=2))
    )
    field = draw(st.sampled_from(["header", "from"] if op == "domain" else ["subject", "body", "header", "from_name"]))
    return Criterion(
        field=field,
        name="x-a" if field == "header" else "",
        op=op,
        negated=draw(st.booleans()),
        values=values,
        patterns=(compile_pattern(draw(st.sampled_from(["a|ß", "^A", r"\$$", "(?i)straße", "", "."]))),)
        if op == "matches"
        else (),
    )


@given(
    st.lists(st.lists(st.lists(criteria(), max_size=3).map(tuple), max_size=2).map(tuple), max_size=8),
    TEXTS,
    TEXTS,
    st.sampled_from(["a@a.example", "a@b.a.example", "a@example", "a", ""]),
)
def test_all_rules_that_match_are_candidates(
    whens: list[tuple[tuple[Criterion, ...], ...]], subject: str, header: str, email: str
) -> None:
    base = given_mail()
    letter = replace(
        base.mail, subject=subject, headers=(("x-a", header), ("x-a", email)), from_=(Address(email, header),)
    )
    mail, made = given_mail(mail=letter), rules(*whens)
    matching = [
        rule.name
        for rule in made
        if not rule.when or any(all(is_met(each, mail) for each in table) for table in rule.when)
    ]
    assert set(matching) <= set(candidates(RuleIndex(made), mail))


def test_of_a_thousand_rules_those_are_tried_that_the_mail_may_match() -> None:
    each = ("contains", "starts", "is", "matches", "ends")
    index = RuleIndex(rules(*(((criterion("subject", each[at % 5], f"word{at:03}"),),) for at in range(1000))))
    assert candidates(index, given_mail()) == []
    about = given_mail(mail=replace(given_mail().mail, subject="a word500 with word999"))
    assert candidates(index, about) == ["r500", "r999"]
