"""Which desk addresses a mail came to, and which of them routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.mail import Envelope
from mailgate.rules.people.desk_addresses import deciding_address, delivered_to, desk_address, desk_recipients
from mailgate.settings import Relay
from mailgate.ticket import Address
from tests.lab import desk, mail

DESK = desk()
SUPPORT, OUTAGES = "support@bank.example", "outages@bank.example"
VERP = replace(DESK, relays=(Relay(envelope="verp"),))


@pytest.mark.parametrize(
    ("email", "found", "found_with_verp"),
    [
        (SUPPORT, SUPPORT, SUPPORT),
        ("Support@BANK.example", SUPPORT, SUPPORT),
        ("support+kn.ba@bank.example", SUPPORT, SUPPORT),
        ("support+@bank.example", "", ""),
        ("outages+x@bank.example", "", ""),
        ("outages+bn.ba@bank.example", "", OUTAGES),
        ("karen@client.example", "", ""),
        ("", "", ""),
    ],
)
def test_plus_forms_fold_where_they_reach_us(email: str, found: str, found_with_verp: str) -> None:
    assert desk_address(email, DESK) == found
    assert desk_address(email, VERP) == found_with_verp


def test_envelope_comes_before_to_before_cc() -> None:
    letter = mail(to=(Address("x@y.example"), Address(SUPPORT)), cc=(Address(OUTAGES),))
    assert desk_recipients(letter, Envelope("", ()), DESK) == (SUPPORT, OUTAGES)
    assert desk_recipients(letter, Envelope("", (OUTAGES,)), DESK) == (OUTAGES, SUPPORT)
    assert desk_recipients(letter, Envelope("", ("support+kx@bank.example",)), DESK) == (SUPPORT, OUTAGES)


def test_rules_compare_a_plus_form_and_its_address() -> None:
    letter = mail(to=(Address("x@y.example"), Address(OUTAGES)))
    assert delivered_to(letter, Envelope("", ("Support+VIP@bank.example",)), DESK) == (
        SUPPORT,
        OUTAGES,
        "support+vip@bank.example",
    )
    assert delivered_to(letter, Envelope("", ("x@y.example",)), DESK) == (OUTAGES,)


def test_a_mail_to_no_desk_address_counts_as_sent_to_the_first() -> None:
    assert desk_recipients(mail(to=(Address("x@y.example"),)), Envelope(None, ()), DESK) == (SUPPORT,)


def test_routing_does_not_depend_on_which_copy_came_first() -> None:
    letter = mail(to=(Address(SUPPORT), Address(OUTAGES)))
    for copy in (SUPPORT, OUTAGES):
        assert deciding_address(desk_recipients(letter, Envelope("", (copy,)), DESK), DESK) == OUTAGES
    assert deciding_address((SUPPORT,), DESK) == SUPPORT
