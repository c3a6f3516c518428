"""Tags as agents type them."""

from __future__ import annotations

from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.commands.values import labels
from tests.lab import NOW, desk, ticket
from tests.notices import within


def test_quotes_around_tags_are_no_part_of_them():
    """As phones write them, too."""
    scope = CommandScope(desk(), None, NOW, lambda _: None, about=ticket())
    for typed in ('"portal", vip', "\u201cportal\u201d; \u201evip\u201c", "#portal «vip»"):
        assert labels.tag(Command("tag", typed), scope)[0] == ("portal", "vip")


def test_a_tag_is_spelt_as_on_the_ticket():
    scope = CommandScope(desk(), None, NOW, lambda _: None, about=ticket(tags=("portal",)))
    tags = ("portal", "vip")
    for reader, summary in ((labels.tag, "Tagged portal, vip."), (labels.untag, "No longer tagged portal, vip.")):
        found, said = reader(Command("", "#PORTAL,vip  Vip"), scope)
        assert (found, within(said)) == (tags, summary)
