"""`mailgate database`, and that every verb refuses a database of another schema in the same words."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from contextlib import closing

import pytest

from mailgate.cli.main import VERBS, main
from mailgate.store import schema
from mailgate.store.db import engine_of, open_writer
from mailgate.system.lock import Lock
from tests.desk import CONFIG, KAREN, Bench
from tests.old_desk import LEFT_AT, unpack

# A command line of each verb that opens the database, and how it ends where that is refused.
REFUSED = {
    "run": ("run",),
    "check": ("check",),
    "reload": ("reload",),
    "ingest": ("ingest", "a.eml"),
    "explain": ("explain", "a.eml"),
    "trace": ("trace", "karen@client.example"),
    "tickets": ("tickets", "list"),
    "report": ("report",),
    "queue": ("queue", "outbox", "list"),
    "status": ("status",),
    "database": ("database", "migrate"),
    "backup": ("backup", "copy"),
    "forget": ("forget", "karen@client.example"),
}
WITHOUT_DATABASE = {"demo", "hash-password", "init", "login", "templates", "completion", "restore"}
NEWER = f"a newer mailgate (schema 99, this program has {schema.VERSION})"
OLDER = f"the database has schema 3 and this program has {schema.VERSION}"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "a.eml").write_text("From: karen@client.example\nTo: support@bank.example\nSubject: Hello\n\nHello.\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return tmp_path


def made(desk, version=schema.VERSION):
    """The database of the desk, new, with a version of our choice."""
    path = desk / "var" / "mailgate.db"
    open_writer(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("UPDATE migration SET version = ?, compatible = ?", [version, version])
        connection.commit()
    return path


def printed(capsys):
    out, err = capsys.readouterr()
    return out + err


def test_every_verb_has_its_line_here():
    assert VERBS.keys() == REFUSED.keys() | WITHOUT_DATABASE


@pytest.mark.parametrize("words", REFUSED.values(), ids=" ".join)
def test_every_verb_refuses_a_newer_database(desk, capsys, words):
    made(desk, 99)
    assert main(words) == (2 if words[0] == "check" else 1)
    assert NEWER in printed(capsys)
    assert engine_of(desk / "var" / "mailgate.db").version() == 99


def test_a_pipe_keeps_its_mail_where_the_database_is_newer(desk, capsys, monkeypatch):
    made(desk, 99)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Subject: Hello\n\nHello.\n")))
    assert main(("ingest",)) == 75
    assert NEWER in printed(capsys)


@pytest.mark.parametrize(
    "words", [REFUSED[verb] for verb in sorted(REFUSED.keys() - {"run", "check", "database"})], ids=" ".join
)
def test_no_verb_reads_an_older_database_without_a_word(desk, capsys, words):
    made(desk, 3)
    assert main(words) == 1
    assert OLDER in printed(capsys)


def test_an_older_database_is_a_warning_to_check(desk, capsys):
    """The daemon that starts after it migrates."""
    made(desk, 3)
    assert main(("check",)) == 0
    assert f"warning: {OLDER}" in printed(capsys)


def test_the_daemon_does_not_migrate_where_the_config_forbids_it(desk, capsys):
    unpack(desk)
    (desk / "config.toml").write_text("[storage]\nmigrate = false\n" + CONFIG)
    assert main(("run",)) == 1
    assert "[storage] migrate is off: mailgate database migrate" in printed(capsys)
    assert engine_of(desk / "var" / "mailgate.db").version() == 3


# ── migrate ─────────────────────────────────────────────────────────────────────────────


def test_migrate_once_and_then_nothing(desk, capsys):
    path = unpack(desk)
    assert main(("database", "migrate")) == 0
    said = printed(capsys)
    assert "schema 4: record migrations" in said
    assert f"the database as it was: {schema.copy_path(path, 3)}" in said
    assert main(("database", "migrate")) == 0
    assert "the database is up to date" in printed(capsys)


def test_a_database_from_before_gives_space_back_once_it_was_rewritten(desk, capsys):
    """Also one that has today's schema."""
    path = unpack(desk)
    schema.migrate(engine_of(path), LEFT_AT)
    assert engine_of(path).keeps_space()
    main(("database", "status"))
    assert "it keeps what is free; stop the daemon once and run: mailgate database migrate" in printed(capsys)
    assert main(("database", "migrate")) == 0
    assert "it gives space back from now on" in printed(capsys)
    assert not engine_of(path).keeps_space()
    main(("database", "status"))
    assert "keeps" not in printed(capsys)
    assert main(("database", "check")) == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM ticket").fetchone() == (6,)


