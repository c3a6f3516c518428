"""A desk on a real database: mails go in as bytes, the finished outgoing mails come out.

Everything is the house's own code; only the sockets and the clock's hands are left out.
"""

from __future__ import annotations

import email
import json
import re
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from mailgate.config.load import load
from mailgate.mail import Delivery, Envelope
from mailgate.notice import FilePart
from mailgate.outbound.payload import Payload
from mailgate.reading.encodings.flowed import join
from mailgate.settings import Server
from mailgate.store.db import Db, open_writer
from mailgate.store.queues import inbox, outbox
from mailgate.store.tickets import tickets
from mailgate.ticket import Event, Ticket
from mailgate.worker import batch, timers
from mailgate.worker.daily import agents_day, set_aside, spam_digest
from mailgate.worker.runtime import Runtime, make_runtime
from mailgate.worker.secrets import open_secrets
from tests.engines import ON_POSTGRESQL, with_database
from tests.postgresql import cluster

KAREN = "Karen Client <karen@client.example>"
ELLIOT = "Elliot Alderson <elliot@bank.example>"
ANN = "Ann Reyes <ann@bank.example>"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OUTBOX = "SELECT * FROM outbox JOIN outgoing USING (id)"
CONFIG = """
[desk]
name = "First Bank Help Desk"
admin = "root@ops.example"

[address."support@bank.example"]
name = "First Bank Support"
plus = true

[address."outages@bank.example"]
topic = "Business Critical Outage"

[relay]
transport = "maildir"
path = "out"

[department.Support]
manager = "ann"

[department."Systems Administrators"]

[department.Maintenance]
manager = "ann"
public = false

[role."View only"]
may = []

[agent.elliot]
name = "Elliot Alderson"
email = ["elliot@bank.example"]
departments = ["Support"]

[agent.ann]
name = "Ann Reyes"
email = ["ann@bank.example"]
departments = ["Support", "Maintenance"]

[agent.bob]
name = "Bob Base"
email = ["bob@bank.example"]
departments = { "Systems Administrators" = "All Access" }

[agent.vera]
name = "Vera View"
email = ["vera@bank.example"]
role = "View only"
departments = ["Systems Administrators"]

[team."Online Banking"]
lead = "ann"
members = ["elliot", "bob"]

[sla."Sev-A"]
resolve = "1h"
escalate = [ { at = "50%", alert = ["team-lead"] }, { at = "100%", alert = ["assignee", "manager"] } ]

[sla."Sev-B"]
resolve = "4h"

[topic."Business Critical Outage"]
department = "Systems Administrators"
sla = "Sev-A"
priority = "Emergency"

[topic."Report a Problem"]
department = "Maintenance"

[canned.hello]
text = "Hello {{ requester.name }}, we look into it."
"""


@dataclass(frozen=True)
class Sent:
    """One finished outgoing mail."""

    kind: str
    to: str
    ticket: int | None
    message_id: str
    agent: str
    mail_from: str
    data: bytes = field(repr=False)

    @cached_property
    def message(self) -> Message:
        return email.message_from_bytes(self.data)

    @property
    def subject(self) -> str:
        return str(email.header.make_header(email.header.decode_header(self.message["Subject"])))

    def part(self, kind: str) -> str:
        texts = [part for part in self.message.walk() if part.get_content_type() == f"text/{kind}"]
        return texts[0].get_payload(decode=True).decode() if texts else ""

    @property
    def text(self) -> str:
        """The text as its reader sees it."""
        return join(self.part("plain").replace("\r\n", "\n"))

    @property
    def everything(self) -> str:
        """Headers decoded, text and HTML: all that a reader may see."""
        headers = "\n".join(
            f"{name}: {email.header.make_header(email.header.decode_header(value))}"
            for name, value in self.message.items()
        )
        return "\n".join((headers, self.part("plain"), self.part("html")))

    @property
    def reply_to(self) -> str:
        return str(self.message["Reply-To"])


