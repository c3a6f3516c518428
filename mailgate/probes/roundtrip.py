"""A mail of the desk to itself, through relay and mailbox. No ticket is opened: the desk drops its own mail.

While the daemon runs, it receives the mail, and the database shows when. Without it the mail is looked for
in the mailboxes, and deleted there.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailgate.connect.access_tokens import Account, in_thread
from mailgate.errors import MailgateError
from mailgate.inbound.imap.session import Session
from mailgate.notice import NoticeKind
from mailgate.outbound.backoff import Stage as SmtpStage
from mailgate.outbound.payload import Payload
from mailgate.outbound.relay import transport
from mailgate.probes.mailbox import words
from mailgate.probes.stage import Stage, State
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config, Credentials, Mailbox, Relay
from mailgate.store.db import open_reader
from mailgate.store.queues import trace
from mailgate.system.lock import running
from mailgate.writing.mail import headers

INTERVAL = 0.5  # seconds between looks
AGAIN = 3.0  # seconds between looks into a mailbox


@dataclass(frozen=True, slots=True)
class ProbeMail:
    """One mail under way."""

    address: str
    message_id: str
    sent_at: datetime

    @property
    def target(self) -> str:
        """What the table calls it."""
        return f"round trip {self.address}"


@dataclass(frozen=True, slots=True)
class Context:
    """What a round trip needs: configuration, keys, accounts, the time (aware UTC) and patience in seconds."""

    config: Config
    keyring: Keyring
    account: Callable[[Credentials], Account | None]
    clock: Callable[[], datetime]
    timeout: float


async def run_roundtrip(context: Context) -> list[Stage]:
    """Send one mail from each desk address to itself, and wait for all of them."""
    config = context.config
    is_running = running(config.storage.beside) is not None
    if not is_running and not config.mailboxes:
        what = "the daemon does not run, and mail comes by no mailbox"
        return [Stage("round trip", "send", State.FAILED, what, "start it: mailgate run")]
    found = await asyncio.gather(*(_one(context, each) for each in config.addresses))
    return [stage for stages in found for stage in stages]


async def _one(context: Context, address: str) -> list[Stage]:
    probe = ProbeMail(address, _message_id(context, address), context.clock())
    relay = context.config.relays_for(address)[0]
    sent = await _send(context, relay, probe)
    if sent.state is State.FAILED:
        return [sent]
    return [sent, await _arrival(context, probe)]


def _message_id(context: Context, address: str) -> str:
    cause = f"roundtrip:{secrets.token_hex(8)}"
    return context.keyring.notice_id(0, address, NoticeKind.ADMIN, cause, context.clock().date())


async def _send(context: Context, relay: Relay, probe: ProbeMail) -> Stage:
    if relay.path is not None:
        return Stage(probe.target, "send", State.FAILED, 'transport = "maildir" sends nothing')
    one = transport(relay, context.config.hostname, context.account(relay.credentials))
    try:
        reply = await one.send(probe.address, probe.address, Payload(_mail(probe)))
    finally:
        await one.close()
    good = reply.stage is SmtpStage.DATA_END and 200 <= reply.code <= 299
    return Stage(probe.target, "send", State.OK if good else State.FAILED, str(reply))


def _mail(probe: ProbeMail) -> bytes:
    fields = {
        "From": f"<{probe.address}>",
        "To": f"<{probe.address}>",
        "Subject": "mailgate check --roundtrip",
        "Date": format_datetime(probe.sent_at),
        "Message-ID": probe.message_id,
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=us-ascii",
    }
    text = "A mail of this desk to itself, to see whether mail leaves and arrives. It can be deleted.\r\n"
    return b"".join(headers.fold(name, value.split(" ")) for name, value in fields.items()) + f"\r\n{text}".encode()


async def _arrival(context: Context, probe: ProbeMail) -> Stage:
    try:
        async with asyncio.timeout(context.timeout):
            if running(context.config.storage.beside) is not None:
                where = await _by_daemon(context, probe)
            else:
                where = await _in_mailboxes(context, probe)
    except TimeoutError:
        hint = "does mail to this address reach the desk? Look for it in the mailbox, and in its folder for junk"
        return Stage(probe.target, "arrival", State.FAILED, f"nothing within {context.timeout:.0f} s", hint)
    except MailgateError as error:
        return Stage(probe.target, "arrival", State.FAILED, words(error))
    seconds = (context.clock() - probe.sent_at).total_seconds()
    return Stage(probe.target, "arrival", State.OK, f"after {seconds:.1f} s, {where}")


async def _by_daemon(context: Context, probe: ProbeMail) -> str:
    while True:
        if line := await in_thread(_arrived, context.config, probe):
            return line
        await asyncio.sleep(INTERVAL)


def _arrived(config: Config, probe: ProbeMail) -> str:
    db = open_reader(config.storage.database)
    try:
        lines = [line for line in trace.by_message_id(db, probe.message_id) if line.step == "arrived"]
    finally:
        db.close()
    return lines[0].text if lines else ""


async def _in_mailboxes(context: Context, probe: ProbeMail) -> str:
    mailboxes: Sequence[Mailbox] = [*context.config.mailboxes.values()]
    while True:
        for mailbox in mailboxes:
            if await in_thread(_found, mailbox, context.account(mailbox.credentials), probe.message_id):
                return f"mailbox {mailbox.name}"
        await asyncio.sleep(AGAIN)


def _found(mailbox: Mailbox, account: Account | None, message_id: str) -> bool:
    session = Session(mailbox, account)
    try:
        session.open()
        return session.delete_by_message_id(message_id)
    finally:
        session.close()