def test_a_new_database_gives_space_back(desk):
    assert not engine_of(made(desk)).keeps_space()


def test_migrate_as_json(desk, capsys):
    path = unpack(desk)
    assert main(("database", "migrate", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["copy"]) == (True, str(schema.copy_path(path, 3)))
    assert [each["version"] for each in found["done"]] == [each.version for each in schema.migrations()]
    assert main(("database", "migrate", "--json")) == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "done": [],
        "copy": None,
        "rewritten": False,
    }


def test_nobody_migrates_under_a_daemon(desk, capsys):
    path = unpack(desk)
    with Lock(path):
        assert main(("database", "migrate")) == 1
    assert "another mailgate" in printed(capsys)
    assert engine_of(path).version() == 3


# ── status ──────────────────────────────────────────────────────────────────────────────


def test_status_of_an_old_database_says_what_waits(desk, capsys):
    unpack(desk)
    assert main(("database", "status")) == 1
    said = printed(capsys)
    assert f"schema        3 (this program has {schema.VERSION})" in said
    assert "attachments   4, 0.3 MB" in said
    assert "large mails   1, 0.4 MB" in said
    assert "start the daemon, or run: mailgate database migrate" in said


def test_status_after_the_migration(desk, capsys):
    path = unpack(desk)
    main(("database", "migrate"))
    capsys.readouterr()
    assert main(("database", "status", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["schema"], found["program_schema"]) == (True, schema.VERSION, schema.VERSION)
    assert found["compatible_schema"] == schema.COMPATIBLE
    assert (found["rows"]["ticket"], found["rows"]["inbox"], found["pending"]) == (6, 18, [])
    assert [each["version"] for each in found["migrations"]] == [each.version for each in schema.migrations()]
    assert found["attachments"] == {"count": 4, "size": 302_421}
    assert found["large_mails"] == {"count": 1, "size": 411_193}
    assert found["copies"] == [
        {"file": str(schema.copy_path(path, 3)), "size": schema.copy_path(path, 3).stat().st_size}
    ]
    assert main(("database", "status")) == 0
    said = printed(capsys)
    assert "rows          ticket 6, " in said
    assert "schema 4      record migrations, " in said
    assert f"copy          {schema.copy_path(path, 3)}" in said


def test_status_before_there_is_a_database(desk, capsys):
    assert main(("database", "status")) == 0
    assert "schema        none yet" in printed(capsys)
    assert not (desk / "var").exists()


def test_status_of_a_newer_database(desk, capsys):
    made(desk, 99)
    assert main(("database", "status", "--json")) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["schema"], found["rows"]) == (False, 99, {})
    assert NEWER in found["error"]


# ── check ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def bench(desk):
    bench = Bench(desk)
    bench.send(KAREN, "It is down.", files=(("log.txt", "text/plain", b"error 17"),))
    return bench


def checked(capsys):
    code = main(("database", "check", "--json"))
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is (code == 0)
    return found


def test_a_sound_database_is_good(bench, capsys):
    assert checked(capsys)["problems"] == []
    assert main(("database", "check")) == 0
    assert set(printed(capsys).split("\n")[0].split()) == {"integrity", "good"}


