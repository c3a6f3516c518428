"""`mailgate tickets list|show|new|do|export`: show, create, change and export tickets."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from mailgate.cli.common import common_options, new_option, number, words

# The module and the function of each. Only that of the sub-verb to run is imported: `new` and `do` load the whole desk.
_SUB_VERBS = {
    "list": ("listing", "listing"),
    "show": ("view", "show"),
    "export": ("view", "export"),
    "new": ("change", "new"),
    "do": ("change", "do"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the sub-verbs."""
    common = common_options()
    subs = parser.add_subparsers(dest="sub", metavar="SUB-VERB", required=True)

    table = subs.add_parser(
        "list", help="list tickets, newest first; by default open and pending ones", parents=[common]
    )
    table.add_argument("--status", default="", help="open, pending, resolved, closed, or all")
    table.add_argument("--department", default="")
    table.add_argument("--assignee", default="", help="an agent or a team; nobody for unassigned tickets")
    table.add_argument("--overdue", action="store_true")
    table.add_argument("--search", type=words, default="", metavar="WORDS")
    table.add_argument("--limit", type=_limit, metavar="N", help="show at most N tickets")

    show = subs.add_parser(
        "show", help="show one ticket: thread, events, how its due time was computed", parents=[common]
    )
    show.add_argument("number", type=number, metavar="N")
    show.add_argument("--raw", type=number, metavar="ID", help="print a message of the thread as it was received")

    new = subs.add_parser("new", help="create a ticket on behalf of a requester", parents=[common])
    new.add_argument(
        "--requester", type=words, required=True, metavar="ADDRESS", help="or the name of a known requester"
    )
    new.add_argument("--subject", type=words, required=True)
    new.add_argument("--text", type=argparse.FileType("r"), metavar="FILE", help="the text; - for standard input")
    new.add_argument("--quiet", action="store_true", help="do not notify the requester")
    new_option(new)

    do = subs.add_parser("do", help="change a ticket with mail commands", parents=[common])
    do.add_argument("number", type=number, metavar="N")
    do.add_argument("commands", nargs="*", metavar="COMMAND", help="such as '#assign Online Banking -- why'")
    do.add_argument(
        "--as", dest="agent", default="", metavar="AGENT", help="the acting agent (default: the administrator)"
    )
    do.add_argument(
        "--text", type=argparse.FileType("r"), metavar="FILE", help="the text of a reply or note; - for standard input"
    )

    export = subs.add_parser("export", help="export all tickets as JSON lines", parents=[common])
    export.add_argument("--output", type=Path, metavar="FILE", help="the output file (default, and -: standard output)")


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is not a number of tickets")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Run the sub-verb."""
    module, function = _SUB_VERBS[args.sub]
    code: int = getattr(import_module(f"mailgate.cli.tickets.{module}"), function)(args)
    sys.stdout.flush()
    return code
