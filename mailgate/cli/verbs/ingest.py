"""`mailgate ingest`: accepts mail without SMTP, from standard input or files.

With standard input the exit code is 0, or 75 for any error, so that an MTA keeps the mail
instead of bouncing it to the customer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailgate.cli.common import complain, config_of, new_option, now, print_json, public_text, reading, say, writing
from mailgate.cli.standard_streams import read_input
from mailgate.errors import LockHeld, MailgateError
from mailgate.inbound.pipe import Stored, count, delivery, messages, without_from_line
from mailgate.mail import Delivery
from mailgate.settings import Config
from mailgate.store.db import Db, engine_of
from mailgate.store.queues import inbox, nodes
from mailgate.store.tickets import search
from mailgate.system.lock import Lock

BATCH = 200  # mails per commit
BATCH_BYTES = 16_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("files", nargs="*", metavar="FILE", help=".eml, mbox or Maildir; none or - for standard input")
    parser.add_argument("--sender", help="envelope sender (empty for the null sender)")
    parser.add_argument("--recipient", action="append", default=[], help="envelope recipient; may be repeated")
    parser.add_argument("--quiet", action="store_true", help="send no automatic mail")
    new_option(parser)


def run(args: argparse.Namespace) -> int:
    """Accept the mail, and process it when no daemon is running."""
    config = config_of(args, thorough=False, or_in_force=True)
    paths = [Path(name) for name in args.files if name != "-"]
    if not paths:
        raw = without_from_line(read_input())
        taken = _accept(config, args, iter([Stored(raw)]), lambda: None)
    else:
        total = sum(count(path) for path in paths)
        with _progress(total, enabled=sys.stderr.isatty()) as step:
            taken = _accept(config, args, (each for path in paths for each in messages(path)), step)
    worked = _process(config)
    if args.json:
        print_json({"ok": True, "taken": taken, "worked": worked})
    elif paths:
        say(f"{taken} {'mail' if taken == 1 else 'mails'} accepted{' and processed' if worked is not None else ''}")
    return 0


def _accept(config: Config, args: argparse.Namespace, mails: Iterator[Stored], step: Callable[[], None]) -> int:
    taken, size = 0, 0
    batch: list[Delivery] = []
    with writing(config, new=args.new) as db:
        for stored in mails:
            one = delivery(stored, now(), sender=args.sender, recipients=args.recipient, quiet=args.quiet)
            batch.append(one)
            size += len(one.raw)
            taken += 1
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                _commit(db, batch)
                batch, size = [], 0
            step()
        _commit(db, batch)
    return taken


def _commit(db: Db, batch: list[Delivery]) -> None:
    filed = [db.files.filed(each) for each in batch]
    with db.transaction():
        inbox.add(db, filed, now())


def _process(config: Config) -> int | None:
    """Process the inbox unless another process holds the lock; returns the number of mails, or None.

    Another `ingest` may add mail while this one holds the lock: so the inbox is read once more
    after the lock is released.
    """
    worked = _drain(config)
    while worked is not None and _has_new_mail(config):
        more = _drain(config)
        if not more:  # the process that holds the lock now reads the inbox again, too; or nothing could be processed
            break
        worked += more
    return worked


def _has_new_mail(config: Config) -> bool:
    with reading(config) as db:
        return bool(inbox.counts(db)["new"])


def _drain(config: Config) -> int | None:
    try:
        with Lock(config.storage.beside):
            # late: not needed while a daemon is running
            from mailgate.worker.batch import drain
            from mailgate.worker.runtime import make_runtime
            from mailgate.worker.secrets import open_secrets

            with writing(config) as db:
                if nodes.any_alive(db):
                    return None
                with db.transaction():
                    secrets = open_secrets(db, config)
                alone = engine_of(config.storage.database).alone
                worked = drain(db, make_runtime(config, secrets), now, alone=alone)
                _index(db)
                return worked
    except LockHeld:
        return None
    except MailgateError as error:  # the mail is durable in the inbox; the daemon will process it
        complain(f"accepted, but not processed: {public_text(error)}")
        return None


def _index(db: Db) -> None:
    """Bring the full-text index up to date after much mail, which a search would miss while no daemon runs."""
    more = search.is_far_behind(db)
    while more:
        with db.transaction():
            more = search.follow(db)


@contextmanager
def _progress(total: int, *, enabled: bool) -> Iterator[Callable[[], None]]:
    if not enabled:
        yield lambda: None
        return
    from rich.console import Console  # late: needed only on a terminal
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("accepting mail", total=total)
        yield lambda: bar.advance(task)
