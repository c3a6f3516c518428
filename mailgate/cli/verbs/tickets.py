"""`mailgate tickets`: list, show, new, do, export."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mailgate.cli.common import common_options
from mailgate.cli.tickets import change, view


def configure(parser: argparse.ArgumentParser) -> None:
    """The sub-verbs."""
    common = common_options()
    subs = parser.add_subparsers(dest="sub", metavar="SUB-VERB", required=True)

    listing = subs.add_parser("list", help="open and pending tickets, newest first", parents=[common])
    listing.add_argument("--status", default="", help="open, pending, resolved, closed, or all")
    listing.add_argument("--department", default="")
    listing.add_argument("--assignee", default="", help="an agent or a team; nobody for none")
    listing.add_argument("--overdue", action="store_true")
    listing.add_argument("--search", default="", metavar="WORDS")
    listing.add_argument("--limit", type=_limit, default=0, metavar="N", help="at most so many")

    show = subs.add_parser("show", help="one ticket, thread, events, how its due time was arrived at", parents=[common])
    show.add_argument("number", type=_number, metavar="N")
    show.add_argument("--raw", type=int, metavar="ID", help="a stored message of the thread, as it came")

    new = subs.add_parser("new", help="a ticket on someone's behalf", parents=[common])
    new.add_argument("--requester", required=True, metavar="ADDRESS", help="or the name of a known requester")
    new.add_argument("--subject", required=True)
    new.add_argument("--text", type=argparse.FileType("r"), metavar="FILE", help="its text; - is stdin")
    new.add_argument("--quiet", action="store_true", help="do not tell the requester")

    do = subs.add_parser("do", help="work a ticket with the commands of a mail", parents=[common])
    do.add_argument("number", type=_number, metavar="N")
    do.add_argument("commands", nargs="*", metavar="COMMAND", help="such as '#assign Online Banking -- why'")
    do.add_argument("--as", dest="agent", default="", metavar="AGENT", help="without it the administrator acts")
    do.add_argument("--text", type=argparse.FileType("r"), metavar="FILE", help="a reply or note; - is stdin")

    export = subs.add_parser("export", help="every ticket as JSON lines", parents=[common])
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")


def _number(text: str) -> int:
    if not text.lstrip("#").isdigit():
        raise argparse.ArgumentTypeError(f"{text} is no ticket number")
    return int(text.lstrip("#"))


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is no count of tickets")
    return int(text)


_RUN = {
    "list": view.listing,
    "show": view.show,
    "export": view.export,
    "new": change.new,
    "do": change.do,
}


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb."""
    code = _RUN[args.sub](args)
    sys.stdout.flush()
    return code
