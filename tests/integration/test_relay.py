"""One attempt at the relay: the dialogue on a real socket, stage by stage, and the Maildir."""

from __future__ import annotations

import asyncio
import mailbox
import ssl
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mailgate.outbound import relay as relay_module
from mailgate.outbound.backoff import Stage
from mailgate.outbound.maildir import MaildirRelay
from mailgate.outbound.payload import Payload
from mailgate.outbound.relay import SmtpRelay, transport
from mailgate.settings import Credentials
from mailgate.settings import Relay as RelayConfig
from tests.sink import Sink
from tests.waiting import patience, until

CERTIFICATE = Path(__file__).parents[1] / "data/localhost.pem"
MAIL = b"Subject: Hello\r\n\r\nText.\r\n"


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def to(sink: Sink, tls: str = "none", ca: Path | None = None) -> SmtpRelay:
    config = RelayConfig(host="127.0.0.1", port=sink.port, tls=tls, credentials=Credentials(ca=ca))
    return SmtpRelay(config, "mx.bank.example")


@asynccontextmanager
async def served(serve):
    """A server that says what `serve(reader, writer)` says to its one client."""
    done = asyncio.Event()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)
        writer.close()
        await writer.wait_closed()
        done.set()

    server = await asyncio.start_server(whole, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    async with patience():
        await done.wait()


async def test_a_mail_is_handed_over_and_the_relay_s_own_words_come_back():
    async with Sink() as sink:
        relay = to(sink)
        reply = await relay.send("support@bank.example", "karen@client.example", Payload(MAIL))
        await relay.close()
    assert (reply.stage, reply.code, reply.text) == (Stage.DATA_END, 250, "2.0.0 taken as 1")
    [mail] = sink.taken
    assert (mail.mail_from, mail.recipients, mail.data) == ("support@bank.example", ("karen@client.example",), MAIL)
    assert sink.commands[0] == "EHLO mx.bank.example"
    assert sink.commands[-1] == "QUIT"


async def test_a_connection_is_kept_for_the_next_mail():
    async with Sink() as sink:
        relay = to(sink)
        for _ in range(3):
            await relay.send("a@b.example", "c@d.example", Payload(MAIL))
        await relay.close()
    assert (sink.connections, len(sink.taken)) == (1, 3)
    assert "RSET" not in sink.commands


async def test_after_a_refusal_the_transaction_is_reset():
    async with Sink(script={"c@d.example": ["550 5.1.1 unknown"]}) as sink:
        relay = to(sink)
        reply = await relay.send("a@b.example", "c@d.example", Payload(MAIL))
        assert (reply.stage, reply.code, reply.enhanced) == (Stage.RCPT, 550, "5.1.1")
        assert (await relay.send("a@b.example", "e@f.example", Payload(MAIL))).code == 250
        await relay.close()
    assert sink.connections == 1
    assert [mail.recipients for mail in sink.taken] == [("e@f.example",)]


@pytest.mark.parametrize("answer", ["502 5.5.1 not implemented", "451 4.3.0 later", "421 4.3.2 bye", "close", "what"])
async def test_a_relay_that_does_not_reset_gets_the_next_mail_over_a_new_connection(answer):
    """A refused RSET says nothing about the mail behind it."""
    async with Sink(script={"c@d.example": ["550 5.1.1 unknown"], "rset": [answer]}) as sink:
        relay = to(sink)
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 550
        assert (await relay.send("a@b.example", "e@f.example", Payload(MAIL))).code == 250
        await relay.close()
    assert sink.connections == 2
    assert [mail.recipients for mail in sink.taken] == [("e@f.example",)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("554 " + "x" * 70_000, "the connection was lost: a line of its answer has no end"),
        ("", "not an SMTP answer: an empty line"),
        ("* OK IMAP4rev1", "not an SMTP answer: * OK IMAP4rev1"),
        ("half 55", "the connection was lost: closed by the relay"),
    ],
)
async def test_an_answer_that_is_none_is_told_in_words(answer, words):
    async with Sink(script={"end": [answer]}) as sink:
        relay = to(sink)
        reply = await relay.send("a@b.example", "c@d.example", Payload(MAIL))
        await relay.close()
    assert (reply.stage, reply.code, reply.text) == (Stage.DATA_END, 0, words)


