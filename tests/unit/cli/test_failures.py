"""Failed verbs: with `--json` one object on standard output, and a message on standard error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from mailgate.cli.main import VERBS, main
from mailgate.system.lock import Lock
from tests.desk import CONFIG

MAIL = "From: k@client.example\nTo: support@bank.example\nSubject: Portal is down\nMessage-ID: <k1@x>\n\nHelp.\n"
INVALID = """
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
queue inbox show 99999999999999999999
queue outbox retry 99999999999999999999
tickets show 99999999999999999999
tickets show 1001 --raw 99999999999999999999
tickets do 99999999999999999999 #close
tickets new --requester \udcff@x.example --subject x
tickets new --requester k@x.example --subject \udcff
trace \udcff
forget \udcff@x.example
queue inbox retry 999
queue inbox drop 999
queue outbox show 999
queue outbox retry 999
queue outbox drop 999
queue quarantine show 999
queue quarantine retry 999
queue quarantine drop 999
hash-password
hash-password stray
login
login bogus
login bogus --device
status
status stray
database
database bogus
database status stray
backup
backup a b
backup verify
backup verify missing
forget
forget nobody
forget a@b.example stray
restore
restore missing
restore folder stray
completion
completion bogus
bogus
-c
"""
LINES = INVALID.strip().splitlines()
# A valid command line of each verb that reads the configuration.
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
backup copy
forget vera@client.example
""".strip().splitlines()
WITHOUT_CONFIG = {"demo", "init", "completion", "hash-password", "restore"}
WITHOUT_DATABASE = {"login support"}
WRITERS = {"run", "ingest", "new", "do", "drop", "retry", "migrate"}


def split(line):
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
    """The exit code and the document of a failed verb."""
    capsys.readouterr()
    try:
        code = main([*split(line), "--json"])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    documents = [json.loads(each) for each in out.splitlines()]
    assert documents, f"{line}: nothing on standard output, {err}"
    document = documents[-1]
    assert document["ok"] is False, line
    assert document["error"], line
    assert isinstance(document["error"], str), line
    assert err or line in ("check", "status"), f"{line}: no message on standard error"
    return code, document


def test_every_verb_is_tested():
    assert {line.split()[0] for line in LINES} >= set(VERBS)
    assert {line.split()[0] for line in READERS} == set(VERBS) - WITHOUT_CONFIG


@pytest.mark.parametrize("line", LINES)
def test_an_invalid_command_line_prints_an_error_document(desk, capsys, line):
    main(["ingest", "a.eml", "--quiet"])
    code, document = fails(capsys, line)
    assert code in (1, 2), line
    if line.startswith("tickets do"):
        assert (document["done"], document["errors"]) == ([], [document["error"]])
    if line.startswith("tickets new"):
        assert (document["number"], document["notices"], document["errors"]) == (None, [], [document["error"]])


@pytest.mark.parametrize("line", READERS)
def test_an_invalid_config_is_reported_problem_by_problem(desk, capsys, line):
    (desk / "config.toml").write_text(CONFIG.replace("[relay]", "[rely]\nbogus = 1\n\n[relay]"))
    code, document = fails(capsys, line)
    assert code == 2
    assert "rely" in str(document["problems"][0])
    (desk / "config.toml").unlink()
    code, document = fails(capsys, line)
    assert code == 2
    assert document["problems"]


@pytest.mark.parametrize("line", [line for line in READERS if line not in WITHOUT_DATABASE])
def test_an_unreadable_database_is_a_temporary_failure(desk, capsys, line):
    (desk / "var").mkdir()
    (desk / "var" / "mailgate.db").write_bytes(b"no database " * 1000)
    if line in ("check", "templates list", "templates preview reply"):  # these warn about it, or do not need it
        assert main([*split(line), "--json"]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])
    else:
        code, _ = fails(capsys, line)
        assert code == 75, line


@pytest.mark.parametrize(
    "line", [line for line in READERS if not WRITERS & set(split(line)) and line not in WITHOUT_DATABASE]
)
def test_a_missing_database_is_read_as_empty_and_not_created(desk, capsys, line):
    code = main([*split(line), "--json"])
    found = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert found or line == "tickets export"
    if line in (
        "reload",
        "status",
        "trace 1001",
        "tickets show 1001",
        "queue quarantine show 1",
        "backup copy",
        "forget vera@client.example",
    ):
        assert (code, found[0]["ok"]) == (1, False)
    else:
        assert code == 0
    assert not (desk / "var").exists()


def test_a_second_daemon_names_the_process_of_the_first(desk, capsys):
    with Lock(desk / "var" / "mailgate.db"):
        code, document = fails(capsys, "run")
    assert (code, str(os.getpid()) in document["error"]) == (1, True)


def test_a_failed_ingest_from_a_pipe_is_a_temporary_failure(desk, capsys):
    assert fails(capsys, "ingest --bogus")[0] == 75
    (desk / "config.toml").unlink()
    assert fails(capsys, "ingest")[0] == 75


