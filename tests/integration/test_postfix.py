"""The relay connection against a real Postfix, whose sign-in is a real Dovecot's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest

from mailgate.connect.rsa import public_key
from mailgate.outbound.backoff import Reply, Stage
from mailgate.outbound.meanings import Meaning, meaning
from mailgate.outbound.payload import Payload
from mailgate.outbound.relay import SmtpRelay
from mailgate.settings import Credentials, DkimKey, Secret
from mailgate.settings import Relay as RelayConfig
from tests.dovecot import PASSWORD, Dovecot
from tests.ports import reserved_port
from tests.postfix import Postfix
from tests.sink import Sink

CERTIFICATE = Path(__file__).parents[1] / "data/localhost.pem"
PEM = (Path(__file__).parents[1] / "data/client.pem").read_text()
USER = "support@bank.example"
MAIL = (
    b"From: Support <support@bank.example>\r\nTo: Karen <karen@client.example>\r\n"
    b"Subject: =?utf-8?q?R=C3=BCckfrage?=\r\nDate: Mon, 30 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@bank.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n.A dot, \tblanks  \r\n..and\r\n.\r\n" + "Grüße\r\n\r\n\r\n".encode()
)


@pytest.fixture
def auth() -> Iterator[Dovecot]:
    with Dovecot(auth_port=reserved_port()) as one:
        yield one


async def send(
    postfix: Postfix, mail: bytes = MAIL, sender: str = USER, *, password: str = "", keys: tuple[DkimKey, ...] = ()
) -> Reply:
    user = USER if password else ""
    credentials = Credentials(account="relay", user=user, password=Secret(password), ca=CERTIFICATE)
    config = RelayConfig(host="localhost", port=postfix.port, tls="starttls", credentials=credentials, dkim=keys)
    relay = SmtpRelay(config, "desk.bank.example")
    reply = await relay.send(sender, "karen@client.example", Payload(mail))
    await relay.close()
    return reply


async def test_a_signature_is_valid_after_a_real_server_passed_the_mail_on() -> None:
    key = DkimKey(domain="bank.example", selector="s1", key=Secret(PEM))
    record = f"v=DKIM1; k=rsa; p={public_key(PEM)}".encode()
    async with Sink() as sink:
        with Postfix(f"smtp:[127.0.0.1]:{sink.port}", CERTIFICATE) as postfix:
            reply = await send(postfix, keys=(key,))
            assert (reply.stage, reply.code) == (Stage.DATA_END, 250)
            [mail] = await sink.wait_for(1)
    assert b"\r\n.A dot, \tblanks  \r\n..and\r\n.\r\n" in mail.data
    assert dkim.verify(mail.data, dnsfunc=lambda *_, **__: record)
    assert not dkim.verify(mail.data.replace(b"dot", b"cat"), dnsfunc=lambda *_, **__: record)


async def test_signing_in_at_a_real_server(auth: Dovecot) -> None:
    async with Sink() as sink:
        postfix = Postfix(f"smtp:[127.0.0.1]:{sink.port}", CERTIFICATE, auth.auth_port, f"{USER} {USER}")
        with postfix:
            assert (await send(postfix, password=PASSWORD)).code == 250
            wrong = await send(postfix, password="wrong")
            assert (wrong.stage, wrong.code) == (Stage.LOGIN, 535)
            assert "wrong" not in wrong.text
            anonymous = await send(postfix)
            assert (anonymous.stage, anonymous.code) == (Stage.RCPT, 553)
            assert meaning(anonymous.code, anonymous.text) is Meaning.LOGIN


async def test_a_real_server_says_that_the_sender_is_another_person_s(auth: Dovecot) -> None:
    async with Sink() as sink:
        owned = "sales@bank.example tina@bank.example"
        with Postfix(f"smtp:[127.0.0.1]:{sink.port}", CERTIFICATE, auth.auth_port, owned) as postfix:
            reply = await send(postfix, sender="sales@bank.example", password=PASSWORD)
    assert (reply.stage, reply.code) == (Stage.RCPT, 553)
    assert meaning(reply.code, reply.text) is Meaning.SENDER


async def test_a_sender_is_tried_without_a_mail(auth: Dovecot) -> None:
    """Postfix judges a sender when a recipient is named; `check --connect` says so before the first mail waits."""
    credentials = Credentials(account="relay", user=USER, password=Secret(PASSWORD), ca=CERTIFICATE)
    owned = f"{USER} {USER}\nsales@bank.example tina@bank.example"
    usual = "smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination"
    with Postfix("discard:", CERTIFICATE, auth.auth_port, owned, usual) as postfix:
        for given, sender, code, means in (
            (credentials, USER, 250, None),
            (credentials, "sales@bank.example", 553, Meaning.SENDER),
            (Credentials(ca=CERTIFICATE), USER, 553, Meaning.LOGIN),
            (Credentials(ca=CERTIFICATE), "other@bank.example", 554, None),
        ):
            relay = SmtpRelay(
                RelayConfig(host="localhost", port=postfix.port, tls="starttls", credentials=given), "desk.bank.example"
            )
            reply = await relay.try_sender(sender)
            await relay.close()
            assert (reply.code, meaning(reply.code, reply.text)) == (code, means), reply
        assert "removed" not in postfix.log(), "no mail was made"
