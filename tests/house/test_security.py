"""The classes of docs/security.md: their tests exist, every attack stands in one, and each class has three or more."""

from __future__ import annotations

import importlib
import re
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path

ROOT = Path(__file__).parents[2]
ATTACKS = "tests.acceptance.test_attacks"
SPECIMENS = 3  # of different shape, for each class


def rows() -> dict[str, list[tuple[str, str]]]:
    """Of each class its tests: module and name, where "…" in the page stands for the rest of a name, or "*"."""
    found: dict[str, list[tuple[str, str]]] = {}
    for section in (ROOT / "docs/security.md").read_text("utf-8").split("\n## ")[1:]:
        name, _, text = section.partition("\n")
        if tests := text.partition("\nTests: ")[2].partition("\n\n")[0]:
            found[name] = [_test(each) for each in re.findall(r"`([^`]*test_[^`]+)`", tests)]
    return found


def _test(written: str) -> tuple[str, str]:
    path, _, name = written.rpartition("::") if ".py" in written else ("", "", written)
    if written.endswith(".py"):
        path, name = written, "test_*"
    module = path.removesuffix(".py").replace("/", ".") or ATTACKS
    return module, name.replace("…", "*")


def matching(module: str, pattern: str) -> dict[str, int]:
    """Name and number of cases of each test of a module that a pattern means."""
    found = vars(importlib.import_module(module)).items()
    return {name: _cases(each) for name, each in found if fnmatchcase(name, pattern) and callable(each)}


def _cases(test: object) -> int:
    marks = getattr(test, "pytestmark", [])
    return prod(len(list(mark.args[1])) for mark in marks if mark.name == "parametrize")


def test_every_test_that_is_named_exists() -> None:
    missing = [f"{module}::{name}" for tests in rows().values() for module, name in tests if not matching(module, name)]
    assert missing == []


def test_every_attack_stands_in_a_class() -> None:
    named = {name for tests in rows().values() for module, name in tests if module == ATTACKS}
    attacks = matching(ATTACKS, "test_*")
    assert [name for name in attacks if not any(fnmatchcase(name, each) for each in named)] == []


def test_each_class_has_specimens_of_different_shape() -> None:
    found = {
        each: sum(count for module, name in tests for count in matching(module, name).values())
        for each, tests in rows().items()
    }
    assert len(found) >= 8
    assert {each: count for each, count in found.items() if count < SPECIMENS} == {}
