"""Lets simulated days go by, world after world, each with a seed of its own; what fails is printed as a command.

make soak                            until Ctrl-C
make soak ARGS="--days 10000"        so many days in all
make soak ARGS="--seed 17 --worlds 1 --journal"   one world again, and all that happened in it

With MAILGATE_TEST_DATABASE=postgresql the desks are on a private server of PostgreSQL.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext

from tests.engines import ALL_ON_POSTGRESQL
from tests.postgresql import Cluster
from tests.simulation.server import SETTINGS
from tests.simulation.world import World, place

LINES = 60  # of the journal that are shown of a world that failed


def main() -> int:
    """Run; 1 when a world failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first world (1)")
    parser.add_argument("--length", type=int, default=30, metavar="D", help="days of one world (30)")
    parser.add_argument("--days", type=int, default=0, metavar="D", help="end after so many days")
    parser.add_argument("--worlds", type=int, default=0, metavar="N", help="end after so many worlds")
    parser.add_argument("--journal", action="store_true", help="print what happened")
    args = parser.parse_args()
    with Cluster(settings=SETTINGS) if ALL_ON_POSTGRESQL else nullcontext() as cluster:
        return _worlds(args, cluster)


def _worlds(args: argparse.Namespace, cluster: Cluster | None) -> int:
    seed, worlds, days, mails, kills, failed = args.seed, 0, 0, 0, 0, []
    try:
        while not (args.worlds and worlds == args.worlds) and not (args.days and days >= args.days):
            world, error = play(seed, args.length, progress(seed, days, args.days), cluster)
            worlds, days, mails, kills = worlds + 1, days + world.passed, mails + world.mails, kills + world.kills
            if not sys.stderr.isatty():
                print(f"seed {seed}: {days} days, {mails} mails, {kills} kills so far", flush=True)
            if args.journal:
                print("\n".join(world.journal))
            if error:
                failed.append(seed)
                print(f"\r\x1b[K{''.join(traceback.format_exception(error))}", *[*world.journal][-LINES:], sep="\n")
                variables = f"PYTHONHASHSEED=0{' MAILGATE_TEST_DATABASE=postgresql' if cluster else ''}"
                print(f"\n{variables} {sys.executable} -m tests.simulation --seed {seed} --worlds 1", flush=True)
            seed += 1
    except KeyboardInterrupt:
        print("\ninterrupted")
    print(f"\r\x1b[K{days} days in {worlds} worlds, {mails} mails, {kills} kills; failed: {failed or 'none'}")
    return 1 if failed else 0


def play(
    seed: int, days: int, passed: Callable[[int], object], cluster: Cluster | None
) -> tuple[World, BaseException | None]:
    """One world, and what it failed with."""
    with place() as folder:
        world = World(folder, seed, cluster)
        try:
            world.play(days, passed)
        except AssertionError as error:
            return world, error
        return world, None


def progress(seed: int, before: int, total: int) -> Callable[[int], None]:
    """Draws a bar on a terminal, or the number of days where there is no end."""
    if not sys.stderr.isatty():
        return lambda _: None
    width = 40

    def draw(day: int) -> None:
        done = before + day + 1
        bar = f"[{'#' * min(width * done // total, width):<{width}}] {done}/{total}" if total else f"{done}"
        print(f"\r{bar} days, seed {seed}\x1b[K", end="", file=sys.stderr, flush=True)

    return draw


if __name__ == "__main__":
    raise SystemExit(main())
