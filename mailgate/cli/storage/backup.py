"""`mailgate backup DIR` and `mailgate backup verify DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from mailgate.cli.common import complain, config_of, now, print_json, print_line
from mailgate.cli.json_errors import result_fields
from mailgate.errors import BadArgument
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.store.maintenance import restore
from mailgate.store.maintenance.backup import make


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("words", nargs="+", metavar="DIR", help="an empty folder; or: verify DIR")


def run(args: argparse.Namespace) -> int:
    """Make a backup, or verify one; 1 when it is incomplete or damaged."""
    match args.words:
        case ["verify", folder]:
            return _verify(Path(folder), as_json=args.json)
        case [folder] if folder != "verify":
            return _make(args, Path(folder))
    raise BadArgument("name one folder: mailgate backup DIR, or mailgate backup verify DIR")


def _make(args: argparse.Namespace, target: Path) -> int:
    config = config_of(args, thorough=False)
    made = make(config, target, now())
    problems = [f"the database names a file that is missing: {path}" for path in made.missing]
    if args.json:
        print_json(
            {
                **result_fields(problems),
                "problems": [*problems],
                "made_at": rfc3339(made.made_at),
                "files": made.files,
                "size": made.size,
            }
        )
    else:
        print_line(f"{target}: {made.files} files, {made.size / 1e6:.1f} MB")
    for problem in problems:
        complain(problem)
    return 1 if problems else 0


def _verify(source: Path, *, as_json: bool) -> int:
    about = restore.about(source)
    problems = list(restore.verify(source))
    if as_json:
        found = {name: about[name] for name in ("made_at", "program", "schema", "files", "size")}
        print_json({**result_fields(problems), "problems": [*problems], **found})
    elif not problems:
        print_line(f"{source}: {about['files']} files of {about['made_at']}, good")
    for problem in problems:
        complain(problem)
    return 1 if problems else 0
