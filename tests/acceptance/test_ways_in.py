"""Mail by submission and through TLS, with the real process; certificates that are replaced while it runs."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance.labs import ELLIOT, KAREN
from tests.acceptance.world import World, desk
from tests.ports import reserved_port
from tests.smtp_client import CERTIFICATE, trusting
from tests.waiting import PATIENCE, wait_until

LISTEN = 'listen = "127.0.0.1:0"'
PASSWORD = "correct horse battery staple"


def certificate(folder: Path, name: str) -> Path:
    """A new self-signed certificate for 127.0.0.1, with its key in one file."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    pair = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run([*command, "-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True)
    whole = folder / f"{name}.pem"
    whole.write_text(pair[0].read_text() + pair[1].read_text())
    return whole


@pytest.fixture
def submitting(tmp_path: Path) -> Iterator[tuple[World, int]]:
    """A desk where Elliot can log in, and the port of its submission listener."""
    hashed = subprocess.run(
        [sys.executable, "-m", "mailgate", "hash-password"], input=PASSWORD, text=True, capture_output=True, check=True
    ).stdout
    port = reserved_port()
    submission = (
        f'\n[submission]\nlisten = "127.0.0.1:{port}"\ntls = {{ cert = "{CERTIFICATE}", key = "{CERTIFICATE}" }}\n'
    )
    elliot = '[agent.elliot]\nname = "Elliot Alderson"\n'
    with World(tmp_path, desk(more=submission, instead={elliot: f"{elliot}{hashed}"})) as world:
        world.start()
        yield world, port


def submit(port: int, mail: EmailMessage, user: str = ELLIOT.email, password: str = PASSWORD) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.starttls(context=trusting())
        client.login(user, password)
        client.send_message(mail)


def test_an_agent_who_logs_in_needs_no_key(submitting: tuple[World, int]) -> None:
    """A fresh mail with commands, which by the other way is held for a confirmation."""
    world, port = submitting
    number = world.step(KAREN.writes("Printer", "It is jammed.")).only(KAREN.email).ticket
    order = f"#ticket {number}\n#resolved -- turned it off and on\n\nPlease try again."
    assert world.step(ELLIOT.writes("Orders", order)).kinds == {ELLIOT.email: ["confirm"]}
    submit(port, ELLIOT.writes("Orders again", order))
    assert world.settle()[KAREN.email]
    assert world.ticket(number)["status"] == "resolved"


def test_nobody_else_gets_in(submitting: tuple[World, int]) -> None:
    world, port = submitting
    mail = ELLIOT.writes("Orders", "#list")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submit(port, mail, password="guess")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submit(port, mail, user="ann@bank.example")  # an agent without a password
    with pytest.raises(smtplib.SMTPSenderRefused):
        submit(port, KAREN.writes("Hello", "In another name."))
    assert world.settle().kinds == {}
    assert PASSWORD not in world.log_text()


def test_a_certificate_is_replaced_by_a_reload(tmp_path: Path) -> None:
    pem = tmp_path / "current.pem"
    first, second = certificate(tmp_path, "first"), certificate(tmp_path, "second")
    shutil.copy(first, pem)
    tls = f'{LISTEN}\ntls = {{ cert = "current.pem", key = "current.pem" }}'
    with World(tmp_path, desk(instead={LISTEN: tls})) as world:
        world.start()

        def trusts(certificate: Path) -> bool:
            try:
                with smtplib.SMTP("127.0.0.1", world.port, timeout=PATIENCE) as client:
                    client.starttls(context=trusting(certificate))
            except ssl.SSLCertVerificationError:
                return False
            return True

        assert (trusts(first), trusts(second)) == (True, False)
        shutil.copy(second, pem)
        os.kill(world.pid, signal.SIGHUP)
        wait_until(lambda: trusts(second), world.log_text)
        pem.write_text("half a file")
        os.kill(world.pid, signal.SIGHUP)
        wait_until(lambda: "reload refused" in world.log_text(), world.log_text)
        assert trusts(second)  # the one in use stays
