"""The people of the demo and the mails they write, as their mail programs would.

An answer is made from the mail that the person really got: its Message-ID, its
Reply-To, its text quoted whole. Nothing here knows the desk's database or secrets.
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, localtime, make_msgid, parseaddr
from html import escape

# Long lines keep Message-IDs in References whole: the stdlib would encode what it folds.
_POLICY = SMTP.clone(max_line_length=998)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mail program."""

    name: str
    email: str
    html: bool = False  # their program writes HTML beside the text

    def __str__(self) -> str:
        return formataddr((self.name, self.email))


@dataclass(frozen=True, slots=True)
class Got:
    """A mail of the desk in somebody's mailbox."""

    to: str
    kind: str
    ticket: int | None
    sender: str
    subject: str
    text: str
    message_id: str
    references: str
    reply_to: str
    date: str

    @property
    def words(self) -> list[str]:
        """The lines that the reader came for: without the marker, the ticket's data and the links."""
        lines = self.text.splitlines()
        start = 1 if lines and lines[0].startswith("##-") else 0
        rule = next((at for at, line in enumerate(lines) if line.startswith("-----") or line == "-- "), len(lines))
        return [line for line in lines[start:rule] if line.strip()]

    @property
    def data(self) -> dict[str, str]:
        """The ticket's data below the words of an alert: "Department" → "Support"."""
        pairs = (line.split(":", 1) for line in self.text.splitlines() if ":  " in line[:17])
        return {label: value.strip() for label, value in pairs}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that a person writes; `answers` is what they press Reply on."""

    by: Person
    to: str
    subject: str
    text: str
    answers: Got | None = None


def answer(by: Person, got: Got, text: str) -> Letter:
    """What `by` writes after pressing Reply."""
    subject = got.subject if got.subject.lower().startswith("re:") else f"Re: {got.subject}"
    return Letter(by, parseaddr(got.reply_to)[1], subject, text, got)


def as_mail(letter: Letter) -> EmailMessage:
    """The mail as the person's program sends it."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = str(letter.by)
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = make_msgid(domain=letter.by.email.partition("@")[2])
    quoted = ""
    if got := letter.answers:
        mail["In-Reply-To"] = got.message_id
        mail["References"] = f"{got.references} {got.message_id}".strip()
        quoted = f"\n\n{_attribution(got)}\n" + "".join(f"> {line}\n" for line in got.text.splitlines())
    mail.set_content(letter.text + quoted)
    if letter.by.html:
        mail.add_alternative(_html(letter), subtype="html")
    return mail


def _attribution(got: Got) -> str:
    return f"On {got.date}, {got.sender} wrote:"


def _html(letter: Letter) -> str:
    own = "<div>" + escape(letter.text).replace("\n", "<br>\n") + "</div>\n"
    if letter.answers is None:
        return own
    original = escape(letter.answers.text).replace("\n", "<br>\n")
    return (
        f'{own}<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(_attribution(letter.answers))}'
        f'<br></div><blockquote class="gmail_quote">{original}</blockquote></div>\n'
    )


def post(letter: Letter, port: int) -> None:
    """Send it over SMTP to the desk. Raises OSError or smtplib.SMTPException (an OSError, too)."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=20) as smtp:
        smtp.sendmail(letter.by.email, [letter.to], as_mail(letter).as_bytes())
