"""The acts of #merge, of its undoing and of #split on the tickets themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailgate.rules.sla.clock import OVERDUE
from mailgate.rules.ticket import acts, lifecycle
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.acts.merging import Gone
from mailgate.rules.ticket.acts.statuses import NewStatus
from mailgate.ticket import Actor, Address, Collaborator, Entry, EntryKind, Status, StatusSpan
from tests.lab import NOW, desk, ticket

HOUR = timedelta(hours=1)
CONFIG = desk()
KAREN, JANE = Address("karen@client.example"), Address("jane@other.example", "Jane")
ANN = Stamp(Actor.agent("ann"), NOW + 5 * HOUR)


def message(hours, author=KAREN, number=1):
    by = Actor.requester(author.email)
    return Entry(kind=EntryKind.MESSAGE, by=by, author=author, at=NOW + hours * HOUR, text="x", id=number)


def opened(number, hours=0, requester=KAREN, **changes):
    """A ticket that waits since it was opened, and its events."""
    at = NOW + hours * HOUR
    made = ticket(number, requester=requester, created_at=at, updated_at=at, sla_started_at=at, **changes)
    change = lifecycle.open_ticket(
        made, Stamp(Actor.requester(requester.email), at), CONFIG, {}, message(hours, requester)
    )
    return change.after, change.events


def merged(one, two, stamp=ANN):
    """Both sides of a merge, each with the event that says so."""
    closed, (*_, left) = acts.merge(two, stamp, CONFIG)(one)
    target, (*_, came) = acts.absorb(one, stamp, CONFIG)(two)
    return closed, left, target, came


def test_a_target_takes_everybody_on_the_ticket_and_keeps_its_links():
    people = (Collaborator("joe@client.example", "Joe"),)
    one, _ = opened(1001, collaborators=people, links=(7,))
    two, _ = opened(1002, 1, JANE, links=(8,))
    closed, _, target, _ = merged(one, two)
    assert [(each.email, each.active) for each in target.collaborators] == [
        ("karen@client.example", False),
        ("joe@client.example", False),
    ]
    assert (closed.links, target.links) == ((7, 1002), (8, 1001))
    assert acts.merge(two, ANN, CONFIG)(replace(one, links=(1002,)))[0].links == (1002,)


def test_the_clock_of_the_older_one_counts_and_is_taken_back():
    older, _ = opened(1001)
    younger, events = opened(1002, 2, JANE)
    _, _, target, came = merged(older, younger)
    assert (target.sla_started_at, target.waiting_since) == (NOW, NOW)
    assert target.status_log == (StatusSpan(Status.OPEN, NOW), StatusSpan(Status.OPEN, NOW + 2 * HOUR))
    mine, its = message(2, JANE, 2), message(0)
    gone = Gone(1001, came, (its,))
    back, _ = acts.give_back(gone, (its, mine), events, ANN)(target)
    assert (back.sla_started_at, back.waiting_since) == (NOW + 2 * HOUR, NOW + 2 * HOUR)
    assert back.status_log == younger.status_log
    assert (back.merged, back.links, back.collaborators) == ((), (), ())


def test_a_wait_of_its_own_is_left_when_the_other_goes():
    """Karen's later message is what is waited for, not Jane's answered one."""
    older, _ = opened(1001)
    younger, events = opened(1002, 2, JANE)
    answered = replace(younger, waiting_since=None)
    _, _, target, came = merged(older, answered)
    assert target.waiting_since == NOW
    replied = Stamp(Actor.agent("ann"), NOW + 3 * HOUR)
    events = (*events, *acts.reply("ann", replied)(younger)[1])
    back, _ = acts.give_back(Gone(1001, came, (message(0),)), (message(0), message(2, JANE, 2)), events, ANN)(target)
    assert back.waiting_since is None


def test_a_pending_ticket_is_put_back_with_its_time_and_is_open_once_it_was_written_to():
    one, _ = opened(1001)
    asleep, _ = acts.set_status(NewStatus(Status.PENDING, NOW + 9 * HOUR), Stamp(ANN.by, NOW + HOUR))(one)
    closed, left, *_ = merged(asleep, opened(1002, 1, JANE)[0])
    assert (closed.status, closed.wake_at) == (Status.CLOSED, None)
    back, _ = acts.unmerge(left, (), (), ANN)(closed)
    assert (back.status, back.wake_at, back.merged_into) == (Status.PENDING, NOW + 9 * HOUR, 0)
    assert (closed.links, back.links) == ((1002,), ())
    words = (message(4),)
    written, _ = acts.unmerge(left, words, words, ANN)(closed)
    assert (written.status, written.wake_at) == (Status.OPEN, None)


def test_what_was_announced_is_announced_again_only_if_it_is_still_overdue():
    one, _ = opened(1001, escalated=("50%", OVERDUE))
    closed, left, *_ = merged(one, opened(1002, 1, JANE)[0])
    back, _ = acts.unmerge(left, (), (), ANN)(closed)
    assert back.escalated == ("50%",)
    assert (back.sla_started_at, back.waiting_since) == (NOW, NOW)
    assert [span.status for span in back.status_log] == [Status.OPEN, Status.CLOSED, Status.OPEN]


def test_both_tickets_of_a_split_message_are_named():
    one, events = opened(1001, links=(7,))
    first, leaves = message(0), message(1, number=2)
    after, (event,) = acts.split(1003, leaves, (first, leaves), events, ANN)(one)
    assert (after.links, after.waiting_since) == ((7, 1003), NOW)
    assert event.before == {"ticket": 1001, "links": [7]}
    assert event.after == {"ticket": 1003, "entries": [2], "links": [7, 1003]}


def test_the_wait_for_a_message_ends_where_it_is_split_off():
    one, events = opened(1001)
    answered = replace(one, waiting_since=NOW + HOUR)
    events = (*events, *acts.reply("ann", Stamp(ANN.by, NOW + HOUR / 2))(one)[1])
    leaves = message(1, number=2)
    after, _ = acts.split(1003, leaves, (message(0), leaves), events, ANN)(answered)
    assert after.waiting_since is None
    kept, _ = acts.split(1003, message(0), (message(0), leaves), events, ANN)(answered)
    assert kept.waiting_since == NOW + HOUR


def test_what_was_there_before_a_merge_is_there_after_it_was_undone():
    joe = Collaborator("joe@client.example", "Joe", active=False)
    one, _ = opened(1001, 1)
    two, events = opened(1002, 0, JANE, links=(1001,), collaborators=(joe,))
    _, _, target, came = merged(one, two)
    back, _ = acts.give_back(Gone(1001, came, (message(1),)), (message(1), message(0, JANE, 2)), events, ANN)(target)
    assert (back.links, back.collaborators, back.sla_started_at) == ((1001,), (joe,), NOW)


def test_a_clock_that_started_over_since_the_merge_is_left_alone():
    older, _ = opened(1001)
    younger, events = opened(1002, 2, JANE)
    _, _, target, came = merged(older, younger)
    ended, _ = acts.status(Status.RESOLVED, Stamp(ANN.by, NOW + 6 * HOUR))(target)
    again, _ = acts.status(Status.OPEN, Stamp(ANN.by, NOW + 7 * HOUR))(ended)
    back, _ = acts.give_back(Gone(1001, came, (message(0),)), (message(0),), events, ANN)(again)
    assert (back.sla_started_at, back.status_log) == (NOW + 7 * HOUR, again.status_log)


def test_a_link_that_was_there_before_a_merge_stays_on_either_side():
    one, _ = opened(1001, links=(1002,))
    closed, left, *_ = merged(one, opened(1002, 1, JANE)[0])
    assert acts.unmerge(left, (), (), ANN)(closed)[0].links == (1002,)


def test_the_clock_of_another_merged_ticket_goes_on_counting():
    first, second = opened(1001)[0], opened(1002, 1)[0]
    target, events = opened(1003, 2, JANE)
    _, _, target, came = merged(second, target)
    _, _, target, _ = merged(first, target)
    back, _ = acts.give_back(Gone(1002, came, (message(1),)), (message(0), message(1)), events, ANN)(target)
    assert (back.sla_started_at, back.merged) == (NOW, (1001,))