async def test_a_data_that_is_granted_without_a_recipient_is_ended_empty(monkeypatch):
    """RFC 2920 3.1."""
    said: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        said.append(await reader.readuntil(b"\r\n"))
        writer.write(b"250-x\r\n250 PIPELINING\r\n")
        said.append(await reader.readuntil(b"DATA\r\n"))
        writer.write(b"250 ok\r\n550 no\r\n354 go\r\n")
        said.append(await reader.readuntil(b".\r\n"))
        writer.write(b"554 nobody\r\n")

    async with served(serve) as port:
        relay = SmtpRelay(RelayConfig(host="127.0.0.1", port=port), "me")
        reply = await relay.send("a@b.example", "c@d.example", Payload(MAIL))
        await relay.close()
    assert (reply.stage, reply.code) == (Stage.RCPT, 550)
    assert said[2] == b".\r\n"


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("script", "stage", "code"),
    [
        ({"connect": ["554 5.7.1 go away"]}, Stage.CONNECT, 554),
        ({"connect": ["close"]}, Stage.CONNECT, 0),
        ({"ehlo": ["421 later"]}, Stage.EHLO, 421),
        ({"ehlo": ["close"]}, Stage.EHLO, 0),
        ({"mail": ["550 5.7.1 not you"]}, Stage.MAIL, 550),
        ({"mail": ["451 4.7.1 greylisted"]}, Stage.MAIL, 451),
        ({"mail": ["close"]}, Stage.MAIL, 0),
        ({"rcpt": ["450 4.2.1 busy"]}, Stage.RCPT, 450),
        ({"rcpt": ["close"]}, Stage.RCPT, 0),
        ({"rcpt": ["nonsense"]}, Stage.RCPT, 0),
        ({"data": ["554 no"]}, Stage.DATA, 554),
        ({"data": ["close"]}, Stage.DATA, 0),
        ({"end": ["552 5.3.4 too big"]}, Stage.DATA_END, 552),
        ({"end": ["421 4.3.2 going down"]}, Stage.DATA_END, 421),
        ({"end": ["close"]}, Stage.DATA_END, 0),
        ({"end": ["554-5.7.1 one\r\n554 5.7.1 two"]}, Stage.DATA_END, 554),
    ],
)
async def test_the_stage_of_a_refusal_is_told_and_the_next_mail_goes_through(script, stage, code, pipelining):
    async with Sink(script={key: list(value) for key, value in script.items()}, pipelining=pipelining) as sink:
        relay = to(sink)
        reply = await relay.send("a@b.example", "c@d.example", Payload(MAIL))
        assert (reply.stage, reply.code) == (stage, code), reply
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await relay.close()
    assert len(sink.taken) == 1


async def test_an_old_server_without_ehlo_is_greeted_with_helo():
    async with Sink(script={"ehlo": ["502 what?"]}) as sink:
        relay = to(sink)
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await relay.close()
    assert sink.commands[1].startswith("HELO")
    assert "SIZE" not in sink.commands[2]


@pytest.mark.parametrize("goodbye", ["421 4.4.2 idle too long", "close"])
async def test_a_relay_that_hung_up_meanwhile_costs_no_attempt(goodbye):
    async with Sink() as sink:
        relay = to(sink)
        await relay.send("a@b.example", "c@d.example", Payload(MAIL))
        sink.script["mail"] = [goodbye]
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await relay.close()
    assert (sink.connections, len(sink.taken)) == (2, 2)


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_a_relay_that_reset_the_connection_meanwhile_costs_no_attempt(tls):
    """It is known to be lost when the next mail comes: uvloop would raise at the first word."""
    async with Sink(tls=server_tls(), implicit_tls=tls == "implicit") as sink:
        relay = to(sink, tls, CERTIFICATE)
        sink.script["end"] = ["reset 250 2.0.0 taken"]
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await until(relay._writer.is_closing)
        assert (await relay.send("a@b.example", "e@f.example", Payload(MAIL))).code == 250
        await relay.close()
    assert sink.connections == 2


