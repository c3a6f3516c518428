"""The table of commands against its tests, the text of #help and README."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from mailgate.notice import Columns, Lines
from mailgate.rules.commands.help import HELP
from mailgate.rules.commands.syntax import KNOWN, LEAVE, NAMES
from mailgate.rules.commands.verb import About
from mailgate.rules.commands.verbs import QUERIES, TABLE
from mailgate.settings import PERMISSIONS
from tests.notices import english
from tests.verbs import EXAMPLES, permission

README = (Path(__file__).parents[4] / "README.md").read_text("utf-8")
WORD = re.compile(r"(?<![\w#\\])#([a-z]+)")
PARAGRAPHS = [english(line) for part in HELP if isinstance(part, Lines) for line in part.lines]
TABLES = [part for part in HELP if isinstance(part, Columns)]
ROWS = [f"{usage} {english(text)}" for usage, text in TABLES[-1].rows]  # the first has those of every day
SHOWN = "\n".join((*PARAGRAPHS, *ROWS))


def test_the_example_of_a_verb_that_needs_a_value_has_one() -> None:
    assert all(EXAMPLES[verb.name].value for verb in TABLE if verb.needs_value)


def test_a_name_stands_for_one_verb() -> None:
    assert [name for name, count in Counter(name for verb in TABLE for name in verb.names).items() if count > 1] == []
    assert set(NAMES) == {name for verb in TABLE for name in verb.names}


def test_every_verb_takes_the_permission_that_its_example_states() -> None:
    assert {verb.name: verb.permission for verb in TABLE} == {name: each.permission for name, each in EXAMPLES.items()}
    fixed = [(verb, shortcut.value) for verb in TABLE for shortcut in verb.shortcuts]
    assert [each for each in fixed if each[0].takes_permission(each[1]) != permission(each[0].name, each[1])] == []
    taken = {verb.takes_permission(value) for verb in TABLE for value in (verb.permission, *verb.permissions)}
    assert taken - {""} == set(PERMISSIONS)


def test_a_verb_that_changes_the_ticket_has_an_act() -> None:
    """Merging and splitting also change other tickets, and are done by the desk."""
    changing = {name for name, each in EXAMPLES.items() if each.leaves} - {"merge", "split", "canned"}
    assert {verb.name for verb in TABLE if verb.act} == changing


def test_a_query_changes_nothing_and_takes_no_permission() -> None:
    assert {name for name, each in EXAMPLES.items() if each.ends in ("answered", "report")} == QUERIES
    assert not any(verb.permission or verb.act for verb in TABLE if verb.about is About.QUERY)


@pytest.mark.parametrize("verb", [verb for verb in TABLE if verb.name != "confirm"], ids=lambda verb: verb.name)
def test_help_names_every_command(verb) -> None:
    assert set(verb.names) <= set(WORD.findall(SHOWN))


def test_help_names_no_command_that_does_not_exist() -> None:
    assert set(WORD.findall(SHOWN)) <= {*NAMES, "end"}
    assert LEAVE not in WORD.findall(SHOWN)


def test_a_name_is_explained_in_the_help_of_its_own_verb() -> None:
    rows = iter(ROWS)
    explained = {verb.name: {word for _ in verb.usage for word in WORD.findall(next(rows))} for verb in TABLE}
    assert [verb.name for verb in TABLE if verb.usage and not set(verb.names) <= explained[verb.name]] == []


def commands_in_readme() -> set[str]:
    table = README.partition("| command | does |")[2].partition("\n\n")[0]
    return {word for code in re.findall(r"`([^`]+)`", table) for word in WORD.findall(code)}


def test_readme_lists_every_command_and_no_other() -> None:
    listed = commands_in_readme()
    assert listed <= KNOWN - {LEAVE}
    missing = [verb.name for verb in TABLE if not listed.intersection(verb.names)]
    assert [name for name in missing if name != "confirm"] == [], "commands that README's table does not list"
    assert "#confirm" in README, "it is only for held mail, and explained with that"
