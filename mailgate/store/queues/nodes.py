"""SQL of the nodes: the daemons that work on one database, and the leases of what one of them does at a time.

A node is a row with a number that grows with each start, and a lease that it renews; all times are by the database's
clock. When the lease of a node is over for MARGIN seconds, another node ends it: its row goes, and with it everything
that it held. What it had claimed is free then, since a claim counts while the node with its number has a row. Every
transaction of a node begins by looking for its own row (`Db.begin`), behind the lock that lets one transaction write at
a time: so one that only seemed dead writes nothing more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from mailgate.errors import LockHeld
from mailgate.store import meta, schema
from mailgate.store.columns import moment
from mailgate.store.db import Db, Node
from mailgate.store.engine import MARGIN

LEASE = 15.0  # seconds from a renewal until the lease is over
RENEW = 4.0  # seconds between renewals
CLOCK = "clock"  # timers, digests, reports and upkeep; the other leases are of mailboxes

_NUMBER = "node"  # row of `meta`: the number that was given out last
_RELOADS = "reloads"  # row of `meta`: how often a node was told to reload, and every other with it


def mailbox(name: str) -> str:
    """The resource of a mailbox."""
    return f"mailbox {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a node tells of itself. `place`: digest of the machine and the folder that it runs in."""

    name: str
    place: str
    version: str
    config: str  # digest of the configuration in force


def join(db: Db, about: About, *, alone: bool) -> Node:
    """Begin as a new node. Call inside a transaction, behind the lock file of the place.

    An earlier node of the same name and place is dead, since it held that lock; `alone`: so is every other.
    Raises LockHeld while a node of the same name works elsewhere, WrongSchema where this program must stop.
    """
    schema.require_still_usable(db)
    for row in db.all(f"SELECT number, name, place, ends_at + {MARGIN} > {db.clock} AS alive FROM node"):  # noqa: S608
        if row["name"] == about.name and row["place"] != about.place and row["alive"] and not alone:
            raise LockHeld(f"a node {about.name} works on this database: name this one in [storage] node")
        if alone or row["name"] == about.name:
            end(db, row["number"])
    number = int(meta.get(db, _NUMBER) or 0) + 1
    meta.put(db, _NUMBER, str(number))
    lease = -MARGIN if alone else LEASE  # the lock file tells whether it works
    db.send(
        "INSERT INTO node (number, name, place, version, schema, config, started_at, steady_since, ends_at)"  # noqa: S608
        f" VALUES (?, ?, ?, ?, ?, ?, {db.clock}, {db.clock}, {db.clock} + ?)",
        [number, about.name, about.place, about.version, schema.VERSION, about.config, lease],
    )
    return Node(number, alone)


def end(db: Db, number: int) -> None:
    """The node is no more: what it held and had claimed is free."""
    db.send("DELETE FROM lease WHERE node = ?", [number])
    db.send("DELETE FROM node WHERE number = ?", [number])


def renew(db: Db, config: str) -> None:
    """Renew the lease of `db.node`, whose configuration has this digest."""
    lease = -MARGIN if db.node.alone else LEASE
    db.send(
        f"UPDATE node SET steady_since = CASE WHEN ends_at < {db.clock} THEN {db.clock} ELSE steady_since END,"  # noqa: S608
        f" ends_at = {db.clock} + ?, config = ? WHERE number = ?",
        [lease, config, db.node.number],
    )


def end_dead(db: Db) -> list[str]:
    """End the nodes whose leases are over; their names.

    None as long as a renewal of `db.node` itself was late within the time of a lease: the database was away then, and
    the others are only about to renew theirs.
    """
    steady = f"SELECT 1 FROM node WHERE number = ? AND steady_since + {LEASE} <= {db.clock}"  # noqa: S608
    if db.one(steady, [db.node.number]) is None:
        return []
    over = f"SELECT number, name FROM node WHERE number <> ? AND ends_at + {MARGIN} < {db.clock}"  # noqa: S608
    dead = db.all(over, [db.node.number])
    for row in dead:
        end(db, row["number"])
    return [row["name"] for row in dead]


def hold(db: Db, wanted: Collection[str]) -> frozenset[str]:
    """Take the leases of `wanted` that are free, give up those that `db.node` wants no more; what it holds now."""
    db.many(
        f"INSERT INTO lease (resource, node, since) VALUES (?, ?, {db.clock}) ON CONFLICT DO NOTHING",  # noqa: S608
        [(resource, db.node.number) for resource in sorted(wanted)],
    )
    held = {row["resource"] for row in db.all("SELECT resource FROM lease WHERE node = ?", [db.node.number])}
    db.many("DELETE FROM lease WHERE resource = ?", [(resource,) for resource in held.difference(wanted)])
    return frozenset(held.intersection(wanted))


def reloads(db: Db, *, more: bool = False) -> int:
    """How often the nodes were asked to reload their configurations; with `more`, once more by this one."""
    count = int(meta.get(db, _RELOADS) or 0)
    if more:
        count += 1
        meta.put(db, _RELOADS, str(count))
    return count


def any_alive(db: Db) -> str:
    """The name of a node that works, of another machine's daemon too; "" for none."""
    row = db.one(f"SELECT name FROM node WHERE ends_at + {MARGIN} > {db.clock} ORDER BY name LIMIT 1")  # noqa: S608
    return row["name"] if row else ""


def require_none(db: Db) -> None:
    """Raise LockHeld while a node works on the database."""
    if name := any_alive(db):
        raise LockHeld(f"node {name} works on this database: stop it first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A node as others see it."""

    number: int
    name: str
    place: str
    version: str
    config: str
    started_at: datetime
    ends_at: datetime
    late: float  # seconds since its lease has ended; below 0 while it lasts


def listed(db: Db) -> list[Known]:
    """Every node, in the order in which they began."""
    rows = db.all(f"SELECT *, {db.clock} - ends_at AS late FROM node ORDER BY number")  # noqa: S608
    return [
        Known(
            number=row["number"],
            name=row["name"],
            place=row["place"],
            version=row["version"],
            config=row["config"],
            started_at=moment(row["started_at"]),
            ends_at=moment(row["ends_at"]),
            late=row["late"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Lease:
    """What a node does alone, and since when."""

    resource: str
    node: str
    since: datetime


def leases(db: Db) -> list[Lease]:
    """Every lease that is held, by its resource."""
    rows = db.all(
        "SELECT l.resource, n.name, l.since FROM lease l JOIN node n ON n.number = l.node ORDER BY l.resource"
    )
    return [Lease(row["resource"], row["name"], moment(row["since"])) for row in rows]
