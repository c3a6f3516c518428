"""Tags as agents type them."""

from __future__ import annotations

from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.commands.values import labels
from tests.lab import NOW, desk, ticket


def test_a_tag_is_spelt_as_on_the_ticket():
    scope = CommandScope(desk(), None, NOW, lambda _: None, about=ticket(tags=("portal",)))
    tags = ("portal", "vip")
    assert labels.tag(Command("tag", "#PORTAL,vip  Vip"), scope) == (tags, "tagged portal, vip")
    assert labels.untag(Command("untag", "#PORTAL,vip  Vip"), scope) == (tags, "no longer tagged portal, vip")
