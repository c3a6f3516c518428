"""Small changes of a source file, each of which a test should notice.

A change replaces one expression or statement in the body of a function by another one. Left alone are docstrings,
annotations, asserts, messages of exceptions and what is logged.
"""

from __future__ import annotations

import ast
import copy
import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from tests.mutation.subjects import PACKAGE, ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef

_OPPOSITE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_METHODS = {
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "rpartition": "partition",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
}
_DROPPED = {"lower", "casefold", "upper", "strip", "rstrip", "lstrip", "astimezone"}
_SQL = re.compile(r"\b(SELECT|UPDATE|DELETE|INSERT)\b|^ *(WHERE|AND|OR|ORDER BY|SET|LIMIT) ")
_SQL_CHANGES = (
    (re.compile(r" <= "), " < "),
    (re.compile(r" >= "), " > "),
    (re.compile(r" < "), " <= "),
    (re.compile(r" > "), " >= "),
    (re.compile(r" AND "), " OR "),
    (re.compile(r" OR "), " AND "),
    (re.compile(r" IS NOT NULL"), " IS NULL"),
    (re.compile(r" IS NULL"), " IS NOT NULL"),
    (re.compile(r" NOT IN "), " IN "),
    (re.compile(r" ORDER BY [a-z_.]+(?![a-z_., ])"), ""),
    (re.compile(r" DESC\b"), ""),
    (re.compile(r"\+ 1\b"), "+ 2"),
    (re.compile(r"(\w+) = NULL"), r"\1 = \1"),
    (re.compile(r", (\w+) = '\w*'"), ""),
)
LONGEST = 160  # characters of an expression and what takes its place; of longer ones only the difference is shown
_LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


@dataclass(frozen=True)
class Change:
    """Another text in the place of an expression or a statement."""

    path: Path
    function: str  # with its classes: "Keyring.read"
    what: str  # "a < b → (a <= b)"
    new: str
    nth: int  # from 0; the same is possible several times in a function
    line: int
    start: int  # bytes from the beginning of the file
    end: int

    @property
    def key(self) -> tuple[str, str, str]:
        """The same while the function's text around it stays: (function, change, ordinal number if not the first)."""
        again = f" #{self.nth + 1}" if self.nth else ""
        return (self.path.relative_to(PACKAGE).as_posix(), self.function, self.what + again)

    def applied(self, source: bytes) -> bytes:
        """The file with this change."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """The change as a unified diff without context."""
        name = self.path.relative_to(ROOT).as_posix()
        before, after = (text.decode().splitlines() for text in (source, self.applied(source)))
        return "\n".join(difflib.unified_diff(before, after, name, name, n=0, lineterm=""))


def all_changes(path: Path, source: bytes) -> list[Change]:
    """Every change that is made of a file, in its order."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: list[Change] = []
    seen: Counter[tuple[str, str]] = Counter()
    for name, function in functions(ast.parse(source)):
        for node, new in _of_statements(function.body):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            what = _what(ast.unparse(node), new)
            found.append(Change(path, name, what, new, seen[name, what], node.lineno, start, end))
            seen[name, what] += 1
    return found


def sample(changes: Iterable[Change], seed: int) -> list[Change]:
    """The changes in an order of chance that depends on nothing but the seed and each change itself."""
    return sorted(changes, key=lambda each: hashlib.sha256(repr((seed, each.key)).encode()).digest())


def _what(old: str, new: str) -> str:
    """Both in one line; of long ones what differs."""
    if len(old) + len(new) > LONGEST:
        same = _same(old, new)
        tail = _same(old[same:][::-1], new[same:][::-1])
        old, new = (f"…{text[same : len(text) - tail]}…" for text in (old, new))
    return f"{old} → {new}"


def _same(one: str, other: str) -> int:
    """How many characters they begin with are the same."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def functions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, Function]]:
    """Functions and methods with their names, but for those inside of functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield outer + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{outer}{node.name}.")


def _of_statements(body: list[ast.stmt]) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for each in body:
        yield from _walk(each)


