"""A desk that is copied to another database is the same desk, and nothing else is copied over."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from mailgate.cli.main import main
from mailgate.errors import Refused
from mailgate.settings import Server
from mailgate.store.db import engine_of
from mailgate.store.maintenance import copy as module
from mailgate.store.maintenance.copy import copy, copy_large_mails
from mailgate.store.maintenance.invariants import check
from mailgate.store.queues import inbox
from tests.desk import ANN, ELLIOT, KAREN, Bench, to
from tests.postgresql import cluster


def lived_in(bench: Bench) -> Bench:
    """Tickets with everything: merged, closed, held mail, files, a large mail, text in many scripts."""
    bench.send(KAREN, "The printer is broken. 東京 \U0001f600", subject="Printer")
    bench.send(KAREN, "It smokes.", subject="Smoke", files=(("a.txt", "text/plain", b"content"),))
    bench.send("dora@client.example", "x" * 300_000, subject="Large")
    alert = next(each for each in bench.sent() if each.ticket == 1002 and each.to == "elliot@bank.example")
    bench.send(ELLIOT, "#merge 1001", answers=alert)
    bench.send(ELLIOT, "#close", to="support@bank.example", subject="Re: [#1001] Printer")  # held: nothing proves it
    bench.send(ANN, "#away until fri", subject="Away")
    return bench


def place(folder: Path, kind: str) -> Path | Server:
    if kind == "sqlite":
        return folder / "copy" / "mailgate.db"
    return Server(cluster().url(cluster().desk_database()), folder / "copy" / "mailgate.db")


@pytest.fixture
def bench(tmp_path, request, on_postgresql) -> Bench:
    return lived_in(Bench(tmp_path))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_copy_is_the_same_desk_and_goes_on(bench, tmp_path, kind):
    target = engine_of(place(tmp_path, kind))
    with closing(target.open_writer()) as db:
        copied = {each.table: each.rows for each in copy(bench.db, db, "here")}
        assert copied["ticket"] == 3
        assert set(copied) == set(bench.db.tables())
        before = bench.sent()
        assert copy_large_mails(bench.db.files, db.files, inbox.raw_files(db)) == 1
        bench.db.close()
        bench.db = db
        assert [mail.data for mail in bench.sent()] == [mail.data for mail in before]
        assert [problem for each in check(db, bench.desk.files) for problem in each.problems] == []
        ack = to([each for each in before if each.ticket == 1001], "karen@client.example")
        bench.send(KAREN, "Still broken.", answers=ack)
        assert bench.thread(1001)[-1] == ("message", "Still broken.")
        new = bench.send(KAREN, "Another thing.", subject="New")
        assert {each.ticket for each in new} == {1004}


def test_an_interrupted_copy_goes_on(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PORTION", 2)
    seen: list[str] = []

    def stop(table: str, _rows: int) -> None:
        seen.append(table)
        if table == "event":
            raise KeyboardInterrupt

    with closing(engine_of(place(tmp_path, "postgresql")).open_writer()) as db:
        with pytest.raises(KeyboardInterrupt):
            copy(bench.db, db, "here", stop)
        assert db.one("SELECT count(*) FROM event")[0] == 2
        assert db.one("SELECT value FROM meta WHERE key = 'secret'") is None, "no daemon takes it for a desk"
        with pytest.raises(Refused, match="a part of a copy of here"):
            copy(bench.db, db, "elsewhere")
        again: list[str] = []
        copy(bench.db, db, "here", lambda table, _rows: again.append(table))
        assert "inbox" in seen
        assert "inbox" not in again


def test_a_database_with_a_desk_in_it_is_left_alone(bench, tmp_path):
    with closing(engine_of(place(tmp_path, "sqlite")).open_writer()) as db:
        copy(bench.db, db, "here")
        with pytest.raises(Refused, match="there is a desk in the database already"):
            copy(bench.db, db, "here")


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM known_id", "the table known_id: . rows, not 0"),
        ("UPDATE entry SET text = 'other' WHERE id = 1", "the table entry: . rows, not all the same"),
    ],
)
def test_what_differs_afterwards_is_found(bench, tmp_path, statement, what):
    with closing(engine_of(place(tmp_path, "postgresql")).open_writer()) as db:

        def disturb(table: str, _rows: int) -> None:
            if table == "outgoing":
                db.run(statement)

        with pytest.raises(Refused, match=what):
            copy(bench.db, db, "here", disturb)


def test_from_the_command_line(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    bench.db.close()
    source = cluster().url(bench.database) if bench.database else "sqlite:///var/mailgate.db"
    target = cluster().url(cluster().empty_database())
    assert main(("database", "copy", source, target, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tables"]["ticket"]["rows"] == 3
    assert found["files"] == (0 if bench.database else 1), "they lie among the attachments then"
    assert main(("database", "copy", source, target)) == 1
    assert "there is a desk in the database already" in capsys.readouterr().err
    assert main(("database", "copy", target, "sqlite:////" + str(tmp_path / "back.db"))) == 0
    said = capsys.readouterr().out
    assert re.search(r"ticket +3 rows, the same: [0-9a-f]{16}", said)
    assert [path.stat().st_size > 256_000 for path in (tmp_path / "back.db-raw").iterdir()] == [True]
    assert main(("database", "copy", "sqlite:///none.db", target)) == 1
    assert main(("database", "copy", "none.db", target)) == 2
