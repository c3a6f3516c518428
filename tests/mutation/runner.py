"""Runs tests against changed functions: one Python that has collected all tests forks a child for each change.

The child gives the changed code to the functions that are imported already, so every import of them has it, and
runs the tests that reach the changed lines, until one fails. Which tests reach which lines is measured by coverage, and
kept in a file for the next run; a test file is measured again when it changed. Lines are known by their function and
text, so that they may move.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import hashlib
import importlib
import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from coverage import Coverage

from tests import waiting
from tests.mutation.changes import Change, functions
from tests.mutation.subjects import PACKAGE, ROOT

MEMORY = 4 << 30  # bytes of address space of a child
LONG = 5.0  # seconds; a test that takes longer is not run for a change
PATIENCE = 20.0  # seconds that a changed test waits in vain, instead of those of `tests.waiting`; and 50 times its own


@dataclass
class Reach:
    """Which lines of which files a test reaches, and how long it takes."""

    seconds: float  # of the processor
    lines: dict[str, set[str]]  # path below the root → lines, as `named_lines` names them


@dataclass
class Memory:
    """What is kept between runs."""

    digests: dict[str, str] = field(default_factory=dict)  # of test files
    reaches: dict[str, Reach] = field(default_factory=dict)  # test → what it reaches
    noticed: dict[tuple[str, str, str], str] = field(default_factory=dict)  # change → the test that noticed it


@dataclass(frozen=True)
class Verdict:
    """How a change ended."""

    change: Change
    noticed_by: str  # the test that failed, or how the process ended; "" when none failed
    reached: int  # tests that reach it
    ran: int


class Runner:
    """A plugin of pytest: its loop over the tests is one over changes."""

    def __init__(
        self,
        files: list[Path],
        judge: Callable[[Callable[[Change], Verdict | None]], None],
        store: Path,
        budget: float,
        progress: Callable[[str], None],
    ) -> None:
        self.files, self.judge, self.store, self.budget, self.progress = files, judge, store, budget, progress
        self.memory = Memory()
        if store.exists():
            with contextlib.suppress(EOFError, pickle.UnpicklingError, AttributeError):
                self.memory = pickle.loads(store.read_bytes())
        self.first: dict[str, dict[str, None]] = defaultdict(dict)  # function → tests that noticed a change of it

    def pytest_sessionstart(self) -> None:
        """Property tests end at their first failure, without a search for a smaller one."""
        from hypothesis import Phase, settings  # pytest rewrites it when it loads its plugins

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutation", settings.get_profile("fixed"), phases=phases)
        settings.load_profile("mutation")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Without tests that need a server of their own, or measure time."""
        items[:] = [each for each in items if "postgresql" not in each.nodeid and not each.get_closest_marker("alone")]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure what is not known yet, and let the changes be judged."""
        self.items = {item.nodeid: item for item in session.items}
        self.session = session
        gc.collect()
        gc.freeze()
        self._measure()
        self.by_line: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for name, reach in self.memory.reaches.items():
            if name in self.items and reach.seconds < LONG:
                for path, lines in reach.lines.items():
                    for line in lines:
                        self.by_line[path][line].append(name)
        try:
            self.judge(self.run)
        finally:
            self._keep()
        return True

    def run(self, change: Change) -> Verdict | None:
        """Run the tests that reach a change. None when it is no code that could run."""
        source = change.path.read_bytes()
        try:
            code = compile(change.applied(source), str(change.path), "exec", dont_inherit=True)
        except SyntaxError:
            return None
        reached = self._reaching(change)
        if not reached:
            return Verdict(change, "", 0, 0)
        chosen, seconds = [], 0.0
        for name in reached:
            chosen.append(name)
            seconds += self.memory.reaches[name].seconds
            if seconds > self.budget:
                break

        def child(report: Callable[[str], None]) -> None:
            if not give(change, code):
                report("not applicable")
                return
            waiting.PATIENCE = PATIENCE
            for name in self._until_failure(chosen):
                report(name)

        said, status = self._forked(child, 3 * PATIENCE + 50 * seconds)
        if said == "not applicable":
            return None
        by = said or ("" if status == 0 else f"the process ended with {status}")
        if said:
            self.first[f"{change.path} {change.function}"][said] = None
            self.memory.noticed[change.key] = said
            if len(self.memory.noticed) % 100 == 0:
                self._keep()
        return Verdict(change, by, len(reached), len(chosen))

    def _reaching(self, change: Change) -> list[str]:
        """Tests that reach the lines of a change: first those that are likely to fail, then the short ones."""
        source = change.path.read_bytes()
        last = change.line + source[change.start : change.end].count(b"\n")
        names = named_lines(source)
        lines = self.by_line[change.path.relative_to(ROOT).as_posix()]
        found = {test for line in range(change.line, last + 1) for test in lines[names.get(line, "")]}
        if not found:  # a new line; else nothing reaches it
            known = {name for name in lines if name.startswith(f"{change.function}: ")}
            new = not any(names[line] in known for line in range(change.line, last + 1) if line in names)
            found = {test for name in known for test in lines[name]} if new else set()
        likely = [self.memory.noticed.get(change.key, ""), *self.first[f"{change.path} {change.function}"]]
        mirrored = f"tests/unit/{change.path.relative_to(PACKAGE).parent.as_posix()}/test_{change.path.stem}"

        def order(test: str) -> tuple[int, bool, float]:
            place = likely.index(test) if test in likely else len(likely)
            return place, not test.startswith(mirrored), self.memory.reaches[test].seconds

        return sorted(found, key=order)

    def _until_failure(self, names: list[str]) -> Iterator[str]:
        """Run tests; the first that fails, if one does."""
        items = [self.items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            forget()
            item.add_marker(pytest.mark.timeout(PATIENCE + 50 * self.memory.reaches[item.nodeid].seconds))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.session.testsfailed:
                yield item.nodeid
                return

    # ── what tests reach ────────────────────────────────────────────────────────────────

    def _measure(self) -> None:
        """Run each test file once that is new, or changed."""
        by_file: dict[str, list[str]] = defaultdict(list)
        for name in self.items:
            by_file[name.partition("::")[0]].append(name)
        for done, (file, names) in enumerate(sorted(by_file.items())):
            digest = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()
            if self.memory.digests.get(file) == digest:
                continue
            self.progress(f"measuring {done + 1}/{len(by_file)} {file}")
            for each in [each for each in self.memory.reaches if each.partition("::")[0] == file]:
                del self.memory.reaches[each]
            with tempfile.TemporaryDirectory() as folder:
                result = Path(folder) / "reach"
                self._forked(lambda _, names=names, result=result: result.write_bytes(self._reach(names)), 1800)
                reaches: dict[str, Reach] = pickle.loads(result.read_bytes()) if result.exists() else {}
            for reach in reaches.values():  # each text once in memory, and in the file
                reach.lines = {sys.intern(path): set(map(sys.intern, lines)) for path, lines in reach.lines.items()}
            self.memory.reaches |= reaches
            self.memory.digests[file] = digest
            self._keep()
        self._keep()

    def _keep(self) -> None:
        self.store.write_bytes(pickle.dumps(self.memory))

    def _reach(self, names: list[str]) -> bytes:
        """Run tests under coverage, a context each; those that fail are left out."""
        cover = Coverage(data_file=None, include=[*map(str, self.files)], config_file=False)
        cover.start()
        took: dict[str, float] = {}
        items = [self.items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            forget()
            cover.switch_context(item.nodeid)
            failed, began = self.session.testsfailed, time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.session.testsfailed == failed:
                took[item.nodeid] = time.process_time() - began
        cover.stop()
        reaches = {name: Reach(seconds, {}) for name, seconds in took.items()}
        data = cover.get_data()
        for path in map(str, self.files):
            known = named_lines(Path(path).read_bytes())
            for line, contexts in data.contexts_by_lineno(path).items():
                for name in reaches.keys() & set(contexts) if line in known else ():
                    reaches[name].lines.setdefault(Path(path).relative_to(ROOT).as_posix(), set()).add(known[line])
        return pickle.dumps(reaches)

    # ── processes ───────────────────────────────────────────────────────────────────────

    def _forked(self, work: Callable[[Callable[[str], None]], object], limit: float) -> tuple[str, int]:
        """Do the work in a child of its own. What it reported, and its exit code, -9 after `limit` seconds."""
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            reading, writing = os.pipe()
            sys.stdout.flush()
            pid = os.fork()
            if not pid:
                os.close(reading)
                self._child(work, writing, folder)
            os.close(writing)
            return _result(pid, reading, limit)

    def _child(self, work: Callable[[Callable[[str], None]], object], writing: int, folder: str) -> None:
        code = 70
        try:
            os.setpgrp()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for each in (1, 2):
                os.dup2(nowhere, each)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            self.session.config._tmp_path_factory._basetemp = Path(folder)
            work(lambda text: os.write(writing, text.encode()))
            code = 0
        finally:
            os._exit(code)


def _result(pid: int, reading: int, limit: float) -> tuple[str, int]:
    process = os.pidfd_open(pid)
    ended = select.select([process], [], [], limit)[0]
    if not ended:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # what the tests have started
    os.close(process)
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as said:
        return (said.read() or b"").decode(), status


@lru_cache(8)
def named_lines(source: bytes) -> dict[int, str]:
    """The lines of functions, as "Class.method: text"."""
    texts = source.decode().splitlines()
    return {
        line: f"{name}: {texts[line - 1].strip()}"
        for name, node in functions(ast.parse(source))
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }


def forget() -> None:
    """Clear the caches of functions: what an earlier test or the collection asked for is work of the next one, too."""
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] == PACKAGE.name:
            for owner in (module, *(each for each in vars(module).values() if isinstance(each, type))):
                for each in [*vars(owner).values()]:
                    if hasattr(each, "cache_clear"):
                        each.cache_clear()


# ── changed functions ───────────────────────────────────────────────────────────────────


def give(change: Change, code: CodeType) -> bool:
    """Give the changed code to the function that it is of; False where that is not possible."""
    module = importlib.import_module(".".join(change.path.relative_to(ROOT).with_suffix("").parts))
    new = [each for each in _codes(code) if each.co_qualname == change.function]
    old: object = module
    for name in change.function.split("."):
        old = vars(old).get(name)
    functions = [each for each in _unwrapped(old) if each.__code__.co_qualname == change.function]
    if len(new) != 1 or len(functions) != 1:
        return False
    try:
        functions[0].__code__ = new[0]
    except ValueError:  # another closure
        return False
    return True


def _codes(code: CodeType) -> Iterable[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _unwrapped(found: object) -> Iterator[FunctionType]:
    """The function itself behind decorators."""
    while found is not None:
        if isinstance(found, FunctionType):
            yield found
        inner = (getattr(found, name, None) for name in ("__wrapped__", "__func__", "fget", "func"))
        found = next((each for each in inner if each is not None), None)
