"""What the verbs share: the config in force, databases to read and to change, output."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from mailgate.config.load import find, load
from mailgate.config.toml.units import duration
from mailgate.errors import ConfigError, Problem
from mailgate.settings import Config
from mailgate.store.connection import storage_errors
from mailgate.store.db import Db, open_reader, open_writer
from mailgate.ticket import Json
from mailgate.worker.setup import open_secrets


def config_of(args: argparse.Namespace, *, thorough: bool = True, secrets: bool = False) -> Config:
    """The config that a command works with; `secrets` for one that signs in somewhere. Raises ConfigError."""
    config, _ = load(find(args.config, os.environ), thorough=thorough, secrets=secrets)
    return config


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


@contextmanager
def reading(config: Config) -> Iterator[Db]:
    """The database to look at; a missing one counts as empty."""
    db = open_reader(config.storage.database)
    try:
        with storage_errors():
            yield db
    finally:
        db.close()


@contextmanager
def writing(config: Config) -> Iterator[Db]:
    """The database to change, made where needed."""
    db = open_writer(config.storage.database)
    try:
        yield db
    finally:
        db.close()


def secrets_of(config: Config) -> tuple[bytes, ...]:
    """The signing secrets of a desk, made where it is new. Raises ConfigError for a foreign one."""
    with writing(config) as db, db.transaction():
        return open_secrets(db, config)


def since_of(text: str, at: datetime) -> datetime:
    """The moment `--since TEXT` means: a duration back from `at`. Raises ConfigError."""
    try:
        return at - (duration(text) or timedelta())
    except ValueError as error:
        raise ConfigError((Problem("", f"--since {text}: {error}"),)) from error


def print_json(value: Json) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False))


def plain(text: str) -> str:
    """Strangers' text without control characters: a terminal obeys escape sequences."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text.replace("\t", " "))


def print_line(text: str) -> None:
    """One line for people, on standard output; nothing in it steers the terminal or begins a second line."""
    print(plain(text).replace("\n", " "))


def say(text: str) -> None:
    """A word for people, on standard error; nothing in it steers the terminal."""
    print(plain(text), file=sys.stderr)


def common_options() -> argparse.ArgumentParser:
    """-c and --json, accepted before and after the verb and the sub-verb."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    common.add_argument("-c", "--config", metavar="FILE", help="the config file")
    common.add_argument("--json", action="store_true", help="print JSON alone on standard output")
    return common
