"""`mailgate forget ADDRESS`: erase one person."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from mailgate.cli.common import config_of, print_json, print_line, words, writing
from mailgate.cli.json_errors import result_fields
from mailgate.errors import BadArgument, Refused, StorageError
from mailgate.mail import normalise
from mailgate.settings import Config
from mailgate.store.attachments import AttachmentStore, named
from mailgate.store.db import Db, engine_of
from mailgate.store.maintenance.forget import Erased, forget, remains
from mailgate.store.queues import inbox
from mailgate.store.raw_files import raw_folder
from mailgate.store.schema import require_own
from mailgate.system.lock import remove_files
from mailgate.ticket import Json

IN_WORK = 600.0  # seconds; a file stored so lately may be that of a mail which is being worked


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument(
        "address", type=words, metavar="ADDRESS", help="the address of the person; run it once for each they have"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be erased; change nothing")


def run(args: argparse.Namespace) -> int:
    """Erase the person and report it: 75 where the database could not be rewritten, which has to be done again."""
    config, email = config_of(args, thorough=False), normalise(args.address)
    _require_outsider(email, config)
    engine = engine_of(config.storage.database)
    if not engine.exists():
        raise Refused(f"there is no database at {config.storage.database}")
    require_own(engine)
    with writing(config) as db:
        with db.dry_run() if args.dry_run else db.transaction():
            erased = forget(db, email)
        if not args.dry_run:
            _remove_files(db, config, erased)
    rewritten = True
    if not args.dry_run:
        try:
            engine.rewrite()
        except StorageError as error:  # the person is erased, and the report says so
            rewritten = False
            why = f"its free pages and its log were not cleared, run this again: {error.told()}"
            erased.stays.append((str(config.storage.database), why))
        erased.stays += _remains(config, erased)
    if args.json:
        print_json({**result_fields(()), **_json(email, erased, dry_run=args.dry_run)})
    else:
        _print(email, erased, dry_run=args.dry_run)
    return 0 if rewritten else os.EX_TEMPFAIL


def _require_outsider(email: str, config: Config) -> None:
    if "@" not in email:
        raise BadArgument(f"{email} is not an address")
    for agent in config.agents.values():
        if email in agent.emails:
            raise Refused(f"{email} is an address of the agent {agent.key}: take it out of the configuration first")
    if email in config.addresses:
        raise Refused(f"{email} is an address of the desk")


def _remove_files(db: Db, config: Config, erased: Erased) -> None:
    """Remove the files that nothing names any more, at once instead of with the daily sweep.

    Also those that an interrupted run has left.
    """
    attachments, now = AttachmentStore(config.storage.attachments), time.time()
    db.files.sweep(inbox.unnamed(db, db.files.old(now, older_than=IN_WORK)))
    with remove_files(config.storage.beside) as free:
        if free:
            unnamed = attachments.old(now, older_than=IN_WORK) - {*named(db)}
            attachments.sweep(unnamed, now, older_than=IN_WORK)
    left = [attachments.path(each) for each in erased.attachments]
    left += [db.files.path(each) for each in erased.raw_files]
    why = "a backup runs, or it was stored a moment ago: the daemon removes it within two days"
    erased.stays += [(str(path), why) for path in left if path.exists()]


def _remains(config: Config, erased: Erased) -> list[tuple[str, str]]:
    """Files that still hold the address or the name."""
    known = dict.fromkeys(
        engine_of(config.storage.database).copies(), "the database as it was before an upgrade: delete it"
    )
    folders = dict.fromkeys((config.storage.beside.parent, config.storage.attachments))
    mentioned = dict(erased.stays)
    found = [path for path in remains(folders, erased.needles) if str(path) not in mentioned]
    return [(str(path), known.get(path) or _why(path, config)) for path in dict.fromkeys(found)]


def _why(path: Path, config: Config) -> str:
    held = "it holds what stays above, or what a daemon wrote meanwhile: run this again"
    if path.is_relative_to(raw_folder(config.storage.database)):
        return held
    if path.is_relative_to(config.storage.attachments):
        return "a file in a ticket of somebody else names them"
    if path.name.startswith(config.storage.beside.name):
        return held
    return "it is not the database's: see what it is, and delete it"


def _json(email: str, erased: Erased, *, dry_run: bool) -> dict[str, Json]:
    counts: dict[str, Json] = {what.replace(" ", "_"): count for what, count in sorted(erased.counts.items())}
    found: dict[str, Json] = {**counts, "tickets": [*erased.tickets], "in_tickets_of_others": [*erased.blanked_in]}
    stays: list[Json] = [{"what": what, "why": why} for what, why in erased.stays]
    return {"address": email, "dry_run": dry_run, "found": found, "removed": {} if dry_run else found, "stays": stays}


def _print(email: str, erased: Erased, *, dry_run: bool) -> None:
    if not (any(erased.counts.values()) or erased.stays):
        print_line(f"{email}: nothing was found")
        return
    print_line(f"{email}: {'would be erased' if dry_run else 'erased'}")
    for what, count in sorted(erased.counts.items()):
        print_line(f"  {count:>6} {what}")
    if erased.tickets:
        print_line(f"  tickets: {', '.join(map(str, erased.tickets))}")
    if erased.blanked_in:
        print_line(f"  their part in tickets of others: {', '.join(map(str, erased.blanked_in))}")
    for what, why in erased.stays:
        print_line(f"  stays: {what} ({why})")