def _walk(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    if isinstance(node, ast.Assert | ast.Global | ast.Nonlocal | ast.Import | ast.ImportFrom) or _is_text(node):
        return
    if isinstance(node, ast.Raise):
        yield node, "pass"
        return
    if isinstance(node, ast.expr | ast.stmt):
        for new in _instead(node):
            text = new if isinstance(new, str) else ast.unparse(ast.fix_missing_locations(new))
            if isinstance(node, ast.expr) and not isinstance(new, str | ast.Constant | ast.Name | ast.Call):
                text = f"({text})"
            yield node, text
    if isinstance(node, ast.JoinedStr):
        return  # the places of its parts are not known before Python 3.12
    if isinstance(node, ast.If):
        yield from ((node.test, new) for new in ("True", "False"))
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "args"} and not isinstance(node, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child)


def _is_text(node: ast.AST) -> bool:
    """A docstring, or what is logged."""
    if not isinstance(node, ast.Expr):
        return False
    call = node.value
    if isinstance(call, ast.Constant):
        return True
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _LOGS


def _instead(node: ast.expr | ast.stmt) -> Iterator[ast.AST | str]:
    match node:
        case ast.Compare(ops=[op, *_]):
            yield from (_with(node, ops=[other(), *node.ops[1:]]) for other in _OPPOSITE[type(op)])
        case ast.BoolOp():
            yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
            yield from (_with(node, values=few) if len(few) > 1 else few[0] for few in _fewer(node.values))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _OPERATORS and not _is_pattern(node):
            yield _with(node, op=_OPERATORS[type(node.op)]())
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Constant():
            yield from _constants(node.value)
        case ast.JoinedStr():
            for i, part in enumerate(node.values):
                for text in _sql(part.value) if _is_sql(part) else ():
                    yield _with(node, values=[*node.values[:i], ast.Constant(text), *node.values[i + 1 :]])
        case ast.Call():
            yield from _calls(node)
        case _:
            yield from _elements(node)
            yield from _statements(node)


def _elements(node: ast.AST) -> Iterator[ast.AST]:
    """Without one of the elements, or one of the conditions."""
    match node:
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()) | ast.Set() if len(node.elts) > 1:
            yield from (_with(node, elts=few) for few in _fewer(node.elts))
        case ast.Dict() if len(node.keys) > 1:
            for keys, values in zip(_fewer(node.keys), _fewer(node.values), strict=True):
                yield _with(node, keys=keys, values=values)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for i, part in enumerate(node.generators):
                for ifs in _fewer(part.ifs):
                    fewer = _with(part, ifs=ifs)
                    yield _with(node, generators=[*node.generators[:i], fewer, *node.generators[i + 1 :]])


def _fewer(elements: Sequence[Any]) -> Iterator[list[Any]]:
    return ([*elements[:i], *elements[i + 1 :]] for i in range(len(elements)))


def _statements(node: ast.AST) -> Iterator[ast.AST | str]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await() | ast.YieldFrom()) | ast.AugAssign() | ast.Delete():
            yield "pass"
        case ast.Continue() | ast.Break():
            yield "pass"
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield "return None"


def _constants(value: object) -> Iterator[str]:
    match value:
        case True | False:
            yield repr(not value)
        case int() | float():
            yield from (repr(value + 1), repr(value - 1)) if value else (repr(value + 1),)
        case str() if _SQL.search(value):
            yield from map(repr, _sql(value))
        case str() if value and " " not in value:
            yield "''"


def _is_sql(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SQL.search(node.value))


def _sql(text: str) -> Iterator[str]:
    for pattern, new in _SQL_CHANGES:
        for found in pattern.finditer(text):
            yield text[: found.start()] + found.expand(new) + text[found.end() :]


def _calls(node: ast.Call) -> Iterator[ast.AST | str]:
    for keyword, few in zip(node.keywords, _fewer(node.keywords), strict=True):
        if keyword.arg:
            yield _with(node, keywords=few)
    match node.func:
        case ast.Name(id=name) if name in _NAMES:
            yield _with(node, func=ast.Name(_NAMES[name], ast.Load()))
        case ast.Attribute(attr=name) if name in _METHODS:
            yield _with(node, func=_with(node.func, attr=_METHODS[name]))
        case ast.Attribute(attr=name, value=value) if name in _DROPPED:
            yield value


def _is_pattern(node: ast.BinOp) -> bool:
    return isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
