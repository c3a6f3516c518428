"""Tags, subject and links as acts: what is so already changes nothing. Pure."""

from __future__ import annotations

import pytest

from mailgate.rules.commands import values
from mailgate.rules.notices.sentences import agent_fact
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.acts import Stamp
from mailgate.ticket import Actor, EventKind
from tests.lab import NOW, desk, ticket

ANN = Stamp(Actor.agent("ann"), NOW, "why")
CONFIG = desk()


def fact(act, before):
    after, (event,) = act(before)
    return agent_fact(event, after, CONFIG)


def test_a_tag_is_taken_as_the_ticket_spells_it():
    assert values.read_tags("#PORTAL,vip  Vip", ticket(tags=("portal",))) == ("portal", "vip")


def test_what_is_so_already_is_no_event():
    as_it_is = ticket(tags=("a",), links=(1002,))
    for act in (acts.untag(("b",), ANN), acts.subject(as_it_is.subject, ANN), acts.link(1002, ANN)):
        assert act(as_it_is) == (as_it_is, ())


def test_agents_read_what_was_changed():
    tagged = ticket(tags=("a", "b"))
    assert fact(acts.untag(("a",), ANN), tagged) == "Ann Admin took the tag a away: why"
    assert fact(acts.subject("Slow", ANN), tagged) == f"Ann Admin changed the subject from “{tagged.subject}”: why"
    assert fact(acts.link(1002, ANN), tagged) == "Ann Admin linked the ticket with 1002: why"
    assert (
        agent_fact(ANN.event(EventKind.TAGGED, [], ["a", "b"]), tagged, CONFIG)
        == "Ann Admin tagged the ticket a, b: why"
    )


@pytest.mark.parametrize(
    ("kind", "before", "after", "told"),
    [
        (EventKind.BANNED, None, "@spam.example", "Ann Admin banned @spam.example: why"),
        (EventKind.UNBANNED, "@spam.example", None, "Ann Admin took the ban of @spam.example away: why"),
        (EventKind.SPLIT, {"merged_into": 1002}, {}, "Ann Admin took the ticket out of #1002 again: why"),
        (EventKind.SPLIT, {"merged": [7]}, {"merged": []}, "Ann Admin took ticket #7 out of this one again: why"),
        (EventKind.SPLIT, {"merged": [7]}, {"merged": [7]}, ""),
    ],
)
def test_bans_and_what_undoes_a_merge_are_told_with_who_and_why(kind, before, after, told):
    assert agent_fact(ANN.event(kind, before, after), ticket(), CONFIG) == told


def test_links_that_nobody_of_the_desk_made_are_told_elsewhere():
    made = Stamp(Actor.requester("k@x.example"), NOW).event(EventKind.LINKED, [], [1002])
    assert agent_fact(made, ticket(), CONFIG) == ""
