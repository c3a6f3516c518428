"""Criteria: every field with every operator it takes, and what `explain` says of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Attachment
from mailgate.rules.routing.criteria import FIELDS, RuleInput, declared_language, holds, is_met
from mailgate.rules.text.forms import read_form
from mailgate.rules.text.patterns import compile_pattern
from mailgate.settings import Criterion
from mailgate.ticket import Address
from tests.lab import NOW, body, mail

OPEN = "Business hours"
NUMBERED = (
    ("x-spam-score", " 7.1 (+++++++)"),
    ("x-change", "-3"),
    ("sender", "Bot <bot@Lists.Vendor.example>"),
    ("x-owner", "<vendor.example>"),
)


def rule_input(**changes: Any) -> RuleInput:
    values: dict[str, Any] = {
        "mail": mail(
            "karen@mail.client.example",
            "The Portal is DOWN",
            cc=(Address("boss@client.example"), Address("info@xn--bcher-kva.example")),
            reply_to=(Address("desk@client.example"),),
            headers=(("x-vendor", "Yes"), ("x-vendor", "no"), ("content-language", "de-AT, en"), *NUMBERED),
            attachments=(Attachment("Invoice.PDF", "application/pdf", b"x"), Attachment("", "image/png", b"")),
            text="whole text\n> quoted",
            size=5_000_000,
        ),
        "body": body("It is broken."),
        "form": read_form("Help topic: Outage\nRoom: 12\n\nIt is broken."),
        "recipients": ("support@bank.example", "outages@bank.example"),
        "address": "support@bank.example",
        "source": "smtp",
        "arrived_at": NOW,
        "known": True,
        "auth": "pass",
        "language": "de-at",
        "customer": "Big Co",
        "within": lambda schedule, moment: schedule == OPEN and moment == NOW,
        **changes,
    }
    return RuleInput(**values)


def criterion(field: str, op: str, *values: str, number: float | None = None, negated: bool = False) -> Criterion:
    field, _, name = field.partition(".")
    patterns = tuple(map(compile_pattern, values)) if op == "matches" else ()
    return Criterion(field=field, name=name, op=op, values=values, number=number, negated=negated, patterns=patterns)


CASES = [
    ("from", "contains", ("KAREN@",), True),
    ("from", "contains", ("boss",), False),
    ("from", "is", ("karen@mail.client.example",), True),
    ("from", "is", ("karen@mail.client",), False),
    ("from", "in", ("x@y.example", "Karen@Mail.Client.example"), True),
    ("from", "in", ("x@y.example",), False),
    ("from", "starts", ("karen@",), True),
    ("from", "starts", ("aren",), False),
    ("from", "ends", ("CLIENT.example",), True),
    ("from", "ends", ("client",), False),
    ("from", "matches", (r"^k\w+@",), True),
    ("from", "domain", ("mail.client.example",), True),
    ("from", "domain", ("client.example",), False),
    ("from", "domain", (".client.example",), True),
    ("from", "domain", (".mail.client.example",), True),
    ("from", "domain", ("x.example", ".example"), True),
    ("from", "domain", (".lient.example",), False),
    ("from", "exists", (), True),
    ("from_name", "is", ("karen client",), True),
    ("from_name", "starts", ("client",), False),
    ("reply_to", "is", ("desk@client.example",), True),
    ("to", "contains", ("support@",), True),
    ("to", "is", ("outages@bank.example",), False),
    ("cc", "is", ("boss@client.example",), True),
    ("cc", "is", ("Info@Bücher.example",), True),
    ("cc", "domain", ("client.example",), True),
    ("recipient", "is", ("outages@bank.example",), True),
    ("recipient", "is", ("bank.example",), False),
    ("subject", "contains", ("portal",), True),
    ("subject", "contains", ("mail", "down"), True),
    ("subject", "contains", ("up",), False),
    ("subject", "is", ("the portal is down",), True),
    ("subject", "starts", ("portal", "the"), True),
    ("subject", "ends", ("down",), True),
    ("subject", "matches", (r"(?i)\b(down|outage)\b",), True),
    ("subject", "matches", (r"\bdown\b", "^Port"), False),
    ("subject", "matches", (r"\bdown\b", "^The"), True),
    ("body", "contains", ("BROKEN",), True),
    ("body", "contains", ("quoted",), False),
    ("header.X-Vendor", "is", ("no",), True),
    ("header.x-vendor", "is", ("maybe",), False),
    ("header.X-Vendor", "exists", (), True),
    ("header.X-Other", "exists", (), False),
    ("header.Sender", "domain", ("lists.vendor.example",), True),
    ("header.Sender", "domain", (".vendor.example",), True),
    ("header.Sender", "domain", ("vendor.example",), False),
    ("header.X-Owner", "domain", ("vendor.example",), True),
    ("header.X-Other", "domain", ("vendor.example",), False),
    ("attachment_name", "ends", (".pdf",), True),
    ("attachment_name", "contains", ("exe",), False),
    ("attachment_type", "starts", ("image/",), True),
    ("attachments", "is", ("2",), True),
    ("attachments", "is", ("1",), False),
    ("attachments", "exists", (), True),
    ("size", "is", ("5000000",), True),
    ("language", "contains", ("de",), True),
    ("language", "is", ("en",), False),
    ("language", "exists", (), True),
    ("source", "contains", ("smtp",), True),
    ("source", "in", ("imap", "pipe"), False),
    ("requester", "contains", ("known",), True),
    ("requester", "contains", ("new",), False),
    ("form.room", "is", ("12",), True),
    ("form.Help topic", "contains", ("out",), True),
    ("form.Floor", "exists", (), False),
    ("customer", "is", ("Big Co",), True),
    ("customer", "contains", ("small",), False),
    ("auth", "is", ("pass",), True),
    ("auth", "is", ("fail",), False),
    ("arrived", "within", (OPEN,), True),
    ("arrived", "within", ("24/7", OPEN), True),
    ("arrived", "within", ("Nights",), False),
]


@pytest.mark.parametrize(("field", "op", "values", "expected"), CASES)
def test_fields_and_operators(field: str, op: str, values: tuple[str, ...], expected: bool) -> None:
    plain, negated = criterion(field, op, *values), criterion(field, op, *values, negated=True)
    assert holds(plain, rule_input())[0] is expected is is_met(plain, rule_input())
    assert holds(negated, rule_input())[0] is not expected


def test_every_field_has_a_case() -> None:
    assert {field.partition(".")[0] for field, *_ in CASES} == set(FIELDS)


@pytest.mark.parametrize(
    ("field", "op", "number", "expected"),
    [
        ("size", "over", 4_999_999, True),
        ("size", "over", 5_000_000, False),
        ("size", "under", 5_000_001, True),
        ("size", "under", 5_000_000, False),
        ("attachments", "over", 1, True),
        ("attachments", "over", 2, False),
        ("attachments", "under", 3, True),
        ("header.X-Spam-Score", "over", 7, True),
        ("header.X-Spam-Score", "over", 7.1, False),
        ("header.X-Spam-Score", "under", 7.5, True),
        ("header.X-Change", "under", 0, True),
        ("header.X-Vendor", "over", 0, False),
        ("header.X-Other", "under", 5, False),
        ("form.room", "over", 11, True),
    ],
)
def test_sizes_counts_and_the_numbers_in_headers_and_form_lines(
    field: str, op: str, number: float, expected: bool
) -> None:
    assert is_met(criterion(field, op, str(number), number=number), rule_input()) is expected


def test_what_is_missing_does_not_exist() -> None:
    bare = rule_input(mail=mail("", ""), language="", known=False, auth="none")
    for field in ("from", "from_name", "reply_to", "cc", "subject", "attachments", "attachment_name", "language"):
        assert not is_met(criterion(field, "exists"), bare)
        assert is_met(criterion(field, "exists", negated=True), bare)
    assert is_met(criterion("subject", "is", ""), bare)
    assert is_met(criterion("requester", "is", "new"), bare)


@pytest.mark.parametrize(
    ("op", "value"), [("is", "Große Maße"), ("starts", "GROẞE"), ("ends", "masse"), ("contains", "SSE M")]
)
def test_case_is_folded_on_both_sides(op: str, value: str) -> None:
    """ß and its capital are folded to ss."""
    assert holds(criterion("subject", op, value), rule_input(mail=mail(subject="GROSSE Maße")))[0]


def test_not_means_none_of_all_values() -> None:
    assert not is_met(criterion("cc", "contains", "nobody", "boss", negated=True), rule_input())
    assert is_met(criterion("cc", "contains", "nobody", "chief", negated=True), rule_input())


def test_the_body_of_a_forwarded_or_empty_mail_is_its_whole_text() -> None:
    quoted = criterion("body", "contains", "quoted")
    assert not is_met(quoted, rule_input())
    assert is_met(quoted, rule_input(body=replace(body("see below"), forwarded=True)))
    assert is_met(quoted, rule_input(body=body(" \n")))


@pytest.mark.parametrize(
    ("asked", "clause"),
    [
        (criterion("subject", "matches", "(?i)down"), 'subject "The Portal is DOWN" matches (?i)down'),
        (criterion("subject", "contains", "up", "off"), 'subject "The Portal is DOWN" does not contain "up" or "off"'),
        (criterion("subject", "is", "x", negated=True), 'subject "The Portal is DOWN" is not "x"'),
        (criterion("subject", "ends", "down", negated=True), 'subject "The Portal is DOWN" ends with "down"'),
        (criterion("from", "domain", "a.example"), 'from "karen@mail.client.example" is not in the domain a.example'),
        (criterion("header.X-Vendor", "is", "yes"), 'header.X-Vendor "Yes", "no" is "yes"'),
        (criterion("form.Floor", "exists"), "form.Floor (none) is not there"),
        (criterion("source", "starts", "s"), 'source "smtp" starts with "s"'),
        (criterion("source", "starts", "i"), 'source "smtp" does not start with "i"'),
        (criterion("source", "ends", "i"), 'source "smtp" does not end with "i"'),
        (criterion("source", "matches", "^i"), 'source "smtp" does not match ^i'),
        (criterion("source", "in", "imap", "pipe"), 'source "smtp" is not "imap" or "pipe"'),
        (criterion("attachments", "under", "2", number=2), 'attachments "2" is not under 2'),
        (criterion("arrived", "within", "Nights"), 'arrived "2026-11-21 12:00+00:00" is not within "Nights"'),
        (criterion("size", "over", "25000000", number=25e6), 'size "5000000" is not over 25000000'),
        (criterion("arrived", "within", OPEN), 'arrived "2026-11-21 12:00+00:00" is within "Business hours"'),
    ],
)
def test_explain_reads_well(asked: Criterion, clause: str) -> None:
    assert holds(asked, rule_input())[1] == clause


def test_explain_shows_hostile_text_on_one_short_line() -> None:
    nasty = rule_input(mail=mail(subject="a\x1b[2Jb\r\n" + "c" * 500 + "\u202e\ud800"))
    clause = holds(criterion("subject", "exists"), nasty)[1]
    assert clause.isprintable()
    assert len(clause) < 100
    many = rule_input(mail=mail(cc=tuple(Address(f"{name}@x.example") for name in "abcde")))
    three = rule_input(mail=mail(cc=tuple(Address(f"{name}@x.example") for name in "abc")))
    assert holds(criterion("cc", "exists"), three)[1] == 'cc "a@x.example", "b@x.example", "c@x.example" is there'
    assert holds(criterion("cc", "exists"), many)[1] == 'cc "a@x.example", "b@x.example", "c@x.example", … is there'


@given(st.text(max_size=300), st.sampled_from(["is", "contains", "starts", "ends", "matches", "exists"]))
def test_any_subject_is_judged(subject: str, op: str) -> None:
    asked = criterion("subject", op, *(() if op == "exists" else ("down",)))
    held, clause = holds(asked, rule_input(mail=mail(subject=subject)))
    lower = subject.casefold()
    assert (
        held
        is {
            "is": lower == "down",
            "contains": "down" in lower,
            "starts": lower.startswith("down"),
            "ends": lower.endswith("down"),
            "matches": "down" in subject,
            "exists": subject != "",
        }[op]
    )
    assert clause.isprintable()


@pytest.mark.parametrize(("op", "limit", "held"), [("over", 0, True), ("under", 0, False), ("under", 1, True)])
def test_zero_is_a_limit(op: str, limit: float, held: bool) -> None:
    half = rule_input(mail=mail(headers=(("x-score", "0.5"),)))
    assert is_met(criterion("header.X-Score", op, number=limit), half) is held


def test_lone_surrogates_and_long_texts_are_matched_within_64k() -> None:
    far = rule_input(body=body("x\ud800" * 40_000 + "needle"))
    assert not is_met(criterion("body", "matches", "needle"), far)
    assert is_met(criterion("body", "matches", "^x"), far)


def test_a_field_is_read_once_however_many_rules_ask() -> None:
    asked: list[str] = []

    def within(schedule: str, moment: datetime) -> bool:
        asked.append(schedule)
        return False

    known = rule_input(within=within)
    first = known.values(criterion("subject", "is", "x"))
    assert known.values(criterion("subject", "contains", "y")) is first
    assert asked == []
    assert rule_input(within=within) == known
    assert not is_met(criterion("arrived", "within", "x"), rule_input(within=within))
    assert asked == ["x"]


@pytest.mark.parametrize(("header", "language"), [("de-AT, en", "de-at"), ("", ""), ("FR", "fr")])
def test_the_declared_language_a_mail(header: str, language: str) -> None:
    assert declared_language(mail(headers=(("content-language", header),))) == language
