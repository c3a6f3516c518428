"""Who is on a ticket: addresses as typed, who may be added, and the acts. Pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailgate.errors import Refused
from mailgate.rules.commands import values
from mailgate.rules.notices.sentences import agent_fact
from mailgate.rules.ticket import acts, participants
from mailgate.rules.ticket.acts import Stamp, copy_in
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.settings import Tickets
from mailgate.ticket import Actor, Address, Collaborator
from tests.lab import NOW, desk, ticket

ANN = Stamp(Actor.agent("ann"), NOW, "why")
CONFIG = desk()
JANE = Collaborator("jane@x.example", "Jane")
JOE = Collaborator("joe@x.example", "Joe", active=False)
TICKET = ticket(collaborators=(JANE, JOE))


def facts(*acts):
    change = act_on(TICKET, list(acts), ANN, CONFIG)
    return change.after, [agent_fact(event, change.after, CONFIG) for event in change.events]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("jane@x.example", [("jane@x.example", "")]),
        ("<Jane@X.example>", [("jane@x.example", "")]),
        ("a@x.example b@x.example,c@x.example; a@x.example", [(f"{each}@x.example", "") for each in "abc"]),
        ('"Doe Joe" <joe@x.example>, jane@x.example', [("joe@x.example", "Doe Joe"), ("jane@x.example", "")]),
        ("jörg@bücher.example", [("jörg@xn--bcher-kva.example", "")]),
    ],
)
def test_addresses_are_read_in_any_form(typed, found):
    assert [(each.email, each.name) for each in values.read_addresses(typed)] == found


@pytest.mark.parametrize(
    "typed", ["jane", "jane@", "@x.example", "jane@localhost", "Jane Doe", "a@b@x.example", ",", ""]
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(Refused, match="address"):
        values.read_addresses(typed)


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("ann@bank.example", "it is an agent's"),
        ("support@bank.example", "the desk's own"),
        ("support+x@bank.example", "the desk's own"),
        ("no-reply@x.example", "a list's or a machine's"),
        ("all-request@x.example", "a list's or a machine's"),
    ],
)
def test_agents_the_desk_and_machines_are_never_collaborators(email, why):
    with pytest.raises(Refused, match=why):
        values.read_copied(email, TICKET, CONFIG)


def test_there_is_room_for_so_many_and_who_is_there_takes_none():
    full = replace(CONFIG, tickets=Tickets(max_collaborators=2))
    with pytest.raises(Refused, match="at most 2"):
        values.read_copied("new@x.example", TICKET, full)
    assert values.read_copied("joe@x.example, karen@client.example", TICKET, full)


def test_who_is_not_on_the_ticket_is_off_it_already_and_a_slip_is_returned():
    for email in ("joe@x.example", "gone@x.example", "jane@other.example"):
        assert values.read_uncopied(email, TICKET) == (Address(email),)
    assert values.read_uncopied("jana@x.example", ticket())
    for slip in ("jana@x.example", "jane@x.exmaple"):
        with pytest.raises(Refused, match=r"is no collaborator; did you mean jane@x\.example"):
            values.read_uncopied(slip, TICKET)


def test_the_requester_is_not_taken_off():
    with pytest.raises(Refused, match="is the requester; #requester ADDRESS"):
        values.read_uncopied(f"joe@x.example, {TICKET.requester.email}", TICKET)


def test_one_requester_and_never_the_desk():
    assert values.read_requester("Joe <joe@x.example>", CONFIG) == Address("joe@x.example", "Joe")
    for typed, why in (("a@x.example b@x.example", "one requester"), ("support+1@bank.example", "address of the desk")):
        with pytest.raises(Refused, match=why):
            values.read_requester(typed, CONFIG)


def test_adding_activates_and_adds():
    after, told = facts(acts.cc([Address("joe@x.example"), Address("new@x.example", "New")], ANN))
    assert [(each.email, each.name, each.active) for each in after.collaborators] == [
        ("jane@x.example", "Jane", True),
        ("joe@x.example", "Joe", True),
        ("new@x.example", "New", True),
    ]
    assert told == ["Ann Admin made joe@x.example, new@x.example a collaborator: why"]


def test_who_is_there_is_added_in_silence():
    assert facts(acts.cc([Address("jane@x.example"), TICKET.requester], ANN))[1] == []


def test_taking_off():
    after, told = facts(acts.uncc(["joe@x.example"], ANN))
    assert (after.collaborators, told) == ((JANE,), ["Ann Admin took joe@x.example off the collaborators: why"])


def test_a_collaborator_becomes_the_requester_and_the_old_one_is_off():
    after, told = facts(acts.requester(Address("jane@x.example"), ANN))
    assert after.requester == Address("jane@x.example", "Jane")
    assert after.participants == {"jane@x.example", "joe@x.example"}
    assert told == [
        "Ann Admin made jane@x.example the requester: why",
        "Ann Admin took jane@x.example off the collaborators.",
    ]
    assert facts(acts.requester(TICKET.requester, ANN))[1] == []
    assert facts(acts.requester(Address("new@x.example", "New"), ANN))[0].collaborators == (JANE, JOE)


def test_who_waits_is_agreed_to_with_one_tap():
    def came(*emails):
        people_ = tuple(Collaborator(email, active=False) for email in emails)
        return act_on(TICKET, [copy_in(people_, Stamp(Actor.requester("k@x.example"), NOW))], ANN, CONFIG)

    assert participants.agree(came(), "karen@client.example") == (), "who waits is offered when they write"
    assert participants.agree(came(), "joe@x.example") == (("Agree", "#cc joe@x.example\n"),)
    assert participants.agree(came("a@x.example"), "karen@client.example") == (("Agree", "#cc a@x.example\n"),)
    many = participants.agree(came(*(f"{each}@x.example" for each in "abcde")), "joe@x.example")
    assert [label for label, _ in many] == [f"Agree to {each}@x.example" for each in ("joe", "a", "b")]
    assert participants.agree(replace(came(), before=None), "karen@client.example") == (
        ("Agree", "#cc joe@x.example\n"),
    )


def test_who_is_new_on_a_ticket():
    change = act_on(TICKET, [acts.cc([Address("joe@x.example")], ANN), copy_in([JOE], ANN)], ANN, CONFIG)
    assert participants.newly_copied(change) == (Address("joe@x.example", "Joe"),)
    assert participants.newly_copied(replace(change, before=None)) == (
        Address("jane@x.example", "Jane"),
        Address("joe@x.example", "Joe"),
    )
