"""`mailgate status`: is the daemon running, what is it connected to, how long are the queues.

A problem is what is wrong now. A delivery that failed for good is none: its ticket and its agent were notified, and
`queue outbox list --state failed` has it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from mailgate.cli.common import config_of, now, print_json, print_line, reading
from mailgate.cli.json_errors import result_fields
from mailgate.connect.access_tokens import SignIn
from mailgate.daemon import status
from mailgate.daemon.status import DaemonStatus, disks_nearly_full
from mailgate.errors import StorageError
from mailgate.rules.people.absence import away_lines
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.settings import Config
from mailgate.store.db import engine_of
from mailgate.store.engine import MARGIN
from mailgate.store.people import absences
from mailgate.store.queues import inbox, left_behind, nodes, quarantine
from mailgate.store.queues.left_behind import Left
from mailgate.store.raw_files import raw_folder
from mailgate.store.tickets import search
from mailgate.system.lock import running
from mailgate.ticket import Json
from mailgate.writing.templates.phrases import Catalogue


def configure(parser: argparse.ArgumentParser) -> None:
    """The verb has no options of its own."""


def run(args: argparse.Namespace) -> int:
    """Print the status; 1 when there is a problem."""
    config = config_of(args, thorough=False, or_in_force=True)
    pid = running(config.storage.beside)
    daemon = status.read(config) if pid else DaemonStatus()
    with reading(config) as db:
        queues = status.queue_lengths(db)
        quarantined = quarantine.troubles(db)
        away = absences.away(db, now())
        left = left_behind.listed(db, [mailbox.place for mailbox in config.mailboxes.values()])
        put_off = inbox.put_off_mails(db)
        indexed = search.unfinished(db)
        known = _nodes(config, pid, nodes.listed(db))
        leases = nodes.leases(db)
    seen = _seen(config, pid, daemon)
    problems = (
        *_problems(config, pid, daemon, seen, quarantined),
        *_of_nodes(known),
        *(f"mail {each.id} cannot be read: {each.last_error}; see: mailgate queue inbox list" for each in put_off),
    )
    if args.json:
        print_json(
            {
                **result_fields(problems),
                "problems": list(problems),
                "pid": pid,
                **_daemon_json(daemon),
                "nodes": [_node_as_json(each) for each in known],
                "leases": [_lease_as_json(each) for each in leases],
                "left_in_mailbox": [_left_as_json(each) for each in left],
                "queues": dict(queues.items()),
                "search_index": {"percent": 100 if indexed is None else indexed},
                "away": [{"agent": each.agent, "until": rfc3339(each.until)} for each in away.values()],
            }
        )
        return 1 if problems else 0
    print(f"daemon      {f'running (process {pid})' if pid else 'not running'}")
    for node in known if len(known) > 1 else ():
        print_line(f"node        {_in_one_line(node, leases)}")
    for way in daemon.ways_in:
        print_line(f"source      {way.name}: {way.state}")
    for relay in daemon.relays:
        name = f"{relay.name}: " if len(daemon.relays) > 1 else ""
        print_line(f"relay       {name}{'ok' if relay.ok else relay.last_error}")
    if pid:
        print_line(f"storage     {_of_storage(daemon, seen) or 'ok'}")
    for sign_in in daemon.sign_ins:
        print_line(f"sign-in     {sign_in.account}: {_in_words(sign_in)}")
    print("queues      " + ", ".join(f"{name} {count}" for name, count in queues.items()))
    if indexed is not None:
        print(f"search      the index is being built: {indexed} %")
    for each in left:
        print_line(f"left        {_left_in_words(each, config)}")
    english = Catalogue.of(config).words("en")
    for line in away_lines(away, config):
        print_line(f"away        {english.text(line, config.desk.timezone)}")
    for problem in problems:
        print_line(f"problem     {problem}")
    return 1 if problems else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A node as the status shows it."""

    name: str
    alive: bool
    state: str
    version: str
    config: str  # digest of its configuration, without what differs between machines
    since: datetime


def _nodes(config: Config, pid: int | None, found: Sequence[nodes.Known]) -> tuple[_Node, ...]:
    """The nodes of the database; the lock file tells whether one that is alone works."""
    alone = engine_of(config.storage.database).alone
    return tuple(
        _Node(
            name=each.name,
            alive=pid is not None if alone else each.late < MARGIN,
            state="ok" if alone or each.late < 0 else f"its lease has ended {each.late:.0f} s ago",
            version=each.version,
            config=each.config,
            since=each.started_at,
        )
        for each in found
    )


