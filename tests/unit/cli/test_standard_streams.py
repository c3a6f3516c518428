"""Standard streams that the caller closed, or whose disk is full."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.desk import CONFIG


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "a.eml").write_text("From: k@client.example\nTo: support@bank.example\nSubject: Hello\n\nHelp.\n")
    assert mailgate(tmp_path, "ingest", "a.eml").returncode == 0
    return tmp_path


def mailgate(folder, *words, shell="", unbuffered=""):
    """Run a command line in a process of its own; `shell` redirects its streams."""
    environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    command = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "mailgate", *words]
    return subprocess.run(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["tickets list", "tickets export", "tickets list --json", "report", "templates list"])
def test_an_output_on_a_full_disk_is_told_in_one_line(desk, words, unbuffered):
    done = mailgate(desk, *words.split(), shell=">/dev/full", unbuffered=unbuffered)
    assert (done.returncode, done.stderr) == (1, b"mailgate: cannot write the output: no space left on device\n")


def test_a_command_works_where_its_caller_closed_the_streams(desk):
    assert mailgate(desk, "tickets", "list", shell=">&-").returncode == 0
    assert mailgate(desk, "tickets", "list", shell="<&-").returncode == 0
    assert mailgate(desk, "tickets", "do", "1001", "#close", shell="<&- >&- 2>&-").returncode == 0
    assert b'"closed"' in mailgate(desk, "tickets", "show", "1001", "--json").stdout


@pytest.mark.parametrize("words", ["--version", "queue inbox list --help"])
def test_help_that_cannot_be_written_is_an_error(desk, words):
    done = mailgate(desk, *words.split(), shell=">/dev/full")
    assert (done.returncode, done.stderr) == (1, b"mailgate: cannot write the output: no space left on device\n")


@pytest.mark.parametrize("shell", [">/dev/full 2>/dev/full", ">/dev/full 2>&-", "1</dev/null 2>/dev/full"])
def test_the_exit_code_of_an_error_holds_where_nobody_can_be_told(desk, shell):
    assert mailgate(desk, "tickets", "list", shell=shell).returncode == 1


@pytest.mark.parametrize("shell", ["2>/dev/full", "2</dev/null", "2>&1 | true"])
def test_what_standard_error_does_not_take_changes_nothing(desk, shell):
    done = mailgate(desk, "ingest", "a.eml", shell=shell)
    assert (done.returncode, done.stderr) == (0, b"")
    assert mailgate(desk, "tickets", shell="2>/dev/full").returncode == 2


def test_a_reader_who_has_seen_enough_is_no_error(desk):
    script = "set -o pipefail; " + " ".join([f"'{sys.executable}'", "-m", "mailgate", "tickets", "export"]) + " | true"
    done = subprocess.run(["bash", "-c", script], cwd=desk, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "code", "shell"),
    [
        ("ingest", 75, "<&-"),
        ("ingest", 75, "0>/dev/null"),
        ("explain -", 1, "<&-"),
        ("tickets do 1001 #note --text -", 75, "<&-"),
        ("tickets new --requester a@client.example --subject S --text -", 75, "<&-"),
        ("hash-password", 75, "<&-"),
    ],
)
def test_an_input_that_cannot_be_read_is_told_in_one_line(desk, words, code, shell):
    done = mailgate(desk, *words.split(), shell=shell)
    assert (done.returncode, done.stderr) == (code, b"mailgate: cannot read standard input: bad file descriptor\n")


def test_a_closed_pipe_is_no_empty_mail(desk):
    assert mailgate(desk, "ingest", shell="<&-").returncode == 75
    assert mailgate(desk, "tickets", "list", "--json").stdout.count(b'"number"') == 1


def test_no_file_gets_the_number_of_a_closed_stream(desk):
    """What is printed, also by libraries and by the worker, would be written into that file."""
    code = (
        "import os, sys; from mailgate.cli.standard_streams import open_closed; open_closed(); "
        "sys.exit(os.open('config.toml', os.O_RDONLY) < 3)"
    )
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code]
    assert subprocess.run(command, cwd=desk, check=False).returncode == 0