def test_invalid_templates_are_reported_by_file(desk, capsys):
    (desk / "templates").mkdir()
    (desk / "templates" / "reply.txt").write_text("{{ open")
    for line in ("check", "reload", "templates preview reply"):
        code, document = fails(capsys, line)
        assert (code, "reply.txt" in str(document["problems"])) == (2, True), line


def test_a_canned_response_that_cannot_be_filled_in_is_reported(desk, capsys):
    """The daemon refuses such a configuration, so `reload` must not say that it takes it."""
    config = desk / "config.toml"
    config.write_text(f"{config.read_text()}\n[canned.broken]\ntext = 'Hello {{{{ nobody.name }}}}'\n")
    for line in ("check", "reload"):
        code, document = fails(capsys, line)
        assert (code, "[canned.broken.text]" in str(document["problems"])) == (2, True), line


def test_an_unexpected_exception_prints_an_error_document(desk, capsys, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr("mailgate.cli.verbs.status.config_of", broken)
    with pytest.raises(RuntimeError):
        main(["status", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["error"]) == (False, "RuntimeError: a bug")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_want_of_memory_is_told_in_one_line(desk, capsys, monkeypatch, error):
    def starved(*_, **__):
        raise error

    monkeypatch.setattr("mailgate.cli.verbs.status.config_of", starved)
    assert main(["status"]) == 75
    assert capsys.readouterr().err == "mailgate: out of memory, or of what a limit allows (ulimit -v, ulimit -u)\n"


def test_a_limit_on_memory_is_told_before_it_ends_the_daemon(desk):
    """With the lock held: the daemon begins and does not stay."""
    command = ["sh", "-c", 'ulimit -v 480000; exec "$@"', "sh", sys.executable, "-m", "mailgate", "run"]
    with Lock(desk / "var/mailgate.db"):
        done = subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False)
    assert "warning: ulimit -v allows 480000 kB, mailgate needs about 512000\n" in done.stderr
    assert done.returncode == 1


def test_explain_prints_the_same_fields_for_an_unreadable_file(desk, capsys):
    assert main(["explain", "a.eml", "missing.eml", "--json"]) == 1
    read, unread = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(unread) - {"ok"} == set(read)
    assert (unread["file"], unread["error"]) == ("missing.eml", "missing.eml: no such file")


def test_output_files_do_not_mix_with_json_on_standard_output(desk, capsys):
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
        assert main([*split(line), "--json"]) == 0
        assert json.loads(capsys.readouterr().out), line


def test_a_wrong_secret_is_reported_by_every_verb_that_signs(desk, capsys):
    main(["ingest", "a.eml", "--quiet"])
    (desk / "var" / "secret").write_text("another secret of more than sixteen characters")
    for line in ("run", "check", "tickets do 1001 #close", "tickets new --requester k@x.example --subject x"):
        assert fails(capsys, line)[0] == 2, line


@pytest.mark.sqlite
def test_a_place_that_cannot_be_written_comes_with_what_to_do(tmp_path, capsys):
    (tmp_path / "taken").touch()
    (tmp_path / "config.toml").write_text(f'{CONFIG}\n[storage]\ndatabase = "sqlite:///taken/mailgate.db"\n')
    assert main(["-c", str(tmp_path / "config.toml"), "run"]) == 75
    assert capsys.readouterr().err.splitlines() == [
        f"mailgate: cannot write {tmp_path}/taken: file exists",
        f"To mend it: remove {tmp_path}/taken, which is no folder, or choose another place with [storage] database",
    ]


def test_a_password_in_another_encoding_is_refused(desk, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Grüße\n".encode("latin-1")), "utf-8"))
    assert fails(capsys, "hash-password")[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("report", "--html", "no/such/page.html"),
        ("tickets", "export", "--output", "no/such/file"),
        ("tickets", "show", "4711"),
        ("queue", "outbox", "retry"),
        pytest.param(("database", "check"), marks=pytest.mark.sqlite),
    ],
)
def test_json_says_of_an_error_what_is_told_on_standard_error(tmp_path, monkeypatch, capsys, words):
    """With its cause, which helps as much in a script as on a terminal."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    if words[0] == "database":
        (tmp_path / "var/mailgate.db").mkdir(parents=True)
    assert main([*words, "--json"]) != 0
    out, err = capsys.readouterr()
    assert f"mailgate: {json.loads(out)['error']}\n" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tickets", "do", "1001", "#subject \udcff"), 2),
        (("tickets", "do", "1001", "--as", "ann", "#note \udcff"), 2),
        (("tickets", "list", "--search", "\udcff"), 2),
        (("init", "new", "--name", "\udcff"), 2),
    ],
)
def test_an_argument_in_another_encoding_is_refused(desk, capsys, words, code):
    assert main(words) == code
    assert "is not UTF-8" in capsys.readouterr().err
