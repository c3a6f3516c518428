"""The address in From of a mail of ours."""

import pytest

from mailgate.outbound.sender import sender_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"From: Support <Support@Bank.example>\r\n\r\nText", "support@bank.example"),
        (b"To: x@y.example\r\nFROM : support@bank.example\r\n\r\n", "support@bank.example"),
        (b'From: "a@b.example, sales" <support@bank.example>\r\n\r\n', "support@bank.example"),
        (
            b"From: =?utf-8?q?M=C3=BCller?=\r\n <support@bank.example>\r\nTo: x@y.example\r\n\r\n",
            "support@bank.example",
        ),
        (b"From: Support <support@bank.example>\n\nText", "support@bank.example"),
        (b"From: Support <support@bank.example>", "support@bank.example"),
        (b"Subject: no sender\r\n\r\nFrom: a@b.example\r\n", ""),
        (b"From: nobody\r\n\r\n", ""),
        (b"", ""),
    ],
)
def test_the_address_in_from(data, expected):
    assert sender_of(data) == expected
