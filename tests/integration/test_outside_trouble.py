"""Trouble of the disk and of other processes is waited out; nothing of it is the mail's fault."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailgate.cli.main import main
from mailgate.config.load import load
from mailgate.daemon import active_config, status
from mailgate.errors import StorageError, UnreadableFile
from mailgate.outbound.backoff import Stage
from mailgate.outbound.payload import Payload
from mailgate.outbound.relay import SmtpRelay
from mailgate.settings import Relay
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Store, open_reader, open_writer
from mailgate.store.queues import inbox
from mailgate.system.lock import Lock
from mailgate.worker import batch
from tests import prefork
from tests.desk import CONFIG, Bench
from tests.programs import need_root
from tests.waiting import PATIENCE, until

MAIL = (
    "From: karen{n}@client.example\r\nTo: support@bank.example\r\nSubject: Question {n}\r\n\r\nWhere is number {n}?\r\n"
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    one = Bench(tmp_path)
    yield one
    one.db.close()


def test_a_folder_that_is_none_is_trouble_of_the_storage(tmp_path: Path) -> None:
    """Attachments cannot be kept and cannot be read: temporary, with no trace left and no other error."""
    (tmp_path / "file").write_text("in the way")
    store = AttachmentStore(tmp_path / "file/attachments")
    with pytest.raises(StorageError, match=r"cannot write .*file/attachments: not a directory"):
        store.keep([b"content"])
    with pytest.raises(UnreadableFile, match=r"cannot read .*: not a directory"):
        store.read("ab" * 32)


def test_an_attachment_that_vanished_is_one_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        AttachmentStore(tmp_path).read("ab" * 32)


def test_a_mail_whose_attachment_cannot_be_kept_waits_uncounted(bench: Bench) -> None:
    """Nothing is claimed for good, and no try is counted, while the disk will not."""
    bench.accept(bench.write("karen@client.example", "Look", files=(("a.txt", "text/plain", b"x"),)))
    claimed = batch.claim(bench.db)
    folder = bench.config.storage.attachments
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    with pytest.raises(StorageError):
        batch.read(claimed, bench.desk, bench.now)
    folder.unlink()
    with bench.db.transaction():
        inbox.unclaim(bench.db, [claimed[0].id])
    assert [mail.kind for mail in bench.drain() if mail.to == "karen@client.example"] == ["acknowledgement"]
    assert bench.last()["tries"] == 1


async def test_the_status_file_on_a_full_disk_is_written_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task retries; a status file that cannot be written does not end the daemon."""
    monkeypatch.setattr(status, "INTERVAL", 0.01)
    looks = 0

    def current() -> status.DaemonStatus:
        nonlocal looks
        looks += 1
        return status.DaemonStatus()

    async def next_look() -> None:
        seen = looks
        await until(lambda: looks > seen)

    place = status.status_path(bench.config)
    blocked = place.with_name(place.name + ".new")
    blocked.mkdir()
    stop = asyncio.Event()
    task = asyncio.create_task(status.keep_written(bench.config, current, stop))
    for _ in range(5):
        await next_look()
    assert not task.done()
    assert not place.exists()
    blocked.rmdir()
    await until(place.exists)
    assert json.loads(place.read_text())["relays"] == []
    stop.set()
    await task


def test_a_config_that_cannot_be_remembered_is_none(bench: Bench) -> None:
    """Only `reload` has less to tell."""
    place = bench.config.storage.database.with_name("mailgate.db.config.toml")
    place.mkdir()
    active_config.save(bench.config)
    assert active_config.load(bench.config) is None


def test_a_lock_without_a_place_is_trouble_of_the_storage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write") as caught, Lock(tmp_path / "file/mailgate.db"):
        pass
    assert caught.value.cure.endswith(", or choose another place with [storage] database")


def test_a_database_without_permissions_is_reported_with_owner_and_user() -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        database = Path(name) / "mailgate.db"
        database.touch(0)
        if user == 0:  # root can open everything: test as another user
            os.seteuid(65534)
        try:
            with pytest.raises(StorageError, match=f"cannot open {database}: permission denied") as caught:
                open_writer(database)
        finally:
            os.seteuid(user)
        assert caught.value.cause.startswith(f"owner {database.owner()}, running as ")
        assert caught.value.cure.startswith(f"make {database} accessible for ")


@pytest.mark.parametrize("verb", ["status", "tickets list", "database status", "explain mail.eml"])
def test_a_folder_that_hides_the_database_is_trouble_of_the_storage(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "config.toml").write_text(CONFIG)
        (folder / "mail.eml").write_text("Subject: Hello\n\nHelp.\n")
        (folder / "var").mkdir()
        (folder / "var").chmod(0)
        if user == 0:  # root can open everything: test as another user
            os.seteuid(65534)
        try:
            words = verb.replace("mail.eml", str(folder / "mail.eml")).split()
            assert main(["-c", str(folder / "config.toml"), *words]) == 75
        finally:
            os.seteuid(user)
            (folder / "var").chmod(0o700)
    err = capsys.readouterr().err
    assert f"cannot open {folder}/var/mailgate.db: permission denied" in err
    assert "To mend it: make " in err


