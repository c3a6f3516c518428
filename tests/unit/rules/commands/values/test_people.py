"""The people whom #cc, #uncc and #requester may name."""

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
        ("ann@bank.example", "it is an agent's"),
        ("support@bank.example", "the desk's own"),
        ("support+x@bank.example", "the desk's own"),
        ("no-reply@x.example", "a list's or a machine's"),
        ("all-request@x.example", "a list's or a machine's"),
    ],
)
def test_agents_the_desk_and_machines_are_never_collaborators(email, why):
    with pytest.raises(Refused, match=why):
        cc(email)


def test_the_number_of_collaborators_is_limited_and_those_on_the_ticket_may_be_named_again():
    full = replace(CONFIG, tickets=Tickets(max_collaborators=2))
    with pytest.raises(Refused, match="at most 2 collaborators: remove one with #uncc"):
        cc("new@x.example", config=full)
    _, summary = cc("joe@x.example, karen@client.example", config=full)
    assert summary == "joe@x.example, karen@client.example on the ticket"


@pytest.mark.parametrize(
    ("typed", "summary"),
    [
        ("joe@x.example", "joe@x.example off the ticket"),
        ("gone@x.example", "gone@x.example was not on the ticket"),
        (
            "joe@x.example gone@x.example jane@other.example",
            "joe@x.example off the ticket; gone@x.example, jane@other.example were not on the ticket",
        ),
    ],
)
def test_removing_somebody_who_is_not_on_the_ticket_succeeds(typed, summary):
    assert uncc(typed) == (tuple(map(Address, typed.split())), summary)


def test_a_likely_misspelling_of_a_collaborator_is_rejected():
    assert uncc("jana@x.example", about=ticket())
    with pytest.raises(Refused, match=r"is not a collaborator; did you mean jane@x\.example"):
        uncc("jana@x.example")


def test_the_requester_cannot_be_removed():
    with pytest.raises(Refused, match="is the requester: #requester ADDRESS changes that"):
        uncc(f"joe@x.example, {TICKET.requester.email}")


def test_one_requester_and_never_the_desk():
    assert requester("Joe <joe@x.example>") == (Address("joe@x.example", "Joe"), "requester Joe <joe@x.example>")
    for typed, why in (("a@x.example b@x.example", "one requester"), ("support+1@bank.example", "address of the desk")):
        with pytest.raises(Refused, match=why):
            requester(typed)
