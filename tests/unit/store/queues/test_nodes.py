"""Nodes on one database: who counts as alive, who holds what, and what becomes of a dead one's claims."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.errors import LockHeld
from mailgate.mail import Delivery, Envelope
from mailgate.notice import NoticeKind, Outgoing
from mailgate.settings import Server
from mailgate.store.db import Db, Node, engine_of
from mailgate.store.queues import claims, inbox, nodes, outbox
from tests.postgresql import cluster

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Db]:
    database: Path | Server = tmp_path / "mailgate.db"
    name = cluster().desk_database() if request.param == "postgresql" else ""
    if name:
        database = Server(cluster().url(name), tmp_path / "mailgate.db")
    with closing(engine_of(database).open_writer()) as db, db.transaction():
        yield db
    if name:
        cluster().give_back(name)


def join(db: Db, name: str, place: str = "", *, alone: bool = False) -> Node:
    return nodes.join(db, nodes.About(name=name, place=place or name, version="1", config="c"), alone=alone)


def age(db: Db, node: Node, seconds: float) -> None:
    """The node did nothing for so long."""
    db.run("UPDATE node SET ends_at = ends_at - ? WHERE number = ?", [seconds, node.number])


def steady(db: Db, node: Node) -> None:
    """The node has renewed its lease in time for long."""
    db.run("UPDATE node SET steady_since = steady_since - 60 WHERE number = ?", [node.number])


def names(db: Db) -> list[str]:
    return [each.name for each in nodes.listed(db)]


def delivery(key: str, sender: str = "", size: int = 3) -> Delivery:
    envelope = Envelope(sender, ("support@bank.example",))
    return Delivery(source="smtp", source_key=key, envelope=envelope, raw=b"x" * size, arrived_at=NOW)


def outgoing(cause: str, to: str = "karen@client.example", ticket: int | None = None) -> Outgoing:
    return Outgoing(
        kind=NoticeKind.ACKNOWLEDGEMENT,
        ticket=ticket,
        cause=cause,
        mail_from="",
        recipient=to,
        agent="",
        message_id=f"<{cause}@bank.example>",
        subject=cause,
        data=b"data",
    )


# ── being a node ────────────────────────────────────────────────────────────────────────


def test_numbers_grow_also_where_no_node_is_left(db: Db):
    first = join(db, "a")
    nodes.end(db, first.number)
    second = join(db, "a")
    assert 0 < first.number < second.number


def test_who_starts_anew_at_the_same_place_ends_its_earlier_self(db: Db):
    first = join(db, "a")
    db.node = first
    assert nodes.hold(db, ["clock"]) == {"clock"}
    db.node = join(db, "a")
    assert names(db) == ["a"]
    assert nodes.leases(db) == []
    assert nodes.hold(db, ["clock"]) == {"clock"}


def test_a_name_is_refused_as_long_as_a_node_elsewhere_has_it_and_works(db: Db):
    first = join(db, "a", "here")
    with pytest.raises(LockHeld, match="a node a works on this database"):
        join(db, "a", "there")
    age(db, first, nodes.LEASE + nodes.MARGIN + 1)
    join(db, "a", "there")
    assert [each.place for each in nodes.listed(db)] == ["there"]


def test_who_is_alone_ends_every_other(db: Db):
    join(db, "a")
    node = join(db, "b", alone=True)
    assert (names(db), node.alone) == (["b"], True)
    assert nodes.any_alive(db) == "", "the lock file tells"


def test_a_dead_node_is_ended_once_its_lease_is_over_for_the_margin(db: Db):
    first, second = join(db, "a"), join(db, "b")
    db.node = second
    steady(db, second)
    age(db, first, nodes.LEASE + nodes.MARGIN - 1)
    assert nodes.end_dead(db) == []
    age(db, first, 1.5)
    assert nodes.end_dead(db) == ["a"]
    assert names(db) == ["b"]


def test_who_was_late_itself_ends_nobody_for_the_time_of_a_lease(db: Db):
    """The server was away: the others are about to renew, as this one just did."""
    first, second = join(db, "a"), join(db, "b")
    db.node = second
    steady(db, second)
    for each in (first, second):
        age(db, each, 600)
    nodes.renew(db, "c")
    assert nodes.end_dead(db) == []
    steady(db, second)
    assert nodes.end_dead(db) == ["a"]


def test_a_renewal_in_time_keeps_a_node_steady_and_tells_of_its_configuration(db: Db):
    db.node = join(db, "a")
    before = db.one("SELECT steady_since, ends_at FROM node")
    age(db, db.node, 10)
    nodes.renew(db, "other")
    after = db.one("SELECT steady_since, ends_at FROM node")
    assert before is not None
    assert after is not None
    assert after["steady_since"] == before["steady_since"]
    assert after["ends_at"] >= before["ends_at"]
    assert [each.config for each in nodes.listed(db)] == ["other"]


def test_nobody_works_on_a_database_that_is_to_be_copied(db: Db):
    nodes.require_none(db)
    node = join(db, "a")
    with pytest.raises(LockHeld, match="node a works"):
        nodes.require_none(db)
    age(db, node, nodes.LEASE + nodes.MARGIN + 1)
    nodes.require_none(db)


# ── leases ──────────────────────────────────────────────────────────────────────────────


def test_a_lease_is_held_by_one_node_until_it_ends_or_wants_it_no_more(db: Db):
    first, second = join(db, "a"), join(db, "b")
    db.node = first
    assert nodes.hold(db, ["clock", "mailbox one"]) == {"clock", "mailbox one"}
    db.node = second
    assert nodes.hold(db, ["clock", "mailbox one", "mailbox two"]) == {"mailbox two"}
    db.node = first
    assert nodes.hold(db, ["clock"]) == {"clock"}
    db.node = second
    assert nodes.hold(db, ["clock", "mailbox one"]) == {"mailbox one"}
    assert [(each.resource, each.node) for each in nodes.leases(db)] == [("clock", "a"), ("mailbox one", "b")]
    nodes.end(db, first.number)
    assert nodes.hold(db, ["clock"]) == {"clock"}


# ── claims ──────────────────────────────────────────────────────────────────────────────


def claimed(db: Db, node: Node, limit: int = 10, *, large: bool = False) -> list[int]:
    db.node = node
    return [each.id for each in inbox.claim(db, limit, large=large)]


def test_two_nodes_claim_different_mails(db: Db):
    first, second = join(db, "a"), join(db, "b")
    ids = inbox.add(db, [delivery(str(n), f"{n}@client.example") for n in range(4)], NOW)
    assert claimed(db, first, 2) == ids[:2]
    assert claimed(db, second) == ids[2:]


def test_no_mail_overtakes_one_of_its_sender_that_another_node_works(db: Db):
    first, second = join(db, "a"), join(db, "b")
    senders = ["karen", "karen", "lee", "karen"]
    ids = inbox.add(db, [delivery(str(n), f"{who}@client.example") for n, who in enumerate(senders)], NOW)
    assert claimed(db, first, 1) == ids[:1]
    assert claimed(db, second) == [ids[2]]
    inbox.end(db, ids[0], "done", NOW)
    assert claimed(db, second) == [ids[1], ids[3]]


def test_nor_does_a_large_one(db: Db):
    first, second = join(db, "a"), join(db, "b")
    large = inbox.OVERSIZE + 1
    ids = inbox.add(db, [delivery(str(n), who, large) for n, who in enumerate(["k@x.example", "k@x.example"])], NOW)
    assert claimed(db, first, large=True) == ids[:1]
    assert claimed(db, second, large=True) == []
    more = inbox.add(db, [delivery("other", "lee@x.example", large)], NOW)
    assert claimed(db, second, large=True) == more


def test_a_mail_is_first_while_nothing_earlier_is_elsewhere(db: Db):
    first, second = join(db, "a"), join(db, "b")
    ids = inbox.add(db, [delivery(str(n), f"{n}@client.example") for n in range(3)], NOW)
    claimed(db, first, 1)
    claimed(db, second, 1)
    assert claims.is_first(db, ids[1]) is False, "the first one is worked elsewhere"
    inbox.end(db, ids[0], "done", NOW)
    assert claims.is_first(db, ids[1])
    db.node = first
    assert claims.is_first(db, ids[2]) is False
    db.node = Node(first.number, alone=True)
    assert claims.is_first(db, ids[2])


def test_what_a_dead_node_had_claimed_is_taken_up_and_nothing_else(db: Db):
    first, second = join(db, "a"), join(db, "b")
    ids = inbox.add(db, [delivery(str(n), f"{n}@client.example") for n in range(2)], NOW)
    claimed(db, first, 1)
    claimed(db, second, 1)
    assert not claims.any_abandoned(db)
    nodes.end(db, first.number)
    assert claims.any_abandoned(db)
    assert claims.reclaim(db, NOW) == []
    assert claimed(db, second) == ids[:1]
    assert not claims.any_abandoned(db)


def test_mail_in_hand_of_a_dead_node_is_sent_by_another_and_nothing_else(db: Db):
    first, second = join(db, "a"), join(db, "b")
    outbox.add(db, [outgoing("one"), outgoing("two")], NOW)
    db.node = first
    (one,) = outbox.claim(db, NOW, 1)
    db.node = second
    (two,) = outbox.claim(db, NOW, 1)
    assert outbox.release(db) == 0
    nodes.end(db, first.number)
    assert outbox.release(db) == 1
    assert [job.id for job in outbox.claim(db, NOW, 10)] == [one.id]
    outbox.release_own(db)
    assert [job.id for job in outbox.claim(db, NOW, 10)] == [one.id, two.id]


def test_mail_of_one_recipient_and_ticket_waits_for_what_another_node_sends(db: Db):
    first, second = join(db, "a"), join(db, "b")
    db.run(
        "INSERT INTO ticket (number, subject, status, requester_email, requester_name, department, topic, priority,"
        " sla, address, created_at, updated_at, rest) VALUES (7, '', 'open', '', '', '', '', '', '', '', 0, 0, '{}')"
    )
    outbox.add(db, [outgoing("one", ticket=7), outgoing("two", ticket=7)], NOW)
    db.node = first
    (one,) = outbox.claim(db, NOW, 10)
    db.node = second
    assert outbox.claim(db, NOW, 10) == []
    outbox.sent(db, [(one.id, "250 Ok")], NOW)
    assert len(outbox.claim(db, NOW, 10)) == 1
