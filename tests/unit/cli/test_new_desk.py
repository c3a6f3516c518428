"""A secret that is there before its database: no verb begins a desk with it but on demand."""

from __future__ import annotations

import io
import json
import sys
from contextlib import closing

import pytest

from mailgate.cli.main import main
from mailgate.store.db import open_reader
from tests.desk import CONFIG

MAIL = b"From: karen@client.example\nTo: support@bank.example\nSubject: Hello\n\nHello.\n"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A desk whose database is gone."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "a.eml").write_bytes(MAIL)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret").write_text("the secret of the desk that was")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return tmp_path


def mails(desk):
    with closing(open_reader(desk / "var" / "mailgate.db")) as db:
        return db.one("SELECT count(*) FROM inbox")[0]


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("ingest", "a.eml"),
        ("tickets", "new", "--requester", "k@x.example", "--subject", "x"),
        ("tickets", "do", "1001", "#close"),
        ("queue", "outbox", "retry", "1"),
    ],
    ids=" ".join,
)
def test_no_verb_begins_a_desk_beside_it(desk, capsys, words):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert f"{desk}/var/secret exists, but the database {desk}/var/mailgate.db is empty" in out + err
    assert "mailgate run --new" in err
    assert mails(desk) == 0


def test_a_pipe_keeps_its_mail(desk, capsys, monkeypatch):
    """Mail in a database that the backup is about to replace would be lost."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MAIL)))
    assert main(("ingest",)) == 75
    assert "is empty: restore the database" in capsys.readouterr().err
    assert mails(desk) == 0


def test_check_warns(desk, capsys):
    assert main(("check", "--json")) == 0
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [each["warning"] for each in problems if each["where"] == "[desk.secret]"] == [True]


@pytest.mark.parametrize(
    "words",
    [("ingest", "--new", "a.eml"), ("tickets", "new", "--new", "--requester", "k@x.example", "--subject", "x")],
    ids=" ".join,
)
def test_on_demand_a_new_desk_begins_with_it(desk, capsys, words):
    assert main(words) == 0
    assert main(("tickets", "list", "--json")) == 0
    assert (desk / "var" / "secret").read_text() == "the secret of the desk that was"
    assert main(("ingest", "a.eml")) == 0
