"""The changes that `make mutants` makes, and the list of those that no test need notice."""

from __future__ import annotations

import importlib

import pytest

from tests.mutation.__main__ import read_accepted
from tests.mutation.changes import Change, all_changes, sample
from tests.mutation.runner import give
from tests.mutation.subjects import PACKAGE, ROOT, SUBJECTS, TESTS, modules

BEFORE = '''
def fee(weight: int, note: str = "none") -> int:
    """What a parcel costs."""
    if weight < 10 and not note:
        log.info("light")
        return 1
    raise ValueError("heavy")
'''


def change_of(file: str, function: str, text: str) -> Change:
    path = PACKAGE / file
    return next(each for each in all_changes(path, path.read_bytes()) if each.key == (file, function, text))


def test_conditions_constants_and_statements_are_changed_and_texts_are_not() -> None:
    found = {each.what for each in all_changes(PACKAGE / "fees.py", BEFORE.encode())}
    assert found == {
        "weight < 10 and (not note) → (weight < 10 or not note)",
        "weight < 10 and (not note) → (not note)",
        "weight < 10 and (not note) → (weight < 10)",
        "weight < 10 and (not note) → True",
        "weight < 10 and (not note) → False",
        "weight < 10 → (weight <= 10)",
        "weight < 10 → (weight >= 10)",
        "not note → note",
        "10 → 11",
        "10 → 9",
        "1 → 2",
        "1 → 0",
        "raise ValueError('heavy') → pass",
    }


def test_a_query_is_changed_as_a_condition_is() -> None:
    source = b"""def due(db, now):\n    return db.all("SELECT id FROM t WHERE a AND at <= ? ORDER BY id", [now])\n"""
    found = {each.new for each in all_changes(PACKAGE / "due.py", source)} - {"return None"}
    assert found == {
        "'SELECT id FROM t WHERE a AND at < ? ORDER BY id'",
        "'SELECT id FROM t WHERE a OR at <= ? ORDER BY id'",
        "'SELECT id FROM t WHERE a AND at <= ?'",
    }


def test_the_sample_is_the_same_when_lines_move() -> None:
    def first(source: str) -> list[tuple[str, str, str]]:
        return [each.key for each in sample(all_changes(PACKAGE / "fees.py", source.encode()), 1)[:5]]

    assert first(BEFORE) == first(f"import os\n\n{BEFORE}")


@pytest.mark.parametrize("file", ["rules/sla/clock.py", "store/queues/inbox.py"])
def test_every_change_can_be_compiled(file: str) -> None:
    source = (PACKAGE / file).read_bytes()
    for each in all_changes(PACKAGE / file, source):
        compile(each.applied(source), file, "exec")


def test_a_changed_function_is_that_of_every_import() -> None:
    from mailgate.rules.threading.keys import key_text

    change = change_of("rules/threading/keys.py", "key_text", "0 → 1")
    before = key_text.__code__
    try:
        assert give(change, compile(change.applied(change.path.read_bytes()), "keys.py", "exec"))
        assert key_text("<a@b>") == "@"
    finally:
        key_text.__code__ = before
    assert key_text("<a@b>") == "a"


def test_methods_and_what_decorators_hide_are_found() -> None:
    path = PACKAGE / "rules/threading/keys.py"
    source = path.read_bytes()
    compiled = compile(source, str(path), "exec", dont_inherit=True)
    functions = {each.function for each in all_changes(path, source)}
    assert {"Keyring.read", "Keyring._rings", "_tag"} <= functions  # a method, a property, a cached function
    module = importlib.import_module("mailgate.rules.threading.keys")
    code = module.Keyring.read.__code__
    try:
        for name in functions:
            assert give(Change(path, name, "", "", 0, 0, 0, 0), compiled), name
    finally:
        module.Keyring.read.__code__ = code


def test_the_subjects_and_their_tests_exist() -> None:
    assert list(modules()) == list(SUBJECTS)
    assert all(path.is_file() for paths in modules().values() for path in paths)
    assert all((ROOT / each).exists() for each in TESTS)


def test_each_accepted_change_is_still_possible_and_has_a_reason() -> None:
    accepted = read_accepted()
    files = {file for file, _, _ in accepted}
    possible = {each.key for file in files for each in all_changes(PACKAGE / file, (PACKAGE / file).read_bytes())}
    assert accepted.keys() <= possible
    assert all(kind in {"equivalent", "harmless"} and why for kind, why in accepted.values())
