"""The rules of the house, checked: who may import whom, one door per library, sizes, docstrings.

A test a rule, over every file; what it finds is a list of who breaks it, and where.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from mailgate import errors
from tests.house.layers import LAYERS, PURE, core, layer
from tests.house.source import ROOT, Source, sources

ALL = sources()

# The core has no I/O, no clock, no dice and no log.
NOT_IN_CORE = {
    *("asyncio", "logging", "os", "pathlib", "random", "secrets", "select", "shutil", "signal", "socket"),
    *("sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "uuid"),
}

# Each outside library is named in one place.
DOORS = {
    "aiosmtpd": ("inbound/smtp/session.py",),
    "aiosqlite": ("store/sqlite/lane.py",),
    "apscheduler": ("worker/timers.py",),
    "chardet": ("reading/encodings/charset.py",),
    "cryptography": ("connect/rsa.py",),
    "dnspython": ("connect/resolver.py",),
    "google-re2": ("rules/text/patterns.py",),
    "holidays": ("rules/sla/calendar.py",),
    "imapclient": ("inbound/imap/connection.py",),
    "jinja2": ("writing/templates/",),
    "markupsafe": ("writing/templates/sandbox.py",),  # Jinja2's own strings
    "psycopg": ("store/postgresql/connection.py", "store/postgresql/statements.py"),  # an extra
    "nh3": ("reading/page/sanitise.py",),
    "rich": ("cli/", "demo/"),  # all that is drawn on a terminal
    "selectolax": ("reading/page/page.py",),
    "shtab": ("cli/",),
    "uvloop": ("system/event_loop.py",),  # an extra
}
IMPORT_NAMES = {"dnspython": "dns", "google-re2": "re2"}
DATA = {"tzdata"}  # files of other libraries' formats, read by the standard library (zoneinfo)

MAX_FILE = 400  # lines
MAX_FUNCTION = 60
LONG_FILES = {
    "settings.py": "every value of the configuration stands in one list, as in the file that it mirrors",
    "inbound/smtp/session.py": "one SMTP session, which is one class in aiosmtpd: a method a command",
}
LONG_FUNCTIONS: dict[str, str] = {}


def test_imports_point_one_way() -> None:
    """A file imports from its own folder and from those above it in `LAYERS`."""
    above = [(source.name, name) for source in ALL for name in source.ours if layer(name) > layer(source.module)]
    assert not above, "files that import from a higher layer, and what"


def test_inbound_and_outbound_meet_in_the_tables_only() -> None:
    for one, other in (("inbound", "outbound."), ("outbound", "inbound.")):
        ours = [source for source in ALL if source.module.split(".")[0] == one]
        assert not [(source.name, name) for source in ours for name in source.ours if name.startswith(other)]


def test_no_import_cycles() -> None:
    """Files can be read in some order, each after those that it builds on."""
    graph = {source.module: set(source.ours) - {source.module} for source in ALL}
    while ready := [module for module, needs in graph.items() if not needs & graph.keys()]:
        for module in ready:
            del graph[module]
    assert not graph, f"these import each other: {sorted(graph)}"


def test_the_core_is_pure() -> None:
    assert len(core()) > 100
    assert not [f"{source.name}: {name}" for source in core() for name in _impure(source)]


def _impure(source: Source) -> Iterator[str]:
    """What the core may not name: a module of the world outside, a clock, a file, a terminal."""
    yield from {name.split(".")[0] for name in source.imports} & (NOT_IN_CORE - _pathlib_of(source))
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="now" | "today" | "utcnow" as name)):
                yield f"{name}() reads a clock"
            case ast.Call(func=ast.Name(id="open" | "print" | "input" as name)):
                yield f"{name}()"


def _pathlib_of(source: Source) -> set[str]:
    return {"pathlib"} if source.module == "settings" else set()  # it holds paths and opens none


def test_one_door_per_library() -> None:
    doors = {IMPORT_NAMES.get(library, library): where for library, where in DOORS.items()}
    for source in ALL:
        for name in {name.split(".")[0] for name in source.imports} - sys.stdlib_module_names - {"mailgate"}:
            assert name in doors, f"{source.name} imports {name}, which has no door"
            assert source.name.startswith(doors[name]), f"{name} is named in {doors[name]} alone"


def test_connections_are_written_to_through_one_door() -> None:
    """It knows what each event loop does where a connection is lost."""
    calls = [
        (source.name, node.func, node.args)
        for source in ALL
        if "asyncio" in source.imports
        for node in source.nodes(ast.Call)
        if isinstance(node.func, ast.Attribute)
    ]
    writes = [
        name
        for name, called, _ in calls
        if called.attr in ("write", "writelines", "write_eof")
        and re.search(r"(writer|wire|transport|connection|stdin)$", ast.unparse(called.value))
    ]
    assert writes == ["system/streams.py"]
    assert not [name for name, called, args in calls if called.attr == "communicate" and args], "it writes, too"


def test_every_dependency_is_used() -> None:
    """A library that pyproject.toml asks for is named behind its door."""
    used = {name.split(".")[0] for source in ALL for name in source.imports}
    libraries = set(dependencies()) - DATA
    assert not [name for name in libraries if IMPORT_NAMES.get(name, name) not in used]
    assert libraries <= DOORS.keys()


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [re.split(r"[<>=!~ ;\[]", text)[0] for text in project["dependencies"]]


def test_every_change_is_told_through_one_door() -> None:
    """So that no way in forgets to hand a ticket out, or who is away."""
    doors = [source.name for source in ALL if re.search(r"to_requesters import .*\bannounce\b", source.text)]
    assert doors == ["desk/notify/announce.py"]


def test_every_act_stands_in_the_folder_of_acts() -> None:
    """What can be done to a ticket is listed in one place: its `__init__` names every function that returns an act."""
    drafts = [
        source.name
        for source in ALL
        if any(name.startswith("mailgate.rules.ticket.acts") for name in source.imports)
        for function in source.functions
        if function.returns and re.fullmatch(r"(acts\.)?Draft", ast.unparse(function.returns))
    ]
    assert len(drafts) > 20
    assert not [name for name in drafts if not name.startswith("rules/ticket/acts/")]
    defined = {
        function.name
        for source in ALL
        if source.name.startswith("rules/ticket/acts/")
        for function in source.tree.body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
    }
    listed = next(source for source in ALL if source.name == "rules/ticket/acts/__init__.py")
    assert defined == {name for name in _exported(listed) if name[0].islower()} - {"annotations"}
    assert not [name for name in defined if not re.search(rf"\b{name}\b", ast.get_docstring(listed.tree) or "")]


def _exported(source: Source) -> set[str]:
    return {alias.name for node in source.nodes(ast.ImportFrom) for alias in node.names}


def test_sql_is_written_in_the_store_alone() -> None:
    sql = re.compile(r"\s*(SELECT \S+.* FROM |INSERT (OR \w+ )?INTO |UPDATE \w+ SET |DELETE FROM |PRAGMA )", re.DOTALL)
    outside = [source for source in ALL if not source.module.startswith("store")]
    strings = [(source.name, node.value) for source in outside for node in source.nodes(ast.Constant)]
    assert not [(name, text) for name, text in strings if isinstance(text, str) and sql.match(text)]


def test_database_engines_are_known_behind_their_seam_alone() -> None:
    """Whoever needs one asks `store/db.py` for it; a backup holds a file of SQLite, whatever the engine."""
    allowed = {"store/db.py", "store/maintenance/restore.py"}
    users = {source.name for source in ALL for name in source.ours if re.match(r"store\.(sqlite|postgresql)\b", name)}
    assert not {name for name in users - allowed if not name.startswith(("store/sqlite/", "store/postgresql/"))}
    knowing = {source.name for source in ALL if "sqlite3" in source.imports}
    assert not {name for name in knowing if not name.startswith("store/sqlite/")}


def test_every_module_says_what_it_is_for() -> None:
    assert not [source.name for source in ALL if not ast.get_docstring(source.tree)], "files without a docstring"


def test_no_file_is_too_long() -> None:
    lines = {source.name: len(source.text.splitlines()) for source in ALL}
    assert not {name: count for name, count in lines.items() if count > MAX_FILE and name not in LONG_FILES}


def test_no_function_is_too_long() -> None:
    lines = {
        f"{source.name}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for source in ALL
        for function in source.functions
    }
    assert not {name: count for name, count in lines.items() if count > MAX_FUNCTION and name not in LONG_FUNCTIONS}


def test_exceptions_are_still_needed() -> None:
    lines = {source.name: len(source.text.splitlines()) for source in ALL}
    assert not [name for name in LONG_FILES if lines.get(name, 0) <= MAX_FILE]


def test_nothing_rebinds_a_global() -> None:
    assert not [f"{source.name}:{node.lineno}" for source in ALL for node in source.nodes(ast.Global)]


def test_late_imports_have_their_reason_beside_them() -> None:
    """One comment does for imports that stand together."""
    assert not [f"{source.name}:{line}" for source in ALL for line in _unexplained(source)]


def _unexplained(source: Source) -> Iterator[int]:
    """The lines of late imports that have no comment beside or above them."""
    lines = source.text.splitlines()
    for function in source.functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                at = node.lineno - 1
                while at and (lines[at].strip() + "import ").startswith(("import ", "from ")) and "#" not in lines[at]:
                    at -= 1
                if "#" not in lines[at]:
                    yield node.lineno


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


# Documents that name files, and how many at the least.
_DOCUMENTS = {"docs/flow.md": 10, "docs/decisions.md": 5, "docs/rfc.md": 20, "docs/security.md": 5, "HACKING.md": 10}


def test_documents_name_real_files() -> None:
    """They are read beside the code: every file and folder that they name exists."""
    for document, least in _DOCUMENTS.items():
        named = _named_in(document)
        assert len(named) >= least
        assert not [name for name in named if not (ROOT / name).exists()]


def _named_in(document: str) -> list[str]:
    text = (ROOT / document).read_text("utf-8")
    return re.findall(r"`((?:mailgate|templates|tests|docs|scripts)/(?!KIND)[\w./-]*)`", text)


def test_the_way_of_a_mail_is_a_page() -> None:
    """It names every folder at the top of the package, in at most 60 lines."""
    assert len((ROOT / "docs/flow.md").read_text("utf-8").splitlines()) <= 60
    named = {name.rstrip("/") for name in _named_in("docs/flow.md")}
    folders = {f"mailgate/{source.module}" for source in ALL if source.path.name == "__init__.py" and source.module}
    tops = {folder for folder in folders if "." not in folder} - {"mailgate/rules"}
    assert not tops - named


def test_a_decision_is_a_short_paragraph_in_a_part_of_the_program() -> None:
    """It is looked for by what it is about, and what is longer is not read."""
    text = (ROOT / "docs/decisions.md").read_text("utf-8")
    contents, *parts = re.split(r"(?m)^## ", text)
    listed = re.findall(r"(?m)^\| \[(.+)\]\(#(.+)\) \|", contents)
    assert [name for name, _ in listed] == [part.partition("\n")[0] for part in parts]
    assert [link for _, link in listed] == [name.lower().replace(" ", "-") for name, _ in listed]
    assert "\n### " not in contents
    found = [decision for part in parts for decision in part.split("\n### ")[1:]]
    titles = [decision.partition("\n")[0] for decision in found]
    assert len(titles) == len(set(titles)) > 50
    assert not [title for title, decision in zip(titles, found, strict=True) if len(decision.splitlines()) > 14]


def test_the_changelog_has_a_place_for_the_next_entry() -> None:
    """Keep a Changelog: what is not released stands on top, below headings that say what kind of change it is."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"(?m)^## (.+)$", text)
    assert versions[0].startswith("[Unreleased]")
    assert not [version for version in versions[1:] if not re.match(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$", version)]
    kinds = re.findall(r"(?m)^### (\w+)", text.partition("## [Unreleased]")[2].partition("\n## ")[0])
    assert kinds
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_a_change_is_one_line_of_the_changelog() -> None:
    """It is read from top to bottom: an entry is a line, so that long stories stand where they belong, in docs."""
    entries = re.findall(r"(?m)^- .*(?:\n +\S.*)*", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert len(entries) > 50
    assert not [entry for entry in entries if "\n" in entry or len(entry) > 200]
    assert len(entries) == len(set(entries))


def test_the_layers_name_real_folders() -> None:
    modules = {source.module for source in ALL}
    assert not {*LAYERS, *PURE} - modules
    packages = {source.module for source in ALL if source.path.name == "__init__.py"} - {"", "rules"}
    assert not {package for package in packages if not layer(package)}, "folders that are no layer"


MOST_ENTRIES = 14  # in a folder, besides __init__.py: more than that and nobody sees what is there
CROWDED = {"verbs": "a file a verb of the command line, under the verb's own name"}


def test_no_folder_is_crowded() -> None:
    folders = {source.path.parent for source in ALL} - {ROOT / "mailgate"}
    entries = {folder.name: len([each for each in folder.iterdir() if _counts(each)]) for folder in folders}
    assert not {name: count for name, count in entries.items() if count > MOST_ENTRIES and name not in CROWDED}


def _counts(path: Path) -> bool:
    return path.name not in ("__init__.py", "__pycache__") and (path.is_dir() or path.suffix == ".py")


def test_a_file_that_a_comment_names_is_there() -> None:
    """Files move; a docstring or comment that names one by its path, or the end of it, moves with it."""
    there = [f"/{path.relative_to(ROOT)}" for folder in ("mailgate", "tests") for path in (ROOT / folder).rglob("*.py")]
    named = {
        (source.name, name)
        for source in ALL
        for name in re.findall(r"`((?:\w+/)*\w+\.py)`", source.path.read_text("utf-8"))
    }
    assert not {(file, name) for file, name in named if not any(path.endswith(f"/{name}") for path in there)}


def test_every_folder_lists_what_is_in_it() -> None:
    """The docstring of a package names everything in its folder, and nothing else; docs/flow.md does it for the top."""
    packages = [
        source for source in ALL if source.path.name == "__init__.py" and source.path.parent.name not in CROWDED
    ]
    differences = {source.name: _listed(source.tree) ^ _entries(source.path.parent) for source in packages}
    assert not {name: names for name, names in differences.items() if names}


def _listed(tree: ast.Module) -> set[str]:
    """The names in an index: what stands before two blanks. A line with a dash is a step, not a file."""
    names = re.findall(r"(?m)^ *(\w[\w./, ]*?) {2,}\S", ast.get_docstring(tree) or "")
    return {name.rstrip("/").removesuffix(".py") for name in " ".join(names).replace(",", " ").split()}


def _entries(folder: Path) -> set[str]:
    top = folder == ROOT / "mailgate"
    there = [each for each in folder.iterdir() if each.name[:2] != "__" and not (top and each.is_dir())]
    return {each.name.removesuffix(".py") for each in there}