@pytest.mark.parametrize(
    ("stage", "answer"),
    [("connect", "220 x"), ("ehlo", "250 x"), ("mail", "250 x"), ("rcpt", "250 x"), ("data", "354")],
)
async def test_a_relay_that_resets_the_connection_behind_an_answer_is_a_connection_lost(stage, answer):
    async with Sink(pipelining=False) as sink:
        relay = to(sink)
        sink.script[stage] = [f"reset {answer}"]
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 0
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await relay.close()
    assert sink.connections == 2


async def test_nobody_there_is_told_as_connect():
    async with Sink() as sink:
        pass
    reply = await to(sink).send("a@b.example", "c@d.example", Payload(MAIL))
    assert (reply.stage, reply.code) == (Stage.CONNECT, 0)
    assert reply.text


async def test_silence_ends_at_the_deadline(monkeypatch):
    monkeypatch.setattr(relay_module, "END_TIMEOUT", 0.1)
    async with Sink(script={"end": ["hang"]}) as sink:
        reply = await to(sink).send("a@b.example", "c@d.example", Payload(MAIL))
    assert (reply.stage, reply.code) == (Stage.DATA_END, 0)
    assert "no answer" in reply.text


async def test_dots_and_line_ends_travel_whole_and_cannot_end_the_mail():
    data = b".one\r\n..two\r\n.\r\nthree\n.\nfour\r.\rfive"
    async with Sink() as sink:
        relay = to(sink)
        await relay.send("a@b.example", "c@d.example", Payload(data))
        await relay.close()
    [mail] = sink.taken
    assert mail.data == b".one\r\n..two\r\n.\r\nthree\r\n.\r\nfour\r\n.\r\nfive\r\n"


@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<x@y.example", "a b@c.example", "no-at", "a@b.example\x00", "<a@b.example>"]
)
async def test_no_address_breaks_out_of_the_envelope(address):
    async with Sink() as sink:
        relay = to(sink)
        reply = await relay.send("a@b.example", address, Payload(MAIL))
        assert (reply.stage, reply.code, reply.enhanced) == (Stage.RCPT, 553, "5.1.3")
        assert (await relay.send(address, "c@d.example", Payload(MAIL))).code == 553
        await relay.close()
    assert sink.commands == []


async def test_what_the_relay_offers_is_used():
    async with Sink() as sink:
        relay = to(sink)
        await relay.send("", "jürgen@d.example", Payload("Subject: ü\r\n\r\n".encode()))
        await relay.close()
    assert "MAIL FROM:<> SIZE=15 BODY=8BITMIME SMTPUTF8" in sink.commands


async def test_a_relay_without_smtputf8_gets_the_mail_without_addresses_beyond_ascii():
    mail = b"To: <karen@client.example>,\r\n =?utf-8?b?SsO8cmdlbg==?= <j\xc3\xbcrgen@x.example>\r\n" + MAIL
    for utf8 in (True, False):
        async with Sink(utf8=utf8) as sink:
            relay = to(sink)
            assert (await relay.send("support@bank.example", "karen@client.example", Payload(mail))).code == 250
            refused = await relay.send("support@bank.example", "jürgen@x.example", Payload(mail))
            await relay.close()
        assert (refused.code == 250) is utf8
        assert ("jürgen".encode() in sink.taken[0].data) is utf8
        assert b"karen@client.example" in sink.taken[0].data
    assert (refused.stage, refused.code, refused.enhanced) == (Stage.RCPT, 553, "5.6.7")
    assert not refused.dead_address


async def test_a_quoted_local_part_is_written_to():
    async with Sink() as sink:
        relay = to(sink)
        assert (await relay.send("support@bank.example", '"john doe"@x.example', Payload(MAIL))).code == 250
        assert (await relay.send("support@bank.example", "john doe@x.example", Payload(MAIL))).code == 553
        await relay.close()
    assert 'RCPT TO:<"john doe"@x.example>' in sink.commands


