"""`mailgate queue`: several mails at once, by ids and by filters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.cli.main import main
from mailgate.store.db import Db, open_writer
from mailgate.store.people import dead_addresses
from tests.desk import CONFIG

MAIL = """\
From: {name} <{name}@client.example>
To: support@bank.example
Subject: Portal is down
Message-ID: <{name}@client.example>
{more}
It does not work.
"""


MAILS = {
    "ann": "Auto-Submitted: auto-replied",
    "bob": "Auto-Submitted: auto-replied",
    "spam": "X-Spam: Yes",
    "eve": "X-Mailer: x",
    "zoe": "X-Mailer: x",
}


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Db]:
    """A desk in the working directory with two mails in quarantine, one held as spam, and two acknowledgements."""
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    for name, more in MAILS.items():
        (tmp_path / f"{name}.eml").write_text(MAIL.format(name=name, more=more))
        assert main(("ingest", f"{name}.eml")) == 0
    db = open_writer(tmp_path / "var" / "mailgate.db")
    yield db
    db.close()


def call(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> object:
    capsys.readouterr()
    assert main(("queue", "--json", *words)) == code
    return json.loads(capsys.readouterr().out)


def ids(found: object) -> list[int]:
    assert isinstance(found, list)
    return [each["id"] for each in found]


def states(db: Db) -> list[str]:
    return [row["state"] for row in db.all("SELECT state FROM inbox ORDER BY id")]


def test_filters_of_lists(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(call(capsys, "quarantine", "list")) == [1, 2, 3]
    assert ids(call(capsys, "quarantine", "list", "--reason", "spam")) == [3]
    assert ids(call(capsys, "quarantine", "list", "--state", "quarantined", "2", "3")) == [2]
    assert len(ids(call(capsys, "outbox", "list", "--to", "@CLIENT."))) == 2
    assert ids(call(capsys, "outbox", "list", "--to", "sales@")) == []


def test_several_ids_are_done_all_or_none(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "quarantine", "drop", "1", "99", code=1)
    assert states(db)[0] == "quarantined"
    twice = call(capsys, "quarantine", "drop", "1", "2", "1")
    assert twice == {"ok": True, "ids": [1, 2]}, "an id that is named twice is one mail"
    assert states(db)[:3] == ["dropped", "dropped", "held"]


def test_a_filter_chooses_and_all_is_all(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "quarantine", "retry", "--reason", "spam") == {"ok": True, "ids": [3]}
    assert states(db)[2] == "new"
    assert call(capsys, "quarantine", "drop", "--reason", "poison") == {"ok": True, "ids": []}
    assert call(capsys, "quarantine", "drop", "--all") == {"ok": True, "ids": [1, 2]}


def test_nothing_is_done_without_a_choice(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("queue", "quarantine", "drop")) == 2
    assert "Name ids, a filter, or --all" in capsys.readouterr().err
    assert states(db)[:3] == ["quarantined", "quarantined", "held"]


def test_the_outbox_by_recipient_and_state(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    with db.transaction():
        db.run("UPDATE outbox SET state = 'failed' WHERE recipient = 'eve@client.example'")
        db.run("UPDATE outbox SET state = 'sending' WHERE recipient = 'zoe@client.example'")
    [eve] = ids(call(capsys, "outbox", "list", "--state", "failed"))
    assert call(capsys, "outbox", "retry", "--to", "@client.example") == {"ok": True, "ids": [eve]}, (
        "what is sent now is not"
    )
    capsys.readouterr()
    assert main(("queue", "outbox", "retry", "--to", "nobody@")) == 0
    assert capsys.readouterr().err == "no mail matches\n"
    assert main(("queue", "outbox", "drop", "--all", "--to", "@client.example")) == 0
    assert capsys.readouterr().err == "dropped\n"


def test_a_state_that_there_is_not_is_named(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(("queue", "outbox", "list", "--state", "waiting")) == 2
    assert "mail in the outbox is queued or sending or failed" in capsys.readouterr().err
    assert main(("queue", "quarantine", "drop", "--state", "failed")) == 2
    assert main(("queue", "quarantine", "list", "--reason", "poison")) == 0
    assert "no mail matches" in capsys.readouterr().err, "it is not empty"


def test_who_tries_a_mail_again_tries_a_dead_address_again(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    eve = "eve@client.example"
    with db.transaction():
        db.run("UPDATE outbox SET state = 'failed' WHERE recipient = ?", [eve])
        for email in (eve, "zoe@client.example"):
            dead_addresses.mark(db, email, "no such mailbox", datetime(2026, 11, 20, tzinfo=UTC))
    call(capsys, "outbox", "retry", "--state", "failed")
    assert list(dead_addresses.among(db, [eve, "zoe@client.example"])) == ["zoe@client.example"]


def test_a_refused_mail_is_no_problem_for_ever(db: Db, capsys: pytest.CaptureFixture[str]) -> None:
    with db.transaction():
        db.run("UPDATE outbox SET state = 'failed' WHERE recipient = 'eve@client.example'")
    capsys.readouterr()
    main(("status", "--json"))
    found = json.loads(capsys.readouterr().out)
    assert found["queues"]["failed"] == 1
    assert [each[:20] for each in found["problems"]] == ["no daemon is running"]
