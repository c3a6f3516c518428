"""A backup holds one moment's state, is verified file by file, and goes back into an empty place alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from mailgate.cli.main import main
from mailgate.mail import Delivery, Envelope
from mailgate.store import schema
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import open_reader
from mailgate.store.maintenance.invariants import check
from mailgate.store.queues import inbox
from mailgate.store.raw_files import RawFiles, raw_folder
from mailgate.system.lock import Lock, keep_files
from tests.desk import ELLIOT, KAREN, Bench, to


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A desk with a file, a large mail, a template and a refresh token."""
    folder = tmp_path / "desk"
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "reply.txt").write_text("{{ text }}")
    bench = Bench(folder)
    bench.send(KAREN, "It is down.", files=(("log.txt", "text/plain", b"error 17"),))
    raw = bench.write(KAREN, "Dump.", files=(("dump.bin", "application/octet-stream", b"dump " * 60_000),))
    large = Delivery(
        source="smtp",
        source_key="large",
        envelope=Envelope("karen@client.example", ("support@bank.example",)),
        raw=raw,
        arrived_at=bench.now,
    )
    with bench.db.transaction():
        inbox.add(bench.db, [bench.db.files.filed(large)], bench.now)
    bench.drain()
    tokens = folder / "var" / "sign-in"
    tokens.mkdir()
    (tokens / "support.json").write_text('{"refresh_token": "t0ken"}')
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return bench


@pytest.fixture
def backup(bench, tmp_path):
    assert main(("backup", str(tmp_path / "backup"))) == 0
    return tmp_path / "backup"


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def printed(capsys):
    out, err = capsys.readouterr()
    return out + err


# ── made ────────────────────────────────────────────────────────────────────────────────


def test_a_backup_holds_everything_and_nobody_else_can_read_it(bench, backup, tmp_path):
    found = files(backup)
    kinds = {name.partition("/")[0] for name in found}
    assert kinds == {
        *("SHA256SUMS", "attachments", "backup.json", "config.toml", "mailgate.db", "mailgate.db-raw"),
        *("secret-1", "sign-in", "templates"),
    }
    assert found["config.toml"] == (tmp_path / "desk" / "config.toml").read_bytes()
    assert found["secret-1"] == (tmp_path / "desk" / "var" / "secret").read_bytes()
    assert found["templates/reply.txt"] == b"{{ text }}"
    assert sorted(found[name] for name in found if name.startswith("attachments/")) == [b"dump " * 60_000, b"error 17"]
    assert {path.stat().st_mode & 0o777 for path in backup.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (backup, *backup.rglob("*")) if path.is_dir()} == {0o700}


def test_its_digests_are_read_by_sha256sum_too(backup):
    done = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=backup, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    listed = {line.split("  ")[1] for line in (backup / "SHA256SUMS").read_text().splitlines()}
    assert listed == files(backup).keys() - {"SHA256SUMS", "backup.json"}


def test_only_what_the_database_names_is_taken(bench, tmp_path):
    store = AttachmentStore(bench.config.storage.attachments)
    orphan, _ = store.keep([b"nobody's"])
    assert main(("backup", str(tmp_path / "backup"))) == 0
    assert f"attachments/{orphan[:2]}/{orphan}" not in files(tmp_path / "backup")


def test_it_says_what_it_is(bench, tmp_path, capsys):
    assert main(("backup", "--json", str(tmp_path / "backup"))) == 0
    made = json.loads(capsys.readouterr().out)
    about = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert made["ok"]
    assert (about["schema"], about["format"], about["files"]) == (schema.VERSION, 1, made["files"])
    assert about["places"] == {
        "database": "var/mailgate.db",
        "attachments": "var/attachments",
        "large_mails": "var/attachments/large-mails" if bench.database else "var/mailgate.db-raw",
        "secrets": ["var/secret"],
    }
    assert made["size"] == sum(map(len, files(tmp_path / "backup").values())) - sum(
        (tmp_path / "backup" / name).stat().st_size for name in ("SHA256SUMS", "backup.json")
    )


