"""The other forms of the listener: TLS, LMTP, submission, and behind a load balancer."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from mailgate.inbound.accept import Acceptor
from mailgate.inbound.smtp import proxied, session
from mailgate.inbound.smtp.listener import SmtpListener, server_context
from mailgate.inbound.smtp.replies import Refusal
from mailgate.inbound.smtp.service import MAX_FAILED_LOGINS, Callbacks, FailedLogins
from mailgate.settings import Listener, ServerTls
from mailgate.store.db import Store
from tests.programs import need
from tests.sink import reset
from tests.smtp_client import CERTIFICATE, Client, b64, plain, trusting
from tests.waiting import patience, until

TLS = ServerTls(CERTIFICATE, CERTIFICATE)
IMPLICIT = ServerTls(CERTIFICATE, CERTIFICATE, implicit=True)
SUPPORT = "support@bank.example"
ANN = "ann@bank.example"


class Desk:
    def __init__(self, store: Store, listener: SmtpListener, refused: list[Refusal]) -> None:
        self.store, self.listener, self.refused = store, listener, refused

    async def rows(self) -> list[Any]:
        return await self.store.read(lambda db: db.all("SELECT * FROM inbox ORDER BY id"))


Opened = Callable[..., Any]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    """Opens a listener with these settings."""

    @asynccontextmanager
    async def open_one(**settings: Any) -> AsyncIterator[Desk]:
        refused: list[Refusal] = []

        def now() -> datetime:
            return datetime.now(UTC)

        callbacks = Callbacks(
            is_desk=lambda address: address.lower() in (SUPPORT, "second@bank.example"),
            login=lambda user, password: "ann" if (user, password) == (ANN, "secret") else None,
            owns=lambda agent, sender: sender in ("", ANN) and agent == "ann",
            refused=refused.append,
            clock=now,
        )
        config = Listener(**{"host": "127.0.0.1", "port": 0} | settings)
        store = await Store.open(tmp_path / "mailgate.db")
        acceptor = Acceptor(store, now, lambda: None)
        tls = server_context(config.tls)
        listener = SmtpListener(config, hostname="mx.bank.example", acceptor=acceptor, callbacks=callbacks, tls=tls)
        try:
            await listener.start()
            yield Desk(store, listener, refused)
        finally:
            await listener.stop(1)
            await acceptor.close()
            await store.close()

    async with patience():
        yield open_one


# TLS


async def test_starttls_is_offered_and_mail_comes_through_it(opened: Opened) -> None:
    async with opened(tls=TLS) as desk:
        client = await Client.to(desk.listener.port)
        assert "250-STARTTLS" in (await client.greeted()).splitlines()
        assert await client.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
        await client.start_tls(trusting())
        assert (await client.say("MAIL FROM:<a@b.example>")).startswith("503")  # who it was counts no longer
        assert "STARTTLS" not in await client.say("EHLO me.example")
        assert (await client.say("STARTTLS")).startswith("503")
        assert (await client.mail("a@b.example", SUPPORT))[-1].startswith("250 2.0.0 Ok: queued as ")
        client.close()
        assert len(await desk.rows()) == 1


async def test_a_large_mail_comes_through_tls(opened: Opened) -> None:
    async with opened(tls=TLS, max_size=20_000_000) as desk:
        client = await Client.to(desk.listener.port)
        await client.greeted()
        await client.say("STARTTLS")
        await client.start_tls(trusting())
        await client.say("EHLO me.example")
        data = b"Subject: x\r\n\r\n" + (b"y" * 76 + b"\r\n") * 100_000
        assert (await client.mail("a@b.example", SUPPORT, data=data))[-1].startswith("250")
        client.close()
        assert [row["size"] for row in await desk.rows()] == [len(data)]


@pytest.mark.parametrize("injected", ["MAIL FROM:<evil@b.example>", "EHLO evil.example", "RSET"])
async def test_nothing_that_was_said_before_tls_counts_after_it(injected: str, opened: Opened) -> None:
    """STARTTLS command injection (CVE-2011-0411 and kin)."""
    async with opened(tls=TLS) as desk:
        client = await Client.to(desk.listener.port)
        await client.greeted()
        client.writer.write(f"STARTTLS\r\n{injected}\r\n".encode())
        assert (await client.answer()).startswith("503")
        assert (await client.answer()).startswith("421")
        assert await client.gone()
        client.close()


async def test_a_transaction_begun_in_clear_is_forgotten(opened: Opened) -> None:
    async with opened(tls=TLS) as desk:
        client = await Client.to(desk.listener.port)
        await client.greeted()
        await client.say("MAIL FROM:<evil@b.example>")
        await client.say(f"RCPT TO:<{SUPPORT}>")
        await client.say("STARTTLS")
        await client.start_tls(trusting())
        await client.say("EHLO me.example")
        assert (await client.say("DATA")).startswith("503")
        client.close()


async def test_implicit_tls(opened: Opened) -> None:
    async with opened(tls=IMPLICIT) as desk:
        client = await Client.to(desk.listener.port, tls=trusting())
        assert "STARTTLS" not in await client.greeted()
        assert (await client.mail("a@b.example", SUPPORT))[-1].startswith("250")
        client.close()


async def test_a_client_that_speaks_no_tls_is_closed_and_counted_out(opened: Opened, monkeypatch) -> None:
    monkeypatch.setattr(session, "TLS_TIMEOUT", 0.3)
    async with opened(tls=IMPLICIT, max_connections=2) as desk:
        silent, noisy = await Client.to(desk.listener.port), await Client.to(desk.listener.port, first=b"EHLO x\r\n")
        third = await Client.to(desk.listener.port)  # no room: handshakes count as connections
        assert await third.gone()
        assert await noisy.gone()
        assert await silent.gone()
        for client in (silent, noisy, third):
            client.close()
        await until(lambda: not desk.listener.sessions)
        client = await Client.to(desk.listener.port, tls=trusting())
        assert (await client.greeted()).startswith("250")
        client.close()


async def test_no_starttls_without_a_certificate(opened: Opened) -> None:
    async with opened() as desk:
        client = await Client.to(desk.listener.port)
        assert "STARTTLS" not in await client.greeted()
        assert (await client.say("STARTTLS")).startswith("502")
        client.close()


async def test_a_new_certificate_is_used_from_the_next_handshake_on(opened: Opened, tmp_path: Path) -> None:
    pair = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += [
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-out",
        str(pair[0]),
        "-keyout",
        str(pair[1]),
    ]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    new = ServerTls(*pair)
    async with opened(tls=TLS) as desk:
        client = await Client.to(desk.listener.port)
        await client.greeted()
        desk.listener.apply(Listener(host="127.0.0.1", port=0, tls=new), server_context(new), "mx2.bank.example")
        await client.say("STARTTLS")
        await client.start_tls(trusting(pair[0]))
        client.close()
        other = await Client.to(desk.listener.port)
        assert (await other.answer()).startswith("220 mx2.bank.example")
        other.close()


# LMTP


async def test_lmtp_answers_for_each_recipient(opened: Opened) -> None:
    async with opened(protocol="lmtp") as desk:
        client = await Client.to(desk.listener.port)
        assert (await client.answer()) == "220 mx.bank.example LMTP mailgate"
        assert (await client.say("EHLO me.example")).startswith("502")
        assert (await client.say("MAIL FROM:<a@b.example>")) == "503 5.5.1 Error: send LHLO first"
        assert "250-PIPELINING" in await client.say("LHLO me.example")
        said = await client.mail("a@b.example", SUPPORT, "nobody@bank.example", "second@bank.example", SUPPORT)
        assert [line[:3] for line in said[:-1]] == ["250", "250", "550", "250", "250", "354"]
        answers = [said[-1], await client.answer(), await client.answer()]
        assert len(set(answers)) == 1
        assert answers[0].startswith("250 2.0.0 Ok: queued as ")
        assert (await client.say("NOOP")).startswith("250 2.0.0 Ok")  # no answer too many
        client.close()
        assert len(await desk.rows()) == 1


async def test_lmtp_refuses_for_each_recipient(opened: Opened) -> None:
    async with opened(protocol="lmtp") as desk:
        client = await Client.to(desk.listener.port)
        await client.greeted("LHLO")
        said = await client.mail("a@b.example", SUPPORT, "second@bank.example", data=b"a\rb\r\n")
        assert said[-1] == await client.answer() == "550 5.6.11 Bare CR is not allowed"
        assert (await client.say("DATA")).startswith("503")
        client.close()


async def test_lhlo_is_of_lmtp_alone(opened: Opened) -> None:
    async with opened() as desk:
        client = await Client.to(desk.listener.port)
        assert (await client.greeted("LHLO")).startswith("502")
        client.close()


async def test_lmtp_on_a_unix_socket(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as stale:  # of a process that died
        stale.bind(str(path))
    async with opened(protocol="lmtp", path=path) as desk:
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        client = Client(*await asyncio.open_unix_connection(path))
        await client.greeted("LHLO")
        assert (await client.mail("a@b.example", SUPPORT))[-1].startswith("250")
        client.close()
        assert len(await desk.rows()) == 1
        with pytest.raises(OSError, match="in use"):
            await SmtpListener(desk.listener.config, hostname="x", acceptor=None, callbacks=None).start()  # type: ignore[arg-type]
    assert not path.exists()


async def test_a_file_in_the_way_of_a_socket_stays(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        async with opened(protocol="lmtp", path=path):
            pass
    assert path.read_text() == "precious"


# submission


async def submitting(desk: Desk) -> Client:
    """A client of the submission listener, within TLS."""
    client = await Client.to(desk.listener.port)
    await client.greeted()
    await client.say("STARTTLS")
    await client.start_tls(trusting())
    assert "250-AUTH PLAIN LOGIN" in (await client.say("EHLO me.example")).splitlines()
    return client


async def test_an_agent_logs_in_and_the_mail_says_who(opened: Opened) -> None:
    async with opened(submission=True, tls=TLS) as desk:
        client = await submitting(desk)
        assert (await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")).startswith("235 2.7.0")
        assert (await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")).startswith("503")
        assert (await client.mail(ANN, SUPPORT))[-1].startswith("250")
        client.close()
        assert [(row["login"], row["sender"]) for row in await desk.rows()] == [("ann", ANN)]


@pytest.mark.parametrize(
    "dialogue",
    [
        ["AUTH PLAIN", plain(ANN, "secret")],
        ["AUTH LOGIN", b64(ANN), b64("secret")],
        [f"auth login {b64(ANN)}", b64("secret")],
    ],
)
async def test_every_form_of_a_login(dialogue: list[str], opened: Opened) -> None:
    async with opened(submission=True, tls=TLS) as desk:
        client = await submitting(desk)
        said = [await client.say(line) for line in dialogue]
        assert [line[:3] for line in said] == ["334"] * (len(dialogue) - 1) + ["235"]
        client.close()


async def test_no_mail_without_a_login_and_no_login_without_tls(opened: Opened) -> None:
    async with opened(submission=True, tls=TLS) as desk:
        client = await Client.to(desk.listener.port)
        assert "AUTH" not in await client.greeted()
        assert (await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")).startswith("530 5.7.0 Must issue a STARTTLS")
        assert (await client.say(f"MAIL FROM:<{ANN}>")).startswith("530 5.7.0 Must issue a STARTTLS")
        client.close()
        client = await submitting(desk)
        assert (await client.say(f"MAIL FROM:<{ANN}>")).startswith("530 5.7.0 Authentication required")
        client.close()
        assert await desk.rows() == []


@pytest.mark.parametrize(
    ("dialogue", "code"),
    [
        (["AUTH CRAM-MD5"], "504"),
        (["AUTH"], "504"),
        (["AUTH PLAIN ====="], "501"),
        (["AUTH PLAIN " + b64("only\0one")], "501"),
        (["AUTH PLAIN " + b64("elliot\0" + ANN + "\0secret")], "501"),
        (["AUTH PLAIN", "*"], "501"),
        (["AUTH LOGIN", "*"], "501"),
        (["AUTH LOGIN", "\x00\x01"], "501"),
        (["AUTH PLAIN ="], "501"),
    ],
)
async def test_what_is_no_login_is_refused_and_the_session_goes_on(
    dialogue: list[str], code: str, opened: Opened
) -> None:
    async with opened(submission=True, tls=TLS) as desk:
        client = await submitting(desk)
        said = [await client.say(line) for line in dialogue]
        assert said[-1][:3] == code
        assert (await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")).startswith("235")
        client.close()


async def test_a_wrong_password_is_told_after_a_pause_and_three_end_it(opened: Opened, monkeypatch) -> None:
    monkeypatch.setattr(session, "FAILED_LOGIN_PAUSE", 0.01)
    async with opened(submission=True, tls=TLS) as desk:
        client = await submitting(desk)
        for _ in range(3):
            assert await client.say(f"AUTH PLAIN {plain(ANN, 'guess')}") == "535 5.7.8 Error: authentication failed"
        assert (await client.answer()).startswith("421 4.7.0")
        assert await client.gone()
        client.close()
        assert [refusal.code for refusal in desk.refused] == [535, 535, 535]


async def test_an_address_that_guesses_has_to_wait(opened: Opened, monkeypatch) -> None:
    monkeypatch.setattr(session, "FAILED_LOGIN_PAUSE", 0.0)
    monkeypatch.setattr(session, "LOGIN_TRIES", 100)
    async with opened(submission=True, tls=TLS) as desk:
        client = await submitting(desk)
        for _ in range(MAX_FAILED_LOGINS):
            await client.say(f"AUTH PLAIN {plain(ANN, 'guess')}")
        client.close()
        client = await submitting(desk)
        assert (await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")).startswith("421 4.7.0")
        client.close()


def test_failures_are_forgotten_after_ten_minutes_and_ipv6_counts_by_network() -> None:
    now = [0.0]
    failed = FailedLogins(lambda: now[0])
    for number in range(MAX_FAILED_LOGINS):
        assert not failed.too_many("2001:db8::1")
        failed.add(f"2001:db8::{number}")
    assert failed.too_many("2001:db8::ffff")
    assert not failed.too_many("2001:db8:1::1")
    assert not failed.too_many("192.0.2.1")
    now[0] = 599.0
    assert failed.too_many("2001:db8::1")
    now[0] = 601.0
    assert not failed.too_many("2001:db8::1")
    failed.add("")  # a unix socket has no address
    assert not failed.too_many("")


async def test_agents_send_as_themselves_and_to_the_desk_alone(opened: Opened) -> None:
    async with opened(submission=True, tls=TLS) as desk:
        client = await submitting(desk)
        await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")
        assert (await client.say("MAIL FROM:<elliot@bank.example>")).startswith("553 5.7.1")
        assert (await client.say(f"MAIL FROM:<{ANN}> SIZE=100 AUTH=<>")).startswith("250")
        assert (await client.say("RCPT TO:<karen@client.example>")).startswith("550 5.7.1")
        assert (await client.say(f"RCPT TO:<{SUPPORT}>")).startswith("250")
        client.close()


async def test_the_listener_for_servers_knows_no_login(opened: Opened) -> None:
    async with opened(tls=TLS) as desk:
        client = await Client.to(desk.listener.port)
        assert "AUTH" not in await client.greeted()
        assert (await client.say(f"AUTH PLAIN {plain(ANN, 'secret')}")).startswith("502")
        client.close()


# behind a load balancer


HERE = (ip_network("127.0.0.0/8"),)
V2_TCP4 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes((192, 0, 2, 7, 192, 0, 2, 1)) + b"\x00\x50\x00\x19"


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.7 192.0.2.1 80 25\r\n", V2_TCP4])
async def test_the_client_is_the_one_that_the_balancer_names(header: bytes, opened: Opened) -> None:
    async with opened(proxy=HERE) as desk:
        client = await Client.to(desk.listener.port, first=header + b"EHLO me.example\r\n")
        assert (await client.answer()).startswith("220")
        assert (await client.answer()).startswith("250-")
        await client.say("MAIL FROM:<a@b.example>")
        await client.say("RCPT TO:<nobody@bank.example>")
        client.close()
        assert [refusal.peer for refusal in desk.refused] == ["192.0.2.7"]


async def test_a_header_before_a_handshake_leaves_the_handshake_whole(opened: Opened) -> None:
    async with opened(proxy=HERE, tls=IMPLICIT) as desk:
        client = await Client.to(desk.listener.port, first=V2_TCP4, tls=trusting())
        await client.greeted()
        await client.say("MAIL FROM:<a@b.example>")
        await client.say("RCPT TO:<nobody@bank.example>")
        client.close()
        assert [refusal.peer for refusal in desk.refused] == ["192.0.2.7"]


async def test_a_header_in_pieces(opened: Opened) -> None:
    async with opened(proxy=HERE) as desk:
        client = await Client.to(desk.listener.port)
        for byte in b"PROXY UNKNOWN\r\n":
            client.writer.write(bytes([byte]))
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.answer()).startswith("220")
        client.close()


@pytest.mark.parametrize(
    "first", [b"EHLO me.example\r\n", b"PROXY TCP4 nonsense\r\n", b"\r\n\r\n\x00\r\nQUIT\n\xff\xff\xff\xff"]
)
async def test_a_balancer_without_its_header_is_closed(first: bytes, opened: Opened) -> None:
    async with opened(proxy=HERE) as desk:
        client = await Client.to(desk.listener.port, first=first)
        assert await client.gone()
        client.close()


async def test_a_balancer_that_stays_silent_is_closed(opened: Opened, monkeypatch) -> None:
    monkeypatch.setattr(proxied, "HEADER_TIMEOUT", 0.2)
    async with opened(proxy=HERE) as desk:
        client = await Client.to(desk.listener.port)
        assert await client.gone()
        client.close()


async def test_who_is_no_balancer_is_believed_nothing(opened: Opened) -> None:
    async with opened(proxy=(ip_network("192.0.2.0/24"),)) as desk:
        client = await Client.to(desk.listener.port, first=b"PROXY TCP4 192.0.2.7 192.0.2.1 80 25\r\n")
        assert (await client.answer()).startswith("220")
        assert (await client.answer()).startswith("500")
        client.close()


# clients that are gone in the middle

DIALOGUE = (
    b"MAIL FROM:<a@b.example>\r\n",
    f"RCPT TO:<{SUPPORT}>\r\n".encode(),
    b"DATA\r\n",
    b"Subject: x\r\n\r\nx\r\n.\r\n",
    b"NOOP\r\n" * 500,
)


@pytest.mark.parametrize("door", ["plain", "proxied", "lmtp", "starttls", "implicit"])
async def test_a_client_that_resets_the_connection_at_any_step_is_no_trouble(door: str, opened: Opened, caplog) -> None:
    """Behind each answer, and with answers on the way that nobody reads."""
    tls = {"starttls": TLS, "implicit": IMPLICIT}.get(door)
    proxy = HERE if door == "proxied" else ()
    async with opened(tls=tls, proxy=proxy, protocol="lmtp" if door == "lmtp" else "smtp") as desk:
        for answered, unread in itertools.product(range(len(DIALOGUE)), range(len(DIALOGUE))):
            first = V2_TCP4 if door == "proxied" else b""
            client = await Client.to(desk.listener.port, first=first, tls=trusting() if door == "implicit" else None)
            await client.greeted("LHLO" if door == "lmtp" else "EHLO")
            if door == "starttls":
                await client.say("STARTTLS")
                if not (answered or unread):
                    reset(client.writer)  # before the handshake
                    continue
                await client.start_tls(trusting())
                await client.say("EHLO me.example")
            for words in DIALOGUE[:answered]:
                client.writer.write(words)
                await client.answer()
            client.writer.write(b"".join(DIALOGUE[answered : answered + unread]))
            reset(client.writer)
        await until(lambda: not desk.listener.sessions)
        assert not [record for record in caplog.records if record.exc_info]


# what is no mail client


@pytest.mark.parametrize("verb", ["GET / HTTP/1.1", "POST / HTTP/1.0", "HEAD /", "OPTIONS *", "CONNECT x:25 HTTP/1.1"])
async def test_a_browser_is_closed_at_once(verb: str, opened: Opened) -> None:
    """A web page that posts to our port must not have its body read as mail."""
    async with opened() as desk:
        body = f"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
        client = await Client.to(desk.listener.port, first=f"{verb}\r\nHost: x\r\n\r\n{body}".encode())
        await client.answer()
        assert (await client.answer()).startswith("421")
        assert await client.gone()
        client.close()
        assert await desk.rows() == []


# a real client


async def test_openssl_s_client_speaks_starttls_with_us(opened: Opened) -> None:
    async with opened(tls=TLS) as desk:
        command = [
            need("openssl", "openssl"),
            "s_client",
            "-starttls",
            "smtp",
            "-connect",
            f"127.0.0.1:{desk.listener.port}",
            "-quiet",
        ]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        async with patience():
            out, _ = await process.communicate(b"EHLO me.example\r\nQUIT\r\n")
        assert b"250-SIZE" in out


def test_a_certificate_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        server_context(ServerTls(tmp_path / "broken.pem", CERTIFICATE))
