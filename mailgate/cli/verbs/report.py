"""`mailgate report`: SLA attainment and team performance."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import datetime
from pathlib import Path

from mailgate.cli.common import config_of, now, parse_since, plain, print_json, reading, say
from mailgate.cli.progress import progress_bar
from mailgate.cli.report_json import report_json, report_rows
from mailgate.desk.agent.report_mails import report_page
from mailgate.desk.report import read_figures
from mailgate.errors import BadArgument
from mailgate.figures import Report
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.worker.secrets import peek_secrets
from mailgate.writing.templates.phrases import Catalogue
from mailgate.writing.templates.render import Renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument("--since", default="30d", help="length of the period up to now (default: 30d)")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the HTML page that is mailed to FILE; - for standard output"
    )
    parser.add_argument(
        "--csv", action="store_true", help="print CSV: one row for each department, team, agent, topic and priority"
    )


def run(args: argparse.Namespace) -> int:
    """Print the report, or write it, in each form that is asked for. Raises BadArgument for two on standard output."""
    if str(args.html) == "-" and (args.json or args.csv):
        raise BadArgument("--html -: standard output takes one form of the report: name a file")
    config = config_of(args, thorough=False, or_in_force=True)
    until = now()
    since = parse_since(args.since, until)
    with reading(config) as db, progress_bar("reading tickets") as progress:
        found = read_figures(db, config, since, until, progress).report()
    if args.html:
        _page(args.html, found, config, until)
    if args.json:
        print_json(report_json(found))
    elif args.csv:
        rows = csv.writer(sys.stdout)  # RFC 4180: CRLF, quotes doubled
        rows.writerows([plain(cell) for cell in row] for row in report_rows(found))
    elif not args.html:
        _tables(found, config)
    return 0


def _tables(found: Report, config: Config) -> None:
    """Print tables."""
    from rich.console import Console  # late: needed only for tables

    from mailgate.cli.report_terminal import show

    agents = {key: agent.name for key, agent in config.agents.items()}
    console, english = Console(width=None if sys.stdout.isatty() else 140), Catalogue.of(config).words("en")
    show(found, config.desk.timezone, console, english, agents)


def _page(path: Path, found: Report, config: Config, at: datetime) -> None:
    """Write the HTML page that is mailed; - is standard output."""
    renderer, keyring = Renderer.of(config), Keyring(peek_secrets(config), config.desk.domain)
    html = renderer.render(report_page(found, at), config, keyring, at).html
    if str(path) == "-":
        print(html, end="")
        return
    path.write_text(html, "utf-8")
    say(f"written to {path}")