class Bench:
    """A desk with a clock that a test turns."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder = folder
        self.now = START
        self.mails = 0
        self.seen = 0  # id of the newest outgoing mail that was looked at
        self.db: Db
        self.database = ""  # on PostgreSQL, where it is there
        self.opened: dict[str, Sent]  # of `with_ticket`
        self.ack: Sent
        self.alert: Sent
        self.configure(config, first=True)

    def configure(self, config: str, *, first: bool = False) -> None:
        """Take a configuration, as a start or a reload does."""
        path = self.folder / "config.toml"
        if first and ON_POSTGRESQL.get():
            self.database = cluster().desk_database()
            weakref.finalize(self, cluster().give_back, self.database)  # called after the one that closes
        if self.database:
            config = with_database(config, cluster().url(self.database))
        path.write_text(config)
        loaded, _ = load(path)
        if first:
            self.db = _opened(loaded.storage.database)
            _put_secret(loaded.desk.secret_file)
            weakref.finalize(self, self.db.close)  # Python 3.13 complains of a connection that nobody closed
        with self.db.transaction():
            self.desk: Runtime = make_runtime(loaded, open_secrets(self.db, loaded))
            batch.recover(self.db, self.desk, self.now)

    @property
    def config(self):
        return self.desk.config

    # ── mail in ─────────────────────────────────────────────────────────────────────────

    def write(
        self,
        sender: str,
        text: str,
        *,
        subject: str = "Portal is down",
        to: str = "support@bank.example",
        cc: str = "",
        answers: Sent | None = None,
        headers: dict[str, str] | None = None,
        html: str = "",
        files: tuple[tuple[str, str, bytes], ...] = (),
        pictures: tuple[tuple[str, str, bytes, str], ...] = (),
        message_id: str = "",
    ) -> bytes:
        """A mail as a mail program writes it; `answers` makes it an answer to one of ours.

        `pictures` are embedded in the HTML, each with its Content-ID.
        """
        self.mails += 1
        fields = [("From", sender)]
        fields.append(("To", answers.reply_to if answers and to == "support@bank.example" else to))
        if cc:
            fields.append(("Cc", cc))
        if answers:
            subject = "Re: " + re.sub(r"^Re: ", "", answers.subject)
            fields.append(("In-Reply-To", answers.message_id))
            references = " ".join((answers.message["References"] or "").split())
            fields.append(("References", f"{references} {answers.message_id}".strip()))
        fields.append(("Subject", subject))
        fields.append(("Message-ID", message_id or f"<m{self.mails}@client.example>"))
        fields.append(("Date", format_datetime(self.now)))
        fields += (headers or {}).items()
        mail = EmailMessage()
        for name, value in fields:
            if not value.isascii():
                mail[name] = value
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
            for name, kind, content, cid in pictures:
                main, _, sub = kind.partition("/")
                page = mail.get_payload()[-1]
                page.add_related(content, maintype=main, subtype=sub, filename=name, cid=f"<{cid}>")
        for name, kind, content in files:
            main, _, sub = kind.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        # What is ASCII stands as it is: the library would take it apart, which costs half as much as its work here.
        plain = "".join(f"{name}: {value}\r\n" for name, value in fields if value.isascii())
        return plain.encode() + mail.as_bytes(policy=mail.policy.clone(linesep="\r\n", max_line_length=0))

    def accept(
        self,
        raw: bytes,
        *,
        rcpt: tuple[str, ...] = (),
        envelope_from: str | None = "unset@client.example",
        key: str = "",
        arrived: datetime | None = None,
        authserv_ids: tuple[str, ...] = (),
        quiet: bool = False,
        mark: str = "",
    ) -> int:
        """Put a mail into the inbox; it is not worked yet."""
        self.mails += 1
        if not rcpt:
            to = BytesHeaderParser().parsebytes(raw)["To"] or ""
            rcpt = tuple(each.strip() for each in to.split(",") if "bank.example" in each) or ("support@bank.example",)
        delivery = Delivery(
            source="smtp",
            source_key=key or f"smtp:{self.mails}",
            envelope=Envelope(envelope_from, rcpt),
            raw=raw,
            arrived_at=arrived or self.now,
            authserv_ids=authserv_ids,
            quiet=quiet,
            mark=mark,
        )
        with self.db.transaction():
            return inbox.add(self.db, [self.db.files.filed(delivery)], self.now)[0]

    def drain(self) -> list[Sent]:
        """Work the inbox; the mails that it caused."""
        batch.drain(self.db, self.desk, lambda: self.now)
        return self.new()

    def send(self, sender: str, text: str, **more: object) -> list[Sent]:
        """Write a mail, take it, work it."""
        self.take(sender, text, **more)
        return self.drain()

    def take(self, sender: str, text: str, **more: object) -> None:
        """Write a mail and take it; it is not worked yet."""
        ways = {"rcpt", "envelope_from", "key", "arrived", "authserv_ids", "quiet", "mark"}
        self.now += timedelta(seconds=1)
        raw = self.write(sender, text, **{k: v for k, v in more.items() if k not in ways})  # type: ignore[arg-type]
        self.accept(raw, **{k: v for k, v in more.items() if k in ways})  # type: ignore[arg-type]

    def tap(self, mail: Sent, sender: str = "") -> list[Sent]:
        """Whom a notice is for, or somebody else, taps its first link and sends the mail that opens."""
        found = re.search(r"mailto:(\S+?)\?\S*body=(\S+)", mail.text)
        assert found
        body = unquote(found[2]).replace("\r\n", "\n")
        return self.send(sender or mail.to, body, to=unquote(found[1]), subject=mail.subject)

    def write_by_link(self, mail: Sent, label: str, text: str, *, below: bool = False) -> list[Sent]:
        """Somebody taps a link of a notice to them, types above or below what it filled in, and sends the mail."""
        found = re.search(
            rf"^\[\d+\] {re.escape(label)}: mailto:(\S+?)\?subject=(\S+?)&body=(\S*)$", mail.text, re.MULTILINE
        )
        assert found, f"no link {label} in {mail.kind} to {mail.to}"
        address, subject, filled = (unquote(each).replace("\r\n", "\n") for each in found.groups())
        body = f"{filled}\n{text}\n" if below else f"{text}\n{filled}\n"
        return self.send(mail.to, body, to=address, subject=subject)

    def wait(self, **span: float) -> list[Sent]:
        """Let time pass, then let the clock fire what came due."""
        self.now += timedelta(**span)
        while True:
            with self.db.transaction():
                fired = timers.fire_due(self.db, self.desk, self.now)
                if agents_day.any_due(self.db, self.config, self.now):
                    fired += agents_day.fire_due(self.db, self.desk, self.now)
                if spam_digest.due(self.db, self.config, self.now):
                    spam_digest.notify(self.db, self.desk, self.now)
                if set_aside.due(self.db, self.now):
                    set_aside.notify(self.db, self.desk, self.now)
            if not fired:
                return self.new()

    def deliver(self) -> None:
        """The relay takes everything, also what waits behind another mail."""
        while jobs := outbox.claim(self.db, self.now, 100):
            outbox.sent(self.db, [(job.id, "250 ok") for job in jobs], self.now)

    # ── what there is ───────────────────────────────────────────────────────────────────

    def allow_contradictions(self) -> None:
        """Rows may refer to nothing from now on."""
        self.db.run("SET session_replication_role = replica" if self.database else "PRAGMA foreign_keys = OFF")

    def new(self) -> list[Sent]:
        """Outgoing mails since the last look."""
        rows = self.db.all(f"{OUTBOX} WHERE id > ? ORDER BY id", [self.seen])
        self.seen = rows[-1]["id"] if rows else self.seen
        return [sent(row, self.desk.files) for row in rows]

    def sent(self) -> list[Sent]:
        """Every outgoing mail there ever was."""
        return [sent(row, self.desk.files) for row in self.db.all(f"{OUTBOX} ORDER BY id")]

    def read_sent(self, row) -> Sent:
        """A row of the outbox as a mail."""
        return sent(row, self.desk.files)

    def ticket(self, number: int = 1001) -> Ticket:
        found = tickets.get(self.db, number)
        assert found is not None, f"no ticket {number}"
        return found

    def numbers(self) -> list[int]:
        return [row[0] for row in self.db.all("SELECT number FROM ticket ORDER BY number")]

    def events(self, number: int = 1001) -> list[Event]:
        return tickets.events(self.db, number)

    def kinds(self, number: int = 1001) -> list[str]:
        return [event.kind.value for event in self.events(number)]

    def thread(self, number: int = 1001) -> list[tuple[str, str]]:
        return [(entry.kind.value, entry.text.strip()) for entry in tickets.thread(self.db, number)]

    def last(self):
        """The newest row of the inbox."""
        return self.db.one("SELECT * FROM inbox ORDER BY id DESC LIMIT 1")

    def way(self, inbox_id: int | None = None) -> list[str]:
        """Trace lines of a mail in."""
        wanted = inbox_id or self.last()["id"]
        found = json.loads(self.db.one("SELECT way FROM inbox WHERE id = ?", [wanted])["way"])
        beside = self.db.all("SELECT step, text FROM trace WHERE inbox_id = ? ORDER BY id", [wanted])
        return [*found, *(f"{row['step']}: {row['text']}" for row in beside)]


@cache
def _empty() -> bytes:
    """A new database, as mailgate makes it; made once, for there are a thousand desks."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_writer(path).close()
        return path.read_bytes()


