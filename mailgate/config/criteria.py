"""The criteria of a rule: `field = { operator = value }` into `Criterion` values.

Checks fields, operators and patterns. Whether a criterion holds is decided by
`mailgate.rules.criteria`, never here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailgate.config import units
from mailgate.config.model import Criterion
from mailgate.config.reader import Spot, Table
from mailgate.config.regex import BadPattern, Pattern, compile_pattern
from mailgate.config.routing import domain as read_domain
from mailgate.config.words import did_you_mean, one_of, quoted_text, shown

ADDRESSES = ("from", "reply_to", "to", "cc", "recipient")
CLOSED = {  # fields that can hold these words only
    "source": ("smtp", "imap", "pipe", "cli"),
    "requester": ("known", "new"),
    "auth": ("pass", "fail", "none"),
}
TEXTS = ("from_name", "subject", "body", "attachment_name", "attachment_type", "language")
NUMBERS = ("attachments", "size")
FAMILIES = ("header", "form")
FIELDS = (*ADDRESSES, *TEXTS, *CLOSED, *NUMBERS, *FAMILIES, "arrived")

_TEXT_OPERATORS = ("is", "contains", "starts", "ends", "matches", "in")
ABOVE = ("name", "on", "stop", "when", "unless", "then")  # what stands beside a rule's name


def read_criteria(table: Table) -> Iterator[Criterion]:
    """The criteria of one table; all of them must hold."""
    for key in FIELDS:
        value = table.raw(key)
        if value is None:
            continue
        if key in FAMILIES:
            yield from _family(table, key, value)
        else:
            yield from _field(table, key, "", value, key)
    table.done(
        {
            "customer": ": customers are not yet supported",
            **{key: misplaced(key) for key in ABOVE},
            **dict.fromkeys(("priority", "topic", "department", "sla", "tags"), ": it belongs below [rule.then]"),
        }
    )


def _family(table: Table, key: str, value: object) -> Iterator[Criterion]:
    """`header` and `form`: a table of names."""
    example = '{ X-Vendor = { is = "yes" } }' if key == "header" else '{ Name = "Karen" }'
    if not isinstance(value, dict) or not value:
        table.error(key, f"needs a name: write {key} = {example}")
        return
    inner = table.sub(key, value)
    for name, test in value.items():
        if name.removeprefix("not_") in (*_TEXT_OPERATORS, "exists", "domain"):
            inner.error(name, f"is an operator where the name of a {key} belongs: write {key} = {example}")
        else:
            yield from _field(inner, key, name, test, name)


def _field(table: Table, field: str, name: str, value: object, key: str) -> Iterator[Criterion]:
    """The criteria that stand behind one field: a bare value, or a table of operators."""
    if not isinstance(value, dict):
        yield from _bare(table, field, name, value, key)
        return
    inner = table.sub(key, value, shape="NAME" if name else "")
    if not value:
        table.error(key, f"is empty: write one of {', '.join(_operators(field))}")
    for written, operand in value.items():
        op, negated = written.removeprefix("not_"), written.startswith("not_")
        if op not in _operators(field):
            near = did_you_mean(op, _operators(field)) or f": {field} knows {', '.join(_operators(field))}"
            inner.error(written, f"unknown operator{near}")
        elif op == "exists":
            if not isinstance(operand, bool):
                inner.error(written, "must be true or false")
            yield Criterion(field=field, name=name, op=op, negated=negated is bool(operand))
        elif criterion := _criterion(inner, written, field, op, operand):
            yield Criterion(
                field=field,
                name=name,
                op=op,
                negated=negated,
                values=criterion[0],
                number=criterion[1],
                patterns=criterion[2],
            )


def _bare(table: Table, field: str, name: str, value: object, key: str) -> Iterator[Criterion]:
    """`field = value`: contains for texts, is for counts, exists for true and false."""
    if isinstance(value, bool) and field not in (*CLOSED, "size", "arrived"):
        yield Criterion(field=field, name=name, op="exists", negated=not value)
        return
    if field in ("size", "arrived"):
        example = '{ over = "5 MB" }' if field == "size" else '{ within = "Business hours" }'
        table.error(key, f"needs an operator: write {field} = {example}")
        return
    op = "is" if field == "attachments" else "contains"
    if found := _criterion(table, key, field, op, value):
        yield Criterion(field=field, name=name, op=op, values=found[0], number=found[1], patterns=found[2])


Operand = tuple[tuple[str, ...], float | None, tuple[Pattern, ...]]


def _criterion(table: Table, key: str, field: str, op: str, value: object) -> Operand | None:
    """What an operator compares with: texts, a number, compiled patterns."""
    items = value if isinstance(value, list) else [value]
    if not items:
        table.error(key, "is an empty list, which nothing is in: name at least one value")
        return None
    if field in NUMBERS:
        return _numbers(table, key, field, op, items)
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        wrong = next(item for item in items if not isinstance(item, str))
        table.error(key, f"must be a text or a list of texts, not {shown(wrong)}")
        return None
    spots = [table.at(key).item(index) if isinstance(value, list) else table.at(key) for index in range(len(texts))]
    checked = tuple(_texts(table, field, op, texts, spots))
    return checked, None, _patterns(table, texts, spots) if op == "matches" else ()


def _numbers(table: Table, key: str, field: str, op: str, items: list[object]) -> Operand | None:
    numbers: list[int] = []
    for item in items:
        if isinstance(item, int) and not isinstance(item, bool) and item >= 0:
            numbers.append(item)
        elif field == "size" and isinstance(item, str):
            try:
                numbers.append(units.size(item))
            except ValueError as error:
                table.error(key, str(error))
                return None
        else:
            form = units.SIZE_FORM if field == "size" else "a count such as 3"
            table.error(key, f"must be {form}, not {shown(item)}")
            return None
    if op in ("over", "under") and len(numbers) > 1:
        table.error(key, "compares with one number: take the list away")
        return None
    return tuple(map(str, numbers)), float(numbers[0]) if len(numbers) == 1 else None, ()


def _texts(table: Table, field: str, op: str, items: Sequence[str], spots: list[Spot]) -> Iterator[str]:
    for item, spot in zip(items, spots, strict=True):
        if not item and op != "is":
            table.reading.error(spot, "is empty, which every text contains: write what to look for")
        elif field in CLOSED and item not in CLOSED[field] and op != "matches":
            table.reading.error(
                spot, f"{one_of(CLOSED[field])}, not {quoted_text(item)}{did_you_mean(item, CLOSED[field])}"
            )
        elif op == "within":
            table.refer("schedule", item, spot)
        elif op == "domain":
            yield _domain(table, item, spot)
            continue
        yield item


def _domain(table: Table, item: str, spot: Spot) -> str:
    try:
        return item[: item.startswith(".")] + read_domain(item.removeprefix("."))
    except ValueError:
        table.reading.error(
            spot, f'{quoted_text(item)} is no domain: write "bank.example", or ".bank.example" to take in subdomains'
        )
        return item


def _patterns(table: Table, items: Sequence[str], spots: list[Spot]) -> tuple[Pattern, ...]:
    found = []
    for item, spot in zip(items, spots, strict=True):
        try:
            found.append(compile_pattern(item))
        except BadPattern as error:
            table.reading.error(spot, f"regular expression {error}")
    return tuple(found)


def _operators(field: str) -> tuple[str, ...]:
    if field == "arrived":
        return ("within",)
    if field == "attachments":
        return ("is", "in", "over", "under", "exists")
    if field == "size":
        return ("over", "under", "is", "in")
    if field in ADDRESSES:
        return (*_TEXT_OPERATORS, "domain", "exists")
    return (*_TEXT_OPERATORS, "exists")


def misplaced(key: str) -> str:
    """What to say of a key that belongs to the rule itself and stands in a sub-table."""
    if key in ("when", "unless", "then"):
        return f" here: write [rule.{key}] as a table of its own"
    return " here: name, on, stop stand above the sub-tables ([rule.when], [rule.then])"