BROKEN = {
    "status of tickets": (
        "UPDATE ticket SET status = 'pending'",
        "ticket 1001 is pending, and its events end with open",
    ),
    "department of tickets": ("UPDATE ticket SET department = 'X'", "is in X, and its events end with Support"),
    "assignee of tickets": (
        "UPDATE ticket SET assignee_kind = 'agent', assignee = 'ann'",
        'ticket 1001 is assigned to {"agent":"ann"}, and its events end with None',
    ),
    "ends of tickets": ("UPDATE ticket SET status = 'resolved'", "ticket 1001 is resolved without the time of it"),
    "merged tickets": ("UPDATE ticket SET merged_into = 1001", "ticket 1001 was merged into 1001 and is open"),
    "deadlines": ("UPDATE ticket SET status = 'closed', closed_at = 1", "closed ticket 1001 has the deadline"),
    "inbox": ("UPDATE inbox SET state = 'new', raw_id = NULL", "mail 1 is new and its bytes are gone"),
    "ends of mails": ("UPDATE inbox SET done_at = NULL", "mail 1 is done without the time of it"),
    "held mail": (
        "INSERT INTO held VALUES (1, 'ann', 'x', 'leak', 0)",
        "mail 1 waits for ann to confirm it and is done",
    ),
    "outbox": ("UPDATE outbox SET state = 'sent'", "outgoing mail 1 is sent without the time of it"),
    "bytes of the outbox": ("DELETE FROM outgoing", "is queued and its bytes are gone"),
    "refusals": ("INSERT INTO refused VALUES (1, 'no', 0, 0)", "outgoing mail 1 was refused and is queued"),
    "references": (
        "INSERT INTO collaborator VALUES (99, 'a@b.example', '', 1, 0)",
        "of collaborator refers to nothing",
    ),
    "large mails": (
        "UPDATE raw SET data = NULL, file = 'gone'",
        "the bytes of mail 1 are gone",
    ),
}


@pytest.mark.parametrize("name", [name for name in BROKEN if name != "references"])
def test_what_contradicts_is_named(bench, capsys, name):
    sql, sentence = BROKEN[name]
    bench.allow_contradictions()
    bench.db.run(sql)
    found = {each["name"]: each["problems"] for each in checked(capsys)["checks"]}
    assert sentence in found[name][0]


@pytest.mark.sqlite
def test_what_refers_to_nothing_is_named(bench, capsys):
    test_what_contradicts_is_named(bench, capsys, "references")


def test_attachments_that_are_gone_or_short_are_named(bench, desk, capsys):
    (file,) = (each for each in (desk / "var" / "attachments").rglob("*") if len(each.name) == 64)
    file.write_bytes(b"err")
    assert "of ticket 1001 has 3 bytes of 8" in checked(capsys)["problems"][0]
    file.unlink()
    assert "of ticket 1001 is gone" in checked(capsys)["problems"][0]
    assert main(("database", "check")) == 1
    capsys.readouterr()
    bench.db.run("UPDATE entry SET attachments = '[]'")
    assert "of outgoing mail 2 is gone" in checked(capsys)["problems"][0]
    bench.db.run("UPDATE outbox SET state = 'sent', sent_at = 0")
    assert checked(capsys)["problems"] == []


@pytest.mark.sqlite
def test_many_findings_are_cut(bench, capsys):
    bench.allow_contradictions()
    for number in range(30):
        bench.db.run("INSERT INTO deadline VALUES (?, 'x', 0)", [number])
    (found,) = (each["problems"] for each in checked(capsys)["checks"] if each["name"] == "references")
    assert (len(found), found[-1]) == (21, "and more")


@pytest.mark.sqlite
@pytest.mark.parametrize("table", ["event_at", "entry"])
def test_a_damaged_page_is_found_and_nothing_else_is_said(bench, desk, capsys, table):
    bench.db.run("PRAGMA wal_checkpoint(TRUNCATE)")
    page = bench.db.one("SELECT rootpage FROM sqlite_master WHERE name = ?", [table])[0]
    with (desk / "var" / "mailgate.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 100)
    found = checked(capsys)
    assert [each["name"] for each in found["checks"]] == ["integrity"]
    assert found["problems"]
