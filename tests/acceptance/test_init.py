"""`mailgate init` at a terminal: real servers are tried while the person types."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

from tests.dovecot import PASSWORD, Dovecot
from tests.sink import Sink

USER = "support@bank.example"


async def test_a_mailbox_and_its_relay_are_tried_as_they_are_named(tmp_path: Path) -> None:
    with Dovecot(tls=True) as server:
        async with Sink() as relay:
            account = f"{USER}@127.0.0.1:{server.tls_port}"
            answers = [USER, "Bank", account, "wrong", PASSWORD, f"127.0.0.1:{relay.port}", "ann@bank.example", "UTC"]
            code, text = await asyncio.to_thread(typed, tmp_path / "desk", answers, server.ca)
    assert code == 0, text
    assert "login refused" in text
    assert text.count("sign-in") == 3, "with each password, and at the end"
    assert PASSWORD not in text
    config = tomllib.loads((tmp_path / "desk" / "config.toml").read_text("utf-8"))
    assert config["mailbox"]["support"]["port"] == server.tls_port
    assert config["relay"]["port"] == relay.port
    assert {each.name for each in (tmp_path / "desk").iterdir()} == {"config.toml", "support.password"}


def typed(folder: Path, answers: list[str], ca: Path) -> tuple[int, str]:
    """Run `init` on a terminal of its own, with an answer for each question; the exit code and all it printed."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "mailgate", "init", str(folder)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "SSL_CERT_FILE": str(ca)},
        start_new_session=True,
    )
    os.close(slave)
    printed, seen = b"", 0
    waiting = iter(answers)
    with suppress(OSError):  # EIO: the other end is closed
        while piece := os.read(master, 4096):
            printed += piece
            if printed[seen:].endswith(b": "):
                seen = len(printed)
                os.write(master, f"{next(waiting, chr(4))}\n".encode())
    os.close(master)
    return child.wait(), printed.decode()