def _put_secret(path: Path | None) -> None:
    """The same secret in every test, so that ids are the same each time."""
    if path and not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text("a secret of more than sixteen characters")


def _opened(path: Path | Server) -> Db:
    """A database that need not outlive the machine's power: what "accepted" promises, the integration tests hold to."""
    if isinstance(path, Server):
        return open_writer(path)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_empty())
    db = open_writer(path)
    db.run("PRAGMA synchronous = OFF")
    return db


def sent(row, attachments) -> Sent:
    files = [FilePart(*each) for each in json.loads(row["files"])]
    return Sent(
        row["kind"],
        row["recipient"],
        row["ticket"],
        row["message_id"],
        row["agent"],
        row["mail_from"],
        b"".join(Payload(row["data"], files, attachments).pieces()),
    )


def to(mails: list[Sent], address: str) -> Sent:
    """The one mail to an address."""
    found = [mail for mail in mails if mail.to == address]
    assert len(found) == 1, f"{len(found)} mails to {address}: {[(m.kind, m.to) for m in mails]}"
    return found[0]


def outside(mails: list[Sent]) -> list[Sent]:
    """The mails to people who are no agents."""
    return [mail for mail in mails if "bank.example" not in mail.to]


def told(mails: list[Sent]) -> set[tuple[str, str]]:
    """(kind, recipient) of each."""
    assert len({(mail.kind, mail.to) for mail in mails}) == len(mails)
    return {(mail.kind, mail.to) for mail in mails}


def with_ticket(folder: Path, config: str = CONFIG) -> Bench:
    """A desk with a ticket: `opened` are its first mails by recipient, `ack` the requester's, `alert` an agent's."""
    bench = Bench(folder, config)
    bench.opened = {mail.to: mail for mail in bench.send(KAREN, "It does not open.", cc="jane@client.example")}
    bench.ack = bench.opened["karen@client.example"]
    bench.alert = bench.opened["elliot@bank.example"]
    return bench
