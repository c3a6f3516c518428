"""Tickets, entries and events as JSON: names and values that other programs rely on."""

from __future__ import annotations

from mailgate.rules.ticket.as_json import entry_json, event_json, moment, rfc3339, ticket_json
from mailgate.ticket import Actor, Address, Asked, Collaborator, Entry, EntryKind, Event, EventKind, StoredAttachment
from tests.lab import NOW, ticket

AT = "2026-11-21T12:00:00Z"
PLAIN = Entry(
    kind=EntryKind.MESSAGE, by=Actor.requester("k@c.example"), author=Address("k@c.example", "K"), at=NOW, text="t"
)


def test_an_entry_with_all_that_it_can_have() -> None:
    file = StoredAttachment(name="a.pdf", type="application/pdf", size=7, sha256="ab")
    entry = Entry(
        kind=EntryKind.NOTE,
        by=Actor.agent("ann"),
        author=Address("ann@bank.example", "Ann"),
        at=NOW,
        text="t",
        id=7,
        subject="s",
        html="<p>t</p>",
        message_id="<m@x>",
        came_for=1001,
        attachments=(file,),
    )
    assert entry_json(entry) == {
        "id": 7,
        "kind": "note",
        "from": {"name": "Ann", "email": "ann@bank.example"},
        "at": AT,
        "subject": "s",
        "text": "t",
        "html": "<p>t</p>",
        "message_id": "<m@x>",
        "came_for": 1001,
        "attachments": [{"name": "a.pdf", "type": "application/pdf", "size": 7, "sha256": "ab"}],
    }
    bare = entry_json(PLAIN)
    assert (bare["subject"], bare["came_for"], bare["attachments"]) == (None, None, [])


def test_an_event() -> None:
    event = Event(kind=EventKind.TAGGED, by=Actor.agent("ann"), at=NOW, reason="why", before=["a"], after=["a", "b"])
    assert event_json(event) == {
        "kind": "tagged",
        "by": "agent:ann",
        "at": AT,
        "reason": "why",
        "before": ["a"],
        "after": ["a", "b"],
    }


def test_the_people_of_a_ticket() -> None:
    told = ticket_json(
        ticket(
            collaborators=(Collaborator("j@c.example", "Jane", active=False),),
            asked=(Asked("s@p.example", "Smith", "ann"),),
            satisfaction="good",
            merged_into=1002,
        )
    )
    assert told["collaborators"] == [{"name": "Jane", "email": "j@c.example", "active": False}]
    assert told["asked"] == [{"name": "Smith", "email": "s@p.example", "by": "ann"}]
    assert (told["satisfaction"], told["merged_into"]) == ("good", 1002)
    plain = ticket_json(ticket())
    assert (plain["satisfaction"], plain["merged_into"], plain["assignee"]) == (None, None, None)


def test_a_moment_is_read_back_and_anything_else_is_none() -> None:
    assert moment(rfc3339(NOW)) == NOW
    assert moment(None) is moment(7) is rfc3339(None) is None
