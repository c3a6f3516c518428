"""`mailgate queue inbox|outbox|quarantine list|show|retry|drop`: show and manage queued mail."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailgate.cli.common import common_options, config_of, now, print_json, print_line, reading, say, writing
from mailgate.outbound.payload import Payload
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.settings import Config
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Db
from mailgate.store.queues import inbox, outbox
from mailgate.ticket import Json, Queued


@dataclass(frozen=True, slots=True)
class _Queue:
    """The operations of one queue."""

    listing: Callable[[Db], list[Queued]]
    item: Callable[[Db, int], Queued]
    data: Callable[[Db, int, Config], bytes]
    retry: Callable[[Db, int, datetime], None]
    drop: Callable[[Db, int, datetime], None]


def _received(db: Db, inbox_id: int, _: Config) -> bytes:
    return inbox.raw(db, inbox_id)


def _outgoing(db: Db, outbox_id: int, config: Config) -> bytes:
    data, files = outbox.content(db, outbox_id)
    return b"".join(Payload(data, files, AttachmentStore(config.storage.attachments)).pieces())


_INBOX = _Queue(inbox.waiting, inbox.item, _received, lambda db, id_, _: inbox.retry(db, id_), inbox.drop)
_QUEUES = {
    "inbox": _INBOX,
    "quarantine": _Queue(inbox.aside, inbox.item, _received, _INBOX.retry, inbox.drop),
    "outbox": _Queue(
        outbox.waiting,
        outbox.item,
        _outgoing,
        lambda db, id_, _: outbox.retry(db, id_),
        lambda db, id_, _: outbox.drop(db, id_),
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    common = common_options()
    parser.add_argument("queue", choices=tuple(_QUEUES))
    subs = parser.add_subparsers(dest="sub", metavar="list|show|retry|drop", required=True)
    subs.add_parser("list", help="list the mail in the queue, oldest first", parents=[common])
    for name, what in (
        ("show", "print one mail as it was received or will be sent"),
        ("retry", "try one mail again now"),
        ("drop", "remove one mail from the queue without processing it"),
    ):
        sub = subs.add_parser(name, help=what, parents=[common])
        sub.add_argument("id", type=int, metavar="ID")


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb."""
    config = config_of(args, thorough=False)
    queue = _QUEUES[args.queue]
    if args.sub in ("retry", "drop"):
        with writing(config) as db, db.transaction():
            (queue.retry if args.sub == "retry" else queue.drop)(db, args.id, now())
        return _done(args)
    with reading(config) as db:
        if args.sub == "list":
            return _list(queue.listing(db), as_json=args.json)
        item, data = queue.item(db, args.id), queue.data(db, args.id, config)
    if args.json:
        raw = data.decode("utf-8", "backslashreplace")
        print_json({**_json(item), "raw": raw})
        return 0
    say(f"{item.state} {item.reason} from {item.from_} to {', '.join(item.to) or '-'}, attempts: {item.attempts}")
    say(item.last_error)
    sys.stdout.buffer.write(data)
    return 0


def _done(args: argparse.Namespace) -> int:
    if args.json:
        print_json({"ok": True})
    else:
        say("will be tried again" if args.sub == "retry" else "dropped")
    return 0


def _list(found: list[Queued], *, as_json: bool) -> int:
    if as_json:
        print_json([_json(item) for item in found])
        return 0
    for item in found:
        print_line(
            f"{item.id:>6} {item.state:<11} {item.reason:<16} {item.received_at:%Y-%m-%d %H:%M}"
            f" {item.from_} -> {', '.join(item.to)}  {item.subject}"
        )
        if item.last_error:
            print_line(f"{'':>18} {item.last_error.strip().splitlines()[-1]}")
    if not found:
        say("the queue is empty")
    return 0


def _json(item: Queued) -> dict[str, Json]:
    return {
        "id": item.id,
        "state": item.state,
        "reason": item.reason,
        "attempts": item.attempts,
        "next_attempt_at": rfc3339(item.next_attempt_at),
        "last_error": item.last_error,
        "from": item.from_,
        "to": list(item.to),
        "subject": item.subject,
        "size": item.size,
        "received_at": rfc3339(item.received_at),
    }
