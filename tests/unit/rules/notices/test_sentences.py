"""What agents read of bans, of the undoing of a merge and of links."""

from __future__ import annotations

import pytest

from mailgate.rules.notices.alert_facts import internal_sentences
from mailgate.rules.notices.sentences import event_sentence
from mailgate.rules.ticket.acts import Stamp
from mailgate.ticket import Actor, EventKind
from tests.lab import NOW, desk, ticket
from tests.notices import english

ANN = Stamp(Actor.agent("ann"), NOW, "why")
CONFIG = desk()


@pytest.mark.parametrize(
    ("kind", "before", "after", "told"),
    [
        (EventKind.BANNED, None, "@spam.example", "Ann Admin banned @spam.example: why"),
        (EventKind.UNBANNED, "@spam.example", None, "Ann Admin lifted the ban of @spam.example: why"),
        (EventKind.SPLIT, {"merged_into": 1002}, {}, "Ann Admin took the ticket out of #1002 again: why"),
        (EventKind.SPLIT, {"merged": [7]}, {"merged": []}, "Ann Admin took ticket #7 out of this one again: why"),
        (EventKind.SPLIT, {"merged": [7]}, {"merged": [7]}, ""),
    ],
)
def test_bans_and_what_undoes_a_merge_are_told_with_who_and_why(kind, before, after, told):
    assert english(event_sentence(ANN.event(kind, before, after), ticket(), CONFIG)) == told


@pytest.mark.parametrize("by", [Actor.agent("ann"), Actor.requester("k@x.example")])
@pytest.mark.parametrize("kind", [EventKind.MESSAGE, EventKind.REPLIED])
def test_messages_are_shown_by_their_entries_and_not_in_sentences(kind, by):
    event = Stamp(by, NOW, "why").event(kind, None, None)
    assert event_sentence(event, ticket(), CONFIG, "ann") is None
    assert [*internal_sentences(event, ticket(), CONFIG, "ann")] == []


def test_links_that_nobody_of_the_desk_made_are_told_elsewhere():
    made = Stamp(Actor.requester("k@x.example"), NOW).event(EventKind.LINKED, [], [1002])
    assert english(event_sentence(made, ticket(), CONFIG)) == ""
