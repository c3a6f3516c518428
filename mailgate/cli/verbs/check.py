"""`mailgate check`: config and templates, every error at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mailgate.cli.common import print_json, reading
from mailgate.cli.json_errors import result_fields
from mailgate.config.diff import orphans
from mailgate.config.load import find, load
from mailgate.errors import ConfigError, MailgateError, Problem, WrongSchema
from mailgate.settings import Config
from mailgate.store import schema
from mailgate.store.tickets import names_in_use
from mailgate.ticket import Json
from mailgate.worker.setup import check_secrets
from mailgate.writing.templates.canned import check_canned
from mailgate.writing.templates.render import Renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace) -> int:
    """Print every problem; 2 when there is an error, 0 when there are only warnings."""
    path, problems = _examine(args.config)
    bad = any(not problem.warning for problem in problems)
    _show(problems, good="" if bad else f"{path}: good", as_json=args.json)
    return 2 if bad else 0


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
        return (Problem("", error.public, warning=0 < schema.version(config.storage.database) < schema.VERSION),)
    except MailgateError as error:
        return (Problem("", f"the database cannot be read: {error.public}", warning=True),)


def _show(problems: Sequence[Problem], *, good: str, as_json: bool) -> None:
    if as_json:
        rows: list[Json] = [
            {"file": p.file, "line": p.line, "where": p.where, "what": p.what, "warning": p.warning} for p in problems
        ]
        errors = [problem for problem in problems if not problem.warning]
        print_json({**result_fields(errors), "problems": rows})
        return
    for problem in problems:
        print(f"{'warning: ' if problem.warning else ''}{problem}", file=sys.stderr)
    if good:
        print(good)
