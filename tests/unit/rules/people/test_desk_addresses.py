"""Which recipients are the desk's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from mailgate.rules.people.desk_addresses import is_desk
from mailgate.settings import Config, DeskAddress, Relay


@dataclass(frozen=True)
class Addresses:
    """As much of a configuration as is asked."""

    addresses: dict[str, Any]
    relays: tuple[Relay, ...] = (Relay(),)


CONFIG = cast(
    "Config",
    Addresses(
        {
            "support@bank.example": DeskAddress(email="support@bank.example", name="Support", plus=True),
            "outages@bank.example": DeskAddress(email="outages@bank.example", name="Outages"),
            "hilfe@xn--mnchen-3ya.example": DeskAddress(email="hilfe@xn--mnchen-3ya.example", name="Hilfe"),
        }
    ),
)


@pytest.mark.parametrize(
    "address",
    [
        "support@bank.example",
        "Support@BANK.example",
        '"support"@bank.example',
        '"Postmaster"@bank.example',
        "support@bank.example.",
        "support+kabc.def@bank.example",
        "outages@bank.example",
        "postmaster@bank.example",
        "Postmaster@bank.EXAMPLE",
        "postmaster@münchen.example",
        "hilfe@münchen.example",
        "postmaster",
    ],
)
def test_the_desk_s_own_addresses_are_taken(address: str):
    assert is_desk(address, CONFIG)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "support",
        "support@bank.example@evil.example",
        "support%bank.example@evil.example",
        "support@evil.example",
        "postmaster@evil.example",
        "postmaster+x@bank.example",
        "outages+x@bank.example",
        "+@bank.example",
        "supports@bank.example",
        "support@sub.bank.example",
        '"sup port"@bank.example',
    ],
)
def test_no_other_is(address: str):
    assert not is_desk(address, CONFIG)


def test_signed_bounce_senders_come_back_also_where_other_plus_forms_do_not():
    verp = cast("Config", Addresses(dict(CONFIG.addresses), (Relay(envelope="verp"),)))
    assert is_desk("outages+bkey@bank.example", verp)
    assert not is_desk("outages+x@bank.example", verp)
