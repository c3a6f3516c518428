"""`tickets list` as it is read: on terminals of several widths, through a pager, in pipes, as JSON."""

from __future__ import annotations

import json
import os
import pty
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from tests import prefork
from tests.desk import Bench
from tests.waiting import PATIENCE

SUBJECT = "The printer in hall 7 says that it is on fire, which it is not, and prints no more"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk with three tickets; the oldest is overdue."""
    bench = Bench(tmp_path)
    bench.send("Karen <karen@client.example>", "It is broken.", subject=SUBJECT)
    bench.wait(days=9)
    for subject in ("東京のプリンター", "A short one"):
        bench.send("a-rather-long-name-of-somebody@a-long-domain.client.example", "Hi", subject=subject)
    bench.db.close()
    return tmp_path


def run(folder: Path, *words: str, width: int = 0, **environment: str) -> str:
    """What the command writes, on a terminal of `width` columns, in a pipe for 0."""
    command = ["-m", "mailgate", "tickets", "list", "-c", folder / "config.toml", *words]
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PAGER", "LESS")}
    given = {**inherited, "TERM": "xterm", "COLUMNS": str(width) if width else "", **environment}
    if not width:
        done = prefork.run(command, env=given)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()
    terminal, end = pty.openpty()
    running = prefork.start(command, env=given, stdin=end, stdout=end, stderr=end)
    os.close(end)
    written = b""
    with suppress(OSError):  # the end of a terminal
        while piece := os.read(terminal, 65536):
            written += piece
    os.close(terminal)
    assert running.wait(PATIENCE) == 0, written
    return written.decode().replace("\r\n", "\n")


def columns(text: str) -> list[str]:
    return text.split("\n", maxsplit=1)[0].split()


def test_a_pipe_gets_every_column_and_whole_subjects(folder: Path) -> None:
    lines = run(folder).splitlines()
    assert columns(lines[0])[:3] == ["Number", "Status", "Priority"]
    assert [line.split()[0] for line in lines[1:]] == ["1003", "1002", "1001"]
    assert lines[3].endswith(SUBJECT)
    assert "overdue" in lines[3]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120, 200])
def test_a_terminal_of_any_width_keeps_number_and_subject_in_one_line_a_ticket(folder: Path, width: int) -> None:
    from rich.cells import cell_len

    text = run(folder, width=width, PAGER="cat").replace("\x1b[31m", "").replace("\x1b[0m", "")
    lines = text.splitlines()
    assert len(lines) == 4
    assert max(map(cell_len, lines)) <= width
    assert [line.split()[0] for line in lines] == ["Number", "1003", "1002", "1001"]
    assert columns(text)[-1] == "Subject" or width == 24
    assert SUBJECT[:5] in lines[3] or width == 24


def test_the_columns_that_matter_least_are_left_out_first(folder: Path) -> None:
    seen = [columns(run(folder, width=width, PAGER="cat")) for width in (200, 110, 70, 40)]
    assert "Department" in seen[0]
    assert "Department" not in seen[1]
    assert "Due" in seen[2]
    assert seen[3] == ["Number", "Status", "Subject"]


def test_an_overdue_ticket_is_red_on_a_terminal(folder: Path) -> None:
    red = [line for line in run(folder, width=120, PAGER="cat").splitlines() if line.startswith("\x1b[31m")]
    assert len(red) == 1
    assert "1001" in red[0]


def program(folder: Path, text: str) -> str:
    path = folder / "pager"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_terminal_is_read_through_the_pager_and_a_pipe_is_not(folder: Path) -> None:
    pager = program(folder, 'sed "s/^/paged: /"; echo LESS=$LESS')
    text = run(folder, width=80, PAGER=f"{pager} --its-option")
    assert text.count("paged: ") == 4
    assert "LESS=FRX" in text
    assert "paged" not in run(folder, PAGER=pager)
    assert "paged" not in run(folder, "--json", width=80, PAGER=pager)


def test_whoever_leaves_the_pager_early_gets_no_error(folder: Path) -> None:
    text = run(folder, width=80, PAGER=program(folder, "head -1; exit 3"))
    assert columns(text)[0] == "Number"
    assert "Error" not in text


@pytest.mark.parametrize("pager", ["", "cat", "no-such-pager"])
def test_without_a_pager_the_list_is_written_at_once(folder: Path, pager: str) -> None:
    assert run(folder, width=80, PAGER=pager).count("\n") == 4


def test_json_is_one_array_however_many_tickets(folder: Path) -> None:
    assert [each["number"] for each in json.loads(run(folder, "--json"))] == [1003, 1002, 1001]
    assert json.loads(run(folder, "--json", "--search", "nothing")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_limit_counts_over_all_batches(folder: Path, limit: int) -> None:
    assert len(json.loads(run(folder, "--json", "--limit", str(limit)))) == min(limit, 3)