@pytest.mark.parametrize("forbidden", ["mailgate.db-wal", "mailgate.db-shm", ""])
def test_what_sqlite_cannot_write_beside_the_database_is_named(forbidden: str) -> None:
    """As after root used `sqlite3`, whose "attempt to write a readonly database" names no file and no cure."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "mailgate.db"
        folder.chmod(0o777)
        open_writer(database).close()
        for end in ("", "-wal", "-shm"):
            place = folder / f"mailgate.db{end}"
            place.touch()
            place.chmod(0o666)
        if not forbidden:
            for end in ("-wal", "-shm"):
                (folder / f"mailgate.db{end}").unlink()
        (folder / forbidden).chmod(0o555 if not forbidden else 0)
        if user == 0:  # root can write everything: test as another user
            os.seteuid(65534)
        try:
            with pytest.raises(StorageError) as caught:
                open_writer(database)
        finally:
            os.seteuid(user)
            folder.chmod(0o700)
        assert caught.value.public == f"cannot write {folder / forbidden}: permission denied"
        assert caught.value.cure.endswith("(chmod)" if user else "(chown)")


def test_a_path_too_long_for_sqlite_is_told(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["x" * 200] * 3)
    folder.mkdir(parents=True)
    with pytest.raises(StorageError, match="SQLite takes paths of 500 bytes") as caught:
        open_writer(folder / "mailgate.db")
    assert caught.value.cure == "use a shorter path"


async def test_a_damaged_database_is_no_mistake_in_sql(tmp_path: Path) -> None:
    (tmp_path / "mailgate.db").write_bytes(b"This is no database. " * 100)
    with pytest.raises(StorageError, match="not a database"):
        await Store.open(tmp_path / "mailgate.db")


def test_a_step_that_an_earlier_one_moved_does_not_fire(tmp_path: Path) -> None:
    """Two steps came due together, and the first gives the ticket more time: it is not overdue."""
    ladder = 'escalate = [ { at = "50%", alert = ["team-lead"] }, { at = "100%", alert = ["assignee", "manager"] } ]'
    more = 'escalate = [ { at = "50%", alert = [], then = { sla = "Patient" } }, { at = "100%", alert = ["manager"] } ]'
    assert ladder in CONFIG
    bench = Bench(tmp_path, CONFIG.replace(ladder, more) + '\n[sla.Patient]\nresolve = "90d"\n')
    bench.send("karen@client.example", "Help", to="outages@bank.example")
    bench.wait(hours=3)
    assert bench.ticket().sla == "Patient"
    assert not bench.ticket().overdue
    assert "overdue" not in bench.kinds()
    bench.db.close()


@pytest.mark.parametrize("host", ["relay..example", "a" * 70 + ".example", "\u202erelay.example"])
async def test_a_relay_whose_name_is_no_host_name_is_a_relay_that_is_ill(host: str) -> None:
    """It ends no connection's task, and with it the daemon."""
    relay = SmtpRelay(Relay(host=host), "mx.bank.example")
    reply = await relay.send("support@bank.example", "karen@client.example", Payload(b"Subject: x\r\n\r\nx\r\n"))
    assert (reply.stage, reply.code) == (Stage.CONNECT, 0)


def test_to_forget_bytes_does_not_scan_the_inbox(bench: Bench) -> None:
    """Each deleted row of `raw` is looked up in the inbox by the foreign key: it has an index for that."""
    plan = bench.db.all("EXPLAIN QUERY PLAN SELECT 1 FROM inbox WHERE raw_id = 1")
    assert "inbox_raw" in plan[0]["detail"]


def test_mails_that_come_together_without_a_daemon_are_all_worked(tmp_path: Path) -> None:
    """Who finds the lock taken leaves its mail to whoever holds it, who looks once more at the end."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    running = []
    for n in range(6):
        (tmp_path / f"{n}.eml").write_text(MAIL.format(n=n))
        with (tmp_path / f"{n}.eml").open("rb") as mail:
            running.append(prefork.start(["-m", "mailgate", "ingest", "-c", file], stdin=mail))
    assert [process.wait(PATIENCE) for process in running] == [0] * 6
    db = open_reader(load(file)[0].storage.database)
    assert {row["state"]: row["n"] for row in db.all("SELECT state, count(*) AS n FROM inbox GROUP BY 1")} == {
        "done": 6
    }
    db.close()


def test_a_mail_put_in_while_another_worked_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    """The worst moment: after the last look at the inbox, before the lock is free."""
    drain, late = batch.drain, [b""]

    def slow(*args: object, **named: object) -> int:
        worked = drain(*args, **named)  # type: ignore[arg-type]
        if late:
            late.pop()
            bench.accept(MAIL.format(n=7).encode(), key="late")
        return worked

    monkeypatch.setattr(batch, "drain", slow)
    mail = tmp_path / "one.eml"
    mail.write_bytes(MAIL.format(n=1).encode())
    assert main(["ingest", str(mail), "-c", str(tmp_path / "config.toml")]) == 0
    assert [row["state"] for row in bench.db.all("SELECT state FROM inbox")] == ["done", "done"]


def test_a_desk_that_root_begins_belongs_to_the_owner_of_its_folder(tmp_path: Path) -> None:
    need_root("to give files away")
    var = tmp_path / "var"
    var.mkdir()
    os.chown(var, 65534, 65534)
    (tmp_path / "config.toml").write_text(CONFIG)
    mail = tmp_path / "one.eml"
    mail.write_bytes(MAIL.format(n=1).encode())
    assert main(["ingest", str(mail), "-c", str(tmp_path / "config.toml")]) == 0
    large = EmailMessage()
    large["From"], large["To"], large["Subject"] = "karen@client.example", "support@bank.example", "The plans"
    large.set_content("They are in the file.")
    large.add_attachment(b"plan " * 100_000, maintype="application", subtype="pdf", filename="plans.pdf")
    mail.write_bytes(bytes(large))
    assert main(["ingest", str(mail), "-c", str(tmp_path / "config.toml")]) == 0
    assert any(var.glob("attachments/*/*"))
    assert any(var.glob("*-raw/*"))
    assert main(["backup", str(tmp_path / "copy"), "-c", str(tmp_path / "config.toml")]) == 0
    made = [path for path in var.rglob("*") if path.exists()]
    assert made
    assert {path.name for path in made if path.stat().st_uid != 65534} == set()
