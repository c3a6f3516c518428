"""Signing in at the relay: each mechanism on the wire, tokens that end, and never in clear."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.connect import web
from mailgate.connect.access_tokens import Account
from mailgate.connect.token_file import TokenFile
from mailgate.outbound.backoff import Stage
from mailgate.outbound.payload import Payload
from mailgate.outbound.relay import SmtpRelay
from mailgate.settings import Credentials, OAuth2, Secret
from mailgate.settings import Relay as RelayConfig
from tests.sink import Sink
from tests.token_server import TokenServer

CERTIFICATE = Path(__file__).parents[1] / "data/localhost.pem"
MAIL = b"Subject: Hello\r\n\r\nText.\r\n"
USER, PASSWORD = "support@bank.example", "pass word\N{EURO SIGN}"
BY_PASSWORD = Credentials(account="relay", user=USER, password=Secret(PASSWORD), ca=CERTIFICATE)


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        server.mailbox = USER
        yield server


def account(tokens: TokenServer, folder: Path) -> Account:
    oauth2 = OAuth2(token_url=f"{tokens.url}/token", client_id="app", client_secret=Secret(tokens.client_secret))
    return Account("relay", oauth2, None, TokenFile(folder, "relay"), web.post, lambda: datetime.now(UTC))


To = Callable[..., SmtpRelay]


@pytest.fixture
async def to() -> AsyncIterator[To]:
    """Makes relays, and hangs up on each in the end."""
    made: list[SmtpRelay] = []

    def make(
        sink: Sink, tls: str = "none", credentials: Credentials = BY_PASSWORD, by: Account | None = None
    ) -> SmtpRelay:
        config = RelayConfig(host="127.0.0.1", port=sink.port, tls=tls, credentials=credentials)
        made.append(SmtpRelay(config, "mx.bank.example", by))
        return made[-1]

    yield make
    for relay in made:
        await relay.close()


async def send(relay: SmtpRelay):
    return await relay.send("support@bank.example", "karen@client.example", Payload(MAIL))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_password_is_said_inside_of_tls_alone(mechanism: str, tls: str, to: To) -> None:
    context = server_tls()
    async with Sink(tls=context, implicit_tls=tls == "implicit", auth=(mechanism,), users={USER: PASSWORD}) as sink:
        relay = to(sink, tls)
        assert (await send(relay)).code == 250
        assert (await send(relay)).code == 250
        await relay.close()
    assert sink.signed_in == [USER]  # once a connection
    verbs = [line.split()[0] for line in sink.commands]
    assert "AUTH" in verbs
    if tls == "starttls":
        assert verbs.index("STARTTLS") < verbs.index("AUTH")


async def test_a_relay_that_hides_starttls_hears_no_password(to: To) -> None:
    async with Sink(auth=("PLAIN",), users={USER: PASSWORD}) as sink:
        reply = await send(to(sink, "starttls"))
    assert (reply.stage, reply.code, reply.text) == (Stage.TLS, 0, "the relay offers no STARTTLS")
    assert not [line for line in sink.commands if line.startswith("AUTH")]


async def test_a_relay_with_a_foreign_certificate_hears_no_password(to: To) -> None:
    foreign = Credentials(user=USER, password=Secret(PASSWORD))
    async with Sink(tls=server_tls(), auth=("PLAIN",), users={USER: PASSWORD}) as sink:
        reply = await send(to(sink, "starttls", foreign))
    assert (reply.stage, reply.code) == (Stage.TLS, 0)
    assert reply.text == "the certificate of 127.0.0.1 is not trusted (unknown issuer); for a private CA set `ca`"
    assert not [line for line in sink.commands if line.startswith("AUTH")]


async def test_a_wrong_password_is_the_relay_s_trouble_in_its_own_words(to: To) -> None:
    async with Sink(auth=("PLAIN",), users={USER: "other"}) as sink:
        reply = await send(to(sink))
    assert (reply.stage, reply.code, reply.text) == (Stage.LOGIN, 535, "5.7.8 authentication failed")
    assert reply.stage.about_relay
    assert sink.connections == 1


async def test_a_relay_without_a_fitting_mechanism_says_what_it_has(
    tokens: TokenServer, tmp_path: Path, to: To
) -> None:
    async with Sink(auth=("CRAM-MD5", "XOAUTH2")) as sink:
        reply = await send(to(sink))
        assert reply.text == "the relay offers no sign-in with a password (it offers CRAM-MD5 XOAUTH2)"
    async with Sink(auth=()) as sink:
        reply = await send(to(sink, by=account(tokens, tmp_path)))
        assert reply.text == "the relay offers no sign-in with a token"
    assert reply.stage is Stage.LOGIN


@pytest.mark.parametrize("lines", ["250-AUTH PLAIN\r\n250 AUTH GSSAPI", "250 AUTH=PLAIN"])
async def test_the_mechanisms_are_known_in_whatever_lines_they_stand(lines: str, to: To) -> None:
    async with Sink(auth=("PLAIN",), users={USER: PASSWORD}, script={"ehlo": [f"250-sink\r\n{lines}"]}) as sink:
        assert (await send(to(sink))).code == 250
    assert sink.signed_in == [USER]


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
async def test_a_token_is_said_with_either_mechanism(
    mechanism: str, tokens: TokenServer, tmp_path: Path, to: To
) -> None:
    async with Sink(auth=("PLAIN", mechanism), tokens=tokens.alive) as sink:
        relay = to(sink, by=account(tokens, tmp_path))
        assert (await send(relay)).code == 250
        await relay.close()
    assert sink.signed_in == [USER]


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
async def test_a_revoked_token_heals_with_one_reconnect(
    mechanism: str, tokens: TokenServer, tmp_path: Path, to: To
) -> None:
    async with Sink(auth=(mechanism,), tokens=tokens.alive) as sink:
        one = account(tokens, tmp_path)
        relay = to(sink, by=one)
        await send(relay)
        await relay.close()
        tokens.revoke()
        assert (await send(relay)).code == 250
    assert len(tokens.grants()) == 2
    assert sink.connections == 3
    ends = {"XOAUTH2": "", "OAUTHBEARER": base64.b64encode(b"\x01").decode()}
    assert ends[mechanism] in sink.commands


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_a_token_that_ends_within_a_transaction_heals_with_one_reconnect(
    stage: str, tokens: TokenServer, tmp_path: Path, to: To
) -> None:
    async with Sink(auth=("XOAUTH2",), tokens=tokens.alive) as sink:
        relay = to(sink, by=account(tokens, tmp_path))
        await send(relay)
        sink.script[stage] = ["530 5.7.57 Client not authenticated to send mail"]
        assert (await send(relay)).code == 250
    assert (len(tokens.grants()), sink.connections, len(sink.taken)) == (2, 2, 2)


async def test_a_token_that_is_never_taken_is_the_relay_s_trouble(tokens: TokenServer, tmp_path: Path, to: To) -> None:
    async with Sink(auth=("XOAUTH2",), tokens={}) as sink:
        reply = await send(to(sink, by=account(tokens, tmp_path)))
    assert (reply.stage, reply.code) == (Stage.LOGIN, 535)
    assert reply.text == "5.7.8 authentication failed (status 401)"
    assert sink.connections == 2
    assert not [token for token in tokens.alive if token in str(reply)]


async def test_no_token_leaves_the_mail_with_us(tokens: TokenServer, tmp_path: Path, to: To) -> None:
    tokens.stop()
    async with Sink(auth=("XOAUTH2",)) as sink:
        reply = await send(to(sink, by=account(tokens, tmp_path)))
    assert (reply.stage, reply.code) == (Stage.LOGIN, 0)
    assert reply.text == "the token server 127.0.0.1 cannot be reached: connection refused"


async def test_a_refused_client_is_the_relay_s_trouble_without_its_secret(
    tokens: TokenServer, tmp_path: Path, to: To
) -> None:
    oauth2 = OAuth2(token_url=f"{tokens.url}/token", client_id="app", client_secret=Secret("wrong-canary"))
    one = Account("relay", oauth2, None, TokenFile(tmp_path, "relay"), web.post, lambda: datetime.now(UTC))
    async with Sink(auth=("XOAUTH2",)) as sink:
        reply = await send(to(sink, by=one))
    assert (reply.stage, reply.code) == (Stage.LOGIN, 535)
    assert str(reply).startswith("the token server refuses: invalid_client"), "the relay has said no code"
    assert "canary" not in str(reply)
