"""Messages between the daemon and its worker arrive unchanged."""

from __future__ import annotations

import socket
from typing import get_args

import pytest

from mailgate.daemon.channel import (
    ApplyConfig,
    Channel,
    CheckConfig,
    ConfigResult,
    DeliveryFailed,
    MailAccepted,
    Message,
    NotifyAdmin,
    OutboxChanged,
    Ping,
    Pong,
    RunTimers,
    Stop,
)
from mailgate.errors import Problem

MESSAGES = (
    MailAccepted(),
    DeliveryFailed(),
    NotifyAdmin("relay:2026-11-30", "The relay takes no mail", ("Two\nlines", "“quoted”")),
    Ping(),
    CheckConfig(),
    ApplyConfig("x" * 10_000_000),
    RunTimers(),
    Stop(),
    OutboxChanged(),
    Pong({"database writer": 3, "mail processing": None}),
    ConfigResult("[desk]\n"),
    ConfigResult(problems=(Problem("[desk]", "is missing", 3, "config.toml"), Problem("", "a warning", warning=True))),
)


def test_every_message_is_tested():
    assert {type(message) for message in MESSAGES} == set(get_args(Message))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
async def test_a_message_arrives_unchanged(message):
    one, other = socket.socketpair()
    sender, receiver = await Channel.open(one), await Channel.open(other)
    sender.send(message)
    assert await receiver.receive() == message
    sender.close()
    receiver.close()


async def test_messages_arrive_in_order_and_then_the_end():
    one, other = socket.socketpair()
    sender, receiver = await Channel.open(one), await Channel.open(other)
    sender.send(Ping())
    sender.send(Stop())
    sender.close()
    assert [await receiver.receive() for _ in range(3)] == [Ping(), Stop(), None]
    receiver.close()


async def test_a_message_that_was_cut_off_is_discarded():
    one, other = socket.socketpair()
    receiver = await Channel.open(other)
    one.send(b'["Stop", {')
    one.close()
    assert await receiver.receive() is None
    receiver.close()
