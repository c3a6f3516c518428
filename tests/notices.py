"""A desk, a ticket and one notice of each kind, for the tests of outgoing mail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from mailgate.config.load import load
from mailgate.errors import Refused
from mailgate.figures import Attainment, Figures, Report, Satisfaction, Spread, Times
from mailgate.notice import Fixed, Lines, Listing, Notice, NoticeKind, Outgoing, ShownTicket, Similar
from mailgate.phrase import Phrase, Sentence, Value, phrase
from mailgate.rules.notices.tables import found_listing
from mailgate.rules.threading.keys import Keyring
from mailgate.ticket import Actor, Address, Assignee, Collaborator, Entry, EntryKind, Status, StoredAttachment, Ticket
from mailgate.writing.compose import compose
from mailgate.writing.mail.mime import base64_lines
from mailgate.writing.templates.render import Renderer

CASES = Path(__file__).parent / "cases/outbound"
CONFIG = load(CASES / "config.toml")[0]
KEYRING = Keyring((b"golden",), CONFIG.desk.domain)
RENDERER = Renderer()
ENGLISH, GERMAN = (RENDERER.catalogue.words(language) for language in ("en", "de"))
UTC = ZoneInfo("UTC")
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
BUILT = tuple(NoticeKind)

KAREN = Address("karen@client.example", "Karen Client")
ELLIOT = Address("elliot@bank.example", "Elliot Alderson")
ANN = Address("ann@bank.example", "Ann Kimball")
JANE = Address("jane@client.example", "Jane Doe")

PDF = b"%PDF-1.4 an invoice"
INVOICE = StoredAttachment("invoice.pdf", "application/pdf", 120_345, sha256(PDF).hexdigest())

TICKET = Ticket(
    number=1001,
    subject="Entire mobile/online banking system is down",
    status=Status.OPEN,
    requester=KAREN,
    department="Support",
    topic="General Inquiry",
    priority="Normal",
    sla="Default SLA",
    address="support@bank.example",
    created_at=NOW - timedelta(hours=1),
    updated_at=NOW,
    sla_started_at=NOW - timedelta(hours=1),
    due_at=NOW + timedelta(hours=17),
)
# Everything that a ticket can have; what a requester must not read begins with SECRET.
FULL = replace(
    TICKET,
    department="SECRET-Maintenance",
    topic="SECRET-Report a Problem",
    priority="SECRET-Emergency",
    sla="SECRET-Sev-A",
    assignee=Assignee("team", "SECRET-Online Banking"),
    collaborators=(
        Collaborator(JANE.email, JANE.name),
        Collaborator("joe@secret.example", "SECRET-inactive", active=False),
    ),
    tags=("SECRET-portal",),
    fields={"phone": "SECRET-555 0100"},
    overdue=True,
    first_response_by=NOW + timedelta(hours=1),
    wake_at=NOW + timedelta(days=3),
    status=Status.PENDING,
    links=(990,),
)
NOTE = Entry(
    kind=EntryKind.NOTE,
    by=Actor.agent("ann"),
    author=ANN,
    at=NOW - timedelta(minutes=20),
    text="SECRET-note: the vendor knows.\n\n    traceroute 10.0.0.1\n",
    attachments=(INVOICE,),
)
MESSAGE = Entry(
    kind=EntryKind.MESSAGE,
    by=Actor.requester(KAREN.email),
    author=KAREN,
    at=NOW - timedelta(minutes=50),
    text="Nobody can log in since 9.\n\nPlease hurry.\n",
)
WORDS = "Nobody can log in since 9.\n\nThe page says “try later”, on phones, too.\nPlease hurry.\n\nKaren"
ANSWER = "Hello Karen,\n\nwe are on it. Please try again at noon.\n\nRegards\nElliot"


def notice(kind: NoticeKind, **fields: object) -> Notice:
    """A notice as the desk makes it in the ordinary case; `fields` stand above that."""
    values: dict[str, object] = {"kind": kind, "cause": "case", "to": KAREN if kind.to_requester else ELLIOT}
    if not kind.to_requester:
        values["agent"] = "elliot"
    values |= _ORDINARY.get(kind, {})
    if kind not in (NoticeKind.REJECTED, NoticeKind.LIMIT_REACHED):
        values.setdefault("ticket", TICKET)
    return Notice(**{**values, **fields})  # type: ignore[arg-type]


def english(sentence: Sentence | None) -> str:
    """A sentence in English, times in UTC; "" for none."""
    return ENGLISH.sentence(sentence, UTC) if sentence else ""


def within(value: Value | None) -> str:
    """A value in English as it stands within a sentence, times in UTC; "" for none."""
    return ENGLISH.text(value, UTC) if value else ""


@contextmanager
def refusal(pattern: str, zone: ZoneInfo = UTC) -> Iterator[None]:
    """Expect `Refused` with reasons that, in English and joined, hold the regular expression."""
    try:
        yield
    except Refused as error:
        said = "; ".join(ENGLISH.text(reason, zone) for reason in error.reasons)
        assert re.search(pattern, said), said
    else:
        raise AssertionError("was not refused")


def write(made: Notice, renderer: Renderer = RENDERER) -> Outgoing:
    """The finished mail."""
    return compose(made, renderer.render(made, CONFIG, KEYRING, NOW), CONFIG, KEYRING, NOW)


def whole(mail: Outgoing, contents: Mapping[str, bytes] | None = None) -> bytes:
    """The mail with the content of its files, by their digest."""
    data, at = b"", 0
    for file in mail.files:
        data += mail.data[at : file.at] + base64_lines((contents or {})[file.sha256])
        at = file.at
    return data + mail.data[at:]


_K = NoticeKind
FIGURES = Figures(
    opened=42,
    resolved=38,
    closed=30,
    reopened=2,
    set_aside=3,
    open_now=17,
    overdue_now=1,
    resolved_in_time=Attainment(38, 35),
    first_answered_in_time=Attainment(0, 0),
    first_response=Times(40, Spread(1440, 12_000), Spread(960, 5_400)),
    resolution=Times(38, Spread(30_000, 180_000), Spread(14_400, 61_200)),
    satisfaction=Satisfaction(4, 1, 0),
    backlog=(16, 18, 17, 15, 16, 18, 17, 17),
)
REPORT = Report(
    NOW - timedelta(days=7),
    NOW,
    tuple((NOW - timedelta(days=ago)).date() for ago in range(7, -1, -1)),
    FIGURES,
    {
        "department": {"Support": FIGURES},
        "team": {"": FIGURES},
        "agent": {"elliot": FIGURES},
        "topic": {"General Inquiry": FIGURES},
        "priority": {"Normal": FIGURES},
    },
)
_ENDED = phrase(
    "fact.because",
    what=phrase("similar.by", status=Phrase("state.resolved"), who="Ann Kimball"),
    reason="restarted the gateway",
)
_FOUND = (
    replace(TICKET, status=Status.OPEN),
    replace(TICKET, number=1002, subject="A  printer   of two blanks", status=Status.PENDING, overdue=True, due_at=NOW),
    replace(TICKET, number=990, subject="Banking app is down", due_at=None, assignee=Assignee("agent", "ann")),
)
_HELD = Address("elliot@bank.example", "Elliot Alderson")
_ORDINARY: dict[NoticeKind, dict[str, object]] = {
    _K.ACKNOWLEDGEMENT: {"text": WORDS, "in_reply_to": "<1@client.example>", "is_first": True},
    _K.FOLLOW_UP_RECEIVED: {"text": WORDS, "in_reply_to": "<2@client.example>"},
    _K.OPENED_FOR_YOU: {"text": ANSWER, "is_first": True, "by": ELLIOT, "by_agent": "elliot"},
    _K.REPLY: {
        "text": ANSWER,
        "by": ELLIOT,
        "by_agent": "elliot",
        "in_reply_to": "<1@client.example>",
        "cc": (JANE,),
        "attachments": (INVOICE,),
    },
    _K.ASKED: {
        "to": Address("noc@carrier.example", "Carrier NOC"),
        "text": "Is the line to our branch in Hull down?\n\nElliot",
        "by": ELLIOT,
        "by_agent": "elliot",
        "is_first": True,
        "attachments": (INVOICE,),
    },
    _K.STATUS_CHANGED: {"ticket": replace(TICKET, status=Status.RESOLVED), "asks": True},
    _K.COLLABORATOR_ADDED: {"to": JANE, "by": ELLIOT, "by_agent": "elliot", "is_first": True, "history": (MESSAGE,)},
    _K.LIMIT_REACHED: {"subject": "Printer", "in_reply_to": "<1@client.example>"},
    _K.REJECTED: {
        "subject": "Printer",
        "in_reply_to": "<1@client.example>",
        "text": "Please write to printers@bank.example.",
    },
    _K.NEW_TICKET: {
        "by": KAREN,
        "text": WORDS,
        "is_first": True,
        "attachments": (INVOICE,),
        "others": (replace(TICKET, number=998, subject="Card reader", assignee=Assignee("agent", "ann")),),
        "similar": (Similar(990, "Banking app is down", _ENDED, NOW),),
    },
    _K.NEW_MESSAGE: {"by": KAREN, "text": WORDS, "history": (NOTE, MESSAGE), "in_reply_to": "<2@client.example>"},
    _K.COLLEAGUE_REPLY: {"by": ANN, "by_agent": "ann", "text": ANSWER, "history": (MESSAGE,)},
    _K.NOTE: {"by": ANN, "by_agent": "ann", "text": "Look at the load balancer, please.", "history": (MESSAGE,)},
    _K.ASSIGNED: {
        "by": ANN,
        "by_agent": "ann",
        "ticket": replace(TICKET, assignee=Assignee("agent", "elliot")),
        "facts": ("Ann Kimball assigned [#1001] to you: “yours since last week”.",),
    },
    _K.TAKEN: {"by": ANN, "by_agent": "ann", "ticket": replace(TICKET, assignee=Assignee("agent", "ann"))},
    _K.TRANSFERRED: {"by": ANN, "by_agent": "ann", "ticket": replace(TICKET, department="Systems Administrators")},
    _K.STATUS: {"by": ANN, "by_agent": "ann", "ticket": replace(TICKET, status=Status.RESOLVED)},
    _K.OVERDUE: {"ticket": replace(TICKET, overdue=True, due_at=NOW)},
    _K.ESCALATED: {"facts": ("[#1001] has used 80% of its time.",)},
    _K.REMINDER: {"facts": ("You put it off on Thu 19 Nov 2026, 16:00 EST: parts come on Friday",)},
    _K.DELIVERY_FAILED: {"facts": ("A mail to karen@client.example failed.",), "text": "550 5.1.1 no such user"},
    _K.COMMAND_FAILED: {
        "facts": ("“#assing ann” is no command; did you mean #assign?",),
        "text": "#assing ann\n\nShe knows more.",
        "in_reply_to": "<3@bank.example>",
    },
    _K.HELD: {
        "facts": ("Ann Kimball answered the requester on Fri 20 Nov 2026, 09:20 EST.",),
        "text": ANSWER,
        "code": "k7qx2m",
        "history": (MESSAGE,),
        "in_reply_to": "<3@bank.example>",
    },
    _K.CONFIRM: {"by": _HELD, "text": "#close\n\nDone.", "code": "K7QX2M", "in_reply_to": "<3@bank.example>"},
    _K.ADMIN: {
        "to": Address("postmaster@bank.example"),
        "agent": "",
        "ticket": None,
        "subject": "A mail was set aside",
        "facts": ("A mail from karen@client.example could not be read; it waits in the quarantine.",),
    },
    _K.DIGEST: {
        "ticket": None,
        "subject": "Your queue: 1 overdue, 70 yours",
        "facts": ("What waits for you, the most pressing first.",),
        "listings": (
            Listing(Phrase("digest.overdue"), ("number", "subject"), (("#1001", TICKET.subject),), 1),
            Listing(Phrase("digest.mine"), ("number", "subject"), (("#1002", "Printer <3rd floor>"),), 70),
        ),
    },
    _K.REPORT: {"ticket": None, "subject": "Weekly report", "report": REPORT},
    _K.ANSWER: {
        "answers": (
            found_listing(Phrase("table.open"), _FOUND, "elliot", CONFIG),
            Lines((phrase("answer.no_ticket", number=7),)),
            Fixed("#show [NUMBER]   a ticket, by mail"),
            ShownTicket(replace(TICKET, number=990, subject="Banking app is down"), (MESSAGE, NOTE)),
        ),
        "in_reply_to": "<3@bank.example>",
    },
}


def read(data: bytes) -> EmailMessage:
    """A mail as the standard library reads it."""
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def put(folder: Path, name: str, source: str) -> Path:
    """Write an administrator's own template; the folder that it lies in."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")
    return folder
