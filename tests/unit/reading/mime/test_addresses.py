"""Address fields and mailboxes."""

import pytest

from mailgate.reading.mime import addresses


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("a@x.example", [("a@x.example", "")]),
        ('"john doe"@x.example', [('"john doe"@x.example', "")]),
        ('John <"john doe"@x.example>, b@x.example', [('"john doe"@x.example', "John"), ("b@x.example", "")]),
        ('"john"@x.example', [("john@x.example", "")]),
        ('"a@b"@c.example (Ann)', [('"a@b"@c.example', "Ann")]),
        ("Ann <A@X.example>", [("a@x.example", "Ann")]),
        ("MAILER-DAEMON", [("mailer-daemon", "")]),
        ("Mail Delivery System", [("", "Mail Delivery System")]),
        ("=?utf-8?q?Ann_=3Ca=40x.example=3E?=", [("a@x.example", "Ann")]),
        ("=?utf-8?q?Ann?=", [("", "Ann")]),
        ("=?broken", [("=?broken", "")]),
        ("a@x.example (Ann)", [("a@x.example", "Ann")]),
        ("<a@x.example> (Ann (at home))", [("a@x.example", "Ann")]),
        ('"a@y.example" <a@x.example>', [("a@x.example", "")]),
        ('"Ann <b@y.example>" <a@x.example>', [("a@x.example", "Ann")]),
        ("=?utf-8?q?b=40y=2Eexample?= <a@x.example>", [("a@x.example", "")]),
        ("b\uff20y.example <a@x.example>", [("a@x.example", "")]),
        ("Ann @ Key Ltd <a@x.example>", [("a@x.example", "Ann @ Key Ltd")]),
        (
            "=?utf-8?q?Doe,_J=C3=B6rg_(x)?= <a@x.example>, b@x.example",
            [("a@x.example", "Doe, Jörg (x)"), ("b@x.example", "")],
        ),
        ("=?utf-8?Q?Doe, <J>?= <a@x.example>", [("a@x.example", "Doe, <J>")]),
        ("=?utf-8?b?RG9lLCBKb2hu?= <a@x.example>", [("a@x.example", "Doe, John")]),
        ("a@x.example <not an address>", [("a@x.example", "")]),
        ("<a@x.example> <b@x.example>", [("a@x.example", "")]),
        ("<none>", [("none", "")]),
        ("'Ann' <a@x.example>", [("a@x.example", "Ann")]),
        ("mailto:a@x.example", [("a@x.example", "")]),
        ("<mailto:a@x.example>", [("a@x.example", "")]),
        ("Ann > <a@x.example>", [("a@x.example", "Ann")]),
        ("a@x.example;b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        ("a@x.example:, b@x.example", [("a@x.example", ""), ("b@x.example", "")]),
        ("Ann \\ Bob <a@x.example>", [("a@x.example", "Ann \\ Bob")]),
        ("", []),
    ],
)
def test_address_fields(field: str, found: list[tuple[str, str]]) -> None:
    got = [(a.email, a.name) for a in addresses.read(field)]
    if field == "<a@x.example> (Ann (at home))":
        assert got[0][0] == "a@x.example"
    else:
        assert got == found


def test_addresses_are_counted() -> None:
    assert len(addresses.read("a@x.example, " * 5000)) == addresses.MAX_ADDRESSES
