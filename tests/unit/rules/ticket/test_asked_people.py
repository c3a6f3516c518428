"""Who was asked about a ticket, and by whom."""

from __future__ import annotations

from mailgate.rules.ticket import acts
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.as_json import ticket_json
from mailgate.rules.ticket.asked_people import asked_by, askers_of, outsiders
from mailgate.ticket import Actor, Address, Asked, EventKind
from tests.lab import NOW, desk, ticket

ANN = Stamp(Actor.agent("ann"), NOW)
SMITH = Address("smith@plumber.example", "Smith")
ELLIOT = Address("elliot@home.example", "Elliot")


def test_an_agent_is_no_outsider_by_any_address() -> None:
    assert outsiders((ELLIOT, SMITH), desk()) == (SMITH,)


def test_the_event_of_a_question_says_who_was_asked_and_no_other_does() -> None:
    after, (event,) = acts.ask((SMITH, ELLIOT), ANN)(ticket())
    assert asked_by(event) == (SMITH, ELLIOT)
    assert asked_by(ANN.event(EventKind.OPENED, after=ticket_json(after))) == ()
    assert asked_by(ANN.event(EventKind.NOTED)) == ()
    assert asked_by(ANN.event(EventKind.NOTED, after={})) == ()


def test_those_who_asked_are_named_once_the_latest_first() -> None:
    asked = tuple(Asked(SMITH.email, "Smith", by) for by in ("ann", "", "elliot", "ann", ""))
    other = Asked("jones@plumber.example", "Jones", "bob")
    assert askers_of(ticket(asked=(*asked, other)), SMITH.email) == ("ann", "elliot")
