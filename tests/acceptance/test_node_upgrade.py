"""Nodes are upgraded one after the other: a newer program migrates the database while an older one works on it."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

import mailgate
from mailgate.store import schema
from mailgate.writing.templates.phrases import shipped
from tests.acceptance.nodes import LENGTH, SHORT, Site, mail, site, write
from tests.acceptance.world import World
from tests.postgresql import cluster
from tests.waiting import wait_until

NEXT = schema.VERSION + 1
CHANGE = """
ALTER TABLE inbox ADD COLUMN colour TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN colour TEXT NOT NULL DEFAULT '';
ALTER TABLE ticket ADD COLUMN colour TEXT NOT NULL DEFAULT '';
ALTER TABLE node ADD COLUMN colour TEXT NOT NULL DEFAULT '';
CREATE TABLE colour (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
"""


def newer(folder: Path, rule: str) -> Sequence[str]:
    """A copy of the program with one more migration, by the words of `World.program`."""
    package = folder / "newer/mailgate"
    shutil.copytree(Path(mailgate.__file__).parent, package)
    shutil.copytree(shipped(), package / "templates", dirs_exist_ok=True)
    script = folder / "newer/tests/acceptance/patched.py"
    script.parent.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("patched.py"), script)
    (package / f"store/migrations/{NEXT:04}_colours.sql").write_text(rule + CHANGE)
    source = package / "store/schema.py"
    source.write_text(re.sub(r"^VERSION = \d+", f"VERSION = {NEXT}", source.read_text(), flags=re.MULTILINE))
    return (str(script), SHORT)


def upgrade(world: World, program: Sequence[str]) -> None:
    """From now on the node is the newer program."""
    world.program, world.measured = program, True


def refused(world: World) -> str:
    """The log of a node that does not start."""
    with pytest.raises(AssertionError, match="ended at once"):
        world.start()
    assert world.ended() == 1
    return world.log_text()


def later(found: Site, conversations: Sequence[str]) -> threading.Thread:
    """People write to whatever node answers, meanwhile."""
    thread = threading.Thread(target=write, args=(found, conversations, random.Random(conversations[0])))
    thread.start()
    return thread


def test_an_older_node_goes_on_while_a_newer_one_migrates_where_that_is_allowed(tmp_path: Path) -> None:
    names = [f"talk{number}" for number in range(6)]
    with site(tmp_path, cluster(), "ab", patch=SHORT) as found:
        first, second = found.nodes["a"], found.nodes["b"]
        write(found, names[:3], random.Random(1))
        assert first.end() == 0
        upgrade(first, newer(tmp_path, schema.MAY_GO_ON))
        writing, pid = later(found, names[3:]), second.pid
        first.start()
        writing.join()
        assert f"database migrated to schema {NEXT}: colours" in first.log_text()
        found.await_stillness()
        status = second.look("database", "status")
        assert (status["ok"], status["schema"], status["compatible_schema"]) == (True, NEXT, schema.COMPATIBLE)
        assert [node["name"] for node in second.look("status", codes=(0, 1))["nodes"]] == ["b", "a"]
        assert second.pid == pid
        assert second.alive
        assert second.end() == 0
        second.start()  # an older node may also start on it
        assert second.end() == 0
        upgrade(second, first.program)
        second.start()
        found.check(dict.fromkeys(names, LENGTH))


def test_a_migration_that_older_programs_must_not_meet_waits_for_them(tmp_path: Path) -> None:
    with site(tmp_path, cluster(), "ab", patch=SHORT) as found:
        first, second = found.nodes["a"], found.nodes["b"]
        assert first.end() == 0
        upgrade(first, newer(tmp_path, schema.MUST_STOP))
        log = refused(first)
        assert f"node b works on this database, and schema {NEXT} (colours) cannot be used by its program" in log
        assert found.is_taken(mail("one", 0), "b")
        found.await_stillness()
        go_on = found.stop("b")

        def starts() -> bool:
            with suppress(AssertionError):
                first.start()
                return True
            return first.ended() == 0

        wait_until(starts, first.log_text)
        assert f"database migrated to schema {NEXT}: colours" in first.log_text()
        go_on()
        assert second.ended() != 0, "it finds that it must stop"
        assert f"a newer mailgate (schema {NEXT}, this program has {schema.VERSION})" in second.log_text()
        assert "Traceback" not in second.log_text()
        assert f"a newer mailgate (schema {NEXT}, this program has {schema.VERSION})" in refused(second)
        assert found.is_taken(mail("two", 0), "a")
        upgrade(second, first.program)
        second.start()
        command = [sys.executable, *first.program, "tickets", "list", "-c", str(first.file), "--json"]
        listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        assert sorted(each["subject"] for each in listed) == ["About one", "About two"]
