"""People with mail clients: new mails, and replies that quote the original as the clients do.

A client is a function that returns text and HTML, in the forms that the real clients send.
Nothing here depends on how mailgate reads mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import format_datetime, getaddresses, make_msgid, parsedate_to_datetime
from functools import cached_property
from html import escape, unescape
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

from tests.sink import Taken

ADDRESS = "support@bank.example"


def unflowed(text: str) -> str:
    """Text as shown by a client that supports `format=flowed` (RFC 3676)."""
    joined = re.sub(r"(?<!^--) \n(?!>)", " ", text, flags=re.MULTILINE)
    return re.sub(r"^ (?= |>|From )", "", joined, flags=re.MULTILINE)


@dataclass(frozen=True)
class Got:
    """A received mail, as its recipient sees it."""

    to: str  # envelope recipient
    sender: str  # envelope sender
    raw: bytes

    @classmethod
    def of(cls, taken: Taken) -> Got:
        assert len(taken.recipients) == 1, "one recipient per mail"
        return cls(taken.recipients[0].lower(), taken.mail_from, taken.data)

    @cached_property
    def mail(self) -> Message:
        """Taken apart when somebody looks: of thousands nobody does."""
        return message_from_bytes(self.raw)

    def header(self, name: str) -> str:
        return _decoded(self.mail.get(name, ""))

    @property
    def kind(self) -> str:
        return self.header("X-Mailgate-Notice")

    @property
    def ticket(self) -> int:
        return int(self.header("X-Mailgate-Ticket") or 0)

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def id(self) -> str:
        return self.header("Message-ID")

    @property
    def text(self) -> str:
        return unflowed(self._part("plain"))

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = _body(self.mail, f"text/{kind}")
        if part is None:
            return ""
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return content.decode(part.get_content_charset("us-ascii")).replace("\r\n", "\n")

    @property
    def whole(self) -> str:
        """Everything visible to the recipient or their client, headers included."""
        return "\n".join((*(f"{name}: {_decoded(value)}" for name, value in self.mail.items()), self.text, self.html))

    @property
    def links(self) -> Mapping[str, str]:
        """The mailto: links of the page and of the text, by label."""
        text = re.findall(r"^ *(?:\[\d+\] )?(\w[\w #\[\]]*): (mailto:\S+)$", self.text, re.MULTILINE)
        page = re.findall(r'<a href="(mailto:[^"]+)"[^>]*>([^<]+)</a>', self.html)
        return {unescape(label): unescape(href) for href, label in page} | dict(text)


def _decoded(value: str) -> str:
    """A field as it is shown: unfolded, encoded words decoded (RFC 2047)."""
    line = re.sub(r"\r?\n(?=[ \t])", "", value)
    return str(make_header(decode_header(line))) if "=?" in line else line


def _body(mail: Message, kind: str) -> Message | None:
    """The first part of a kind that is neither an attachment nor in an attached mail."""
    if mail.get_content_disposition() == "attachment":
        return None
    if mail.get_content_maintype() == "multipart":
        inner = cast("list[Message]", mail.get_payload())
        return next((found for each in inner if (found := _body(each, kind)) is not None), None)
    return mail if mail.get_content_type() == kind else None


# ── mail clients ───────────────────────────────────────────────────────────────────────


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.rstrip("\n").split("\n"))


def _blocks(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>" for line in text.split("\n"))


def _inside(html: str, text: str) -> str:
    body = re.search(r"(?is)<body[^>]*>(.*)</body>", html)
    return body[1] if body else html or f"<pre>{escape(text)}</pre>"


def _who(original: Got) -> tuple[str, str]:
    name, email = getaddresses([original.header("From")])[0]
    return name, email


def _when(original: Got) -> datetime:
    return parsedate_to_datetime(original.header("Date"))


def gmail(text: str, original: Got | None) -> tuple[str, str]:
    """Gmail in a browser."""
    html = f'<div dir="ltr">{_blocks(text)}</div>'
    if original is None:
        return text, html
    name, email = _who(original)
    says = f"On {_when(original):%a, %b %-d, %Y at %-I:%M\u202f%p} {name} <{email}> wrote:"
    quote = (
        f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(says)}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{_inside(original.html, original.text)}</blockquote></div>\n'
    )
    return f"{text}\n\n{says}\n\n{_quoted(original.text)}\n", html + quote


def outlook(text: str, original: Got | None) -> tuple[str, str]:
    """Outlook for Windows: the original follows a block of its headers, unquoted."""
    own = "".join(f'<p class="MsoNormal">{escape(line) or "<o:p>&nbsp;</o:p>"}</p>\n' for line in text.split("\n"))
    if original is None:
        return text, _word(own)
    name, email = _who(original)
    sent = f"{_when(original):%A, %B %-d, %Y %-I:%M %p}"
    rows = {"From": f"{name} <{email}>", "Sent": sent, "To": original.header("To"), "Subject": original.subject}
    header = "<br>".join(f"<b>{label}:</b> {escape(value)}" for label, value in rows.items())
    separator = (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in">'
        f'<p class="MsoNormal">{header}</p></div></div>\n'
    )
    below = "\n".join(f"{label}: {value}" for label, value in rows.items())
    plain = f"{text}\n\n{below}\n\n{original.text}"
    return plain, _word(own + separator + _inside(original.html, original.text))


def _word(body: str) -> str:
    return (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">'
        '<head><meta name="Generator" content="Microsoft Word 15 (filtered medium)"></head>'
        f'<body lang="EN-US" style="word-wrap:break-word"><div class="WordSection1">{body}</div></body></html>'
    )


def apple(text: str, original: Got | None) -> tuple[str, str]:
    """Apple Mail."""
    start = (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
        '<body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">'
    )
    own = "<br>".join(escape(line) for line in text.split("\n"))
    if original is None:
        return text, f"{start}{own}</body></html>"
    name, email = _who(original)
    says = f"On {_when(original):%-d %b %Y, at %H:%M}, {name} <{email}> wrote:"
    quote = (
        f'<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>{escape(says)}</div>'
        f'<br class="Apple-interchange-newline"><div>{_inside(original.html, original.text)}</div></blockquote></div>'
        "<br></body></html>"
    )
    return f"{text}\n\n{_quoted(says)}\n>\n{_quoted(original.text)}\n", f"{start}{own}{quote}"


def mutt(text: str, original: Got | None) -> tuple[str, str]:
    """A client that sends plain text only."""
    if original is None:
        return text, ""
    name, _ = _who(original)
    says = f"On {_when(original):%a, %b %d, %Y at %I:%M:%S%p %z}, {name} wrote:"
    return f"{text}\n\n{says}\n{_quoted(original.text)}\n", ""


# ── people ──────────────────────────────────────────────────────────────────────────────

Program = Callable[[str, Got | None], tuple[str, str]]


@dataclass
class Person:
    """A person with an address and a mail client. Builds mails, and sends none."""

    name: str
    email: str
    program: Program = gmail
    asked: list[str] = field(default_factory=list)  # Message-IDs of the mails that they wrote

    def writes(self, subject: str, text: str, *, to: str = ADDRESS, **headers: str) -> EmailMessage:
        """A new mail."""
        return self._mail(subject, to, *self.program(text, None), headers)

    def answers(self, original: Got, text: str, *, to: str = "", **headers: str) -> EmailMessage:
        """A reply, as built by the client."""
        subject = original.subject
        subject = subject if subject.lower().startswith("re:") else f"Re: {subject}"
        threads = {
            "In-Reply-To": original.id,
            "References": " ".join([*original.header("References").split(), original.id]),
        }
        _, address = getaddresses([original.header("Reply-To") or original.header("From")])[0]
        return self._mail(subject, to or address, *self.program(text, original), {**threads, **headers})

    def taps(self, original: Got, label: str, *, adding: str = "") -> EmailMessage:
        """The mail that a link opens, sent unchanged or with text added: no In-Reply-To, no quote."""
        link = urlsplit(original.links[label])
        fields = {name: values[0] for name, values in parse_qs(link.query).items()}
        body = fields["body"].replace("\r\n", "\n") + adding
        return self._mail(fields.get("subject", ""), unquote(link.path), *self.program(body, None), {})

    def away(self, original: Got) -> EmailMessage:
        """The out-of-office reply of their server."""
        text = "I am away until Monday.\n\n#resolved\n"
        threads = {"In-Reply-To": original.id, "References": original.id}
        auto = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
        subject = f"Automatic reply: {original.subject}"
        _, address = getaddresses([original.header("Reply-To") or original.header("From")])[0]
        return self._mail(subject, address, text, "", {**threads, **auto})

    def _mail(self, subject: str, to: str, text: str, html: str, headers: Mapping[str, str]) -> EmailMessage:
        mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
        mail["From"] = f"{self.name} <{self.email}>"
        mail["To"] = to
        mail["Subject"] = subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = make_msgid(domain=self.email.partition("@")[2])
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        self.asked.append(mail["Message-ID"])
        return mail
