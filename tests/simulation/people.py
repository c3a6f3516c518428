"""Customers and agents: they write, answer what they get, command, are away, and some addresses bounce."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from tests.acceptance.people import Person, apple, gmail, mutt, outlook
from tests.simulation.relay import Delivery

PROGRAMS = (gmail, outlook, apple, mutt)
CUSTOMERS = tuple(
    Person(f"{name} Client", f"{name.lower()}@client{number % 3}.example", PROGRAMS[number % 4])
    for number, name in enumerate(("Karen", "Olga", "Jane", "Nina", "Paul", "Ravi", "Tom", "Uma", "Vic", "Wes"))
)
AGENTS = {
    name: Person(full, f"{name}@bank.example", program)
    for name, full, program in (
        ("elliot", "Elliot Alderson", mutt),
        ("ann", "Ann Reyes", outlook),
        ("bob", "Bob Base", gmail),
        ("marcus", "Marcus Webb", apple),
    )
}
ADMIN = "root@ops.example"
HIDDEN = "Maintenance"
TOKEN = re.compile(r"(?:MSG|REPLY|CANARY)\d{4,}")
WORDS = (
    *("printer", "account", "portal", "invoice", "password", "transfer", "branch", "screen", "error", "network"),
    *("letter", "card", "limit", "office", "shows", "cannot", "opens", "sends", "prints", "blocks", "since", "again"),
)
COMMANDS = (
    *("#assign ann", "#assign Online Banking", "#release", "#sla sev-b", "#sla sev-a", "#prio emergency", "#resolved"),
    *("#close", "#open", "#pending 2h", "#pending 1d", "#due 3h", f"#transfer {HIDDEN}", "#transfer Support"),
    *("#tag portal", "#untag portal", "#link 1001", "#spam", "#split", "#topic report"),
)


REPORT = """\
From: Mail Delivery System <mailer-daemon@mx.client.example>
To: {got.sender}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b"

--=b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--=b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.example

Final-Recipient: rfc822; {got.to}
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 mailbox full

--=b
Content-Type: text/rfc822-headers

Message-ID: {got.id}
To: {got.to}

