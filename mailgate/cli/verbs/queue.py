"""`mailgate queue inbox|outbox|quarantine list|show|retry|drop`: show and manage queued mail.

`list`, `retry` and `drop` choose by ids or by `--state`, `--reason` and `--to`; `--all` is every mail of the queue.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mailgate.cli.common import (
    common_options,
    config_of,
    now,
    number,
    print_json,
    print_line,
    print_raw,
    reading,
    say,
    writing,
)
from mailgate.errors import BadArgument, NotFound
from mailgate.outbound.payload import Payload
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.settings import Config
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Db
from mailgate.store.people import dead_addresses
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
    states: tuple[str, ...]


def _received(db: Db, inbox_id: int, _: Config) -> bytes:
    return inbox.raw(db, inbox_id)


def _outgoing(db: Db, outbox_id: int, config: Config) -> bytes:
    data, files = outbox.content(db, outbox_id)
    return b"".join(Payload(data, files, AttachmentStore(config.storage.attachments)).pieces())


def _retry_outgoing(db: Db, outbox_id: int, _: datetime) -> None:
    """Retry a mail, and take its address for a working one: if it is not, the relay says so again."""
    outbox.retry(db, outbox_id)
    for email in outbox.item(db, outbox_id).to:
        dead_addresses.revive(db, email)


_INBOX = _Queue(
    inbox.waiting, inbox.item, _received, lambda db, id_, _: inbox.retry(db, id_), inbox.drop, inbox.WAITING
)
_QUEUES = {
    "inbox": _INBOX,
    "quarantine": _Queue(inbox.aside, inbox.item, _received, _INBOX.retry, inbox.drop, inbox.ASIDE),
    "outbox": _Queue(
        outbox.waiting,
        outbox.item,
        _outgoing,
        _retry_outgoing,
        outbox.drop,
        outbox.WAITING,
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    common = common_options()
    parser.add_argument("queue", choices=tuple(_QUEUES))
    subs = parser.add_subparsers(dest="sub", metavar="list|show|retry|drop", required=True)
    show = subs.add_parser("show", help="print one mail as it was received or will be sent", parents=[common])
    show.add_argument("id", type=number, metavar="ID")
    for name, what in (
        ("list", "list the mail in the queue, oldest first"),
        ("retry", "try mail again now, also while the relay rests"),
        ("drop", "remove mail from the queue without processing it"),
    ):
        sub = subs.add_parser(name, help=what, parents=[common])
        sub.add_argument("ids", type=number, nargs="*", metavar="ID")
        sub.add_argument("--all", action="store_true", help="every mail of the queue")
        sub.add_argument("--state", help="only mail in this state, such as failed or held")
        sub.add_argument("--reason", help="only mail set aside for this reason, such as spam")
        sub.add_argument("--to", metavar="TEXT", help="only mail to an address that contains this")


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb."""
    config = config_of(args, thorough=False, or_in_force=True)
    queue = _QUEUES[args.queue]
    if args.sub != "show" and args.state not in (None, *queue.states):
        states = " or ".join(queue.states)
        raise BadArgument(f"--state {args.state}: mail in the {args.queue} is {states}")
    if args.sub in ("retry", "drop"):
        if not (args.ids or args.all or _filtered(args)):
            raise BadArgument(f"{args.sub} what? Name ids, a filter, or --all")
        with writing(config) as db, db.transaction():
            return _done(args, _act(db, queue, args))
    with reading(config) as db:
        if args.sub == "list":
            chosen = _chosen(queue.listing(db), args)
            return _list(chosen, filtered=bool(args.ids) or _filtered(args), as_json=args.json)
        item, data = queue.item(db, args.id), queue.data(db, args.id, config)
    if args.json:
        raw = data.decode("utf-8", "backslashreplace")
        print_json({**_json(item), "raw": raw})
        return 0
    say(f"{item.state} {item.reason} from {item.from_} to {', '.join(item.to) or '-'}, attempts: {item.attempts}")
    say(item.last_error)
    print_raw(data)
    return 0


def _filtered(args: argparse.Namespace) -> bool:
    return any((args.state, args.reason, args.to))


def _chosen(found: list[Queued], args: argparse.Namespace) -> list[Queued]:
    """The mails that the options choose."""
    wanted = (args.to or "").casefold()
    return [
        mail
        for mail in found
        if (not args.ids or mail.id in args.ids)
        and args.state in (None, mail.state)
        and args.reason in (None, mail.reason)
        and (not wanted or any(wanted in address.casefold() for address in mail.to))
    ]


def _act(db: Db, queue: _Queue, args: argparse.Namespace) -> list[int]:
    """Retry or drop what is chosen, all or nothing; its ids.

    An id that is named has to be there (NotFound); what a filter finds and cannot be done, such as a mail that is
    being sent now, is left out.
    """
    act = queue.retry if args.sub == "retry" else queue.drop
    if args.ids and not _filtered(args):
        numbers = list(dict.fromkeys(args.ids))
        for each in numbers:
            act(db, each, now())
        return numbers
    done = []
    for mail in _chosen(queue.listing(db), args):
        with suppress(NotFound):
            act(db, mail.id, now())
            done.append(mail.id)
    return done


def _done(args: argparse.Namespace, ids: list[int]) -> int:
    if args.json:
        print_json({"ok": True, "ids": [*ids]})
        return 0
    what = "will be tried again" if args.sub == "retry" else "dropped"
    say(what if len(ids) == 1 else f"{len(ids)} mails: {what}" if ids else "no mail matches")
    return 0


def _list(found: list[Queued], *, filtered: bool, as_json: bool) -> int:
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
        say("no mail matches" if filtered else "the queue is empty")
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
