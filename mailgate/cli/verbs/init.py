"""`mailgate init DIR`: asks six things and writes a first config that passes `check`."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

from mailgate.cli.common import print_json, say
from mailgate.config.load import load
from mailgate.config.sample import Answers, Imap, Person, starter
from mailgate.errors import BadArgument, ConfigError, Refused


def configure(parser: argparse.ArgumentParser) -> None:
    """The six answers as flags, for scripts."""
    parser.add_argument("dir", type=Path, metavar="DIR")
    parser.add_argument("--name", help="the desk's name")
    parser.add_argument("--address", help="the address people write to")
    parser.add_argument("--listen", help="how mail comes: SMTP here, HOST:PORT")
    parser.add_argument("--imap", metavar="USER@HOST", help="how mail comes: an IMAP account, user and host")
    parser.add_argument("--relay", help="how mail goes: HOST:PORT of the relay, or maildir")
    parser.add_argument("--agent", action="append", default=[], metavar="'NAME <ADDRESS>'", help="may be repeated")
    parser.add_argument("--timezone", help="such as Europe/Berlin")


def run(args: argparse.Namespace) -> int:
    """Write DIR/config.toml; never over an old one."""
    path: Path = args.dir / "config.toml"
    if path.exists():
        raise Refused(f"{path} is there already")
    text = starter(_answers(args))
    args.dir.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        load(path)
    except ConfigError as error:
        if any("environment variable" not in problem.what for problem in error.problems):
            path.unlink()
            with suppress(OSError):  # it holds something else
                args.dir.rmdir()
            say("nothing is written; put this right and run init again:")
            raise
        say("\n".join(f"before the first start: {problem.what}" for problem in error.problems))
    if args.json:
        print_json({"config": str(path)})
    else:
        say(f"{path} is written. Next:\n  mailgate check -c {path}\n  mailgate run -c {path}")
    return 0


def _answers(args: argparse.Namespace) -> Answers:
    asks = sys.stdin.isatty()
    name = args.name or _ask("Name of the desk", "Help Desk", asks=asks)
    address = args.address or _ask("Address that people write to", "", asks=asks)
    way = (
        args.imap
        or args.listen
        or _ask("Mail comes by SMTP here (HOST:PORT) or from IMAP (USER@HOST)", "127.0.0.1:8025", asks=asks)
    )
    relay = args.relay or _ask("Mail goes through the relay (HOST:PORT, or maildir)", "127.0.0.1:25", asks=asks)
    agents = args.agent or _ask("Agents ('Ann Lee <ann@x.example>, …')", "", asks=asks).split(",")
    timezone = args.timezone or _ask("Time zone", "UTC", asks=asks)
    by_imap = bool(args.imap) or "@" in way
    user, _, host = way.rpartition("@")
    return Answers(
        name=name,
        address=address,
        agents=_keyed([_person(each) for each in agents if each.strip()]),
        timezone=timezone,
        listen="" if by_imap else way,
        imap=Imap(host=host, user=user) if by_imap else None,
        relay=relay,
    )


def _ask(question: str, default: str, *, asks: bool) -> str:
    if not asks:
        if default:
            return default
        raise BadArgument(f"{question}: give it as a flag (mailgate init --help)")
    try:
        said = input(f"{question}{f' [{default}]' if default else ''}: ").strip()
    except EOFError as error:
        raise BadArgument("no more answers; nothing is written") from error
    return said or default


def _person(text: str) -> Person:
    found = re.fullmatch(r"\s*(?:(.*?)\s*)?<?([^<>\s]+@[^<>\s]+)>?\s*", text)
    if not found:
        raise BadArgument(f"--agent {text}: write it as 'Ann Lee <ann@x.example>'")
    email = found[2]
    name = (found[1] or email.partition("@")[0]).strip("\"' ")
    return Person(key=re.sub(r"[^a-z0-9]+", "-", email.partition("@")[0].lower()).strip("-"), name=name, email=email)


def _keyed(people: list[Person]) -> tuple[Person, ...]:
    """Give each agent a key of their own: ann@a.example and ann@b.example are ann and ann-2."""
    found: dict[str, Person] = {}
    for person in people:
        keys = chain([person.key], (f"{person.key}-{count}" for count in range(2, len(people) + 1)))
        key = next(key for key in keys if key not in found)
        found[key] = replace(person, key=key)
    return tuple(found.values())
