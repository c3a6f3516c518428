"""Addresses as they are compared, and attachments that are read in pieces."""

import tracemalloc
from collections.abc import Iterator

import pytest

from mailgate.mail import Attachment, normalise


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


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ('"support"@bank.example', "support@bank.example"),
        (r'"sup\port"@bank.example', "support@bank.example"),
        ('"john doe"@bank.example', '"john doe"@bank.example'),  # it needs them
        ('"a@b"@bank.example', '"a@b"@bank.example'),
        ('"@bank.example', '"@bank.example'),
        ('"a.b@bank.example', '"a.b@bank.example'),
    ],
)
def test_quotes_that_a_local_part_does_not_need_are_no_part_of_it(written: str, compared: str):
    assert normalise(written) == compared


class Zeros:
    """Ten megabytes that are made while they are walked."""

    def __iter__(self) -> Iterator[bytes]:
        return (bytes(100_000) for _ in range(100))


@pytest.mark.parametrize("size", [0, 100_000, 9_000_001, 10_000_000])
def test_the_head_of_an_attachment_is_held_once(size: int):
    tracemalloc.start()
    head = Attachment("a", "text/html", Zeros()).head(size)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert head == bytes(size)
    assert most < 1.5 * size + 1_000_000
