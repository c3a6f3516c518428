"""To whom a reopened ticket goes, and when it was last resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailgate.rules.ticket import reasons
from mailgate.rules.ticket.acts import Stamp
from mailgate.rules.ticket.reopening import TOLD_FOR, back, lately_resolved, thanks_for
from mailgate.ticket import CLOCK, Actor, Address, Assignee, EventKind, Status
from tests.lab import NOW, desk, ticket

HOUR = timedelta(hours=1)
CONFIG = desk()
ANN, ELLIOT, BOB = (Assignee.agent(key) for key in ("ann", "elliot", "bob"))


def ended(status=Status.RESOLVED, by=Actor.agent("ann"), hours=0):  # noqa: B008
    return Stamp(by, NOW + hours * HOUR).event(EventKind.STATUS_CHANGED, "open", status.value)


def goes_to(events, assignee=None, away=(), config=CONFIG):
    """The assignee after the ticket was reopened, and why."""
    before = ticket(assignee=assignee)
    done = back(before, events, away, NOW, config)
    if not done:
        return "stays"
    (act,) = done
    after, changed = act(before)
    return after.assignee, changed[0].reason if changed else ""


def test_it_goes_to_who_ended_it_last():
    assert goes_to([ended()]) == (ANN, reasons.BACK_TO_RESOLVER)
    assert goes_to([ended(Status.CLOSED)]) == (ANN, reasons.BACK_TO_CLOSER)
    assert goes_to([ended(by=Actor.agent("elliot")), ended(), ended(by=CLOCK)], ELLIOT)[0] == ANN
    assert goes_to([]) == goes_to([ended(by=CLOCK)]) == "stays"


def test_only_an_end_ends_a_ticket():
    pending = Stamp(Actor.agent("elliot"), NOW).event(EventKind.STATUS_CHANGED, "open", "pending")
    tagged = Stamp(Actor.agent("elliot"), NOW).event(EventKind.SUBJECT_CHANGED, "x", "closed")
    assert goes_to([ended(), pending, tagged])[0] == ANN


def test_who_is_away_or_no_longer_sees_it_gets_nothing():
    assert goes_to([ended()], away={"ann"}) == "stays"
    assert goes_to([ended()], ELLIOT, away={"ann"}) == "stays"
    assert goes_to([ended()], ANN, away={"ann"})[0] is None
    assert goes_to([ended(by=Actor.agent("bob"))], BOB)[0] is None, "being assigned is no reason of its own"
    assert goes_to([ended(by=Actor.agent("gone"))]) == "stays"
    assert goes_to([ended()], Assignee("team", "Online Banking"), away={"ann"}) == "stays"


def test_when_it_was_resolved_counts_for_a_day():
    events = [ended(hours=-30), ended(hours=-3), ended(hours=-2), ended(Status.CLOSED, hours=-1)]
    assert lately_resolved(events, NOW) == (NOW - 3 * HOUR, NOW - 2 * HOUR)
    assert lately_resolved(events[:1], NOW) == ()
    assert lately_resolved([ended()], NOW + TOLD_FOR) == (NOW,)
    other = replace(ended(), kind=EventKind.SUBJECT_CHANGED)
    assert lately_resolved([other], NOW) == ()


def test_who_is_thanked_by_name():
    def thanks(whom):
        return thanks_for(ticket(), f"Thank you {whom}!", Address("karen@client.example", "Karen Client"), CONFIG)

    assert all(map(thanks, (CONFIG.desk.name, "Ann Admin", "Ann")))
    assert not thanks("but Zoe says it is broken")
