"""The restore drill of docs/operations.md, run to the letter on a desk whose database was lost."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests import prefork
from tests.acceptance.labs import CARLA, KAREN
from tests.acceptance.people import Person, gmail
from tests.acceptance.world import ROOT, World, desk

MARCUS = Person("Marcus Webb", "marcus@bank.example", gmail)
OLAF = Person("Olaf Stranger", "olaf@elsewhere.example", gmail)
DOCS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def drill() -> list[str]:
    """The commands of the drill, in order."""
    section = DOCS[DOCS.index("### Restore") :]
    block = re.search(r"(?:^    \S.*\n)+", section, re.MULTILINE)
    assert block
    return [line.strip() for line in block[0].splitlines()]


def perform(command: str, world: World, backup: Path) -> None:
    """Run one command of the drill, on this desk's paths."""
    words = command.replace("/backup/2026-11-30", str(backup)).replace("/etc/mailgate", str(world.folder)).split()
    match words:
        case ["systemctl", "stop", "mailgate"]:
            world.end()
        case ["systemctl", "start", "mailgate"]:
            world.start()
        case ["mv", source, target]:
            shutil.move(source, target)
        case ["mailgate", *rest]:
            prefork.run(["-m", "mailgate", *rest]).check_returncode()
        case _:
            raise AssertionError(f"the drill has a command that this test does not know: {command}")


@pytest.mark.sqlite
def test_the_drill(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    (tmp_path / "desk").mkdir()
    with World(tmp_path / "desk", desk()) as world:
        world.start()
        first = world.step(KAREN.writes("Printer", "It does not print."))
        world.cli("backup", str(backup))  # while the daemon runs
        lost = world.step(CARLA.writes("Account", "What is my account number?"))
        assert {mail.ticket for mails in lost.values() for mail in mails} == {1002}
        commands = drill()
        assert [command.split()[1] for command in commands if command.startswith("mailgate")][:2] == [
            "backup",
            "restore",
        ]
        for command in commands:
            perform(command, world, backup)
        assert [each["number"] for each in world.cli("tickets", "list")] == [1001]

        new = world.step(OLAF.writes("Praise", "I like your bank."))
        assert new.only(OLAF.email).ticket == 1002

        told = world.step(MARCUS.answers(lost.only(MARCUS.email), "Your account number is 4711."))
        assert told.kinds == {MARCUS.email: ["command-failed"]}
        assert "restored from an older copy" in told.only(MARCUS.email).text

        again = world.step(CARLA.answers(lost.only(CARLA.email), "Hello?"))
        assert again.only(CARLA.email, "acknowledgement").ticket == 1003

        known = world.step(MARCUS.answers(first.only(MARCUS.email), "Turn it off and on."))
        assert known.only(KAREN.email, "reply").ticket == 1001
        assert [entry["text"].strip() for entry in world.ticket(1002)["thread"]] == ["I like your bank."]


def test_the_backup_holds_what_had_been_answered_250(tmp_path: Path) -> None:
    """Taken under a stream of mail: every ticket in it is whole, none that was there before it is missing."""
    (tmp_path / "desk").mkdir()
    with World(tmp_path / "desk", desk()) as world:
        world.start()
        for number in range(10):
            world.send(KAREN.writes(f"Printer {number}", "It does not print."))
        running = prefork.start(["-m", "mailgate", "backup", tmp_path / "backup", "-c", world.file])
        sent = 10
        while running.poll() is None:
            world.send(KAREN.writes(f"Printer {sent}", "It does not print."))
            sent += 1
        assert running.returncode == 0
        taken = world.cli("backup", "verify", str(tmp_path / "backup"))
        assert taken["problems"] == []
        copy = tmp_path / "copy" / "config.toml"
        prefork.run(["-m", "mailgate", "restore", tmp_path / "backup", "-c", copy]).check_returncode()
        prefork.run(["-m", "mailgate", "database", "check", "-c", copy]).check_returncode()
        with sqlite3.connect(tmp_path / "copy" / "var" / "mailgate.db") as db:
            (mails,) = db.execute("SELECT count(*) FROM inbox").fetchone()
        db.close()
        assert 10 <= mails <= sent
