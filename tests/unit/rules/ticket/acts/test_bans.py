"""The acts of #spam, #ban and #unban."""

from __future__ import annotations

from mailgate.rules.ticket import acts
from mailgate.rules.ticket.acts import Stamp
from mailgate.ticket import Actor, EventKind, Status
from tests.lab import NOW, ticket

ANN = Stamp(Actor.agent("ann"), NOW, "why")


def test_spam_is_closed_and_marked_once():
    after, events = acts.spam(ANN)(ticket())
    assert (after.status, after.spam) == (Status.CLOSED, True)
    assert [(event.kind, event.reason) for event in events] == [
        (EventKind.STATUS_CHANGED, ""),
        (EventKind.SPAM_MARKED, "why"),
    ]
    assert acts.spam(ANN)(after) == (after, ())


def test_a_ban_that_bans_nobody_is_no_event():
    one = ticket()
    (event,) = acts.ban("@evil.example", ANN)(one)[1]
    assert (event.kind, event.before, event.after) == (EventKind.BANNED, None, "@evil.example")
    (event,) = acts.unban("@evil.example", ANN)(one)[1]
    assert (event.kind, event.before, event.after) == (EventKind.UNBANNED, "@evil.example", None)
    assert acts.ban(None, ANN)(one) == acts.unban(None, ANN)(one) == (one, ())