async def test_starttls_is_verified_and_used():
    async with Sink(tls=server_tls()) as sink:
        relay = to(sink, "starttls", CERTIFICATE)
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await relay.close()
    assert sink.commands[:3] == ["EHLO mx.bank.example", "STARTTLS", "EHLO mx.bank.example"]


async def test_implicit_tls_is_verified_and_used():
    async with Sink(tls=server_tls(), implicit_tls=True) as sink:
        relay = to(sink, "implicit", CERTIFICATE)
        assert (await relay.send("a@b.example", "c@d.example", Payload(MAIL))).code == 250
        await relay.close()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_nobody_vouches_for_is_refused(tls):
    async with Sink(tls=server_tls(), implicit_tls=tls == "implicit") as sink:
        reply = await to(sink, tls).send("a@b.example", "c@d.example", Payload(MAIL))
    assert (reply.stage, reply.code) == (Stage.TLS, 0)
    assert sink.taken == []


async def test_a_relay_without_starttls_gets_nothing_in_clear():
    async with Sink() as sink:
        reply = await to(sink, "starttls", CERTIFICATE).send("a@b.example", "c@d.example", Payload(MAIL))
    assert reply.stage is Stage.TLS
    assert sink.commands == ["EHLO mx.bank.example"]


async def test_words_slipped_in_before_tls_are_not_believed():
    """STARTTLS response injection (CVE-2011-0411 and kin)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250-x\r\n250 STARTTLS\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"220 go\r\n250 injected\r\n")
        await reader.read()

    async with served(serve) as port:
        config = RelayConfig(host="127.0.0.1", port=port, tls="starttls", credentials=Credentials(ca=CERTIFICATE))
        relay = SmtpRelay(config, "me")
        reply = await relay.send("a@b.example", "c@d.example", Payload(MAIL))
    assert (reply.stage, reply.code) == (Stage.TLS, 0)


async def test_an_answer_without_end_ends():
    async with Sink(script={"connect": ["220-x\r\n" * 1000 + "220 y"]}) as sink:
        reply = await to(sink).send("a@b.example", "c@d.example", Payload(MAIL))
    assert (reply.stage, reply.code, reply.text) == (Stage.CONNECT, 0, "an answer without end")


async def test_a_maildir_gets_each_mail_whole_with_its_envelope(tmp_path: Path):
    relay = transport(RelayConfig(transport="maildir", path=tmp_path / "out"), "me")
    replies = [await relay.send("", "karen@client.example", Payload(b"Subject: %d\r\n\r\nx\r\n" % n)) for n in range(3)]
    await relay.close()
    assert {reply.code for reply in replies} == {250}
    box = mailbox.Maildir(tmp_path / "out")
    assert sorted(mail["Subject"] for mail in box) == ["0", "1", "2"]
    assert {mail["Delivered-To"] for mail in box} == {"karen@client.example"}
    assert list((tmp_path / "out/tmp").iterdir()) == []


async def test_disk_trouble_is_the_relay_s_not_the_mail_s(tmp_path: Path):
    (tmp_path / "out").write_text("a file stands in the way")
    reply = await MaildirRelay(tmp_path / "out").send("", "karen@client.example", Payload(MAIL))
    assert (reply.stage, reply.code) == (Stage.CONNECT, 0)
    assert reply.stage.about_relay


async def test_a_relay_that_sends_no_greeting_is_ill_long_before_a_reply_is_given_up(monkeypatch):
    monkeypatch.setattr(relay_module, "CONNECT_TIMEOUT", 0.1)
    async with Sink(script={"connect": ["hang"]}) as sink:
        relay = to(sink)
        async with patience():  # shorter than the five minutes of a reply
            reply = await relay.send("support@bank.example", "karen@client.example", Payload(MAIL))
    assert (reply.stage, reply.code) == (Stage.CONNECT, 0)
    assert "timed out" in reply.text or "no answer" in reply.text
