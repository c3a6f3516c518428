"""Lets simulated days go by, world after world, each with a seed of its own; what fails is printed as a command.

make soak                            until Ctrl-C
make soak ARGS="--days 10000"        so many days at least
make soak ARGS="--seed 17 --worlds 1 --journal"   one world again, and all that happened in it

Each world is a process of its own, as many at once as there are processors. With MAILGATE_TEST_DATABASE=postgresql the
desks are on private servers of PostgreSQL.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import count
from multiprocessing.pool import AsyncResult

from tests.engines import ALL_ON_POSTGRESQL
from tests.postgresql import Cluster
from tests.simulation.server import SETTINGS
from tests.simulation.world import World, place

LINES = 60  # of the journal that are shown of a world that failed
FORK = multiprocessing.get_context("fork")
_passed = FORK.Value("q", 0)  # days, of all worlds


@dataclass(frozen=True)
class Outcome:
    """What became of a world. `error` is the traceback of the promise that it broke, "" for none."""

    seed: int
    days: int
    mails: int
    kills: int
    journal: tuple[str, ...]
    error: str


def main() -> int:
    """Run; 1 when a world failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first world (1)")
    parser.add_argument("--length", type=int, default=30, metavar="D", help="days of one world (30)")
    parser.add_argument("--days", type=int, default=0, metavar="D", help="end after so many days")
    parser.add_argument("--worlds", type=int, default=0, metavar="N", help="end after so many worlds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="worlds at once (all cores)")
    parser.add_argument("--journal", action="store_true", help="print what happened")
    args = parser.parse_args()
    worlds = min(args.worlds or sys.maxsize, -(-args.days // args.length) or sys.maxsize)
    worlds = 0 if worlds == sys.maxsize else worlds
    outcomes: list[Outcome] = []
    try:
        for outcome in _play_all(args.seed, worlds, args.length, args.jobs):
            outcomes.append(outcome)
            _report(outcome, args.journal)
            if not sys.stderr.isatty():
                print(f"seed {outcome.seed}: {_sum(outcomes)} so far", flush=True)
    except KeyboardInterrupt:
        print("\ninterrupted")
    failed = [outcome.seed for outcome in outcomes if outcome.error]
    print(f"\r\x1b[K{_sum(outcomes)}; failed: {failed or 'none'}")
    return 1 if failed else 0


def _sum(outcomes: list[Outcome]) -> str:
    days, mails, kills = (sum(getattr(each, what) for each in outcomes) for what in ("days", "mails", "kills"))
    return f"{days} days in {len(outcomes)} worlds, {mails} mails, {kills} kills"


def _report(outcome: Outcome, journal: bool) -> None:
    if journal:
        print("\n".join(outcome.journal))
    if outcome.error:
        print(f"\r\x1b[K{outcome.error}", *outcome.journal[-LINES:], sep="\n")
        variables = f"PYTHONHASHSEED=0{' MAILGATE_TEST_DATABASE=postgresql' if ALL_ON_POSTGRESQL else ''}"
        print(f"\n{variables} {sys.executable} -m tests.simulation --seed {outcome.seed} --worlds 1", flush=True)


def _play_all(first: int, worlds: int, days: int, jobs: int) -> Iterator[Outcome]:
    """Play so many worlds, 0 for no end, and yield what became of each in the order of their seeds."""
    seeds = iter(range(first, first + worlds) if worlds else count(first))
    draw = _progress(worlds * days)
    playing: deque[AsyncResult[Outcome]] = deque()
    with FORK.Pool(jobs, _begin, maxtasksperchild=1) as pool:
        while True:
            while len(playing) < 2 * jobs and (seed := next(seeds, None)) is not None:
                playing.append(pool.apply_async(_play, (seed, days)))
            if not playing:
                return
            while not playing[0].ready():
                playing[0].wait(1.0)
                draw(_passed.value)
            yield playing.popleft().get()


def _begin() -> None:
    """Ctrl-C is for the process that waits; it ends this one by SIGTERM, which leaves no files and no server behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _play(seed: int, days: int) -> Outcome:
    with Cluster(settings=SETTINGS) if ALL_ON_POSTGRESQL else nullcontext() as cluster, place() as folder:
        world, error = World(folder, seed, cluster), ""
        try:
            world.play(days, _count)
        except AssertionError:
            error = traceback.format_exc()
        return Outcome(seed, world.passed, world.mails, world.kills, (*world.journal,), error)


def _count(_: int) -> None:
    with _passed.get_lock():
        _passed.value += 1


def _progress(total: int) -> Callable[[int], None]:
    """Draws a bar on a terminal, or the number of days where there is no end."""
    if not sys.stderr.isatty():
        return lambda _: None
    width = 40

    def draw(days: int) -> None:
        bar = f"[{'#' * min(width * days // total, width):<{width}}] {days}/{total}" if total else f"{days}"
        print(f"\r{bar} days\x1b[K", end="", file=sys.stderr, flush=True)

    return draw


if __name__ == "__main__":
    raise SystemExit(main())
