"""Changes the code in small ways, a sample of each file; of the tests that reach a change one should fail.

make mutants                                             all subjects
make mutants ARGS="threading rules/sla/clock.py"         a subject, a file
make mutants ARGS="--count 0 --function clock rules/sla/clock.py"   every change of a function

Prints each change that no test notices as a diff. `accepted.toml` lists those that change nothing or do no harm, with
reasons. Exit code 1 when a change is left that is neither noticed nor listed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutation.changes import Change, all_changes, sample
from tests.mutation.runner import Runner, Verdict
from tests.mutation.subjects import PACKAGE, ROOT, TESTS, modules

ACCEPTED = Path(__file__).with_name("accepted.toml")
KEPT = ROOT / ".mutation"  # what tests reach
WIDTH = 40  # of the bar


def main() -> int:
    """Run; 1 when a change was not noticed that matters."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", help="subjects, or files below mailgate; all subjects by default")
    parser.add_argument("--count", type=int, default=40, metavar="N", help="changes of one file (40); 0: every one")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--function", default="", metavar="F", help="of this function alone: clock, Keyring.read")
    parser.add_argument("--budget", type=float, default=6, metavar="S", help="seconds of tests for one change (6)")
    parser.add_argument(
        "--tests", nargs="+", default=TESTS, metavar="T", help="files and folders of tests to choose from"
    )
    parser.add_argument("--json", action="store_true", help="print the verdict of each change as JSON")
    args = parser.parse_args()
    try:
        subjects = modules(args.what)
    except ValueError as error:
        parser.error(str(error))
    files = [path for paths in subjects.values() for path in paths]
    everything = [path for paths in modules().values() for path in paths]
    verdicts: list[tuple[str, Verdict]] = []

    def judge(run: Callable[[Change], Verdict | None]) -> None:
        for subject, paths in subjects.items():
            for path in paths:
                some = sample(all_changes(path, path.read_bytes()), args.seed)
                some = [each for each in some if args.function in ("", each.function)]
                count = args.count or len(some)
                done = 0
                for change in some:
                    if done == count:
                        break
                    place = files.index(path)
                    progress(f"{bar(place + done / count, len(files))} {path.relative_to(PACKAGE)}")
                    if verdict := run(change):
                        done += 1
                        verdicts.append((subject, verdict))
                        if not args.json and not verdict.noticed_by and change.key not in accepted:
                            progress("")
                            print(show(verdict), flush=True)

    accepted = read_accepted()
    runner = Runner(everything, judge, KEPT, args.budget, progress)
    quiet = ["-q", "-q", "-s", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist"]
    code = pytest.main([*quiet, *args.tests], plugins=[runner])
    progress("")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return 2
    return report(verdicts, accepted, as_json=args.json)


def read_accepted() -> dict[tuple[str, str, str], tuple[str, str]]:
    """The changes that no test need notice: "equivalent" or "harmless", and why."""
    with ACCEPTED.open("rb") as file:
        entries = tomllib.load(file)["accepted"]
    return {(each["file"], each["function"], each["change"]): (each["kind"], each["why"]) for each in entries}


def show(verdict: Verdict) -> str:
    """A change as a diff, with the key for the list."""
    file, function, text = verdict.change.key
    diff = verdict.change.diff(verdict.change.path.read_bytes()).split("\n", 3)[3]
    where = f"{file}:{verdict.change.line} {function}, {verdict.ran} of {verdict.reached} tests"
    return f"\n{where}\n{text}\n{diff}"


def report(
    verdicts: list[tuple[str, Verdict]], accepted: dict[tuple[str, str, str], tuple[str, str]], *, as_json: bool
) -> int:
    """Print the figures; 1 when something was not noticed that matters."""
    table: dict[str, Counter[str]] = {}
    for subject, verdict in verdicts:
        kind = "killed" if verdict.noticed_by else accepted.get(verdict.change.key, ("survived", ""))[0]
        table.setdefault(subject, Counter())[kind] += 1
    total = sum(table.values(), Counter())
    if as_json:
        changes = [
            dict(zip(("file", "function", "change"), each.change.key, strict=True))
            | {"subject": subject, "line": each.change.line, "noticed_by": each.noticed_by, "reached": each.reached}
            | {"accepted": accepted.get(each.change.key, ("", ""))[0]}
            for subject, each in verdicts
        ]
        print(json.dumps({"total": total, "subjects": table, "changes": changes}, indent=1))
        return int(total["survived"] > 0)
    print(f"\n{'':12}{'changes':>9}{'noticed':>9}{'equivalent':>12}{'harmless':>10}{'survived':>10}")
    for name, row in (*table.items(), ("all", total)):
        matter = row["killed"] + row["survived"]
        share = f"{100 * row['killed'] / matter:9.1f} %" if matter else ""
        print(
            f"{name:12}{row.total():9}{row['killed']:9}{row['equivalent']:12}{row['harmless']:10}{row['survived']:10}{share}"
        )
    return int(total["survived"] > 0)


def bar(done: float, total: int) -> str:
    """How far it is."""
    return f"[{'#' * int(WIDTH * done / total):<{WIDTH}}]"


def progress(text: str) -> None:
    """Show what is done now on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text[:110]}\x1b[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