def _of_nodes(known: Sequence[_Node]) -> list[str]:
    """What is wrong with the nodes: one is gone, or they have different configurations or versions."""
    problems = [f"node {each.name}: {each.state}" for each in known if each.state != "ok"]
    for what, of in (("configurations", attrgetter("config")), ("versions", attrgetter("version"))):
        groups: dict[str, list[str]] = {}
        for each in known:
            groups.setdefault(of(each), []).append(each.name)
        if len(groups) > 1:
            named = "; ".join(f"{', '.join(names)}: {value}" for value, names in groups.items())
            problems.append(f"the nodes have different {what} ({named})")
    return problems


def _in_one_line(node: _Node, leases: Sequence[nodes.Lease]) -> str:
    held = [each.resource for each in leases if each.node == node.name]
    return ", ".join((node.name, node.state, f"configuration {node.config}", *held))


def _lease_as_json(lease: nodes.Lease) -> dict[str, Json]:
    return {"resource": lease.resource, "node": lease.node, "since": rfc3339(lease.since)}


def _node_as_json(node: _Node) -> dict[str, Json]:
    return {
        "name": node.name,
        "alive": node.alive,
        "since": rfc3339(node.since),
        "version": node.version,
        "config": node.config,
    }


def _daemon_json(daemon: DaemonStatus) -> dict[str, Json]:
    """What the daemon knows of its connections and of the storage."""
    return {
        "ways_in": [
            {"name": way.name, "connected": way.connected, "last_error": way.last_error} for way in daemon.ways_in
        ],
        "relay": {"ok": daemon.relay.ok, "last_error": daemon.relay.last_error},
        "relays": [{"name": relay.name, "ok": relay.ok, "last_error": relay.last_error} for relay in daemon.relays],
        "sign_ins": [_as_json(each) for each in daemon.sign_ins],
        "storage": [{"problem": each.what, "since": rfc3339(each.since), "cure": each.cure} for each in daemon.storage],
    }


def _problems(
    config: Config, pid: int | None, daemon: DaemonStatus, seen: Sequence[StorageError], quarantined: int
) -> tuple[str, ...]:
    problems = []
    if pid is None:
        problems.append(f"no daemon is running on {config.storage.database}; start it with: mailgate run")
    problems += [daemon.worker] if daemon.worker else []
    problems += [f"{way.name}: {way.problem}" for way in daemon.ways_in if way.problem]
    problems += [f"{relay.name}: {relay.last_error}" for relay in daemon.relays if not relay.ok]
    problems += map(str, daemon.storage)
    problems += [f"storage: {each.public}; {each.cure}" for each in seen]
    problems += [f"sign-in {each.account}: {each.error}" for each in daemon.sign_ins if not each.ok]
    problems += disks_nearly_full(config)
    if quarantined:
        problems.append(f"mail in quarantine: {quarantined}; see: mailgate queue quarantine list")
    return tuple(problems)


def _seen(config: Config, pid: int | None, daemon: DaemonStatus) -> tuple[StorageError, ...]:
    """What is wrong with the storage besides what the daemon says: it cannot put a full disk into its status file."""
    known = [each.what for each in daemon.storage]
    engine = engine_of(config.storage.database)
    folders = (config.storage.attachments, raw_folder(engine.database))
    found = engine.trouble(folders) if pid or engine.exists() else ()
    return tuple(each for each in found if not any(each.public in what for what in known))


def _of_storage(daemon: DaemonStatus, seen: Sequence[StorageError]) -> str:
    return "; ".join([*(each.what for each in daemon.storage), *(each.public for each in seen)])


def _mailbox(left: Left) -> str:
    return left.place.partition(":")[0]


def _left_in_words(left: Left, config: Config) -> str:
    subject = f": {left.subject}" if left.subject else ""
    return f"{_mailbox(left)}, UID {left.uid}: {left.why(config.max_mail_size)}{subject}"


def _left_as_json(left: Left) -> dict[str, Json]:
    return {
        "mailbox": _mailbox(left),
        "uid": left.uid,
        "reason": left.reason,
        "size": left.size,
        "since": rfc3339(left.since),
        "from": left.from_email,
        "subject": left.subject,
        "message_id": left.message_id,
    }


def _as_json(sign_in: SignIn) -> dict[str, Json]:
    ends = rfc3339(sign_in.expires_at) if sign_in.expires_at else None
    return {"account": sign_in.account, "expires_at": ends, "ok": sign_in.ok, "error": sign_in.error}


def _in_words(sign_in: SignIn) -> str:
    ends = f"; expires {sign_in.expires_at:%Y-%m-%d %H:%M} UTC" if sign_in.expires_at else ""
    return (sign_in.error or "ok") + ends
