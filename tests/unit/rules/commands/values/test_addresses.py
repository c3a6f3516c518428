"""Addresses as agents type them, and likely misspellings."""

from __future__ import annotations

import pytest

from mailgate.errors import Refused
from mailgate.rules.commands.values.addresses import misspelt, read_addresses


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("jane@x.example", [("jane@x.example", "")]),
        ("<Jane@X.example>", [("jane@x.example", "")]),
        ("a@x.example b@x.example,c@x.example; a@x.example", [(f"{each}@x.example", "") for each in "abc"]),
        ('"Doe Joe" <joe@x.example>, jane@x.example', [("joe@x.example", "Doe Joe"), ("jane@x.example", "")]),
        (
            'Bob <bob@x.example>, "Doe, Jane" <jane@x.example>',
            [("bob@x.example", "Bob"), ("jane@x.example", "Doe, Jane")],
        ),
        ("\u201eDoe; Jane\u201c <jane@x.example>", [("jane@x.example", "Doe; Jane")]),
        ("\u2018Doe Jane\u2019 <jane@x.example>", [("jane@x.example", "Doe Jane")]),
        ('"jane@x.example" <jane@x.example>', [("jane@x.example", "jane@x.example")]),
        (
            "Doe, Jane <jane@x.example>; Roe, Joe <joe@x.example>; a@x.example, b@x.example",
            [
                ("jane@x.example", "Doe, Jane"),
                ("joe@x.example", "Roe, Joe"),
                *((f"{each}@x.example", "") for each in "ab"),
            ],
        ),
        ("jörg@bücher.example", [("jörg@xn--bcher-kva.example", "")]),
    ],
)
def test_addresses_are_read_in_any_form(typed, found):
    assert [(each.email, each.name) for each in read_addresses(typed)] == found


@pytest.mark.parametrize(
    "typed",
    [
        "jane",
        "jane@",
        "@x.example",
        "jane@localhost",
        "Jane Doe",
        "a@b@x.example",
        ",",
        "",
        '"',
        "Bob, Jane <jane@x.example>",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(Refused, match="address"):
        read_addresses(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("jane@x.example", ""),
        ("jana@x.example", "jane@x.example"),
        ("jane@x.exmaple", "jane@x.example"),
        ("jane@other.example", ""),
        ("gone@x.example", ""),
    ],
)
def test_one_or_two_wrong_letters_are_a_misspelling(typed, meant):
    assert misspelt(typed, ["joe@x.example", "jane@x.example"]) == meant
