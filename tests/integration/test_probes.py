"""`check --connect`, step by step: real servers, and scripted ones that fail at each step."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.connect import resolver, web
from mailgate.connect.access_tokens import Account
from mailgate.connect.resolver import Resolver
from mailgate.connect.rsa import public_key
from mailgate.connect.token_file import TokenFile
from mailgate.probes import wire
from mailgate.probes.domains import try_domains
from mailgate.probes.local import try_local
from mailgate.probes.mailbox import try_mailbox
from mailgate.probes.relay import try_relay
from mailgate.probes.stage import Stage, State, failed
from mailgate.settings import (
    Config,
    Credentials,
    DeskAddress,
    DkimKey,
    Listener,
    Mailbox,
    OAuth2,
    Relay,
    Secret,
    ServerTls,
)
from mailgate.store.db import open_writer
from tests.dns_server import DnsServer
from tests.dovecot import PASSWORD, Dovecot
from tests.lab import desk
from tests.ports import reserved_port
from tests.sink import Sink
from tests.token_server import TokenServer

USER = "support@bank.example"
DATA = Path(__file__).parents[1] / "data"
CERTIFICATE = DATA / "localhost.pem"


def now() -> datetime:
    return datetime.now(UTC)


def seen(stages: list[Stage]) -> list[tuple[str, str]]:
    """Each step and what came of it."""
    return [(stage.name, str(stage.state)) for stage in stages]


def last(stages: list[Stage]) -> Stage:
    return stages[-1]


# ── mailboxes ───────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(tokens: TokenServer) -> Iterator[Dovecot]:
    with Dovecot(tls=True, token_server=tokens.url) as server:
        yield server


def mailbox(dovecot: Dovecot, password: str = PASSWORD, *, ca: bool = True, **fields: object) -> Mailbox:
    credentials = Credentials(account="support", user=USER, password=Secret(password), ca=dovecot.ca if ca else None)
    values = {"name": "support", "host": "127.0.0.1", "port": dovecot.tls_port, "credentials": credentials, **fields}
    return Mailbox(**values)  # type: ignore[arg-type]


def test_a_mailbox_that_works(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SOON", timedelta(0))
    stages = try_mailbox(mailbox(dovecot), None, now)
    assert seen(stages) == [(name, "ok") for name in ("tcp", "tls", "sign-in", "folder", "features")]
    assert "valid until" in stages[1].text
    assert "(1 days)" in stages[1].text or "(2 days)" in stages[1].text
    assert stages[3].text.startswith("INBOX, ")
    assert last(stages).text == "MOVE, UIDPLUS, IDLE"


def test_a_certificate_that_ends_soon_is_a_warning(dovecot: Dovecot) -> None:
    assert ("tls", "warning") in seen(try_mailbox(mailbox(dovecot), None, now))


def test_starttls(dovecot: Dovecot) -> None:
    stages = try_mailbox(mailbox(dovecot, port=dovecot.port, tls="starttls"), None, now)
    assert not failed(stages)
    assert "tls" in dict(seen(stages))


def test_a_wrong_password_is_told_with_what_to_do(dovecot: Dovecot) -> None:
    stages = try_mailbox(mailbox(dovecot, "wrong", provider="fastmail"), None, now)
    assert seen(stages)[-1] == ("sign-in", "failed")
    assert "login refused" in last(stages).text
    assert "make an app password" in last(stages).hint
    assert "wrong" not in str(stages).replace("went wrong", "")


def test_an_unknown_authority(dovecot: Dovecot) -> None:
    stages = try_mailbox(mailbox(dovecot, ca=False), None, now)
    assert seen(stages)[-1] == ("tls", "failed")
    assert "for a private CA set `ca`" in last(stages).text


def test_a_missing_folder_is_told_with_those_that_are_there(dovecot: Dovecot) -> None:
    stages = try_mailbox(mailbox(dovecot, folder="Desk"), None, now)
    assert seen(stages)[-1] == ("folder", "failed")
    assert "the account has INBOX" in last(stages).text


def test_what_a_server_cannot_do_is_a_warning() -> None:
    with Dovecot(capability_less=("IDLE", "MOVE", "UIDPLUS")) as server:
        stages = try_mailbox(mailbox(server, port=server.port, tls="none", ca=False), None, now)
        assert seen(stages)[-1] == ("features", "warning")
        assert "no IDLE" in last(stages).text
        assert "no UIDPLUS" in last(stages).text


@pytest.mark.parametrize(
    ("host", "port", "tls", "step", "words"),
    [
        ("no-such-host.invalid", 993, "implicit", "name", "not known"),
        ("127.0.0.1", 0, "implicit", "tcp", "connection refused"),
        ("127.0.0.1", -1, "implicit", "tls", "does the server speak TLS on this port?"),
    ],
)
def test_servers_that_cannot_be_reached(
    dovecot: Dovecot, host: str, port: int, tls: str, step: str, words: str
) -> None:
    number = {0: reserved_port(), -1: dovecot.port}.get(port, port)
    stages = try_mailbox(mailbox(dovecot, host=host, port=number, tls=tls), None, now)
    assert seen(stages)[-1] == (step, "failed")
    assert words in last(stages).text
    assert last(stages).hint


def test_a_mailbox_with_a_token(dovecot: Dovecot, tokens: TokenServer, tmp_path: Path) -> None:
    oauth2 = OAuth2(token_url=f"{tokens.url}/token", client_id="app", client_secret=Secret(tokens.client_secret))
    box = mailbox(dovecot)
    box = replace(box, credentials=replace(box.credentials, password=Secret(), oauth2=oauth2))

    def account() -> Account:
        return Account("support", oauth2, None, TokenFile(tmp_path, "support"), web.post, now)

    assert seen(try_mailbox(box, account(), now))[-3:] == [("sign-in", "ok"), ("folder", "ok"), ("features", "ok")]
    tokens.script = [(401, {"error": "invalid_client", "error_description": f"secret {tokens.client_secret}"})]
    refused = try_mailbox(replace(box, provider="microsoft"), account(), now)
    assert seen(refused)[-1] == ("token", "failed")
    assert "Certificates & secrets" in last(refused).hint
    assert tokens.client_secret not in str(refused)


# ── relays ──────────────────────────────────────────────────────────────────────────────


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@asynccontextmanager
async def relay(**options: object) -> AsyncIterator[tuple[Sink, Relay]]:
    values = {"tls": server_tls(), "auth": ("PLAIN",), "users": {USER: PASSWORD}, **options}
    async with Sink(**values) as sink:  # type: ignore[arg-type]
        credentials = Credentials(account="relay", user=USER, password=Secret(PASSWORD), ca=CERTIFICATE)
        yield sink, Relay(host="localhost", port=sink.port, tls="starttls", credentials=credentials)


async def tried(config: Relay, *senders: str) -> list[Stage]:
    return await try_relay(config, senders or (USER,), "mx.bank.example", None, now)


async def test_a_relay_that_works_gets_no_mail() -> None:
    async with relay() as (sink, config):
        stages = await tried(config, USER, "sales@bank.example")
        expected = ["name", "tcp", "tls", "ehlo", "sign-in", "sender", "sender"]
        assert seen(stages) == [(name, "ok") for name in expected]
        assert "PIPELINING" in stages[3].text
        assert sink.taken == []
        assert sink.commands[-1] == "QUIT"
        assert [each.split()[0] for each in sink.commands if each.startswith(("MAIL", "RSET"))] == ["MAIL", "RSET"] * 2


@pytest.mark.parametrize(
    ("stage", "answer", "step", "hint"),
    [
        ("auth", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled", "sign-in", "Set-CAS"),
        ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "sender", "SendAs"),
        ("starttls", "454 not now", "tls", ""),
        ("ehlo", "550 no", "ehlo", ""),
        ("connect", "554 go away", "tls", ""),
        ("connect", "close", "tls", ""),
    ],
)
async def test_a_relay_that_fails(stage: str, answer: str, step: str, hint: str) -> None:
    async with relay(script={stage: [answer] * 3}) as (_, config):
        stages = await tried(replace(config, provider="microsoft"))
        assert seen(stages)[-1] == (step, "failed")
        assert hint in last(stages).hint
        assert PASSWORD not in str(stages)


async def test_a_refused_sender_does_not_hide_the_others() -> None:
    async with relay(script={"mail a@bank.example": ["421 4.7.0 no"]}) as (_, config):
        stages = await tried(config, "a@bank.example", "b@bank.example")
        assert seen(stages)[-2:] == [("sender", "failed"), ("sender", "ok")]
        assert stages[-2].hint == f"allow {USER} to send as a@bank.example at the mail server"


async def test_a_relay_without_a_sign_in() -> None:
    async with relay(tls=None, auth=()) as (_, config):
        stages = await tried(replace(config, tls="none", credentials=Credentials()))
        assert seen(stages) == [(name, "ok") for name in ("name", "tcp", "ehlo", "sender")]


async def test_a_maildir(tmp_path: Path) -> None:
    assert seen(await tried(Relay(transport="maildir", path=tmp_path / "new/folder"))) == [("folder", "ok")]
    (tmp_path / "file").touch()
    assert seen(await tried(Relay(transport="maildir", path=tmp_path / "file"))) == [("folder", "failed")]


# ── this machine ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def config(tmp_path: Path) -> Config:
    place = tmp_path / "var/mailgate.db"
    place.parent.mkdir()
    storage = replace(desk().storage, database=place, attachments=tmp_path / "var/attachments")
    return replace(desk(), storage=storage, smtp=None, submission=None, templates=None)


def local(config: Config) -> dict[str, Stage]:
    return {f"{stage.target} {stage.name}": stage for stage in try_local(config, now())}


def test_a_database_is_opened(config: Config, tmp_path: Path) -> None:
    assert "does not exist yet" in local(config)["database file"].text
    open_writer(config.storage.database).close()
    assert "schema" in local(config)["database file"].text
    config.storage.database.write_bytes(b"no database" * 1000)
    assert local(config)["database file"].state is State.FAILED


def test_broken_templates_are_told(config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    assert local(replace(config, templates=folder))["templates render"].text == str(folder)
    (folder / "acknowledgement.txt").write_text("{{ unclosed")
    assert local(replace(config, templates=folder))["templates render"].state is State.FAILED


def test_a_port_that_is_free_and_one_that_is_taken(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Listener(host="127.0.0.1", port=other.getsockname()[1])
        found = local(replace(config, smtp=taken, submission=Listener(host="127.0.0.1", port=reserved_port())))
    assert found["listener smtp port"].state is State.FAILED
    assert "another program" in found["listener smtp port"].hint
    assert found["listener submission port"].state is State.OK


def test_a_socket_in_a_folder_that_is_missing(config: Config, tmp_path: Path) -> None:
    for path, state in ((tmp_path / "lmtp", State.OK), (tmp_path / "missing/lmtp", State.FAILED)):
        found = local(replace(config, smtp=Listener(host="", port=0, path=path, protocol="lmtp")))
        assert found["listener smtp port"].state is state


def test_certificates_of_listeners(config: Config, tmp_path: Path) -> None:
    good = Listener(host="127.0.0.1", port=reserved_port(), tls=ServerTls(cert=CERTIFICATE, key=CERTIFICATE))
    assert local(replace(config, smtp=good))["listener smtp tls"].state is State.OK
    (tmp_path / "none.pem").write_text("no certificate")
    bad = replace(good, tls=ServerTls(cert=tmp_path / "none.pem", key=tmp_path / "none.pem"))
    assert local(replace(config, smtp=bad))["listener smtp tls"].state is State.FAILED


def test_an_expired_certificate(config: Config) -> None:
    listener = Listener(host="127.0.0.1", port=reserved_port(), tls=ServerTls(cert=CERTIFICATE, key=CERTIFICATE))
    later = datetime(2999, 1, 1, tzinfo=UTC)
    stages = {stage.name: stage for stage in try_local(replace(config, smtp=listener), later)}
    assert stages["tls"].state is State.FAILED
    assert "expired" in stages["tls"].text


# ── domains ─────────────────────────────────────────────────────────────────────────────


def domains(config: Config, records: dict[str, list[str]]) -> dict[str, Stage]:
    with DnsServer(records) as server:
        return {stage.name: stage for stage in try_domains(config, Resolver([server.address]))}


def test_the_records_of_a_domain(config: Config) -> None:
    pem = (DATA / "client.pem").read_text()
    key = DkimKey(domain="bank.example", selector="s1", key=Secret(pem))
    signing = replace(config, relays=(Relay(dkim=(key,)),))
    records = {
        "bank.example MX": ["10 mx.bank.example"],
        "bank.example TXT": ["v=spf1 mx -all"],
        "s1._domainkey.bank.example TXT": [f"v=DKIM1; p={public_key(pem)}"],
        "_dmarc.bank.example TXT": ["v=DMARC1; p=reject; rua=mailto:a@bank.example"],
    }
    found = domains(signing, records)
    assert [found[name].state for name in ("mx", "spf", "dkim", "dmarc")] == [State.OK] * 4
    missing = domains(signing, {})
    assert [missing[name].state for name in ("mx", "spf", "dkim", "dmarc")] == [
        *(State.WARNING, State.WARNING, State.FAILED, State.WARNING)
    ]
    assert public_key(pem) in missing["dkim"].hint


def test_the_keys_that_sign_for_a_domain_are_tried_and_no_others(config: Config) -> None:
    """Of two domains one above the other each has its own, and what another relay signs with is nothing to them."""
    secret = Secret((DATA / "client.pem").read_text())
    above, below, other = (
        DkimKey(domain=domain, selector=selector, key=secret)
        for domain, selector in (("bank.example", "s1"), ("help.bank.example", "s2"), ("bank.example", "s3"))
    )
    addresses = {
        each: DeskAddress(email=each, name="") for each in ("a@bank.example", "b@help.bank.example", "c@x.example")
    }
    relays = (Relay(dkim=(above, below)), Relay(name="other", for_=("c@x.example",), dkim=(other,)))
    two = replace(config, addresses=addresses, relays=relays)
    with DnsServer({}) as server:
        tried = [stage for stage in try_domains(two, Resolver([server.address])) if stage.name == "dkim"]
    assert [(stage.target, stage.text.split("_")[0]) for stage in tried if stage.state is State.FAILED] == [
        ("domain bank.example", "no record s1."),
        ("domain help.bank.example", "no record s2."),
    ]
    assert [stage.target for stage in tried if stage.state is State.OK] == ["domain x.example"]


def test_the_keys_of_a_provider_are_looked_for(config: Config) -> None:
    at_microsoft = replace(config, relays=(Relay(provider="microsoft"),))
    assert domains(at_microsoft, {})["dkim"].state is State.WARNING
    found = domains(at_microsoft, {"selector2._domainkey.bank.example TXT": ["v=DKIM1; p=x"]})
    assert found["dkim"].text == "selector2._domainkey.bank.example"


def test_silence_of_the_name_server_is_a_warning(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "LIFETIME", 0.3)
    [stage] = try_domains(config, Resolver([("127.0.0.1", reserved_port())]))
    assert (stage.name, stage.state) == ("dns", State.WARNING)
