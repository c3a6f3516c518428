"""Collaborators after a change: who waits for an agent's approval, who was added."""

from __future__ import annotations

from dataclasses import replace

from mailgate.phrase import phrase
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

    def add(name: str, email: str):
        return phrase("link.add", name=name), f"#cc {email}\n"

    assert participants.agree(came(), "karen@client.example") == (), "who waits is offered when they write"
    assert participants.agree(came(), "joe@x.example") == (add("Joe", "joe@x.example"),)
    assert participants.agree(came("a@x.example"), "karen@client.example") == (add("a@x.example", "a@x.example"),)
    many = participants.agree(came(*(f"{each}@x.example" for each in "abcde")), "joe@x.example")
    assert [label for label, _ in many] == [
        phrase("link.add", name=name) for name in ("Joe", "a@x.example", "b@x.example")
    ]
    assert participants.agree(replace(came(), before=None), "karen@client.example") == (add("Joe", "joe@x.example"),)


def test_an_alert_says_who_put_whom_in_cc():
    people = (Collaborator("al@x.example", "Al Assistant", active=False), Collaborator("b@x.example", active=False))
    change = act_on(TICKET, [acts.copy_in(people, Stamp(Actor.requester("k@x.example"), NOW))], ANN, CONFIG)
    assert participants.put_in_cc(change, Address("brenda@x.example", "Brenda")) == (
        phrase("remark.put_in_cc", who="Brenda", people=("Al Assistant", "b@x.example")),
    )
    assert participants.put_in_cc(act_on(TICKET, [], ANN, CONFIG), Address("brenda@x.example")) == ()
    by_al = phrase("remark.put_in_cc", who="al@x.example", people=("b@x.example",))
    assert participants.put_in_cc(change, Address("al@x.example")) == (by_al,), "nobody puts oneself in Cc"


def test_who_is_new_on_a_ticket():
    al = Collaborator("al@x.example", active=False)
    change = act_on(TICKET, [acts.cc([Address("joe@x.example")], ANN), acts.copy_in([JOE, al], ANN)], ANN, CONFIG)
    assert participants.newly_copied(change) == (Address("joe@x.example", "Joe"),)
    assert participants.newly_copied(replace(change, before=None)) == (
        Address("jane@x.example", "Jane"),
        Address("joe@x.example", "Joe"),
    )


def test_who_gets_no_answers_after_a_merge_is_named():
    named = Collaborator("al@x.example", "Al", active=False)
    nameless = Collaborator("b@x.example", active=False)
    change = act_on(TICKET, [acts.copy_in((named, nameless), ANN)], ANN, CONFIG)
    (said,) = participants.left_out(change)
    assert said == phrase("remark.left_out", number=1001, people=("Al", "b@x.example"))
    assert participants.left_out(act_on(TICKET, [], ANN, CONFIG)) == ()
