"""A real Dovecot that asks a token server about each token: XOAUTH2, OAUTHBEARER, and tokens that end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.connect import sasl, web
from mailgate.connect.access_tokens import Account
from mailgate.connect.token_file import TokenFile
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.imap import connection
from mailgate.inbound.imap import watcher as imap
from mailgate.inbound.imap.watcher import Watcher
from mailgate.settings import Credentials, Mailbox, OAuth2, Secret
from mailgate.store.db import Store
from tests.dovecot import Dovecot
from tests.token_server import TokenServer
from tests.waiting import until

USER = "support@bank.example"


def mail(number: int) -> bytes:
    head = f"From: karen@client.example\r\nSubject: {number}\r\nMessage-ID: <{number}@client.example>"
    return f"{head}\r\n\r\nx\r\n".encode()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture(scope="module")
def server(tokens: TokenServer) -> Iterator[Dovecot]:
    with Dovecot(token_server=tokens.url) as dovecot:
        yield dovecot


class Desk:
    def __init__(self, store: Store, folder: Path, server: Dovecot, tokens: TokenServer, user: str) -> None:
        self.store, self.folder, self.server, self.tokens, self.user = store, folder, server, tokens, user
        oauth2 = OAuth2(token_url=f"{tokens.url}/token", client_id="app", client_secret=Secret(tokens.client_secret))
        self.credentials = Credentials(account="support", user=user, oauth2=oauth2)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watcher]:
        mailbox = Mailbox(
            name="support",
            host="127.0.0.1",
            port=self.server.port,
            tls="none",
            credentials=self.credentials,
            existing="take",
        )
        assert self.credentials.oauth2
        file = TokenFile(self.folder / "sign-in", "support")
        account = Account("support", self.credentials.oauth2, None, file, web.post, now)
        watcher = Watcher(mailbox, self.store, Acceptor(self.store, now, lambda: None), now, account=account)
        await watcher.start()
        try:
            yield watcher
        finally:
            await watcher.stop()

    async def has(self, count: int) -> None:
        async def enough() -> bool:
            return await self.store.read(lambda db: db.one("SELECT count(*) AS n FROM inbox")["n"]) >= count

        await until(enough)


@pytest.fixture
async def desk(tmp_path: Path, server: Dovecot, tokens: TokenServer, request: pytest.FixtureRequest):
    tokens.asked.clear()
    tokens.script.clear()
    tokens.mailbox = user = request.node.name.split("[")[0].replace("_", "-") + "@bank.example"
    store = await Store.open(tmp_path / "mailgate.db")
    yield Desk(store, tmp_path, server, tokens, user)
    await store.close()


@pytest.mark.parametrize("mechanism", [sasl.XOAUTH2, sasl.OAUTHBEARER])
async def test_mail_is_read_with_either_mechanism(mechanism: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MECHANISMS", (mechanism,))
    desk.server.deliver([mail(1)], user=desk.user)
    async with desk.watching():
        await desk.has(1)
    assert len(desk.tokens.grants()) == 1


async def test_a_token_revoked_in_mid_idle_heals_with_one_reconnect(desk: Desk) -> None:
    async with desk.watching() as watcher:
        await until(lambda: watcher.status().idle and watcher.status().last_seen)
        desk.tokens.revoke()
        await asyncio.to_thread(desk.server.restart)
        desk.server.deliver([mail(1)], user=desk.user)
        await desk.has(1)
        await until(lambda: not watcher.status().last_error)
    assert len(desk.tokens.grants()) == 2


async def test_a_sign_in_that_is_refused_for_good_says_why_and_goes_on_when_mended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "DENIED_PAUSE", (3600.0, 3600.0))
    desk.tokens.mailbox = "another@bank.example"  # a token that the server does not let into this mailbox
    desk.server.deliver([mail(1)], user=desk.user)
    async with desk.watching() as watcher:
        await until(lambda: watcher.status().last_error)
        status = watcher.status()
        assert status.last_error.startswith("login refused: [AUTHENTICATIONFAILED]")
        assert not [word for word in desk.tokens.alive if word in status.last_error]
        assert len(desk.tokens.grants()) == 2  # the second, for the first may have been revoked
        desk.tokens.mailbox = desk.user
        desk.tokens.revoke()
        watcher.retry_now()
        await desk.has(1)
        await until(lambda: not watcher.status().last_error)


async def test_no_token_no_sign_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token server is down: the mailbox waits, and says so; it is no refusal."""
    monkeypatch.setattr(imap, "NETWORK_PAUSE", (0.05, 0.1))
    desk.tokens.script = [(503, {"error": "temporarily_unavailable"})]
    desk.server.deliver([mail(1)], user=desk.user)
    async with desk.watching() as watcher:
        await until(lambda: "no token now (temporarily_unavailable)" in watcher.status().last_error)
        await desk.has(1)
    assert len(desk.tokens.grants()) == 2
