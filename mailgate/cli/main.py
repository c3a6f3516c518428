"""`mailgate VERB …`: parses the command line, runs the verb, maps errors to exit codes.

The module of a verb has `configure(parser)` and `run(args) -> int`. Only the verb to run is
imported, since an MTA starts `mailgate ingest` once per mail.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from mailgate import __version__
from mailgate.cli.common import common_options, complain, say, show_problem, told
from mailgate.cli.json_errors import arguments, print_error, wants_json
from mailgate.cli.standard_streams import drop, is_of_output, open_closed, say_aside
from mailgate.errors import BadArgument, ConfigError, MailgateError, StorageError

EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_TEMPORARY = 0, 1, 2, 75  # 75: EX_TEMPFAIL of sysexits.h

VERBS = {
    "run": "run the daemon in the foreground",
    "demo": "play three tickets from the first mail to the last, on a local demo desk",
    "init": "write a first configuration",
    "check": "validate configuration and templates, and report every error at once",
    "login": "sign in to a mailbox or the relay with OAuth 2.0, interactively",
    "hash-password": "print the hash of an agent's password for the configuration",
    "reload": "check the configuration, show what changes, and make the daemon use it",
    "ingest": "accept mail without SMTP: standard input, .eml, mbox, Maildir",
    "explain": "dry run: show what would happen to a mail, and why",
    "trace": "show every step of a mail, incoming and outgoing",
    "tickets": "list, show, create, change and export tickets",
    "templates": "list the kinds of mail and preview their templates",
    "report": "SLA attainment and team performance",
    "queue": "show and manage mail in the inbox, the outbox and quarantine",
    "status": "show whether the daemon runs, its connections and the queue lengths",
    "database": "show schema version and size; migrate; check integrity",
    "backup": "copy everything while the daemon runs; verify a copy",
    "restore": "restore a backup (where no database exists)",
    "forget": "erase one person, with a report",
    "completion": "print a shell completion script",
}
_STORAGE = ("database", "backup", "restore", "forget")  # verbs of `mailgate.cli.storage`


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are reported like any other error; options are written out in full.

    An abbreviation in a script would mean something else, or nothing, once a verb has another option.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Print the usage and raise BadArgument."""
        say_aside(self.format_usage().rstrip())  # print_usage() of Python 3.11.2 and before fails on a full disk
        raise BadArgument(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End after --help and --version: an error of the output is raised."""
        sys.stdout.flush()
        super().exit(status, message)


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line; only `verb` (or "*": every verb) has its options."""
    common = common_options()
    top: argparse.ArgumentParser = Parser(
        prog="mailgate", description="A help desk that lives in e-mail.", parents=[common]
    )
    top.add_argument("--version", action="version", version=f"mailgate {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    for name, what in VERBS.items():
        sub = verbs.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", parents=[common])
        if verb in (name, "*"):
            _module(name).configure(sub)
    return top


def _module(verb: str) -> ModuleType:
    return import_module(f"mailgate.cli.{'storage' if verb in _STORAGE else 'verbs'}.{verb.replace('-', '_')}")


def verb_of(argv: Sequence[str]) -> str | None:
    """The verb of a command line; None without one."""
    return next(arguments(argv), None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    open_closed()
    argv = sys.argv[1:] if argv is None else argv
    verb = verb_of(argv)
    if verb == "ingest" and not _names_a_file(argv):
        return _piped(argv)
    return _run(verb, argv)


def _run(verb: str | None, argv: Sequence[str]) -> int:
    try:
        return _do(verb, argv)
    except BrokenPipeError:
        drop(sys.stdout)
        return EXIT_OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if isinstance(error, OSError) and is_of_output(error):
            complain(f"cannot write the output: {os.strerror(error.errno or 0).lower()}")
            drop(sys.stdout)
            return EXIT_FAILURE
        if wants_json(argv):
            print_error(error, argv)
        return _report(error)


def _do(verb: str | None, argv: Sequence[str]) -> int:
    args = _parse(verb, argv)
    args.config = getattr(args, "config", None)
    args.json = getattr(args, "json", False)
    code: int = _module(args.verb).run(args)
    sys.stdout.flush()  # here an error is told
    return code


def _report(error: Exception) -> int:
    """Print the error on standard error and return the exit code. Unexpected exceptions are raised again."""
    if isinstance(error, ConfigError):
        for problem in error.problems:
            show_problem(problem)
        return EXIT_USAGE
    if isinstance(error, BadArgument):
        complain(told(error))
        return EXIT_USAGE
    if isinstance(error, MailgateError):
        complain(told(error))
        if isinstance(error, StorageError) and error.cure:
            say(f"To mend it: {error.cure}")
        return EXIT_TEMPORARY if error.temporary else EXIT_FAILURE
    if isinstance(error, OSError) and error.filename is not None:  # a file named by an option
        complain(told(error))
        return EXIT_FAILURE
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and str(error) == _NO_THREAD):
        complain("out of memory, or of what a limit allows (ulimit -v, ulimit -u)")
        return EXIT_TEMPORARY
    raise error


_NO_THREAD = "can't start new thread"  # Python's words where the system gives no stack or no thread


def _parse(verb: str | None, argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; options may stand between arguments, as in `tickets do 7 --as ann '#close'`."""
    top = parser(verb)
    args, rest = top.parse_known_args(argv)
    lists = [name for name in ("commands", "files") if hasattr(args, name)]
    if rest and (not lists or any(word.startswith("-") and word != "-" for word in rest)):
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    for name in lists:
        getattr(args, name).extend(rest)
    return args


def _piped(argv: Sequence[str]) -> int:
    """Run `ingest` on standard input: the exit code is 0, or 75 for any error, so that an MTA keeps the mail."""
    try:
        code = _run("ingest", argv)
    except SystemExit as end:
        code = EXIT_OK if end.code in (None, 0) else EXIT_TEMPORARY
    except Exception:
        traceback.print_exc()
        code = EXIT_TEMPORARY
    return EXIT_OK if code == EXIT_OK else EXIT_TEMPORARY


def _names_a_file(argv: Sequence[str]) -> bool:
    """True when `ingest` has an argument that is not an option.

    What follows an option that is unknown here is its value and no file, unless there is such a file: an MTA whose
    --recipient is misspelt pipes its mail, too.
    """
    rest = iter(argv[list(argv).index("ingest") + 1 :])
    after_unknown = False
    for word in rest:
        if word in ("-c", "--config", "--sender", "--recipient"):
            next(rest, None)
            after_unknown = False
        elif word == "--":
            return next(rest, None) is not None
        elif word.startswith("-"):
            known = "=" in word or word.startswith("-c") or word in ("-", "-h", "--help", "--json", "--quiet", "--new")
            after_unknown = not known
        elif after_unknown and not Path(word).exists():
            after_unknown = False
        else:
            return True
    return False
