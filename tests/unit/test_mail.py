"""Addresses as they are compared."""

import pytest

from mailgate.mail import normalise


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Karen@Client.Example", "karen@client.example"),
        ("jan@BÜCHER.example", "jan@xn--bcher-kva.example"),
        ("jan@straße.example", "jan@xn--strae-oqa.example"),  # UTS #46: not "strasse"
    ],
)
def test_a_domain_is_compared_as_it_is_registered(written: str, compared: str):
    assert normalise(written) == compared