@pytest.mark.parametrize("kind", ["attachment", "large mail"])
def test_a_file_that_is_missing_is_told_and_the_rest_is_saved(bench, tmp_path, capsys, kind):
    folder = bench.config.storage.attachments if kind == "attachment" else raw_folder(bench.config.storage.database)
    lost = next(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    lost.unlink()
    assert main(("backup", str(tmp_path / "backup"))) == 1
    assert f"a file that is missing: {lost}" in printed(capsys)
    assert main(("backup", "verify", str(tmp_path / "backup"))) == 1
    assert f"{lost.name} is not in it" in printed(capsys)


@pytest.mark.sqlite
def test_a_folder_with_something_in_it_and_a_desk_without_database_are_refused(bench, tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").touch()
    assert main(("backup", str(tmp_path / "full"))) == 1
    assert "is not empty" in printed(capsys)
    (tmp_path / "desk" / "var" / "mailgate.db").rename(tmp_path / "elsewhere")
    assert main(("backup", str(tmp_path / "backup"))) == 1
    assert "there is no database" in printed(capsys)
    assert main(("backup", "verify")) == main(("backup", "a", "b")) == 2


def test_what_is_written_meanwhile_is_not_half_in_it(bench, tmp_path):
    """The copy is of one moment: a mail that comes while files are copied is not in it, nor is its attachment."""
    with keep_files(bench.config.storage.beside):
        assert main(("backup", str(tmp_path / "backup"))) == 0
    bench.send(KAREN, "Later.", subject="Later", files=(("l.txt", "text/plain", b"later"),))
    with closing(open_reader(tmp_path / "backup" / "mailgate.db")) as db:
        assert db.one("SELECT count(*) FROM ticket")[0] == 2
        found = check(db, AttachmentStore(tmp_path / "backup" / "attachments"))
    assert [problem for each in found for problem in each.problems] == []


def test_no_file_is_swept_while_a_backup_copies(bench):
    database = bench.config.storage.database
    (name,) = inbox.raw_files(bench.db)
    with keep_files(bench.config.storage.beside):
        RawFiles(database).sweep([name])
    assert RawFiles(database).path(name).exists()
    RawFiles(database).sweep([name])
    assert not RawFiles(database).path(name).exists()


# ── verified ────────────────────────────────────────────────────────────────────────────


def test_a_good_backup_is_good(backup, capsys):
    assert main(("backup", "verify", str(backup))) == 0
    assert ", good" in printed(capsys)
    before = files(backup)
    assert main(("backup", "verify", str(backup), "--json")) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []
    assert files(backup) == before


@pytest.mark.parametrize("name", ["mailgate.db", "secret-1", "config.toml", "templates/reply.txt"])
def test_one_changed_byte_is_found(backup, capsys, name):
    content = bytearray((backup / name).read_bytes())
    content[len(content) // 2] ^= 1
    (backup / name).write_bytes(content)
    assert main(("backup", "verify", str(backup))) == 1
    assert f"{name} is damaged" in printed(capsys)


def test_a_lost_file_is_found(backup, capsys):
    (backup / "secret-1").unlink()
    assert main(("backup", "verify", str(backup))) == 1
    assert "secret-1 is missing" in printed(capsys)


@pytest.mark.parametrize("name", ["backup.json", "SHA256SUMS"])
def test_a_backup_that_was_not_finished_is_none(backup, capsys, name, tmp_path):
    (backup / name).unlink()
    assert main(("backup", "verify", str(backup))) == 1
    assert f"it has no {name}" in printed(capsys)
    assert main(("restore", str(backup), "-c", str(tmp_path / "new" / "config.toml"))) == 1
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_version_is_refused(backup, capsys):
    about = json.loads((backup / "backup.json").read_text())
    (backup / "backup.json").write_text(json.dumps(about | {"schema": 99}))
    assert main(("backup", "verify", str(backup))) == 1
    assert "was made by a newer mailgate" in printed(capsys)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", ""])
def test_a_list_of_digests_names_nothing_outside(backup, capsys, name):
    with (backup / "SHA256SUMS").open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    assert main(("backup", "verify", str(backup))) == 1
    assert "names no file of a backup" in printed(capsys)


# ── restored ────────────────────────────────────────────────────────────────────────────


def test_restored_to_another_place_the_desk_plays_on(bench, backup, tmp_path, capsys):
    alert = to([mail for mail in bench.sent() if mail.ticket == 1001], "elliot@bank.example")
    new = tmp_path / "new"
    assert main(("restore", str(backup), "-c", str(new / "config.toml"))) == 0
    assert f"the database is {new}/var/mailgate.db" in printed(capsys)
    assert {path.stat().st_mode & 0o777 for path in new.rglob("*") if path.is_file()} <= {0o600, 0o644}
    assert (new / "var" / "mailgate.db").stat().st_mode & 0o777 == 0o600
    assert (new / "var" / "sign-in" / "support.json").read_text() == '{"refresh_token": "t0ken"}'
    again = Bench(new, (new / "config.toml").read_text())
    again.now, again.mails = bench.now, 1000
    again.new()
    found = check(again.db, AttachmentStore(again.config.storage.attachments))
    assert [problem for each in found for problem in each.problems] == []
    sent = again.send(ELLIOT, "Try again.", answers=alert)
    assert "Try again." in to(sent, "karen@client.example").text


@pytest.mark.sqlite
def test_a_configuration_that_is_there_says_where_and_stays(bench, backup, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    moved = '[storage]\ndatabase = "sqlite:///data/desk.db"\nattachments = "data/files"\n'
    text = moved + bench.config.text.replace("[desk]\n", '[desk]\nsecret = { file = "key" }\n')
    (new / "config.toml").write_text(text)
    assert main(("restore", str(backup), "-c", str(new / "config.toml"))) == 0
    assert (new / "config.toml").read_text() == text
    assert {path.partition("/")[0] for path in files(new)} == {"config.toml", "key", "data", "templates"}
    assert main(("database", "check", "-c", str(new / "config.toml"))) == 0


def test_a_configuration_without_the_secret_file_is_refused(bench, backup, tmp_path, capsys):
    (tmp_path / "new").mkdir()
    text = bench.config.text.replace("[desk]\n", '[desk]\nsecret = "as text, and long enough"\n')
    (tmp_path / "new" / "config.toml").write_text(text)
    assert main(("restore", str(backup), "-c", str(tmp_path / "new" / "config.toml"))) == 1
    assert "the backup has 1 secret files" in printed(capsys)


@pytest.mark.parametrize("name", ["mailgate.db", "mailgate.db-wal", "secret"])
def test_nothing_that_is_there_is_overwritten(backup, tmp_path, capsys, name):
    new = tmp_path / "new"
    (new / "var").mkdir(parents=True)
    (new / "var" / name).write_text("precious")
    assert main(("restore", str(backup), "-c", str(new / "config.toml"))) == 1
    assert f"in the way of the backup: {new}/var/{name}" in printed(capsys)
    assert (new / "var" / name).read_text() == "precious"
    assert not (new / "config.toml").exists()


@pytest.mark.sqlite
def test_what_a_refused_start_leaves_is_in_nobodys_way(bench, backup, tmp_path, monkeypatch, capsys):
    """The database was lost; what writes makes an empty one, and then refuses to begin a desk with the old secret."""
    folder = tmp_path / "desk"
    bench.db.close()
    for path in (folder / "var").glob("mailgate.db*"):
        path.unlink() if path.is_file() else shutil.rmtree(path)
    assert main(("tickets", "do", "1001", "#close")) == 2
    assert "restore the database" in printed(capsys)
    with closing(open_reader(folder / "var" / "mailgate.db")):  # somebody looks, so that the log is there, too
        assert main(("restore", str(backup))) == 0
    with closing(open_reader(folder / "var" / "mailgate.db")) as db:
        assert db.one("SELECT count(*) FROM ticket")[0] == 2
        attachments = AttachmentStore(folder / "var" / "attachments")
        assert not [problem for each in check(db, attachments) for problem in each.problems]
    capsys.readouterr()
    assert main(("restore", str(backup))) == 1, "a desk's own is"
    (folder / "var" / "mailgate.db").write_bytes(b"no database" * 1000)
    assert main(("restore", str(backup))) == 1
    assert "in the way of the backup" in printed(capsys)


def test_an_interrupted_restore_is_none_and_can_be_repeated(backup, tmp_path):
    new = tmp_path / "new"
    (new / "var").mkdir(parents=True)
    (new / "var" / "secret").write_bytes((backup / "secret-1").read_bytes())
    (new / "var" / "secret.part").write_text("half")
    (new / "var" / "mailgate.db.new").write_text("half a database")
    assert main(("restore", str(backup), "-c", str(new / "config.toml"))) == 0
    assert main(("database", "check", "-c", str(new / "config.toml"))) == 0


def test_a_damaged_backup_is_not_restored(backup, tmp_path, capsys):
    (backup / "secret-1").write_text("another")
    assert main(("restore", str(backup), "-c", str(tmp_path / "new" / "config.toml"))) == 1
    assert "the backup is damaged; nothing was restored" in printed(capsys)
    assert not (tmp_path / "new").exists()


def test_nothing_is_restored_under_a_daemon(backup, tmp_path, capsys):
    with Lock(tmp_path / "new" / "var" / "mailgate.db"):
        assert main(("restore", str(backup), "-c", str(tmp_path / "new" / "config.toml"), "--json")) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.sqlite
def test_absolute_places_stay_where_they_were(bench, tmp_path):
    """Restored on another machine, a desk that lay in /var/lib lies there again."""
    state = tmp_path / "state"
    config = tmp_path / "desk" / "config.toml"
    config.write_text(f'[storage]\ndatabase = "sqlite:///{state}/mailgate.db"\n' + bench.config.text)
    shutil.copytree(tmp_path / "desk" / "var", state, ignore=shutil.ignore_patterns("attachments"))
    assert main(("backup", str(tmp_path / "backup"))) == 0
    shutil.rmtree(state)
    assert main(("restore", str(tmp_path / "backup"), "-c", str(tmp_path / "new" / "config.toml"))) == 0
    assert (state / "mailgate.db").is_file()
    assert Path(tmp_path / "new" / "var" / "secret").is_file()


def test_no_config_no_restore(backup, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(("restore", str(backup))) == 2
    assert "name one with -c" in printed(capsys)
