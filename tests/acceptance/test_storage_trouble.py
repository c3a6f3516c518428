"""Storage trouble under the real daemon: told in status and /readyz, no mail taken into nothing, over by itself."""

from __future__ import annotations

import smtplib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance.labs import CARLA, KAREN
from tests.acceptance.world import World, desk, wait_until

HTTP = '\n[http]\nlisten = "127.0.0.1:0"\n'


@pytest.fixture
def world(tmp_path: Path):
    with World(tmp_path, desk()) as world:
        world.start()
        world.step(KAREN.writes("Printer", "It does not print."))
        yield world


def problems(world: World) -> list[str]:
    return world.look("status", codes=(0, 1))["problems"]


def refused(world: World) -> int:
    """The answer to a mail."""
    with pytest.raises(smtplib.SMTPDataError) as caught:
        world.send(CARLA.writes("Lost?", "Is this kept?"))
    return caught.value.smtp_code


@pytest.mark.sqlite
def test_a_database_that_is_deleted_takes_no_mail_and_the_next_start_refuses(world: World) -> None:
    for name in ("mailgate.db", "mailgate.db-wal", "mailgate.db-shm"):
        (world.folder / "var" / name).unlink()
    assert refused(world) == 452
    wait_until(lambda: any("was deleted or replaced" in each for each in problems(world)))
    (told,) = (each for each in problems(world) if "was deleted or replaced" in each)
    assert "stop the daemon, restore the database" in told
    world.end()
    assert "exists, but the database" in world.complaint("run")


@pytest.mark.sqlite
def test_a_file_that_cannot_be_read_stops_no_other_mail(world: World) -> None:
    """A large mail's file becomes unreadable between its 250 and its reading; later it is back."""
    import os  # late: signals are sent to the worker here alone
    import signal

    worker = world.stop_worker()
    try:
        large = KAREN.writes("Dump", "Here it is.")
        large.add_attachment(b"dump " * 100_000, maintype="application", subtype="octet-stream", filename="dump.bin")
        world.send(large)
        (file,) = (world.folder / "var" / "mailgate.db-raw").iterdir()
        file.rename(world.folder / "elsewhere")
    finally:
        os.kill(worker, signal.SIGCONT)
    world.send(CARLA.writes("Account", "What is my account number?"))
    wait_until(lambda: len(world.look("tickets", "list")) == 2)
    wait_until(lambda: any(got.to == "postmaster@ops.example" for got in world.taken))
    (told,) = (got for got in world.taken if got.to == "postmaster@ops.example")
    assert f"cannot read {file}" in told.text
    (waiting,) = world.look("queue", "inbox", "list")
    assert "no such file" in waiting["last_error"]
    assert waiting["next_attempt_at"]
    assert any("cannot be read" in each for each in problems(world))
    (world.folder / "elsewhere").rename(file)
    world.cli("queue", "inbox", "retry", str(waiting["id"]))
    wait_until(lambda: len(world.look("tickets", "list")) == 3)
    assert not any("cannot be read" in each for each in problems(world))


def test_an_attachments_folder_that_cannot_be_used_is_told_and_over_by_itself(tmp_path: Path) -> None:
    with World(tmp_path, desk(more=HTTP)) as world:
        world.start()
        folder = tmp_path / "var" / "attachments"
        folder.write_text("in the way")
        mail = KAREN.writes("Photo", "Look.")
        mail.add_attachment(b"photo", maintype="image", subtype="png", filename="p.png")
        world.send(mail)
        wait_until(lambda: any("not a directory, since" in each for each in problems(world)))
        (told,) = (each for each in problems(world) if "not a directory, since" in each)
        assert told.startswith(f"storage: cannot write {folder}: not a directory, since ")
        found = world.look("status", codes=(1,))["storage"]
        assert f"cannot write {folder}: not a directory" in [each["problem"] for each in found]
        folder.unlink()
        wait_until(lambda: len(world.look("tickets", "list")) == 1)
        wait_until(lambda: problems(world) == [])


@pytest.mark.sqlite
def test_readyz_says_so(tmp_path: Path) -> None:
    import socket  # late: to find a free port for this test's page

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with World(tmp_path, desk(more=f'\n[http]\nlisten = "127.0.0.1:{port}"\n')) as world:
        world.start()

        def page(path: str) -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            except urllib.error.URLError:  # not yet
                return 0, ""

        wait_until(lambda: page("/readyz")[0] == 200)
        world.step(KAREN.writes("The portal is down", "Nobody can log in."))  # the worker has the database open, too
        assert "mailgate_storage_ok 1" in page("/metrics")[1]
        (tmp_path / "var" / "mailgate.db").rename(tmp_path / "var" / "elsewhere.db")
        wait_until(lambda: page("/readyz")[0] == 503)
        _, text = page("/readyz")
        assert "was deleted or replaced while it was in use, since " in text
        assert "mailgate_storage_ok 0" in page("/metrics")[1]
        (tmp_path / "var" / "elsewhere.db").rename(tmp_path / "var" / "mailgate.db")
