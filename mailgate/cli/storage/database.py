"""`mailgate database status|migrate|check|copy`: the schema, its size, its integrity, another place for it."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing

from mailgate.cli.common import common_options, config_of, now, print_json, print_line, reading, say
from mailgate.cli.json_errors import result_fields
from mailgate.config.sections.desk import read_database, shared
from mailgate.errors import BadArgument, Refused, WrongSchema
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.settings import Config
from mailgate.store import schema
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import engine_of
from mailgate.store.engine import Engine, Migration
from mailgate.store.maintenance.copy import copy, copy_large_mails
from mailgate.store.maintenance.invariants import check
from mailgate.store.maintenance.size import Files, Stored, stored
from mailgate.store.queues import inbox, nodes
from mailgate.store.schema import copy_path, migrate, pending
from mailgate.system.lock import Lock
from mailgate.ticket import Json

_SUBS = (
    ("status", "schema version and size"),
    ("migrate", "bring an older database up to date, after a copy, and make it give space back"),
    ("check", "look for damage and for rows that contradict each other"),
    ("copy", "copy a desk into an empty database, and compare both; the daemon must be stopped"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """What to do with the database."""
    common = common_options()
    subs = parser.add_subparsers(dest="sub", metavar="|".join(name for name, _ in _SUBS), required=True)
    for name, what in _SUBS:
        sub = subs.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", parents=[common])
        if name == "copy":
            sub.add_argument(
                "source", metavar="FROM", help='a database as [storage] has it: "sqlite:///var/mailgate.db"'
            )
            sub.add_argument("target", metavar="TO", help='"postgresql://mailgate@db.example/mailgate"')


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb; 1 when the database is not usable or not sound."""
    config = config_of(args, thorough=False)
    match args.sub:
        case "status":
            return _status(config, as_json=args.json)
        case "migrate":
            return _migrate(config, as_json=args.json)
        case "copy":
            return _copy(config, args)
        case _:
            return _check(config, as_json=args.json)


def _status(config: Config, *, as_json: bool) -> int:
    path = config.storage.database
    engine = engine_of(path)
    found = stored(engine, config.storage.attachments)
    problems: list[str] = []
    todo: tuple[Migration, ...] = ()
    try:
        todo = pending(engine)
    except WrongSchema as error:
        problems.append(error.public)
    if todo:
        problems.append(f"the database waits for {len(todo)} migrations: start the daemon, or run: {_MIGRATE}")
    old = engine.copies()
    if as_json:
        print_json(
            {
                **result_fields(problems),
                "database": str(path),
                "program_schema": schema.VERSION,
                "compatible_schema": found.database.compatible,
                **_stored_json(found),
                "pending": [{"version": each.version, "name": each.name} for each in todo],
                "copies": [{"file": str(each), "size": each.stat().st_size} for each in old],
            }
        )
        return 1 if problems else 0
    database = found.database
    print_line(f"database      {path}")
    print_line(f"schema        {database.schema or 'none yet'} (this program has {schema.VERSION})")
    if database.schema > database.compatible:
        print_line(f"              programs of schema {database.compatible} and later may work on it")
    print_line(f"size          {_mb(database.size)}, of which {_mb(database.free)} are free; log {_mb(database.log)}")
    if not database.gives_back:
        print_line(f"              it keeps what is free; stop the daemon once and run: {_MIGRATE}")
    print_line(f"large mails   {_files(found.large_mails)}")
    print_line(f"attachments   {_files(found.attachments)}")
    if database.rows:
        print_line("rows          " + ", ".join(f"{name} {count}" for name, count in database.rows.items()))
    for version, name, at in database.migrations:
        print_line(f"schema {version:<7}{name}, {at.astimezone(config.desk.timezone):%Y-%m-%d %H:%M}")
    for each in old:
        print_line(f"copy          {each}, {_mb(each.stat().st_size)}")
    for problem in problems:
        print_line(f"problem       {problem}")
    return 1 if problems else 0


_MIGRATE = "mailgate database migrate"


def _stored_json(found: Stored) -> dict[str, Json]:
    database = found.database
    return {
        "schema": database.schema,
        "size": database.size,
        "free": database.free,
        "gives_back": database.gives_back,
        "log": database.log,
        "large_mails": {"count": found.large_mails.count, "size": found.large_mails.size},
        "attachments": {"count": found.attachments.count, "size": found.attachments.size},
        "rows": dict(database.rows or {}),
        "migrations": [
            {"version": each, "name": name, "at": rfc3339(at)} for each, name, at in found.database.migrations
        ],
    }


def _files(found: Files) -> str:
    return f"{found.count}, {_mb(found.size)}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _migrate(config: Config, *, as_json: bool) -> int:
    path = config.storage.database
    engine = engine_of(path)
    with Lock(engine.beside):
        done = migrate(engine, now())
        rewritten = engine.exists() and engine.keeps_space()
        if rewritten:
            engine.rewrite()
    copy = copy_path(engine.beside, done[0].version - 1) if done and engine.copies() else None
    if as_json:
        rows: list[Json] = [{"version": each.version, "name": each.name} for each in done]
        print_json({**result_fields(()), "done": rows, "copy": str(copy) if copy else None, "rewritten": rewritten})
        return 0
    for each in done:
        print_line(f"schema {each.version}: {each.name}")
    if rewritten:
        print_line("the database was rewritten: it gives space back from now on")
    if copy:
        say(f"the database as it was: {copy}")
    elif not done:
        say("the database is up to date")
    return 0


def _check(config: Config, *, as_json: bool) -> int:
    with reading(config) as db, db.snapshot():
        found = check(db, AttachmentStore(config.storage.attachments))
    problems = [problem for each in found for problem in each.problems]
    if as_json:
        checks: list[Json] = [{"name": each.name, "problems": list(each.problems)} for each in found]
        print_json({**result_fields(problems), "problems": list(problems), "checks": checks})
        return 1 if problems else 0
    for each in found:
        print_line(f"{each.name:<22} {'good' if not each.problems else each.problems[0]}")
        for problem in each.problems[1:]:
            print_line(f"{'':<22} {problem}")
    return 1 if problems else 0


def _copy(config: Config, args: argparse.Namespace) -> int:
    source, target = _engine(config, "FROM", args.source), _engine(config, "TO", args.target)
    if not source.exists():
        raise Refused(f"there is no database at {source.name}")
    schema.require_own(source)
    with ExitStack() as held:
        for path in {source.beside, target.beside}:
            held.enter_context(Lock(path))
        ours, theirs = (held.enter_context(closing(each)) for each in (source.open_reader(), target.open_writer()))
        for db in (ours, theirs):
            nodes.require_none(db)
        copied = copy(ours, theirs, source.name, lambda table, rows: say(f"{table}: {rows} rows"))
        files = copy_large_mails(ours.files, theirs.files, inbox.raw_files(ours))
    if args.json:
        tables: dict[str, Json] = {each.table: {"rows": each.rows, "digest": each.digest} for each in copied}
        print_json({**result_fields(()), "from": source.name, "to": target.name, "tables": tables, "files": files})
        return 0
    for each in copied:
        print_line(f"{each.table:<16} {each.rows:>9} rows, the same: {each.digest[:16]}")
    print_line(f"copied to {target.name}; write it into [storage] database and start the daemon")
    return 0


def _engine(config: Config, what: str, text: str) -> Engine:
    try:
        database = read_database(config.file.absolute().parent, text)
    except ValueError as error:
        raise BadArgument(f"{what} {error}") from error
    return engine_of(shared(database, config.storage.attachments))
