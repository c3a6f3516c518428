"""The criteria of a rule: reads `field = { operator = value }` into `Criterion` values.

Fields and the operators of each are the table in `mailgate.rules.routing.criteria`, which also evaluates them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from mailgate.config.sections.routing import domain as read_domain
from mailgate.config.toml import units
from mailgate.config.toml.messages import did_you_mean, one_of, quoted_text, shown
from mailgate.config.toml.reader import Spot, Table
from mailgate.rules.routing.criteria import FIELDS, Kind
from mailgate.rules.text.patterns import BadPattern, Pattern, compile_pattern
from mailgate.settings import Criterion

_HEADER = re.compile(r"[!-9;-~]+")  # RFC 5322 2.2: printable ASCII without a colon
_FORM = re.compile(r"[^\W_][^:\n]*")  # what may stand in front of the colon of a form line
RULE_KEYS = ("name", "on", "stop", "when", "unless", "then")  # of the rule itself


@dataclass(frozen=True, slots=True)
class _Test:
    """One operator of one field as written in the file; errors are reported at `spot`, the position of the field."""

    table: Table
    spot: Spot
    field: str
    name: str
    op: str
    negated: bool
    value: object

    @property
    def kind(self) -> Kind:
        return FIELDS[self.field].kind

    @property
    def items(self) -> list[object]:
        return self.value if isinstance(self.value, list) else [self.value]

    def error(self, what: str, index: int | None = None) -> None:
        inner = index is not None and isinstance(self.value, list)
        self.table.reading.error(self.spot.inside(index) if inner and index is not None else self.spot, what)

    def criterion(
        self, values: Sequence[str] = (), number: float | None = None, patterns: tuple[Pattern, ...] = ()
    ) -> Criterion:
        return Criterion(
            field=self.field,
            name=self.name,
            op=self.op,
            negated=self.negated,
            values=tuple(values),
            number=number,
            patterns=patterns,
        )


def read_criteria(table: Table) -> Iterator[Criterion]:
    """Read the criteria of one table; all of them must hold."""
    for key in FIELDS:
        value = table.raw(key)
        if value is None:
            continue
        tests = (
            _family(table, key, value)
            if FIELDS[key].kind is Kind.NAMED
            else _field(table, table.at(key), key, "", value)
        )
        for test in tests:
            if criterion := _criterion(test):
                yield criterion
    table.done(
        {
            **{key: misplaced(key) for key in RULE_KEYS},
            **dict.fromkeys(("priority", "topic", "department", "sla", "tags"), ": it belongs below [rule.then]"),
        }
    )


def _family(table: Table, key: str, value: object) -> Iterator[_Test]:
    """The tests of `header` and `form`, which are tables by name."""
    example = '{ X-Vendor = { is = "yes" } }' if key == "header" else '{ Name = "Karen" }'
    if not isinstance(value, dict) or not value:
        table.error(key, f"needs a name: write {key} = {example}")
        return
    for name, test in value.items():
        spot = table.at(key).child(name)
        if name.removeprefix("not_") in Kind.NAMED.value:
            table.reading.error(spot, f"is an operator where the name of a {key} belongs: write {key} = {example}")
        elif not (_HEADER if key == "header" else _FORM).fullmatch(name):
            table.reading.error(spot, f"{quoted_text(name)} is no name of a {key}: write {key} = {example}")
        else:
            yield from _field(table, spot, key, name, test)


def _field(table: Table, spot: Spot, field: str, name: str, value: object) -> Iterator[_Test]:
    """The tests of one field: a single value, or a table of operators."""
    kind = FIELDS[field].kind
    known = kind.value
    if not isinstance(value, dict):
        op = "exists" if isinstance(value, bool) else "is" if kind is Kind.COUNT else "contains"
        if op not in known:
            example = {Kind.SIZE: '{ over = "5 MB" }', Kind.TIME: '{ within = "Business hours" }'}.get(kind, '"…"')
            table.reading.error(spot, f"needs an operator: write {field} = {example}")
        else:
            yield _Test(table, spot, field, name, op, negated=False, value=value)
        return
    if not value:
        table.reading.error(spot, f"is empty: write one of {', '.join(known)}")
    for written, operand in value.items():
        op = written.removeprefix("not_")
        if op in known:
            yield _Test(table, spot.inside(written), field, name, op, op != written, operand)
        else:
            near = did_you_mean(op, known) or f": {field} supports {', '.join(known)}"
            table.reading.error(spot.inside(written), f"unknown operator {quoted_text(written)}{near}")


def _criterion(test: _Test) -> Criterion | None:
    """Check the value of an operator; None if it is invalid."""
    if test.op == "exists":
        if not isinstance(test.value, bool):
            test.error("exists must be true or false")
        return replace(test.criterion(), negated=test.negated is bool(test.value))
    if not test.items:
        test.error(f"{test.op} has an empty list and would match nothing: write at least one value")
        return None
    if test.kind in (Kind.COUNT, Kind.SIZE) or test.op in ("over", "under"):
        return _numbers(test)
    texts = [item for item in test.items if isinstance(item, str)]
    if len(texts) < len(test.items):
        wrong = next(item for item in test.items if not isinstance(item, str))
        test.error(f"must be a string or a list of strings, not {shown(wrong)}")
        return None
    return test.criterion(
        [_text(test, text, index) for index, text in enumerate(texts)],
        patterns=tuple(_patterns(test, texts)) if test.op == "matches" else (),
    )


def _numbers(test: _Test) -> Criterion | None:
    """A criterion on a number: of attachments, of bytes, or in a header or form line."""
    try:
        numbers = [_number(item, test.kind) for item in test.items]
    except ValueError:
        form = {Kind.SIZE: units.SIZE_FORM, Kind.COUNT: "a count such as 3"}.get(test.kind, "a number such as 5.5")
        test.error(f"must be {form}, not {shown(test.value)}")
        return None
    if test.op in ("over", "under") and len(numbers) > 1:
        test.error(f"{test.op} compares with one number, not a list")
        return None
    return test.criterion([str(number) for number in numbers], float(numbers[0]) if len(numbers) == 1 else None)


def _number(item: object, kind: Kind) -> float:
    if isinstance(item, str) and kind is Kind.SIZE:
        return units.size(item)
    if kind is Kind.NAMED and isinstance(item, int | float) and not isinstance(item, bool) and isfinite(item):
        return item
    if isinstance(item, int) and not isinstance(item, bool) and item >= 0:
        return item
    raise ValueError


def _text(test: _Test, text: str, index: int) -> str:
    """A string to compare with, normalised."""
    field = FIELDS[test.field]
    if (text.isspace() or not text) and test.op != "is":
        test.error("is empty and would match everything: write what to look for", index)
    elif field.kind is Kind.ADDRESS and "*" in text and test.op != "matches":
        right = f'write {test.field} = {{ domain = "bank.example" }}, or {{ matches = "…" }} with a regular expression'
        test.error(f"{quoted_text(text)} would match nothing, for * stands for itself: {right}", index)
    elif field.words and text not in field.words and test.op != "matches":
        test.error(f"{one_of(field.words)}, not {quoted_text(text)}{did_you_mean(text, field.words)}", index)
    elif field.refers and test.op in ("is", "in", "within"):
        test.table.refer(field.refers, text, test.spot)
    elif part := _part_of(test, text):
        test.table.refer(part, text, test.spot)
    elif test.op == "domain":
        try:
            return text[: text.startswith(".")] + read_domain(text.removeprefix("."))
        except ValueError:
            right = 'write "bank.example", or ".bank.example" to include subdomains'
            test.error(f"{quoted_text(text)} is not a domain: {right}", index)
    return text


def _part_of(test: _Test, text: str) -> str:
    """What the configuration must have one of, for a criterion to match at all; "" if that is unknown here."""
    if test.field == "customer" and test.op == "contains":
        return "name of a customer"
    is_whole = "@" in text and "+" not in text  # a plus form is as the sender writes it
    return (
        "address of the desk" if test.field == "recipient" and test.op in ("is", "in", "contains") and is_whole else ""
    )


def _patterns(test: _Test, texts: Sequence[str]) -> Iterator[Pattern]:
    for index, text in enumerate(texts):
        try:
            yield compile_pattern(text)
        except BadPattern as error:
            test.error(f"regular expression {error}", index)


def misplaced(key: str) -> str:
    """The hint for a key of the rule itself that was found in a sub-table."""
    if key in ("when", "unless", "then"):
        return f" here: write [rule.{key}] as a table of its own"
    return " here: name, on and stop belong above the sub-tables ([rule.when], [rule.then])"