--=b--
"""


@dataclass(frozen=True)
class Letter:
    """A mail that somebody sends. `expected`: its token must stand in a thread once it was worked.

    `requester` is the address of the customer whose ticket it is about; "" for any. `ticket` is the number in the mail
    that it answers.
    """

    mail: EmailMessage
    token: str = ""
    expected: bool = False
    sender: str = ""
    requester: str = ""
    ticket: int = 0

    @property
    def id(self) -> str:
        """Its Message-ID."""
        return str(self.mail["Message-ID"])


class People:
    """Writes the mails. `later(seconds, call)` and `post(letter)` are the world's."""

    def __init__(
        self,
        dice: random.Random,
        later: Callable[..., Any],
        post: Callable[[Letter], object],
        now: Callable[[], Any],
        requester: Callable[[int], str],
    ) -> None:
        self.dice = dice
        self.canaries: set[str] = set()
        self.bouncing: set[str] = set()  # customers whose server takes mail and returns it
        self._later = later
        self._post = post
        self._now = now
        self._requester = requester
        self._count = 0

    def token(self, kind: str) -> str:
        """A word that stands for one text."""
        self._count += 1
        return f"{kind}{self._count:04d}"

    def sentence(self, words: int = 12) -> str:
        """Some words."""
        return " ".join(self.dice.choices(WORDS, k=words))

    def send(
        self,
        mail: EmailMessage,
        token: str = "",
        *,
        expected: bool = False,
        sender: str | None = None,
        name: str = "p",
        requester: str = "",
        ticket: int = 0,
    ) -> None:
        """Date a mail and post it; its Message-ID begins with `name`."""
        self._count += 1
        from_ = mail["From"].addresses[0].addr_spec
        del mail["Date"], mail["Message-ID"]
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{name}{self._count}@{from_.partition('@')[2]}>"
        self._post(Letter(mail, token, expected, from_ if sender is None else sender, requester, ticket))

    def poisons(self) -> None:
        """A mail on which the desk's own code fails, or that ends its process each time."""
        token = self.token("MSG")
        name = self.dice.choice(("poison-fails", "poison-kills"))
        mail = self.dice.choice(CUSTOMERS).writes(self.sentence(4), f"{token} {self.sentence(20)}")
        self.send(mail, token, name=name, requester=mail["From"].addresses[0].addr_spec)

    # ── customers ───────────────────────────────────────────────────────────────────────

    def opens(self) -> None:
        """A customer writes anew."""
        who, token = self.dice.choice(CUSTOMERS), self.token("MSG")
        to = self.dice.choice(("support@bank.example",) * 3 + ("outages@bank.example",))
        mail = who.writes(self.sentence(4), f"{token} {self.sentence(20)}", to=to)
        if self.dice.random() < 0.2:
            size = self.dice.choice((3_000, 3_000, 40_000, 300_000))
            mail.add_attachment(
                self.dice.randbytes(size), maintype="application", subtype="x-scan", filename="scan.bin"
            )
        self.send(mail, token, expected=True, requester=who.email)

    def customer_got(self, delivery: Delivery) -> None:
        """A customer reads a mail."""
        who = next((each for each in CUSTOMERS if each.email == delivery.recipient), None)
        if who is None:
            return
        kind, chance = delivery.header("X-Mailgate-Notice"), self.dice.random()
        if delivery.recipient in self.bouncing:
            if delivery.sender:  # RFC 5321 4.5.5: nothing is returned to the null sender
                self._later(self.dice.uniform(5, 600), self._bounce, delivery)
        elif kind == "acknowledgement" and chance < 0.08:
            self._later(self.dice.uniform(1, 30), lambda: self.send(who.away(delivery.got), sender=""))
        elif kind == "reply" and chance < 0.5:
            token = self.token("MSG")
            text = self.dice.choice((f"{token} {self.sentence()}", "#close", "Thank you very much!"))
            self._later(self.dice.uniform(60, 60_000), self._answers, who, delivery, text, token)

    def _answers(self, who: Person, delivery: Delivery, text: str, token: str) -> None:
        said = token in text
        mail, got = who.answers(delivery.got, text), delivery.got
        self.send(mail, token if said else "", expected=said, requester=who.email, ticket=got.ticket)

    def _bounce(self, delivery: Delivery) -> None:
        report = message_from_string(REPORT.format(got=delivery.got), policy=policy.SMTP)
        assert isinstance(report, EmailMessage)
        self.send(report, sender="")

    # ── agents ──────────────────────────────────────────────────────────────────────────

    def agent_got(self, delivery: Delivery) -> None:
        """An agent reads a mail, and does something about it, perhaps."""
        who = AGENTS.get(delivery.recipient.partition("@")[0])
        if who is None:
            return
        kind, chance = delivery.header("X-Mailgate-Notice"), self.dice.random()
        if kind in ("held", "confirm") and chance < 0.6:
            self._later(self.dice.uniform(30, 90_000), self._confirms, who, delivery)
        elif delivery.header("X-Mailgate-Ticket") and chance < 0.3:
            requester = self._requester(delivery.got.ticket)
            self._later(self.dice.uniform(30, 20_000), self._acts, who, delivery, requester)

    def _confirms(self, who: Person, delivery: Delivery) -> None:
        if "Confirm" in delivery.got.links:
            self.send(who.taps(delivery.got, "Confirm"))

    def _acts(self, who: Person, delivery: Delivery, requester: str) -> None:
        got, chance = delivery.got, self.dice.random()
        if chance < 0.45:
            token = self.token("REPLY")
            answer = who.answers(got, f"{token} {self.sentence()}")
            self.send(answer, token, requester=requester, ticket=got.ticket)
        elif chance < 0.6:
            token = self.token("CANARY")
            self.canaries.add(token)
            note = who.answers(got, f"#note\n\n{token} {self.sentence()}")
            self.send(note, token, requester=requester, ticket=got.ticket)
        elif chance < 0.65:
            self.send(who.writes(f"Re: [#{got.ticket}] again", f"#resolved\n\n{self.sentence()}"))  # nothing proves it
        elif chance < 0.68:
            self.send(who.answers(got, self.dice.choice(("#away 3h", "#back", "#list", "#show"))))
        else:
            self.send(who.answers(got, self.dice.choice(COMMANDS)))
