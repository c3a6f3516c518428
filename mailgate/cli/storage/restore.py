"""`mailgate restore DIR`: put a backup back into an empty place."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mailgate.cli.common import print_json, print_line, say
from mailgate.cli.json_errors import result_fields
from mailgate.config.load import find, load
from mailgate.errors import ConfigError, Refused
from mailgate.store.maintenance import restore
from mailgate.store.maintenance.restore import Places
from mailgate.store.raw_files import raw_folder
from mailgate.system.lock import Lock


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a backup")


def run(args: argparse.Namespace) -> int:
    """Verify the backup, then copy everything to where the configuration wants it."""
    source: Path = args.folder
    config = find(args.config, os.environ)
    if problems := list(restore.verify(source)):
        raise Refused("the backup is damaged; nothing was restored: " + "; ".join(problems[:5]))
    to = _places(source, config)
    with Lock(to.database):
        count = restore.restore(source, to)
    if args.json:
        print_json({**result_fields(()), "files": count, "config": str(to.config), "database": str(to.database)})
    else:
        print_line(f"{count} files restored; the database is {to.database}")
        say(_next(to))
    return 0


def _next(to: Places) -> str:
    """What to do with a desk that was restored: a backup holds a file of SQLite, whatever the configuration names."""
    start = f"start the desk with: mailgate run -c {to.config}"
    try:
        database = load(to.config, thorough=False, secrets=False)[0].storage.database
    except ConfigError:
        return start
    if isinstance(database, Path):
        return start
    command = f"mailgate database copy sqlite:///{to.database.absolute()} URL -c {to.config}"
    return f"the configuration names {database}: before the desk is started, copy it there: {command}"


def _places(source: Path, path: Path) -> Places:
    """Where everything belongs: as the configuration there says, or where there is none, as the backup's does."""
    if not path.exists():
        return restore.places(source, path)
    config, _ = load(path, thorough=False, secrets=False)
    secrets = tuple(each for each in config.desk.secret if isinstance(each, Path))
    storage = config.storage
    large_mails = raw_folder(storage.database)
    found = Places(path.absolute(), storage.beside, storage.attachments, large_mails, secrets)
    wanted = len(restore.places(source, path).secrets)
    if len(secrets) < wanted:
        raise Refused(f"the backup has {wanted} secret files, and {path} names {len(secrets)} in [desk] secret")
    return found
