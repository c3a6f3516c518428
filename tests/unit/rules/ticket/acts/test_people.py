"""The acts of #cc, #uncc and #requester, and what agents read of them."""

from __future__ import annotations

from mailgate.rules.notices.sentences import event_sentence
from mailgate.rules.ticket import acts
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.ticket import Actor, Address, Collaborator
from tests.lab import NOW, desk, ticket
from tests.notices import english

ANN = Stamp(Actor.agent("ann"), NOW, "why")
CONFIG = desk()
JANE = Collaborator("jane@x.example", "Jane")
JOE = Collaborator("joe@x.example", "Joe", active=False)
TICKET = ticket(collaborators=(JANE, JOE))


def facts(*acts):
    change = act_on(TICKET, list(acts), ANN, CONFIG)
    return change.after, [english(event_sentence(event, change.after, CONFIG)) for event in change.events]


def test_adding_activates_and_adds():
    after, told = facts(acts.cc([Address("joe@x.example"), Address("new@x.example", "New")], ANN))
    assert [(each.email, each.name, each.active) for each in after.collaborators] == [
        ("jane@x.example", "Jane", True),
        ("joe@x.example", "Joe", True),
        ("new@x.example", "New", True),
    ]
    assert told == ["Ann Admin added joe@x.example, new@x.example to the collaborators: why"]


def test_who_is_there_is_added_in_silence():
    assert facts(acts.cc([Address("jane@x.example"), TICKET.requester], ANN))[1] == []


def test_taking_off():
    after, told = facts(acts.uncc(["joe@x.example"], ANN))
    assert (after.collaborators, told) == ((JANE,), ["Ann Admin removed joe@x.example from the collaborators: why"])


def test_a_collaborator_becomes_the_requester_and_the_old_one_is_off():
    after, told = facts(acts.requester(Address("jane@x.example"), ANN))
    assert after.requester == Address("jane@x.example", "Jane")
    assert after.participants == {"jane@x.example", "joe@x.example"}
    assert told == [
        "Ann Admin made jane@x.example the requester: why",
        "Ann Admin removed jane@x.example from the collaborators.",
    ]
    assert facts(acts.requester(Address("joe@x.example"), ANN))[0].requester == Address("joe@x.example", "Joe")
    named = Address("jane@x.example", "Jane Doe")
    assert facts(acts.requester(named, ANN))[0].requester == named
    assert facts(acts.requester(TICKET.requester, ANN))[1] == []
    assert facts(acts.requester(Address("new@x.example", "New"), ANN))[0].collaborators == (JANE, JOE)
