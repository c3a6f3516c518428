"""docs/templates.md, table by table, against what templates can read; kinds and layouts against what is shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from mailgate.notice import REQUESTER_KINDS, NoticeKind
from mailgate.ticket import Address
from mailgate.writing.templates.canned import canned_values
from mailgate.writing.templates.render import shipped
from mailgate.writing.views.views import AgentView, RequesterView
from tests.lab import desk, ticket
from tests.notices import ENGLISH

PAGE = (Path(__file__).parents[4] / "docs/templates.md").read_text("utf-8")
REQUESTERS = "In mail to requesters and collaborators, public values alone:"
AGENTS = "In mail to agents:"
CANNED = "read public values alone:"
# Values that the view has and the table leaves out, because they never differ there.
CONSTANT = {("quoted", "internal"), ("quoted", "id"), ("history", "id"), ("latest", "id"), ("files", "why")}


def table(above: str) -> dict[str, str]:
    """Name → description, of the table below the line `above`; a row may have several names."""
    rows = PAGE.partition(f"{above}\n\n")[2].partition("\n\n")[0].splitlines()[2:]
    found: dict[str, str] = {}
    for row in rows:
        names, _, description = row.strip("| ").partition(" | ")
        for name in re.findall(r"`(\w+)`", names):
            assert name not in found, f"{name} stands twice in the table"
            found[name] = description
    return found


def parts(hint: Any) -> Iterator[type]:
    """The dataclasses that a value is made of, with those that these are made of."""
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and is_dataclass(kind):
            yield kind
            for inner in get_type_hints(kind).values():
                yield from parts(inner)
        elif kind is not hint:
            yield from parts(kind)


def readable(kind: type) -> set[str]:
    """What a template can read of a dataclass: fields and properties."""
    properties = {name for name, value in vars(kind).items() if isinstance(value, property)}
    return {field.name for field in fields(kind)} | properties


@pytest.mark.parametrize(("view", "above"), [(RequesterView, REQUESTERS), (AgentView, AGENTS)])
def test_a_table_lists_every_value_of_its_view_and_no_other(view: type, above: str) -> None:
    assert set(table(above)) == {field.name for field in fields(view)}


@pytest.mark.parametrize(("view", "above"), [(RequesterView, REQUESTERS), (AgentView, AGENTS)])
def test_a_row_lists_what_its_value_is_made_of(view: type, above: str) -> None:
    documented, hints = table(above), get_type_hints(view)
    direct = {name: next(parts(hint), None) for name, hint in hints.items()}
    for name, hint in hints.items():
        if direct[name] is None or documented[name].startswith("as above"):
            continue
        # What is made of something that has a row of its own need not repeat that.
        own = {kind for kind in parts(hint) if kind is direct[name] or kind not in direct.values()}
        needed = {part for kind in own for part in readable(kind) if (name, part) not in CONSTANT}
        known = {part for kind in parts(hint) for part in readable(kind)}
        named = set(re.findall(r"`(\w+)`", documented[name]))
        assert (needed - named, named - known - set(NoticeKind)) == (set(), set()), name


def test_values_that_are_described_above_are_those_of_requesters() -> None:
    above = [name for name, description in table(AGENTS).items() if description.startswith("as above")]
    assert above
    assert set(above) <= set(table(REQUESTERS))


def test_a_canned_response_reads_what_its_table_lists() -> None:
    values = canned_values(ticket(requester=Address("karen@client.example")), "ann", desk(), ENGLISH.dates)
    documented = {name: set(re.findall(r"`(\w+)`", row)) for name, row in table(CANNED).items()}
    read = {name: set(value) for name, value in values.items() if isinstance(value, Mapping)}
    assert documented == read


def test_the_kinds_are_listed_by_who_reads_them() -> None:
    paragraph = " ".join(PAGE.partition("Kinds to requesters and collaborators:")[2].partition("\n\n")[0].split())
    outside, _, inside = paragraph.partition("To agents:")
    agents, _, layouts = inside.partition("Layouts that")
    assert kinds(outside) == REQUESTER_KINDS
    assert kinds(agents) == set(NoticeKind) - REQUESTER_KINDS
    assert set(re.findall(r"`(_\w+\.\w+)`", layouts)) == {path.name for path in shipped().glob("_*")}


def kinds(text: str) -> set[str]:
    return set(re.findall(r"`([a-z-]+)`", text))
