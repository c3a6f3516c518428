"""`python -m tests.crash`: the whole sweep, with its figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from tests.crash.scenario import SCENARIOS
from tests.crash.sweep import Run, mail_server, sweep
from tests.engines import ALL_ON_POSTGRESQL


def main() -> int:
    """Print each failure; 1 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="kill at one crossing in N (default: all)")
    parser.add_argument("--scenario", choices=[each.name for each in SCENARIOS], help="one scenario (default: all)")
    args = parser.parse_args()
    failed = 0
    with mail_server() as dovecot:
        for scenario in SCENARIOS:
            if args.scenario in (None, scenario.name) and not (scenario.sqlite and ALL_ON_POSTGRESQL):
                failed += _report(scenario.name, sweep(scenario, dovecot, args.every))
    return 1 if failed else 0


def _report(name: str, runs: Iterator[tuple[str, Run, list[str]]]) -> int:
    _, peace, _ = next(runs)
    kills = missed = copies = failed = 0
    for at, run, found in runs:
        kills += run.killed
        missed += not run.killed
        copies += run.copies
        failed += bool(found)
        for problem in found:
            print(problem, flush=True)
        if sys.stderr.isatty():
            print(f"\r{name}: {kills} kills ({at})\x1b[K", end="", file=sys.stderr, flush=True)
    print(
        f"\r{name}: {len(peace.crossings)} crossings, {kills} kills, {missed} not reached, "
        f"{copies} mails twice with one Message-ID, {failed} failed"
    )
    return failed


raise SystemExit(main())
