"""Banned senders in words."""

from __future__ import annotations

from mailgate.rules.ticket.bans import Ban, banned_by, covering
from mailgate.ticket import Actor
from tests.lab import NOW, desk


def test_a_ban_says_by_whom_since_when_and_why() -> None:
    ban = Ban(pattern="@evil.example", by=Actor.agent("ann"), at=NOW, reason="phishing")
    says = "@evil.example is banned since 2026-11-21 by Ann Admin"
    assert banned_by(ban, desk()) == f"{says}: phishing; #unban ends it"
    plain = Ban(pattern="@evil.example", by=Actor.agent("ann"), at=NOW)
    assert banned_by(plain, desk()) == f"{says}; #unban ends it"


def test_an_address_is_banned_by_itself_and_by_its_domain() -> None:
    assert covering("eve@evil.example") == ("eve@evil.example", "@evil.example")
