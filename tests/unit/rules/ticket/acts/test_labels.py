"""The acts of #subject, #tag, #untag and #link, and what agents read of them."""

from __future__ import annotations

from mailgate.rules.notices.sentences import event_sentence
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.acts import Stamp
from mailgate.ticket import Actor, EventKind
from tests.lab import NOW, desk, ticket
from tests.notices import english

ANN = Stamp(Actor.agent("ann"), NOW, "why")
CONFIG = desk()


def fact(act, before):
    after, (event,) = act(before)
    return english(event_sentence(event, after, CONFIG))


def test_an_act_that_changes_nothing_leaves_no_event():
    as_it_is = ticket(tags=("a",), links=(1002,))
    for act in (acts.untag(("b",), ANN), acts.subject(as_it_is.subject, ANN), acts.link(1002, ANN)):
        assert act(as_it_is) == (as_it_is, ())


def test_earlier_subjects_and_links_stay():
    once = ticket(subject="b", was_called=("a",), links=(1002,))
    assert acts.subject("c", ANN)(once)[0].was_called == ("a", "b")
    assert acts.link(1003, ANN)(once)[0].links == (1002, 1003)


def test_agents_read_what_was_changed():
    tagged = ticket(tags=("a", "b"))
    assert fact(acts.untag(("a",), ANN), tagged) == "Ann Admin removed the tag a: why"
    assert fact(acts.subject("Slow", ANN), tagged) == f"Ann Admin changed the subject from “{tagged.subject}”: why"
    assert fact(acts.link(1002, ANN), tagged) == "Ann Admin linked the ticket with #1002: why"
    assert (
        english(event_sentence(ANN.event(EventKind.TAGGED, [], ["a", "b"]), tagged, CONFIG))
        == "Ann Admin tagged the ticket a, b: why"
    )
