"""What the verbs share: options, configuration, database connections, secrets, output."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mailgate.cli.standard_streams import say_aside
from mailgate.config.load import find, load
from mailgate.config.toml.units import duration
from mailgate.errors import BadArgument, ConfigError, MailgateError, Problem, Refused
from mailgate.settings import Config
from mailgate.store.db import Db, open_reader, open_writer
from mailgate.ticket import Json
from mailgate.worker.secrets import begin, open_secrets
from mailgate.writing.templates.phrases import Catalogue, shipped


def common_options() -> argparse.ArgumentParser:
    """The options -c and --json, which are accepted before and after the verb and the sub-verb."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    common.add_argument("-c", "--config", metavar="FILE", help="the configuration file")
    common.add_argument("--json", action="store_true", help="print only JSON on standard output")
    return common


def new_option(parser: argparse.ArgumentParser) -> None:
    """Define --new, for verbs that may be the first one run on a desk."""
    parser.add_argument("--new", action="store_true", help="start a new desk with a secret that exists already")


def config_of(
    args: argparse.Namespace, *, thorough: bool = True, secrets: bool = False, or_in_force: bool = False
) -> Config:
    """Load the configuration that the command line names. Raises ConfigError.

    `secrets`: passwords are needed, since the command signs in somewhere; `thorough`: see `load`. `or_in_force`: while
    the file has errors, that of the running daemon does, so that a pipe takes mail while somebody edits.
    """
    path = find(args.config, os.environ)
    try:
        config, _ = load(path, thorough=thorough, secrets=secrets)
    except ConfigError:
        from mailgate.daemon.active_config import in_force  # late: only needed while a file is edited

        found = in_force(path) if or_in_force else None
        if found is None:
            raise
        say(f"{path} has errors, see mailgate check; the configuration of the running daemon is used")
        return found
    return config


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


@contextmanager
def reading(config: Config) -> Iterator[Db]:
    """Open the database read-only; a missing one is read as empty. Raises StorageError."""
    db = open_reader(config.storage.database)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def writing(config: Config, *, new: bool = False) -> Iterator[Db]:
    """Open the database for writing; a missing one is created. Raises StorageError, and ConfigError as `begin` does."""
    db = open_writer(config.storage.database)
    try:
        begin(db, config, new=new)
        yield db
    finally:
        db.close()


def secrets_of(config: Config, *, new: bool = False) -> tuple[bytes, ...]:
    """The signing secrets, created for a new desk. Raises ConfigError if they are not those of the database."""
    with writing(config, new=new) as db, db.transaction():
        return open_secrets(db, config)


def number(text: str) -> int:
    """The number of a ticket or mail, as `type` of an argument. Raises ArgumentTypeError."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise argparse.ArgumentTypeError(f"{text} cannot be the number of a ticket or mail")
    return int(digits)


_MOST_DIGITS = 18  # a larger number fits in no column


def words(text: str) -> str:
    """What is stored or looked for, as `type` of an argument. Raises ArgumentTypeError."""
    if not is_utf8(text):
        raise argparse.ArgumentTypeError(f"{text} is not UTF-8")
    return text


def is_utf8(text: str) -> bool:
    """Whether an argument was typed in UTF-8; bytes of another encoding are surrogates (PEP 383)."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def parse_duration(option: str, text: str) -> timedelta:
    """The value of an option that is a duration. Raises BadArgument."""
    try:
        return duration(text) or timedelta()
    except ValueError as error:
        raise BadArgument(f"{option} {text}: {error}") from error


def parse_since(text: str, at: datetime) -> datetime:
    """The time that `--since TEXT` means: a duration before `at`. Raises BadArgument."""
    return at - parse_duration("--since", text)


def print_json(value: Json) -> None:
    """Print one JSON document on standard output."""
    print(json_text(value))


def json_text(value: Json) -> str:
    """A JSON document in which control characters, bidirectional and invisible marks are escapes (RFC 8259 7)."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def print_raw(raw: bytes) -> None:
    """Print a mail on standard output as it is; on a terminal without control characters but line ends."""
    if sys.stdout.isatty():
        print(plain(raw.decode("utf-8", "replace").replace("\r\n", "\n")))
    else:
        sys.stdout.buffer.write(raw)


def plain(text: str) -> str:
    """Replace control characters in untrusted text, since a terminal executes escape sequences."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text.replace("\t", " "))


def print_line(text: str) -> None:
    """Print one line on standard output, without control characters and line breaks."""
    print(plain(text).replace("\n", " "))


def say(text: str) -> None:
    """Print a message on standard error, without control characters."""
    say_aside(plain(text))


def complain(text: str) -> None:
    """Print on standard error what went wrong: as every line of that kind, by the name of the program."""
    say(f"mailgate: {text}")


def show_problem(problem: Problem) -> None:
    """Print on standard error what is wrong: at its place in a file, which an editor can jump to, else as above."""
    if problem.warning:
        say(f"warning: {problem}")
    elif problem.file:
        say(f"{problem}")
    else:
        complain(f"{problem}")


def public_text(error: MailgateError) -> str:
    """The public text of an error; of a refusal its reasons in English."""
    if not isinstance(error, Refused):
        return error.public
    english = Catalogue((shipped(),)).words("en")
    return "; ".join(english.text(reason, ZoneInfo("UTC")) for reason in error.reasons)


def told(error: Exception) -> str:
    """What standard error and the JSON document say of an error: with its cause, or the file that an option names."""
    if isinstance(error, MailgateError):
        return error.told(public_text(error))
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"
