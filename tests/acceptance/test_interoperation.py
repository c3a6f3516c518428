"""Programs of others against the listeners, and beside mailgate at its mailbox: swaks, msmtp, mutt, mbsync."""

from __future__ import annotations

import email
import subprocess
import sys
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path

import pytest

from tests.acceptance.labs import CARLA, ELLIOT, KAREN
from tests.acceptance.world import ROOT, World, desk
from tests.dovecot import PASSWORD as MAILBOX_PASSWORD
from tests.dovecot import Dovecot
from tests.ports import reserved_port
from tests.programs import need
from tests.smtp_client import CERTIFICATE
from tests.waiting import PATIENCE, wait_until

PASSWORD = "correct horse battery staple"
ADDRESS = "support@bank.example"
LISTEN = 'listen = "127.0.0.1:0"'
TEXT = "Grüße aus Köln.\n.\n..dots\n"
Send = Callable[[Path, int], None]


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Of SMTP and of submission."""
    return reserved_port(), reserved_port()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, ports: tuple[int, int]) -> Iterator[World]:
    """A desk with STARTTLS on both listeners, where Elliot can log in."""
    hash_password = [sys.executable, "-m", "mailgate", "hash-password"]
    hashed = subprocess.run(hash_password, input=PASSWORD, text=True, capture_output=True, check=True, cwd=ROOT).stdout
    tls = f'tls = {{ cert = "{CERTIFICATE}", key = "{CERTIFICATE}" }}\n'
    elliot = '[agent.elliot]\nname = "Elliot Alderson"\n'
    changes = {LISTEN: f'listen = "127.0.0.1:{ports[0]}"\n{tls}', elliot: f"{elliot}{hashed}"}
    more = f'\n[submission]\nlisten = "127.0.0.1:{ports[1]}"\n{tls}'
    with World(tmp_path_factory.mktemp("desk"), desk(instead=changes, more=more)) as world:
        world.start()
        yield world


def run(*words: str | Path, stdin: str = "") -> str:
    done = subprocess.run(
        [str(word) for word in words], input=stdin, text=True, capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def letter(subject: str, sender: str = KAREN.email) -> str:
    head = f"From: {sender}\nTo: {ADDRESS}\nSubject: {subject}\nMIME-Version: 1.0\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{TEXT}"


def swaks(folder: Path, port: int) -> None:
    (folder / "mail").write_text(letter("by swaks"))
    words = ("--from", KAREN.email, "--to", ADDRESS, "--data", f"@{folder}/mail")
    run(need("swaks", "swaks"), "--server", f"127.0.0.1:{port}", "--tls", "--tls-verify", *_trust(), *words)


def _trust() -> tuple[str | Path, ...]:
    return ("--tls-ca-path", CERTIFICATE)


def msmtp(folder: Path, port: int) -> None:
    more = (f"--port={port}", "--tls=on", "--tls-starttls=on", f"--tls-trust-file={CERTIFICATE}")
    words = ("--host=localhost", *more, f"--from={KAREN.email}", "--", ADDRESS)
    run(need("msmtp", "msmtp"), f"--file={folder}/none", *words, stdin=letter("by msmtp"))


def mutt(folder: Path, port: int) -> None:
    settings = [
        *("set copy=no", "set ssl_starttls=yes", "set ssl_force_tls=yes", "unset ssl_usesystemcerts"),
        *(f"set from={KAREN.email}", "set use_envelope_from=yes", "set charset=utf-8", "set send_charset=utf-8"),
        *(f"set smtp_url=smtp://localhost:{port}", f"set certificate_file='{CERTIFICATE}'"),
        f"set record='{folder}/sent'",
    ]
    (folder / "muttrc").write_text("\n".join(settings) + "\n")
    run(need("mutt", "mutt"), "-n", "-F", folder / "muttrc", "-s", "by mutt", "--", ADDRESS, stdin=TEXT)


def smtp_source(_: Path, port: int) -> None:
    words = ("-f", KAREN.email, "-t", ADDRESS, "-S", "by smtp-source", "-m", "3", "-s", "3", f"127.0.0.1:{port}")
    run(need("smtp-source", "postfix"), *words)


@pytest.mark.parametrize(("send", "count"), [(swaks, 1), (msmtp, 1), (mutt, 1), (smtp_source, 3)])
def test_mail_by(send: Send, count: int, world: World, ports: tuple[int, int], tmp_path: Path) -> None:
    name = send.__name__.replace("_", "-")
    send(tmp_path, ports[0])
    subject = f"by {name}"
    wait_until(
        lambda: world.sql("SELECT count(*) FROM ticket WHERE subject = ?", subject) == [(count,)], world.log_text
    )
    number = world.sql("SELECT min(number) FROM ticket WHERE subject = ?", subject)[0][0]
    if send is not smtp_source:  # which writes lines of X
        assert world.ticket(number)["thread"][0]["text"].strip() == TEXT.strip()
    world.settle()


def test_an_agent_submits_by_msmtp(world: World, ports: tuple[int, int], tmp_path: Path) -> None:
    """Logged in, so that a fresh mail with commands needs no confirmation; a wrong password is refused."""
    program = need("msmtp", "msmtp")
    tls = ("--tls=on", "--tls-starttls=on", f"--tls-trust-file={CERTIFICATE}")
    who = ("--auth=on", f"--user={ELLIOT.email}", f"--from={ELLIOT.email}")
    words = (f"--file={tmp_path}/none", "--host=localhost", f"--port={ports[1]}", *tls, *who)
    number = world.step(CARLA.writes("The printer is jammed", "Please help.")).only(CARLA.email).ticket
    order = (
        letter("Orders", ELLIOT.email).partition("\n\n")[0]
        + f"\n\n#ticket {number}\n#resolved\n#reply\n\nIt is mended.\n"
    )
    guess = [program, *words, "--passwordeval=echo wrong", "--", ADDRESS]
    wrong = subprocess.run(guess, input=order, text=True, capture_output=True, check=False)
    assert wrong.returncode != 0
    run(program, *words, f"--passwordeval=echo {PASSWORD}", "--", ADDRESS, stdin=order)
    wait_until(lambda: world.ticket(number)["status"] == "resolved", world.log_text)
    assert "It is mended." in world.settle().only(CARLA.email).text


def test_mbsync_beside_mailgate_sees_each_mail_once(tmp_path: Path) -> None:
    """A copy of the mailbox by another program, while mailgate takes and moves what comes."""
    program = need("mbsync", "isync")
    with Dovecot() as dovecot:
        account = f'user = "{ADDRESS}"\npassword = "{MAILBOX_PASSWORD}"\nexisting = "take"\n'
        mailbox = f'\n[mailbox.support]\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = "none"\n{account}'
        copy = tmp_path / "copy"
        copy.mkdir()
        (tmp_path / "mbsyncrc").write_text(
            f"IMAPStore far\nHost 127.0.0.1\nPort {dovecot.port}\nUser {ADDRESS}\nPass {MAILBOX_PASSWORD}\n"
            f"SSLType None\nAuthMechs LOGIN\n\nMaildirStore near\nPath {copy}/\nInbox {copy}/INBOX\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nExpunge Near\nSyncState *\n"
        )
        with World(tmp_path, desk(more=mailbox)) as world:
            world.start()
            for number in range(6):
                subject = f"Question {number}"
                dovecot.deliver([KAREN.writes(subject, "Please help.").as_bytes().replace(b"\n", b"\r\n")])
                if number % 2:  # it gives up where a mail is moved away while it fetches it; its user runs it again
                    subprocess.run([program, "-c", tmp_path / "mbsyncrc", "all"], timeout=PATIENCE, check=False)
            wait_until(lambda: world.sql("SELECT count(*) FROM ticket") == [(6,)], world.log_text)
            wait_until(lambda: not dovecot.uids(), world.log_text)
            run(program, "-c", tmp_path / "mbsyncrc", "all")
            world.settle()
        found = [path for path in copy.rglob("*") if path.is_file() and path.parent.name in ("cur", "new")]
        mails = [email.message_from_bytes(path.read_bytes(), policy=default) for path in found]
        assert {path.parents[1].name for path in found} == {"Processed"}
        assert sorted(str(mail["Subject"]) for mail in mails) == [f"Question {number}" for number in range(6)]
