"""`check --roundtrip` without a daemon: out through a relay, and found in a real mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.probes import roundtrip
from mailgate.probes.roundtrip import Context, run_roundtrip
from mailgate.probes.stage import Stage, State
from mailgate.settings import Config, Credentials, Mailbox, Relay, Secret
from tests.dovecot import PASSWORD, Dovecot
from tests.lab import KEYRING, desk
from tests.sink import Sink
from tests.waiting import PATIENCE

USER = "support@bank.example"


@asynccontextmanager
async def probe(folder: Path, server: Dovecot, *, arrives: bool, **sink: object) -> AsyncIterator[Config]:
    """A desk with one address; what its relay takes is put into its mailbox."""
    credentials = Credentials(account="support", user=USER, password=Secret(PASSWORD))
    mailbox = Mailbox(name="support", host="127.0.0.1", port=server.port, tls="none", credentials=credentials)
    config = desk()
    async with Sink(**sink) as relay:  # type: ignore[arg-type]

        async def deliver() -> None:
            [mail] = await relay.wait_for(1)
            await asyncio.to_thread(server.deliver, [mail.data])

        delivery = asyncio.create_task(deliver()) if arrives else None
        yield replace(
            config,
            addresses={USER: config.addresses[USER]},
            storage=replace(config.storage, database=folder / "mailgate.db"),
            mailboxes={"support": mailbox},
            relays=(Relay(port=relay.port),),
        )
        if delivery:
            await delivery


async def go(config: Config, seconds: float) -> list[Stage]:
    return await run_roundtrip(Context(config, KEYRING, lambda _: None, lambda: datetime.now(UTC), seconds))


async def test_a_mail_goes_round_and_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roundtrip, "AGAIN", 0.05)
    with Dovecot() as server:
        server.deliver([b"Subject: another mail\r\n\r\nstays\r\n"])
        async with probe(tmp_path, server, arrives=True) as config:
            sent, arrived = await go(config, PATIENCE)
        assert (sent.name, sent.state) == ("send", State.OK)
        assert (arrived.name, arrived.state) == ("arrival", State.OK)
        assert "mailbox support" in arrived.text
        assert server.subjects("INBOX") == {"Subject: another mail"}


async def test_a_mail_that_does_not_arrive(tmp_path: Path) -> None:
    with Dovecot() as server:
        async with probe(tmp_path, server, arrives=False) as config:
            _, arrived = await go(config, 0.1)
    assert (arrived.state, arrived.text) == (State.FAILED, "nothing within 0 s")
    assert "junk" in arrived.hint


async def test_a_mailbox_that_cannot_be_read(tmp_path: Path) -> None:
    with Dovecot() as server:
        async with probe(tmp_path, server, arrives=False) as config:
            box = replace(config.mailboxes["support"], folder="Missing")
            _, arrived = await go(replace(config, mailboxes={"support": box}), PATIENCE)
    assert arrived.state is State.FAILED
    assert "cannot be opened" in arrived.text


async def test_a_relay_that_refuses(tmp_path: Path) -> None:
    with Dovecot() as server:
        async with probe(tmp_path, server, arrives=False, script={"rcpt": ["550 5.7.1 no"]}) as config:
            [sent] = await go(config, PATIENCE)
    assert (sent.state, sent.text) == (State.FAILED, "550 5.7.1 no (at rcpt)")


async def test_without_a_daemon_and_a_mailbox_nothing_can_arrive(tmp_path: Path) -> None:
    config = replace(desk(), storage=replace(desk().storage, database=tmp_path / "mailgate.db"))
    [stage] = await go(config, PATIENCE)
    assert (stage.state, stage.hint) == (State.FAILED, "start it: mailgate run")


async def test_files_go_nowhere(tmp_path: Path) -> None:
    with Dovecot() as server:
        async with probe(tmp_path, server, arrives=False) as config:
            [stage] = await go(replace(config, relays=(Relay(transport="maildir", path=tmp_path),)), PATIENCE)
    assert (stage.name, stage.state) == ("send", State.FAILED)
