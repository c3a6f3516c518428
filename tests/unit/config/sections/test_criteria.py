"""[[rule]]: criteria in every form, and everything that a rule can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.config.load import load
from mailgate.settings import Criterion, Routing, Rule
from tests.configs import completed

HOURS = '[schedule."Business hours"]\nhours = { mon-fri = "08:00-17:00" }\n'


def rules(folder: Path, text: str) -> tuple[Rule, ...]:
    file = folder / "config.toml"
    file.write_text(completed(text + HOURS))
    return load(file, {})[0].rules


def when(folder: Path, criterion: str) -> tuple[Criterion, ...]:
    (rule,) = rules(folder, f'[[rule]]\nname = "R"\nstop = true\nwhen = {{ {criterion} }}\n')
    (table,) = rule.when
    return table


@pytest.mark.parametrize(
    ("written", "criterion"),
    [
        ('subject = "x"', Criterion(field="subject", values=("x",))),
        ('subject = ["x", "y"]', Criterion(field="subject", values=("x", "y"))),
        ('subject = { is = "" }', Criterion(field="subject", op="is", values=("",))),
        ('subject = { starts = "x" }', Criterion(field="subject", op="starts", values=("x",))),
        ('subject = { not_ends = "x" }', Criterion(field="subject", op="ends", negated=True, values=("x",))),
        ('from = { domain = ".X.Example" }', Criterion(field="from", op="domain", values=(".x.example",))),
        ('cc = { domain = "bücher.example" }', Criterion(field="cc", op="domain", values=("xn--bcher-kva.example",))),
        ('to = { not_in = ["a", "b"] }', Criterion(field="to", op="in", negated=True, values=("a", "b"))),
        ("cc = true", Criterion(field="cc", op="exists")),
        ("cc = false", Criterion(field="cc", op="exists", negated=True)),
        ("cc = { exists = false }", Criterion(field="cc", op="exists", negated=True)),
        ("cc = { not_exists = true }", Criterion(field="cc", op="exists", negated=True)),
        ("cc = { not_exists = false }", Criterion(field="cc", op="exists")),
        ("attachments = true", Criterion(field="attachments", op="exists")),
        ("attachments = 2", Criterion(field="attachments", op="is", values=("2",), number=2)),
        ("attachments = [1, 2]", Criterion(field="attachments", op="is", values=("1", "2"))),
        ("attachments = { over = 3 }", Criterion(field="attachments", op="over", values=("3",), number=3)),
        ('size = { over = "5 MB" }', Criterion(field="size", op="over", values=("5000000",), number=5e6)),
        ("size = { not_under = 100 }", Criterion(field="size", op="under", negated=True, values=("100",), number=100)),
        ('requester = "new"', Criterion(field="requester", values=("new",))),
        ('auth = { in = ["pass", "none"] }', Criterion(field="auth", op="in", values=("pass", "none"))),
        ('header = { X-Vendor = "yes" }', Criterion(field="header", name="X-Vendor", values=("yes",))),
        (
            "header.X-Score = { over = 5 }",
            Criterion(field="header", name="X-Score", op="over", values=("5",), number=5),
        ),
        (
            "form.Room = { not_under = -1.5 }",
            Criterion(field="form", name="Room", op="under", negated=True, values=("-1.5",), number=-1.5),
        ),
        (
            'header.Sender = { domain = ".x.example" }',
            Criterion(field="header", name="Sender", op="domain", values=(".x.example",)),
        ),
        ("header.List-Id = true", Criterion(field="header", name="List-Id", op="exists")),
        ('form = { "Help topic" = { is = "x" } }', Criterion(field="form", name="Help topic", op="is", values=("x",))),
        ('arrived = { within = "24/7" }', Criterion(field="arrived", op="within", values=("24/7",))),
        (
            'arrived = { not_within = "Business hours" }',
            Criterion(field="arrived", op="within", negated=True, values=("Business hours",)),
        ),
    ],
)
def test_a_criterion_is_read(written: str, criterion: Criterion, tmp_path: Path) -> None:
    assert when(tmp_path, written) == (criterion,)


def test_patterns_are_compiled(tmp_path: Path) -> None:
    (found,) = when(tmp_path, "body = { not_matches = ['a+', '(?i)B'] }")
    assert (found.op, found.negated, found.values) == ("matches", True, ("a+", "(?i)B"))
    assert [bool(pattern.search("xb")) for pattern in found.patterns] == [False, True]


def test_several_operators_of_a_field_are_separate_criteria(tmp_path: Path) -> None:
    found = when(tmp_path, 'subject = { contains = "x", not_contains = "y" }, from = "z"')
    assert {(criterion.field, criterion.op, criterion.negated) for criterion in found} == {
        ("subject", "contains", False),
        ("subject", "contains", True),
        ("from", "contains", False),
    }


def test_conditions_are_a_table_or_a_list_of_tables(tmp_path: Path) -> None:
    text = '[[rule]]\nname = "R"\nthen = { drop = true }\nwhen = [ { cc = true }, { to = "x", from = "y" } ]\n'
    (rule,) = rules(tmp_path, text + "unless = { reply_to = true }\n")
    assert [len(table) for table in rule.when] == [1, 2]
    assert [len(table) for table in rule.unless] == [1]


def test_every_action_of_a_rule(tmp_path: Path) -> None:
    text = """
[team.Web]
members = ["ann"]
[[rule]]
name = "First"
stop = true
on = ["new", "message"]
[rule.then]
department = "Support"
topic = "General Inquiry"
sla = "Default SLA"
priority = "High"
assign = "team:Web"
status = "pending"
tags = ["a", "b"]
language = "de"
autoresponse = false
alert = ["agent:elliot", "manager", "Boss@Bank.example"]
requester = "reply_to"
[[rule]]
name = "Second"
then = { reject = "Please write to sales@bank.example" }
"""
    first, second = rules(tmp_path, text)
    assert first == Rule(
        name="First",
        position=0,
        stop=True,
        on=frozenset({"new", "message"}),
        then=Routing(
            department="Support",
            topic="General Inquiry",
            sla="Default SLA",
            priority="High",
            assign="team:Web",
            status="pending",
            tags=("a", "b"),
            language="de",
            autoresponse=False,
        ),
        alert=("agent:elliot", "manager", "boss@bank.example"),
        requester="reply_to",
    )
    assert (second.position, second.reject, second.when, second.on) == (
        1,
        "Please write to sales@bank.example",
        (),
        frozenset({"new"}),
    )
