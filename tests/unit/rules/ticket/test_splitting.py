"""Which message can become a ticket of its own, and what is recorded of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.errors import Refused
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.splitting import part, separable
from mailgate.ticket import Actor, Address, Entry, EntryKind, EventKind
from tests.lab import NOW, desk, ticket

KAREN = Address("karen@client.example", "Karen Client")
FIRST = Entry(kind=EntryKind.MESSAGE, by=Actor.requester(KAREN.email), author=KAREN, at=NOW, text="It is jammed.", id=1)
SECOND = replace(FIRST, id=2, text="And the card?")
ANN = Stamp(Actor.agent("ann"), NOW, "another matter")


def test_any_message_but_the_first_can_be_split_off() -> None:
    assert separable(SECOND, [FIRST, SECOND]) is SECOND
    with pytest.raises(Refused):
        separable(FIRST, [FIRST, SECOND])
    with pytest.raises(Refused):
        separable(replace(SECOND, kind=EntryKind.NOTE), [FIRST, SECOND])


def test_what_came_with_a_merge_can_be_split_off_though_it_is_the_first() -> None:
    came = replace(FIRST, came_for=1002)
    assert separable(came, [came, SECOND]) is came
    assert separable(came, [came]) is came


def test_the_new_ticket_says_which_message_it_was() -> None:
    change = part(ticket(), SECOND, 1002, "The card", ANN, desk())
    event = change.events[-1]
    assert (event.kind, event.before) == (EventKind.SPLIT, {"ticket": 1001})
    assert event.after == {"ticket": 1002, "entries": [2]}
    assert (change.after.number, change.after.links, change.moved) == (1002, (1001,), (replace(SECOND, came_for=0),))
