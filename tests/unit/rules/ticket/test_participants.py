"""Collaborators after a change: who waits for an agent's approval, who was added."""

from __future__ import annotations

from dataclasses import replace

from mailgate.rules.ticket import acts, participants
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.lifecycle import act_on
from mailgate.ticket import Actor, Address, Collaborator
from tests.lab import NOW, desk, ticket

ANN = Stamp(Actor.agent("ann"), NOW, "why")
CONFIG = desk()
JOE = Collaborator("joe@x.example", "Joe", active=False)
TICKET = ticket(collaborators=(Collaborator("jane@x.example", "Jane"), JOE))


def test_who_waits_is_agreed_to_with_one_tap():
    def came(*emails):
        people_ = tuple(Collaborator(email, active=False) for email in emails)
        return act_on(TICKET, [acts.copy_in(people_, Stamp(Actor.requester("k@x.example"), NOW))], ANN, CONFIG)

    assert participants.agree(came(), "karen@client.example") == (), "who waits is offered when they write"
    assert participants.agree(came(), "joe@x.example") == (("Agree", "#cc joe@x.example\n"),)
    assert participants.agree(came("a@x.example"), "karen@client.example") == (("Agree", "#cc a@x.example\n"),)
    many = participants.agree(came(*(f"{each}@x.example" for each in "abcde")), "joe@x.example")
    assert [label for label, _ in many] == [f"Agree to {each}@x.example" for each in ("joe", "a", "b")]
    assert participants.agree(replace(came(), before=None), "karen@client.example") == (
        ("Agree", "#cc joe@x.example\n"),
    )


def test_who_is_new_on_a_ticket():
    change = act_on(TICKET, [acts.cc([Address("joe@x.example")], ANN), acts.copy_in([JOE], ANN)], ANN, CONFIG)
    assert participants.newly_copied(change) == (Address("joe@x.example", "Joe"),)
    assert participants.newly_copied(replace(change, before=None)) == (
        Address("jane@x.example", "Jane"),
        Address("joe@x.example", "Joe"),
    )
