"""The criteria of a rule: reads `field = { operator = value }` into `Criterion` values.

Checks fields, operators and patterns. Criteria are evaluated in `mailgate.rules.routing.criteria`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from mailgate.config.sections.routing import domain as read_domain
from mailgate.config.toml import units
from mailgate.config.toml.messages import did_you_mean, one_of, quoted_text, shown
from mailgate.config.toml.reader import Spot, Table
from mailgate.config.toml.regex import BadPattern, Pattern, compile_pattern
from mailgate.settings import Criterion

ADDRESSES = ("from", "reply_to", "to", "cc", "recipient")
CLOSED = {  # fields with a fixed set of values
    "source": ("smtp", "imap", "pipe", "cli"),
    "requester": ("known", "new"),
    "auth": ("pass", "fail", "none"),
}
TEXTS = ("from_name", "subject", "body", "attachment_name", "attachment_type", "language")
NUMBERS = ("attachments", "size")
FAMILIES = ("header", "form")
FIELDS = (*ADDRESSES, *TEXTS, *CLOSED, *NUMBERS, *FAMILIES, "customer", "arrived")

_TEXT_OPERATORS = ("is", "contains", "starts", "ends", "matches", "in")
_FAMILY_OPERATORS = (*_TEXT_OPERATORS, "domain", "over", "under", "exists")
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
        tests = _family(table, key, value) if key in FAMILIES else _field(table, table.at(key), key, "", value)
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
        if name.removeprefix("not_") in _FAMILY_OPERATORS:
            table.reading.error(spot, f"is an operator where the name of a {key} belongs: write {key} = {example}")
        else:
            yield from _field(table, spot, key, name, test)


def _field(table: Table, spot: Spot, field: str, name: str, value: object) -> Iterator[_Test]:
    """The tests of one field: a single value, or a table of operators."""
    known = _operators(field)
    if not isinstance(value, dict):
        op = "exists" if isinstance(value, bool) else "is" if field in NUMBERS else "contains"
        if field in ("size", "arrived") or op not in known:
            example = {"size": '{ over = "5 MB" }', "arrived": '{ within = "Business hours" }'}.get(field, '"…"')
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
    if test.field in NUMBERS or test.op in ("over", "under"):
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
        numbers = [_number(item, test.field) for item in test.items]
    except ValueError:
        form = {"size": units.SIZE_FORM, "attachments": "a count such as 3"}.get(test.field, "a number such as 5.5")
        test.error(f"must be {form}, not {shown(test.value)}")
        return None
    if test.op in ("over", "under") and len(numbers) > 1:
        test.error(f"{test.op} compares with one number, not a list")
        return None
    return test.criterion([str(number) for number in numbers], float(numbers[0]) if len(numbers) == 1 else None)


def _number(item: object, field: str) -> float:
    if isinstance(item, str) and field == "size":
        return units.size(item)
    if field in FAMILIES and isinstance(item, int | float) and not isinstance(item, bool) and isfinite(item):
        return item
    if isinstance(item, int) and not isinstance(item, bool) and item >= 0:
        return item
    raise ValueError


def _text(test: _Test, text: str, index: int) -> str:
    """A string to compare with, normalised."""
    allowed = CLOSED.get(test.field)
    if not text and test.op != "is":
        test.error("is empty and would match everything: write what to look for", index)
    elif allowed and text not in allowed and test.op != "matches":
        test.error(f"{one_of(allowed)}, not {quoted_text(text)}{did_you_mean(text, allowed)}", index)
    elif test.field == "customer" and test.op in ("is", "in"):
        test.table.refer("customer", text, test.spot)
    elif test.op == "within":
        test.table.refer("schedule", text, test.spot)
    elif test.op == "domain":
        try:
            return text[: text.startswith(".")] + read_domain(text.removeprefix("."))
        except ValueError:
            right = 'write "bank.example", or ".bank.example" to include subdomains'
            test.error(f"{quoted_text(text)} is not a domain: {right}", index)
    return text


def _patterns(test: _Test, texts: Sequence[str]) -> Iterator[Pattern]:
    for index, text in enumerate(texts):
        try:
            yield compile_pattern(text)
        except BadPattern as error:
            test.error(f"regular expression {error}", index)


def _operators(field: str) -> tuple[str, ...]:
    if field == "arrived":
        return ("within",)
    if field == "attachments":
        return ("is", "in", "over", "under", "exists")
    if field == "size":
        return ("over", "under", "is", "in")
    if field in ADDRESSES:
        return (*_TEXT_OPERATORS, "domain", "exists")
    if field in CLOSED:
        return _TEXT_OPERATORS
    if field in FAMILIES:
        return _FAMILY_OPERATORS
    return (*_TEXT_OPERATORS, "exists")


def misplaced(key: str) -> str:
    """The hint for a key of the rule itself that was found in a sub-table."""
    if key in ("when", "unless", "then"):
        return f" here: write [rule.{key}] as a table of its own"
    return " here: name, on and stop belong above the sub-tables ([rule.when], [rule.then])"
