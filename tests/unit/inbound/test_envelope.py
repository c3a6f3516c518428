"""The envelope of mail that comes without one: read from its topmost trace fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.inbound.envelope import read_envelope
from mailgate.mail import Envelope


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        (b"Return-Path: <karen@client.example>", "karen@client.example"),
        (b"Return-path:karen@client.example", "karen@client.example"),
        (b"RETURN-PATH :\r\n <karen@client.example>", "karen@client.example"),
        (b"Return-Path: <>", ""),
        (b"Subject: Return-Path: <x@y.example>", None),
        (b"X-Return-Path: <x@y.example>", None),
        ("Return-Path: <jürgen@bücher.example>".encode(), "jürgen@bücher.example"),
        (b"Return-Path: <first@x.example>\r\nReturn-Path: <second@x.example>", "first@x.example"),
    ],
)
def test_sender(head: bytes, sender: str | None) -> None:
    assert read_envelope(head + b"\r\nFrom: a@b.example\r\n\r\nhello").sender == sender


@pytest.mark.parametrize(
    ("head", "recipients"),
    [
        (b"Delivered-To: desk@bank.example", ("desk@bank.example",)),
        (
            b"Delivered-To: box@bank.example\nX-Original-To: support@bank.example",
            ("support@bank.example", "box@bank.example"),
        ),
        (b"Delivered-To: support@bank.example\nX-Original-To: support@bank.example", ("support@bank.example",)),
        (b"Delivered-To: last@x.example\nReceived: by x\nDelivered-To: forged@x.example", ("last@x.example",)),
        (b"Delivered-To: localuser", ("box@bank.example",)),
        (b"Subject: none", ("box@bank.example",)),
    ],
)
def test_recipients(head: bytes, recipients: tuple[str, ...]) -> None:
    assert read_envelope(head + b"\n\nhello", ("box@bank.example", "nobody")).recipients == recipients


def test_the_body_is_not_looked_at() -> None:
    assert read_envelope(b"From: a@b.example\r\n\r\nReturn-Path: <x@y.example>\r\n") == Envelope(None, ())


@given(st.binary() | st.text(alphabet="Return-Path: <>@x\r\n\t").map(str.encode))
def test_any_bytes_give_an_envelope(raw: bytes) -> None:
    envelope = read_envelope(raw, ("a@b.example",))
    assert envelope.recipients
    assert envelope.sender is None or not set(envelope.sender) & set("\r\n <>")
