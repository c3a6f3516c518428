"""The project's own source, read as syntax trees: what the house tests look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Source:
    """One file of the package."""

    path: Path

    @property
    def name(self) -> str:
        """The path below the package: "inbound/imap/watcher.py"."""
        return self.path.relative_to(ROOT / "mailgate").as_posix()

    @property
    def module(self) -> str:
        """The module below the package: "inbound.imap"; a package is its own name."""
        return self.name.removesuffix(".py").removesuffix("__init__").rstrip("/").replace("/", ".")

    @cached_property
    def text(self) -> str:
        """What is written in it."""
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The same as a syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def all_nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, the same for all who look."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """Every module that it imports, also inside functions."""
        return tuple(name for node in self.all_nodes for name in _imported(node))

    @property
    def ours(self) -> Iterator[str]:
        """Modules of the package that it imports, below the package."""
        for name in self.imports:
            if name.startswith("mailgate."):
                yield _to_module(name.removeprefix("mailgate."))

    def nodes(self, *kinds: type[Node]) -> Iterator[Node]:
        """Every node of these kinds in the tree."""
        return (node for node in self.all_nodes if isinstance(node, kinds))

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        return self.nodes(ast.FunctionDef, ast.AsyncFunctionDef)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _to_module(name: str) -> str:
    """`rules.keys.Keyring` names the module `rules.keys`."""
    parts = name.split(".")
    while parts:
        path = ROOT.joinpath("mailgate", *parts)
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            return ".".join(parts)
        parts.pop()
    return ""


@cache
def sources() -> list[Source]:
    """Every Python file of the package, each parsed once in a process."""
    return [Source(path) for path in sorted((ROOT / "mailgate").rglob("*.py"))]
