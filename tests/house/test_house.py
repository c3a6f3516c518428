"""The rules of the house, checked: who may import whom, one door per library, sizes, docstrings."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest

from mailgate import errors
from tests.house.source import ROOT, Source, sources

ALL = sources()
each = pytest.mark.parametrize("source", ALL, ids=[source.name for source in ALL])

# Imports point from a higher layer to a lower or the same one. What is not named here is core when it lies in
# a core package, else it belongs with process.
VALUES, CORE, EDGE, PROCESS, SHELL = range(5)
VALUE_MODULES = {"", "model", "mail", "reasons", "errors", "config.model", "report.values"}
EDGE_MODULES = {
    *("clock", "link", "lock", "maillog", "places", "status", "unlock"),
    *("inbound.accept", "inbound.imap", "inbound.imap_drain", "inbound.imap_session"),
    *("inbound.pipe", "inbound.refusals", "inbound.smtp"),
    *("outbound.deliver", "outbound.relay", "outbound.render", "outbound.catalogue", "outbound.canned"),
    *("outbound.maildir", "outbound.sandbox"),
    *("report.terminal", "report.read"),
}
EDGE_PACKAGES = ("store", "config")
CORE_PACKAGES = ("rules", "inbound", "outbound", "report")
SHELL_MODULES = {"daemon", "reload", "worker", "beside", "__main__"}
SHELL_PACKAGES = ("cli", "demo")

# The core has no I/O, no clock, no dice and no log.
NOT_IN_CORE = {
    *("asyncio", "logging", "os", "pathlib", "random", "secrets", "select", "shutil", "signal", "socket"),
    *("sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "uuid"),
}

# Each outside library is named in one place.
DOORS = {
    "aiosmtpd": ("inbound/smtp.py",),
    "aiosqlite": ("store/db.py",),
    "apscheduler": ("sla_clock.py",),
    "chardet": ("inbound/charset.py",),
    "google-re2": ("config/regex.py",),
    "holidays": ("rules/schedule.py",),
    "imapclient": ("inbound/imap_session.py",),
    "jinja2": ("outbound/render.py", "outbound/sandbox.py", "outbound/compiled.py"),
    "markupsafe": ("outbound/sandbox.py",),  # Jinja2's own strings
    "nh3": ("inbound/sanitise.py",),
    "rich": ("report/terminal.py", "cli/", "demo/"),  # all that is drawn on a terminal
    "selectolax": ("inbound/html.py",),
    "shtab": ("cli/",),
}
IMPORT_NAMES = {"google-re2": "re2"}

MAX_FILE = 400  # lines
MAX_FUNCTION = 60
LONG_FILES = {
    "config/model.py": "every value of the configuration stands in one list, as in the file that it mirrors",
    "inbound/smtp.py": "one SMTP session, which is one class in aiosmtpd",
}
LONG_FUNCTIONS: dict[str, str] = {}


def layer(module: str) -> int:
    package = module.split(".", maxsplit=1)[0]
    if module in VALUE_MODULES:
        return VALUES
    if module in SHELL_MODULES or package in SHELL_PACKAGES:
        return SHELL
    if module in EDGE_MODULES or package in EDGE_PACKAGES:
        return EDGE
    return CORE if package in CORE_PACKAGES else PROCESS


@each
def test_imports_point_one_way(source: Source) -> None:
    """cli, daemon → process → edges and store → core → values."""
    above = [name for name in source.ours if layer(name) > layer(source.module)]
    assert not above, f"{source.name} imports from a higher layer: {above}"


@each
def test_inbound_and_outbound_meet_in_the_tables_only(source: Source) -> None:
    other = {"inbound": "outbound.", "outbound": "inbound."}.get(source.module.split(".")[0])
    assert other is None or not [name for name in source.ours if name.startswith(other)]


def test_no_import_cycles() -> None:
    """Files can be read in some order, each after those that it builds on."""
    graph = {source.module: set(source.ours) - {source.module} for source in ALL}
    while ready := [module for module, needs in graph.items() if not needs & graph.keys()]:
        for module in ready:
            del graph[module]
    assert not graph, f"these import each other: {sorted(graph)}"


@each
def test_the_core_is_pure(source: Source) -> None:
    if layer(source.module) > CORE:
        return
    assert not {name.split(".")[0] for name in source.imports} & (NOT_IN_CORE - _pathlib_of(source))
    calls = [node.func for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    clocks = [
        call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in ("now", "today", "utcnow")
    ]
    assert not clocks, f"{source.name} reads a clock"
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id in ("open", "print", "input")]


def _pathlib_of(source: Source) -> set[str]:
    return {"pathlib"} if source.module == "config.model" else set()  # it holds paths and opens none


@each
def test_one_door_per_library(source: Source) -> None:
    doors = {IMPORT_NAMES.get(library, library): where for library, where in DOORS.items()}
    for name in {name.split(".")[0] for name in source.imports} - sys.stdlib_module_names - {"mailgate"}:
        assert name in doors, f"{source.name} imports {name}, which has no door"
        assert source.name.startswith(doors[name]), f"{name} is named in {doors[name]} alone"


def test_every_dependency_is_used() -> None:
    """A library that pyproject.toml asks for is named behind its door."""
    used = {name.split(".")[0] for source in ALL for name in source.imports}
    unused = [name for name in dependencies() if IMPORT_NAMES.get(name, name) not in used]
    assert not unused
    assert set(dependencies()) <= DOORS.keys()


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [re.split(r"[<>=!~ ;\[]", text)[0] for text in project["dependencies"]]


def test_every_change_is_told_through_one_door() -> None:
    """So that no way in forgets to hand a ticket out, or who is away."""
    doors = [source.name for source in ALL if re.search(r"import .*\bannounce\b", source.text)]
    assert doors == ["desk/telling.py"]


@each
def test_sql_is_written_in_the_store_alone(source: Source) -> None:
    if source.module.startswith("store"):
        return
    strings = [node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant)]
    sql = re.compile(r"\s*(SELECT \S+.* FROM |INSERT (OR \w+ )?INTO |UPDATE \w+ SET |DELETE FROM |PRAGMA )", re.DOTALL)
    assert not [text for text in strings if isinstance(text, str) and sql.match(text)]


@each
def test_every_module_says_what_it_is_for(source: Source) -> None:
    assert ast.get_docstring(source.tree), f"{source.name} has no docstring"


@each
def test_no_file_is_too_long(source: Source) -> None:
    lines = len(source.text.splitlines())
    assert lines <= MAX_FILE or source.name in LONG_FILES, f"{source.name}: {lines} lines"


@each
def test_no_function_is_too_long(source: Source) -> None:
    for function in source.functions:
        lines = (function.end_lineno or 0) - function.lineno + 1
        name = f"{source.name}:{function.name}"
        assert lines <= MAX_FUNCTION or name in LONG_FUNCTIONS, f"{name}: {lines} lines"


def test_exceptions_are_still_needed() -> None:
    lines = {source.name: len(source.text.splitlines()) for source in ALL}
    assert not [name for name in LONG_FILES if lines.get(name, 0) <= MAX_FILE]


@each
def test_nothing_rebinds_a_global(source: Source) -> None:
    assert not [node for node in ast.walk(source.tree) if isinstance(node, ast.Global)]


@each
def test_late_imports_have_their_reason_beside_them(source: Source) -> None:
    """One comment does for imports that stand together."""
    lines = source.text.splitlines()
    for function in source.functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                at = node.lineno - 1
                while at and (lines[at].strip() + "import ").startswith(("import ", "from ")) and "#" not in lines[at]:
                    at -= 1
                assert "#" in lines[at], f"{source.name}:{node.lineno}"


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^(│?   |)(?:├── |└── |)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    classes = {
        name: kind.__mro__[1].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.MailgateError)
    }
    assert {name for _, name in drawn if name in classes} == classes.keys()
    for indent, name in drawn:
        if name in classes and name != "MailgateError":
            assert classes[name] == ("StorageError" if indent else "MailgateError")


def test_flow_names_real_files() -> None:
    """docs/flow.md is read beside the code: every file that it names exists."""
    named = re.findall(
        r"`((?:mailgate|templates|tests|docs|scripts)/[\w./-]+)`", (ROOT / "docs/flow.md").read_text("utf-8")
    )
    assert len(named) >= 10
    assert not [name for name in named if not (ROOT / name).exists()]
