"""`mailgate VERB …`: finds the verb, loads its module alone, turns errors into exit codes.

A verb's module has `configure(parser)` and `run(args) -> int`. Only the verb that was
asked for is imported, for an MTA starts `mailgate ingest` once a mail.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from mailgate import __version__
from mailgate.cli.common import common_options, say
from mailgate.cli.failure import failed, wants_json, words_of
from mailgate.errors import BadArgument, ConfigError, MailgateError

DONE, WRONG, BAD, TEMPORARY = 0, 1, 2, 75  # the public interface, section 1

VERBS = {
    "run": "the daemon, in the foreground",
    "demo": "play three tickets through their whole life, on this machine alone",
    "init": "write a first config",
    "check": "validate config and templates, every error at once",
    "login": "sign in to a mailbox or the relay, where a person has to (OAuth 2.0)",
    "reload": "check, show what changes, make the daemon take it",
    "ingest": "take mail in without SMTP: stdin, .eml, mbox, Maildir",
    "explain": "a dry run: what would become of a mail, and why",
    "trace": "the way of each mail, in and out, a line a step",
    "tickets": "list, show, make and work tickets; export them",
    "templates": "every kind of mail, and what one looks like here",
    "report": "SLA attainment and team performance",
    "queue": "mail on its way in, on its way out, held or aside",
    "status": "is it up, what is it connected to, how long are the queues",
    "database": "schema version and size; migrate; check integrity",
    "completion": "print a completion script for your shell",
}
_STORAGE = ("database",)  # verbs of `mailgate.cli.storage`


class Parser(argparse.ArgumentParser):
    """Parses as argparse does; what cannot be read is a BadArgument, so that it is told like any other."""

    def error(self, message: str) -> NoReturn:
        """Raise BadArgument, after a word on how it is written."""
        self.print_usage(sys.stderr)
        raise BadArgument(message)


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The command line; with `verb`, only that one is complete."""
    common = common_options()
    top: argparse.ArgumentParser = Parser(
        prog="mailgate", description="A help desk that lives in e-mail.", parents=[common], allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"mailgate {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    for name, what in VERBS.items():
        sub = verbs.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", parents=[common])
        if verb in (name, "*"):
            _module(name).configure(sub)
    return top


def _module(verb: str) -> ModuleType:
    return import_module(f"mailgate.cli.{'storage' if verb in _STORAGE else 'verbs'}.{verb}")


def verb_of(argv: Sequence[str]) -> str | None:
    """The verb in a command line."""
    return next(words_of(argv), None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    verb = verb_of(argv)
    if verb == "ingest" and not _names_a_file(argv):
        return _piped(argv)
    return _run(verb, argv)


def _run(verb: str | None, argv: Sequence[str]) -> int:
    try:
        return _do(verb, argv)
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if wants_json(argv):
            failed(error, argv)
        return _told(error)


def _do(verb: str | None, argv: Sequence[str]) -> int:
    args = _parse(verb, argv)
    args.config = getattr(args, "config", None)
    args.json = getattr(args, "json", False)
    code: int = _module(args.verb).run(args)
    return code


def _told(error: Exception) -> int:
    """Say on standard error what went wrong; the exit code. What nobody foresaw is raised again."""
    if isinstance(error, ConfigError):
        say("\n".join(str(problem) for problem in error.problems))
        return BAD
    if isinstance(error, BadArgument):
        say(f"mailgate: {error.public}")
        return BAD
    if isinstance(error, MailgateError):
        say(f"mailgate: {error.public}{f' ({error.cause})' if error.cause else ''}")
        return TEMPORARY if error.temporary else WRONG
    if isinstance(error, OSError) and error.filename is not None:  # a file that a flag named
        say(f"mailgate: {error.filename}: {error.strerror}")
        return WRONG
    raise error


def _parse(verb: str | None, argv: Sequence[str]) -> argparse.Namespace:
    """Parse; options may stand between the words of a list, as in `tickets do 7 --as ann '#close'`."""
    top = parser(verb)
    args, rest = top.parse_known_args(argv)
    lists = [name for name in ("commands", "files") if hasattr(args, name)]
    if rest and (not lists or any(word.startswith("-") and word != "-" for word in rest)):
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    for name in lists:
        getattr(args, name).extend(rest)
    return args


def _piped(argv: Sequence[str]) -> int:
    """`ingest` on standard input: 0, or 75 whatever is wrong, so that an MTA keeps the mail."""
    try:
        code = _run("ingest", argv)
    except SystemExit as end:
        code = DONE if end.code in (None, 0) else TEMPORARY
    except Exception:
        traceback.print_exc()
        code = TEMPORARY
    return DONE if code == DONE else TEMPORARY


def _names_a_file(argv: Sequence[str]) -> bool:
    """True when a word after `ingest` stands for itself rather than for an option."""
    rest = iter(argv[list(argv).index("ingest") + 1 :])
    for word in rest:
        if word in ("-c", "--config", "--sender", "--recipient"):
            next(rest, None)
        elif not word.startswith("-"):
            return True
    return False
