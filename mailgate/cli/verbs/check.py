"""`mailgate check`: config and templates, every error at once; with options, every connection tried for real."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from mailgate.cli.common import (
    config_of,
    now,
    parse_duration,
    print_json,
    print_line,
    reading,
    secrets_of,
    show_problem,
)
from mailgate.cli.json_errors import result_fields
from mailgate.config.diff import orphans
from mailgate.config.load import find, load
from mailgate.connect.resolver import Resolver
from mailgate.errors import ConfigError, MailgateError, Problem, WrongSchema
from mailgate.probes.everything import accounts_of, try_everything
from mailgate.probes.roundtrip import Context, run_roundtrip
from mailgate.probes.stage import Stage, State, failed, table
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.store import schema
from mailgate.store.db import engine_of
from mailgate.store.tickets import names_in_use
from mailgate.ticket import Json
from mailgate.worker.secrets import check_secrets
from mailgate.writing.templates.canned import check_canned
from mailgate.writing.templates.render import Renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument("--connect", action="store_true", help="try mailboxes, relays, listeners, database and DNS")
    parser.add_argument("--roundtrip", action="store_true", help="mail every desk address and wait for its arrival")
    parser.add_argument("--timeout", default="60s", metavar="DURATION", help="of --roundtrip (default 60s)")


def run(args: argparse.Namespace) -> int:
    """Print every problem; 2 when the configuration has an error, 1 when a connection fails, else 0."""
    timeout = parse_duration("--timeout", args.timeout).total_seconds()
    path, problems = _examine(args.config)
    bad = any(not problem.warning for problem in problems)
    tries = args.connect or args.roundtrip
    stages = [] if bad else _try(args, timeout)
    if args.json:
        _print_json(problems, stages if tries else None)
    else:
        _show(problems, good="" if bad else f"{path}: good")
        for line in table(stages):
            print_line(line)
    return 2 if bad else 1 if failed(stages) else 0


def _try(args: argparse.Namespace, timeout: float) -> list[Stage]:
    if not (args.connect or args.roundtrip):
        return []
    config = config_of(args, thorough=False, secrets=True)
    stages = asyncio.run(try_everything(config, Resolver(), now)) if args.connect else []
    if args.roundtrip:
        exists = engine_of(config.storage.database).exists()
        keyring = Keyring(secrets_of(config) if exists else (os.urandom(32),), config.desk.domain)
        stages += asyncio.run(run_roundtrip(Context(config, keyring, accounts_of(config, now), now, timeout)))
    return stages


def _examine(explicit: str | None) -> tuple[Path | None, tuple[Problem, ...]]:
    """The config that is checked and what is wrong: in the file, in its templates, with its database."""
    try:
        path = find(explicit, os.environ)
    except ConfigError as error:
        return None, error.problems
    folder = path.absolute().parent / "templates"
    templates = Renderer((folder,) if folder.is_dir() else ()).check()
    try:
        config, warnings = load(path)
    except ConfigError as error:
        return path, (*error.problems, *templates)
    return path, (*warnings, *check_canned(config), *templates, *_database(config))


def _database(config: Config) -> tuple[Problem, ...]:
    try:
        with reading(config) as db:
            return (*check_secrets(db, config), *orphans(config, names_in_use.names_in_use(db)))
    except ConfigError as error:
        return error.problems
    except WrongSchema as error:  # an older one is migrated by the daemon that starts next
        return (Problem("", error.public, warning=0 < engine_of(config.storage.database).version() < schema.VERSION),)
    except MailgateError as error:
        return (Problem("", f"the database cannot be read: {error.public}", warning=True),)


def _print_json(problems: Sequence[Problem], stages: Sequence[Stage] | None) -> None:
    rows: list[Json] = [
        {"file": p.file, "line": p.line, "where": p.where, "what": p.what, "warning": p.warning} for p in problems
    ]
    errors = [str(problem) for problem in problems if not problem.warning]
    errors += [f"{each.target}: {each.name}: {each.text}" for each in stages or () if each.state is State.FAILED]
    tried: dict[str, Json] = {"stages": [_as_json(stage) for stage in stages]} if stages is not None else {}
    print_json({**result_fields(errors), "problems": rows, **tried})


def _as_json(stage: Stage) -> Json:
    return {
        "target": stage.target,
        "stage": stage.name,
        "state": str(stage.state),
        "text": stage.text,
        "hint": stage.hint,
    }


def _show(problems: Sequence[Problem], *, good: str) -> None:
    for problem in problems:
        show_problem(problem)
    if good:
        print(good)
