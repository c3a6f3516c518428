"""The people whom #cc, #uncc, #requester and #note may name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from mailgate.errors import Refused
from mailgate.rules.commands.scope import Command, CommandScope
from mailgate.rules.commands.values import people
from mailgate.settings import Tickets
from mailgate.ticket import Address, Collaborator
from tests.lab import NOW, desk, ticket
from tests.notices import refusal, within

CONFIG = desk()
TICKET = ticket(
    collaborators=(Collaborator("jane@x.example", "Jane"), Collaborator("joe@x.example", "Joe", active=False))
)


def read(reader, typed, about=TICKET, config=CONFIG):
    scope = CommandScope(config, config.agents["ann"], NOW, lambda _: None, about=about)
    return reader(Command("", typed), scope)


cc, uncc, requester = (partial(read, reader) for reader in (people.cc, people.uncc, people.requester))


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("ann@bank.example", "it is an agent’s address"),
        ("support@bank.example", "it is an address of the desk"),
        ("support+x@bank.example", "it is an address of the desk"),
        ("no-reply@x.example", "it is an address of a list or a machine"),
        ("all-request@x.example", "it is an address of a list or a machine"),
    ],
)
def test_agents_the_desk_and_machines_are_never_collaborators(email, why):
    with refusal(why):
        cc(email)


def test_the_number_of_collaborators_is_limited_and_those_on_the_ticket_may_be_named_again():
    full = replace(CONFIG, tickets=Tickets(max_collaborators=1))
    with refusal(r"cannot have more collaborators \(at most 1\): remove one with #uncc"):
        cc("new@x.example", config=full)
    _, summary = cc("joe@x.example, karen@client.example", config=full)
    assert within(summary) == "Collaborators: joe@x.example, karen@client.example."


@pytest.mark.parametrize(
    ("typed", "summary"),
    [
        ("joe@x.example", "No longer collaborators: joe@x.example."),
        ("gone@x.example", "Not on the ticket: gone@x.example."),
        (
            "joe@x.example gone@x.example jane@other.example",
            "No longer collaborators: joe@x.example. Not on the ticket: gone@x.example, jane@other.example.",
        ),
    ],
)
def test_removing_somebody_who_is_not_on_the_ticket_succeeds(typed, summary):
    people_named, said = uncc(typed)
    assert (people_named, within(said)) == (tuple(map(Address, typed.split())), summary)


def test_a_likely_misspelling_of_a_collaborator_is_rejected():
    assert uncc("jana@x.example", about=ticket())
    with refusal(r"is not a collaborator; did you mean jane@x\.example"):
        uncc("jana@x.example")


def test_the_requester_cannot_be_removed():
    with refusal("is the requester: #requester ADDRESS changes that"):
        uncc(f"joe@x.example, {TICKET.requester.email}")


def test_one_requester_and_never_the_desk():
    found, summary = requester("Joe <joe@x.example>")
    assert (found, within(summary)) == (Address("joe@x.example", "Joe"), "Requester: Joe <joe@x.example>.")
    for typed, why in (("a@x.example b@x.example", "one requester"), ("support+1@bank.example", "address of the desk")):
        with refusal(why):
            requester(typed)


@pytest.mark.parametrize("typed", ["please call Karen back", "ann -- please look", "-- it is the cable"])
def test_a_text_behind_a_note_is_returned_with_where_it_belongs(typed):
    with refusal("no agent or team is called .*; the text of a note stands below this line"):
        read(people.note, typed)


@pytest.mark.parametrize("typed", ["elliott", "karen@client.example and joe"])
def test_names_that_are_none_are_returned_without_that(typed):
    with pytest.raises(Refused) as caught:
        read(people.note, typed)
    assert len(caught.value.reasons) == 1
