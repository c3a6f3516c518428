"""Tests bet on no clock: `tests.waiting` bounds each wait, `tests.cost` measures work, `alone` marks the rest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
CLOCKS = {
    *("asyncio.timeout", "asyncio.wait_for", "time.monotonic", "time.perf_counter", "time.process_time"),
    *("time.sleep", "time.thread_time"),
}
# Where a clock decides nothing, and why it is there.
REASONS = {
    "waiting.py": "the one bound of all waits",
    "cost.py": "processor time, of which only ratios are looked at",
    "corpus.py": "processor time, compared with that of an ordinary mail",
    "fuzz.py": "processor time, compared with that of an ordinary mail",
    "mutation/runner.py": "processor time, by which tests are chosen",
    "simulation/network.py": "virtual time",
    "simulation/process.py": "virtual time",
    "simulation/submission.py": "virtual time",
    "simulation/world.py": "virtual time",
    "acceptance/nodes.py": "what a run by hand took",
    "acceptance/flood.py": "mail servers that pause before they try again, and kills at random moments",
    "volume.py": "what a run by hand took",
}


def test_no_test_looks_at_a_clock() -> None:
    """What is promised in seconds stands in a test marked `alone`, as a ratio or with a margin of ten."""
    found = {
        f"{path.relative_to(TESTS)}:{line}: {what}"
        for path in sorted(TESTS.rglob("*.py"))
        if str(path.relative_to(TESTS)) not in REASONS
        for line, what in _clocks(ast.parse(path.read_text("utf-8")))
    }
    assert not found, "\n".join(sorted(found))


def test_every_reason_is_still_needed() -> None:
    assert all(list(_clocks(ast.parse((TESTS / name).read_text("utf-8")))) for name in REASONS)


def _clocks(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each call that waits for a time or measures one, but for what is marked `alone`."""
    if any("pytest.mark.alone" in ast.unparse(mark) for mark in _marks(tree)):
        return
    if isinstance(tree, ast.Call):
        name = ast.unparse(tree.func)
        if name in CLOCKS or (name == "asyncio.sleep" and ast.unparse(tree.args[0]) != "0"):
            yield tree.lineno, name
        for keyword in tree.keywords:
            if keyword.arg == "timeout" and isinstance(keyword.value, ast.Constant):
                yield tree.lineno, f"timeout={ast.unparse(keyword.value)}"
    for child in ast.iter_child_nodes(tree):
        yield from _clocks(child)


def _marks(tree: ast.AST) -> list[ast.expr]:
    """The decorators of a function, the `pytestmark` of a file."""
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return tree.decorator_list
    if isinstance(tree, ast.Module):
        assigned = [statement for statement in tree.body if isinstance(statement, ast.Assign)]
        return [each.value for each in assigned if ast.unparse(each.targets[0]) == "pytestmark"]
    return []
