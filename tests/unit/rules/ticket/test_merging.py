"""Who may merge two tickets, who reads them, and what they wait for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgate.rules.ticket import acts, lifecycle, merging
from mailgate.rules.ticket.acts import Stamp
from mailgate.settings import Department, Role
from mailgate.ticket import Actor, Address, Collaborator, Entry, EntryKind, Status
from tests.lab import NOW, desk, named, ticket

HOUR = timedelta(hours=1)
CONFIG = desk()
KAREN, JANE, JOE = "karen@client.example", "jane@client.example", "joe@client.example"
TICKET = ticket(collaborators=(Collaborator(JANE), Collaborator(JOE, active=False)))


def test_the_requester_and_active_collaborators_read_public_replies():
    assert merging.readers(TICKET, CONFIG) == {KAREN, JANE}
    alone = ticket(number=1002)
    assert merging.shared(alone, TICKET, CONFIG)
    assert merging.shared(alone, alone, CONFIG)
    assert not merging.shared(TICKET, alone, CONFIG)


def test_an_agent_merges_where_they_may_in_both_departments():
    ann, elliot = CONFIG.agents["ann"], CONFIG.agents["elliot"]
    one, two, away = ticket(), ticket(number=1002), ticket(number=1003, department="Maintenance")
    assert merging.mergeable(one, two, ann, CONFIG)
    assert not merging.mergeable(one, away, elliot, CONFIG), "views only there"
    assert not merging.mergeable(away, one, elliot, CONFIG)
    both = replace(ann, departments={"Support": "All Access", "Maintenance": "All Access"})
    assert merging.mergeable(one, away, both, CONFIG)
    gone = ticket(number=1004, merged_into=1002)
    assert not merging.mergeable(gone, one, ann, CONFIG)
    assert not merging.mergeable(one, gone, ann, CONFIG)


def test_a_confidential_ticket_is_merged_within_its_department_alone():
    both = {"Support": "All Access", "HR": "All Access"}
    departments = {**CONFIG.departments, **named(Department(name="HR", confidential=True))}
    ann = replace(CONFIG.agents["ann"], departments=both)
    config = replace(CONFIG, departments=departments, agents={**CONFIG.agents, "ann": ann})
    hidden = ticket(department="HR")
    assert merging.mergeable(hidden, replace(hidden, number=1002), ann, config)
    assert not merging.mergeable(hidden, ticket(number=1003), ann, config)
    assert not merging.mergeable(ticket(number=1003), hidden, ann, config)


def test_without_the_permission_nobody_merges():
    config = replace(CONFIG, roles={**CONFIG.roles, **named(Role(name="All Access", may=frozenset({"note"})))})
    assert not merging.mergeable(ticket(), ticket(number=1002), config.agents["ann"], config)


@pytest.mark.parametrize(
    ("one", "target", "wakes"),
    [
        ("open", "open", False),
        ("open", "pending", True),
        ("open", "closed", True),
        ("pending", "open", False),
        ("pending", "pending", False),
        ("pending", "resolved", True),
        ("resolved", "pending", False),
        ("closed", "resolved", False),
    ],
)
def test_an_active_ticket_opens_the_one_that_it_goes_into_unless_that_is_as_awake(one, target, wakes):
    assert merging.wakes(ticket(status=Status(one)), ticket(number=1002, status=Status(target))) is wakes


def entry(hours, author=KAREN):
    return Entry(
        kind=EntryKind.MESSAGE, by=Actor.requester(author), author=Address(author), at=NOW + hours * HOUR, text="x"
    )


def test_a_ticket_waits_since_its_oldest_message_that_nobody_answered():
    opened = lifecycle.open_ticket(ticket(), Stamp(Actor.requester(KAREN), NOW), CONFIG, {}, entry(0))
    one, events = opened.after, opened.events

    def happened(act, hours, by=Actor.agent("ann")):  # noqa: B008
        nonlocal one, events
        change = lifecycle.act_on(one, [act(Stamp(by, NOW + hours * HOUR))], Stamp(by, NOW + hours * HOUR), CONFIG)
        one, events = change.after, (*events, *change.events)

    def wrote(hours):
        happened(lambda stamp: acts.receive_message(KAREN, stamp.at, stamp, waits=True), hours, Actor.requester(KAREN))

    thread = [entry(hours) for hours in (0, 2, 3, 6)]
    assert merging.waiting(events, thread) == NOW
    happened(lambda stamp: acts.reply("ann", stamp), 1)
    assert merging.waiting(events, thread) is None
    wrote(2)
    wrote(3)
    assert merging.waiting(events, thread) == NOW + 2 * HOUR
    assert merging.waiting(events, thread[2:]) == NOW + 3 * HOUR, "the other one is not of this thread"
    happened(lambda stamp: acts.status(Status.PENDING, stamp), 4)
    assert merging.waiting(events, thread) == NOW + 2 * HOUR
    happened(lambda stamp: acts.status(Status.RESOLVED, stamp), 5)
    assert merging.waiting(events, thread) is None
    wrote(6)
    assert merging.waiting(events, thread) == NOW + 6 * HOUR
    happened(lambda stamp: acts.publish(1, "ann", stamp), 7)
    assert merging.waiting(events, thread) is None
    wrote(8)
    happened(lambda stamp: acts.status(Status.CLOSED, stamp), 9)
    assert merging.waiting(events, [*thread, entry(8)]) is None
