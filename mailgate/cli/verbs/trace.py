"""`mailgate trace`: every step of a mail, incoming and outgoing, one line each."""

from __future__ import annotations

import argparse
import re
from datetime import datetime

from mailgate.cli.common import config_of, now, parse_since, print_json, print_line, reading, words
from mailgate.errors import NotFound
from mailgate.rules.ticket.as_json import rfc3339
from mailgate.store.db import Db
from mailgate.store.queues import trace
from mailgate.store.queues.trace import BEGINNING, Line
from mailgate.ticket import Json

_NUMBER = re.compile(r"\[?#?([0-9]{1,12})\]?")  # also as it stands in a subject


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument(
        "what", type=words, metavar="ADDRESS|MESSAGE-ID|NUMBER", help="an address, a Message-ID or a ticket number"
    )
    parser.add_argument("--since", default="", help="length of the period up to now, such as 2d (default: everything)")


def run(args: argparse.Namespace) -> int:
    """Print the lines in order of time. Raises NotFound when there are none."""
    config = config_of(args, thorough=False, or_in_force=True)
    since = parse_since(args.since, now()) if args.since else BEGINNING
    with reading(config) as db:
        lines = _find(db, args.what, since)
    if not lines:
        raise NotFound(f"no mail found for {args.what}{f' since {args.since}' if args.since else ''}")
    if args.json:
        print_json([_json(line) for line in lines])
    else:
        zone = config.desk.timezone
        for line in lines:
            number = f"#{line.ticket} " if line.ticket else ""
            at = line.at.astimezone(zone)
            arrow = "->" if line.direction == "out" else "<-"
            print_line(f"{at:%Y-%m-%d %H:%M:%S %Z} {arrow} {number}{line.address}  {line.step}: {line.text}")
    return 0


def _find(db: Db, what: str, since: datetime) -> list[Line]:
    if number := _NUMBER.fullmatch(what):
        return trace.by_ticket(db, int(number[1]), since)
    found = trace.by_address(db, what.strip("<>"), since)
    return found or trace.by_message_id(db, what, since)


def _json(line: Line) -> Json:
    return {
        "at": rfc3339(line.at),
        "direction": line.direction,
        "step": line.step,
        "text": line.text,
        "address": line.address,
        "message_id": line.message_id,
        "ticket": line.ticket,
    }
