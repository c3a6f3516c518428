"""A verb that fails: with `--json` one object on standard output says so, words for people go to standard error."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import closing

import pytest

from mailgate.cli.main import VERBS, main
from mailgate.store.db import open_writer
from mailgate.system.lock import Lock
from tests.desk import CONFIG

MAIL = "From: k@client.example\nTo: support@bank.example\nSubject: Portal is down\nMessage-ID: <k1@x>\n\nHelp.\n"
ANYWHERE = """
check --bogus
check stray
run --bogus
run stray
demo --bogus
demo --pace fast
demo --dir .
init
init new
init new --address no-address --agent ann@a.example
init new --address a@b.example --agent nobody
init .
init a.eml --address a@b.example --agent ann@b.example
reload --bogus
reload
ingest missing.eml
ingest --bogus a.eml
ingest folder
explain
explain missing.eml
explain folder
explain a.eml missing.eml
trace
trace nothing
trace nobody@x.example
trace 4711
trace 1001 --since bogus
tickets
tickets bogus
tickets list --status bogus
tickets list --department bogus
tickets list --assignee bogus
tickets list --limit -3
tickets list stray
tickets show
tickets show 999
tickets show nine
tickets show 1001 --raw 999
tickets show 1001 --raw x
tickets new
tickets new --requester k@x.example
tickets new --requester Nobody --subject x
tickets new --requester support@bank.example --subject x
tickets new --requester k@x.example --subject x --text missing
tickets new --requester k@x.example --subject x --text folder
tickets do
tickets do 999 #close
tickets do 1001
tickets do 1001 close
tickets do 1001 #bogus
tickets do 1001 #assign bogus
tickets do 1001 #close --as bogus
tickets do 1001 #close --bogus
tickets do 1001 #close --text missing
tickets do 1001 #confirm abcdefgh
tickets export --output missing/all.jsonl
tickets export stray
templates
templates bogus
templates list stray
templates preview
templates preview bogus
templates preview reply --html missing/reply.html
report --since bogus
report --html missing/report.html
report stray
queue
queue bogus list
queue inbox
queue inbox bogus
queue inbox show
queue inbox show x
queue inbox show 999
queue inbox retry 999
queue inbox drop 999
queue outbox show 999
queue outbox retry 999
queue outbox drop 999
queue quarantine show 999
queue quarantine retry 999
queue quarantine drop 999
login
login bogus
login bogus --device
status
status stray
database
database bogus
database status stray
completion
completion bogus
bogus
-c
"""
LINES = ANYWHERE.strip().splitlines()
# What a verb does that reads the config, for the ways in which that can be broken.
READERS = """
run
check
reload
ingest a.eml
explain a.eml
trace 1001
tickets list
tickets show 1001
tickets new --requester k@x.example --subject x
tickets do 1001 #close
tickets export
templates list
templates preview reply
report
queue inbox list
queue inbox drop 1
queue outbox list
queue outbox retry 1
queue quarantine list
queue quarantine show 1
login support
status
database status
database migrate
database check
""".strip().splitlines()
WITHOUT_CONFIG = {"demo", "init", "completion"}
WITHOUT_DATABASE = {"login support"}
WRITERS = {"run", "ingest", "new", "do", "drop", "retry", "migrate"}


def words(line):
    return line.split(" ")


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "a.eml").write_text(MAIL)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    return tmp_path


def fails(capsys, line):
    """The exit code and the one document of a verb that fails."""
    capsys.readouterr()
    try:
        code = main([*words(line), "--json"])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    documents = [json.loads(each) for each in out.splitlines()]
    assert documents, f"{line}: nothing on standard output, {err}"
    told = documents[-1]
    assert told["ok"] is False, line
    assert told["error"], line
    assert isinstance(told["error"], str), line
    assert err or line in ("check", "status"), f"{line}: no word for people"
    return code, told


def test_every_verb_has_its_rows():
    assert {line.split()[0] for line in LINES} >= set(VERBS)
    assert {line.split()[0] for line in READERS} == set(VERBS) - WITHOUT_CONFIG


@pytest.mark.parametrize("line", LINES)
def test_who_asks_for_json_is_told_of_a_failure_in_json(desk, capsys, line):
    main(["ingest", "a.eml", "--quiet"])
    code, told = fails(capsys, line)
    assert code in (1, 2), line
    if line.startswith("tickets do"):
        assert (told["done"], told["errors"]) == ([], [told["error"]])
    if line.startswith("tickets new"):
        assert (told["number"], told["notices"], told["errors"]) == (None, [], [told["error"]])


@pytest.mark.parametrize("line", READERS)
def test_a_config_that_cannot_be_used_is_told_problem_by_problem(desk, capsys, line):
    (desk / "config.toml").write_text(CONFIG.replace("[relay]", "[rely]\nbogus = 1\n\n[relay]"))
    code, told = fails(capsys, line)
    assert code == 2
    assert "rely" in str(told["problems"][0])
    (desk / "config.toml").unlink()
    code, told = fails(capsys, line)
    assert code == 2
    assert told["problems"]


@pytest.mark.parametrize("line", [line for line in READERS if line not in WITHOUT_DATABASE])
def test_a_database_that_cannot_be_read_is_temporary_trouble(desk, capsys, line):
    (desk / "var").mkdir()
    (desk / "var" / "mailgate.db").write_bytes(b"no database " * 1000)
    if line in ("check", "templates list", "templates preview reply"):  # which warn of it, or need none
        assert main([*words(line), "--json"]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])
    else:
        code, _ = fails(capsys, line)
        assert code == 75, line


@pytest.mark.parametrize(
    "line", [line for line in READERS if not WRITERS & set(words(line)) and line not in WITHOUT_DATABASE]
)
def test_a_missing_database_counts_as_empty_and_is_not_made_by_looking(desk, capsys, line):
    code = main([*words(line), "--json"])
    found = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert found or line == "tickets export"
    if line in ("reload", "status", "trace 1001", "tickets show 1001", "queue quarantine show 1"):
        assert (code, found[0]["ok"]) == (1, False)
    else:
        assert code == 0
    assert not (desk / "var").exists()


def test_a_second_daemon_says_in_json_who_is_there(desk, capsys):
    with Lock(desk / "var" / "mailgate.db"):
        code, told = fails(capsys, "run")
    assert (code, str(os.getpid()) in told["error"]) == (1, True)


def test_a_pipe_that_cannot_work_says_so_in_json_and_asks_for_patience(desk, capsys):
    assert fails(capsys, "ingest --bogus")[0] == 75
    (desk / "config.toml").unlink()
    assert fails(capsys, "ingest")[0] == 75


def test_broken_templates_are_told_by_their_places(desk, capsys):
    (desk / "templates").mkdir()
    (desk / "templates" / "reply.txt").write_text("{{ open")
    for line in ("check", "reload", "templates preview reply"):
        code, told = fails(capsys, line)
        assert (code, "reply.txt" in str(told["problems"])) == (2, True), line


def test_what_nobody_foresaw_is_told_too(desk, capsys, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("mailgate.cli.verbs.status.config_of", broken)
    with pytest.raises(RuntimeError):
        main(["status", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["error"]) == (False, "RuntimeError: a bug of ours")


def test_what_is_unread_by_explain_has_every_field_of_what_is_read(desk, capsys):
    assert main(["explain", "a.eml", "missing.eml", "--json"]) == 1
    read, unread = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(unread) - {"ok"} == set(read)
    assert (unread["file"], unread["error"]) == ("missing.eml", "missing.eml: no such file")


def test_files_for_people_leave_json_alone_on_standard_output(desk, capsys):
    for line in (
        "completion bash",
        "templates preview reply --html -",
        "templates preview reply --html reply.html",
        "report --html report.html",
        "report --csv",
        "tickets export --output all.jsonl",
        "ingest a.eml",
        "templates list",
    ):
        capsys.readouterr()
        assert main([*words(line), "--json"]) == 0
        assert json.loads(capsys.readouterr().out), line


def test_a_secret_that_signed_nothing_here_is_told_by_who_needs_it(desk, capsys):
    with closing(open_writer(desk / "var" / "mailgate.db")):
        pass
    main(["ingest", "a.eml", "--quiet"])
    (desk / "config.toml").write_text(CONFIG.replace("a secret of more", "another secret of more"))
    for line in ("run", "check", "tickets do 1001 #close", "tickets new --requester k@x.example --subject x"):
        assert fails(capsys, line)[0] == 2, line
