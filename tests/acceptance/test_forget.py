"""`mailgate forget` beside the running daemon, with its IMAP and SMTP connections and its open database."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.world import World, desk

HER = "vera.quist@client.example"


def mail(sender: str, subject: str, text: str) -> bytes:
    return (
        f"From: Vera <{sender}>\r\nTo: support@bank.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject.replace(' ', '')}@client.example>\r\n\r\n{text}\r\n"
    ).encode()


def test_a_person_is_erased_while_the_daemon_runs(tmp_path: Path) -> None:
    with World(tmp_path, desk()) as world:
        world.start()
        world.step(mail(HER, "My xylophone", "The zanzibar is broken."))
        world.step(mail("karen@client.example", "Our printer", "It is broken, too."))
        said = world.cli("forget", HER)
        assert said["removed"]["tickets"] == [1001]
        for path in (tmp_path / "var").rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            assert not any(word in content for word in (HER.encode(), b"xylophone", b"zanzibar")), path
        world.step(mail(HER, "A new matter", "Hello again."))
        assert sorted(each["number"] for each in world.look("tickets", "list")) == [1002, 1003]
