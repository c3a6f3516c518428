"""The mail client of the demo's people: builds their mails as Gmail or Outlook would, and sends them.

A reply is built from the mail that the person received: its Message-ID, its Reply-To and its
quoted text. Nothing here reads the desk's database or secrets.
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
    """A person with a mail client."""

    name: str
    email: str
    html: bool = False  # the client sends an HTML part beside the text

    def __str__(self) -> str:
        return formataddr((self.name, self.email))


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail of the desk, as the recipient's client shows it."""

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
    def content(self) -> list[str]:
        """The lines of the message itself: without the reply marker, the ticket's data and the links."""
        lines = self.text.splitlines()
        start = 1 if lines and lines[0].startswith("##-") else 0
        rule = next((at for at, line in enumerate(lines) if line.startswith("-----") or line == "-- "), len(lines))
        return [line for line in lines[start:rule] if line.strip()]

    @property
    def data(self) -> dict[str, str]:
        """The ticket's data below the content of an alert: label → value, such as "Department" → "Support"."""
        pairs = (line.split(":", 1) for line in self.text.splitlines() if ":  " in line[:17])
        return {label: value.strip() for label, value in pairs}


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that a person sends; `reply_to` is the mail that it replies to."""

    author: Person
    to: str
    subject: str
    text: str
    reply_to: ReceivedMail | None = None


def reply(author: Person, original: ReceivedMail, text: str) -> SentMail:
    """A reply of `author` to a received mail."""
    subject = original.subject if original.subject.lower().startswith("re:") else f"Re: {original.subject}"
    return SentMail(author, parseaddr(original.reply_to)[1], subject, text, original)


def build(mail: SentMail) -> EmailMessage:
    """The message as the author's client builds it, with the original quoted below the text."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = str(mail.author)
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=mail.author.email.partition("@")[2])
    quoted = ""
    if original := mail.reply_to:
        message["In-Reply-To"] = original.message_id
        message["References"] = f"{original.references} {original.message_id}".strip()
        quoted = f"\n\n{_attribution(original)}\n" + "".join(f"> {line}\n" for line in original.text.splitlines())
    message.set_content(mail.text + quoted)
    if mail.author.html:
        message.add_alternative(_html(mail), subtype="html")
    return message


def _attribution(original: ReceivedMail) -> str:
    return f"On {original.date}, {original.sender} wrote:"


def _html(mail: SentMail) -> str:
    text = "<div>" + escape(mail.text).replace("\n", "<br>\n") + "</div>\n"
    if mail.reply_to is None:
        return text
    original = escape(mail.reply_to.text).replace("\n", "<br>\n")
    return (
        f'{text}<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(_attribution(mail.reply_to))}'
        f'<br></div><blockquote class="gmail_quote">{original}</blockquote></div>\n'
    )


def send(mail: SentMail, port: int) -> None:
    """Send a mail to the desk by SMTP on loopback. Raises OSError (smtplib.SMTPException included)."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=120) as smtp:
        smtp.sendmail(mail.author.email, [mail.to], build(mail).as_bytes())
