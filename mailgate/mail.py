"""Values of incoming mail: envelope, parsed message, what was read in it.

No parsing happens here; `mailgate.reading.parse` makes these.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from mailgate.ticket import Address

# The first line of every notice, by language. What stands below it in an answer is our own text, quoted.
MARKER = "##- Write your answer above this line -##"
MARKERS = {
    "en": MARKER,
    "de": "##- Bitte antworten Sie oberhalb dieser Zeile -##",
    "fr": "##- Répondez au-dessus de cette ligne -##",
    "es": "##- Escriba su respuesta encima de esta línea -##",
}

_DOT_ATOM = re.compile(r"[^\s\x00-\x1f()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x1f()<>\[\]:;@\\,.\"]+)*")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # RFC 3490 3.1
_DEVIATIONS = frozenset("ß\u03c2\u200c\u200d")  # UTS #46 7: sharp s, final sigma, the zero width joiners
MAX_HEADER = 65_536  # bytes, where nothing else is said
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
MAX_ADDRESS = 400  # characters; an address has at most 320 octets (RFC 5321 4.5.3.1)


@lru_cache(4096)  # one mail asks some twenty times, as a rule for the same few
def normalise(email: str) -> str:
    """Return an address in the form in which addresses are compared.

    NFC local part in lower case, and the domain as lower-case A-labels (RFC 5890), mapped as browsers and mail
    servers do (UTS #46, non-transitional): "straße.example" is not "strasse.example". Quotes that a local part does not
    need are no part of it: `"ann"@x` is `ann@x` (RFC 5321 4.1.2).
    A string that is no address, or too long for one, comes back stripped and lower-cased.
    """
    email = email.strip()
    local, at, domain = (
        unicodedata.normalize("NFC", email).rpartition("@") if len(email) <= MAX_ADDRESS else ("", "", "")
    )
    if not at:
        return email.lower()
    if local[:1] == '"':
        local = _unquoted(local)
    domain = domain.rstrip(".").lower()
    if not domain.isascii():
        with suppress(UnicodeError):  # an impossible domain stays as it is: it equals nothing real
            domain = ".".join(_a_label(label) for label in _DOTS.split(domain))
    return f"{local.lower()}@{domain}"


def _unquoted(local: str) -> str:
    bare = re.sub(r"\\(.)", r"\1", local[1:-1])
    return bare if len(local) > 1 and local[-1] == '"' and _DOT_ATOM.fullmatch(bare) else local


def _a_label(label: str) -> str:
    """One label of a domain; IDNA 2003, which Python knows, maps four characters that are valid ones since."""
    mapped = unicodedata.normalize("NFKC", label.lower())
    if not _DEVIATIONS.isdisjoint(mapped):
        return f"xn--{mapped.encode('punycode').decode('ascii')}"
    return label.encode("idna").decode("ascii")


def header_of(raw: bytes, most: int = MAX_HEADER) -> bytes:
    """The header of a mail (RFC 5322 2.2), of which `most` bytes are looked at."""
    return _EMPTY_LINE.split(raw[:most], maxsplit=1)[0]


def is_null_path(path: str) -> bool:
    """True for the null reverse path (RFC 5321 4.5.5), also as MTAs spell it in Return-Path: `<>`, `MAILER-DAEMON`."""
    bare = path.strip().strip("<>").strip().lower()
    return bare in {"", "#@[]"} or bare.partition("@")[0] in {"mailer-daemon", "mailer_daemon"}  # qmail: <#@[]>


@dataclass(frozen=True, slots=True)
class Envelope:
    """SMTP envelope: reverse path ("" is the null sender, None unknown) and recipients."""

    sender: str | None
    recipients: tuple[str, ...]

    @property
    def is_null(self) -> bool:
        """True where the reverse path is known and null: a report, that nobody may answer."""
        return self.sender is not None and is_null_path(self.sender)


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of a large mail, which lie durable in a file of the store."""

    name: str
    size: int

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A mail on its way into the inbox: raw bytes, envelope, and how it came."""

    source: str  # "smtp", "imap", "pipe", "cli"
    source_key: str  # the same for the same delivery, however often it is repeated
    envelope: Envelope
    raw: bytes | Kept = field(repr=False)
    arrived_at: datetime
    authserv_ids: tuple[str, ...] = ()
    quiet: bool = False
    login: str = ""  # key of the agent who logged in to hand it over
    mark: str = ""  # by which its mailbox marks it as spam


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment. `name` is hostile: show it, never open a path with it.

    `data` is its bytes, decoded; or, where it is large, what decodes them piece by piece,
    from the beginning each time it is walked.
    """

    name: str
    type: str
    data: bytes | Iterable[bytes] = field(repr=False)
    cid: str = ""  # Content-ID without angle brackets, for inline images

    def pieces(self) -> Iterator[bytes]:
        """The bytes in pieces of bounded size, unless they are held whole."""
        yield from [self.data] if isinstance(self.data, bytes) else self.data

    @property
    def content(self) -> bytes:
        """All bytes at once."""
        return self.data if isinstance(self.data, bytes) else b"".join(self.data)

    def head(self, most: int) -> bytes:
        """The first bytes; no more is decoded than holds them, and nothing is held twice."""
        found = io.BytesIO()
        for piece in self.pieces():
            most -= found.write(piece[:most])
            if not most:
                break
        return found.getvalue()


@dataclass(frozen=True, slots=True)
class AuthResult:
    """One Authentication-Results header (RFC 8601), as far as DMARC goes."""

    authserv_id: str  # in lower case
    # "pass", "fail" (a fail under quarantine or reject, or unstated policy), "none", "unclear" (several results)
    dmarc: str
    position: int  # index among all header fields, from the top
    domain: str = ""  # header.from of the DMARC result; "" where it is not named
    dkim: tuple[str, ...] | None = None  # domains with a valid signature; None where they are not named


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """One recipient of a delivery report (RFC 3464), with what was said about it."""

    email: str
    action: str  # "failed", "delayed", "delivered", ...
    status: str = ""  # enhanced status code "5.1.1"
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery or feedback report."""

    kind: str  # "failed", "delayed", "feedback"
    recipients: tuple[ReportedRecipient, ...]
    original_message_id: str = ""
    original_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message as it was read. Never an exception: what is wrong is in `defects`."""

    message_id: str = ""  # with angle brackets; "" when missing
    in_reply_to: tuple[str, ...] = ()  # ids with angle brackets
    references: tuple[str, ...] = ()
    from_: tuple[Address, ...] = ()  # that of Sender where From names nobody
    by_sender: bool = False  # so it is
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    headers: tuple[tuple[str, str], ...] = ()  # (lower-case name, decoded value), in order
    text: str = ""  # the whole readable text, quoted parts and all
    html: str = ""  # the HTML part as it came, unsanitised; "" when there is none
    attachments: tuple[Attachment, ...] = ()
    bounce: Bounce | None = None
    auth: tuple[AuthResult, ...] = ()  # only those above the first Received field
    content_type: str = "text/plain"
    restored: bool = False  # the author is read from what a mailing list says that is not the desk's own
    defects: tuple[str, ...] = ()
    reaction: str = ""  # the emoji that is all of the mail
    calendar_method: str = ""  # METHOD of the calendar object that the mail is, in lower case (RFC 5546 1.4)
    unreadable: str = ""  # why its words cannot be read, as in "encrypted with PGP"; "" where they can
    size: int = 0  # bytes on the wire

    @property
    def author(self) -> Address:
        """The first From address, or an empty one."""
        return self.from_[0] if self.from_ else Address("")

    def header(self, name: str) -> str:
        """First value of the header field `name` (any case), or an empty string."""
        wanted = name.lower()
        for key, value in self.headers:
            if key == wanted:
                return value
        return ""

    def header_all(self, name: str) -> tuple[str, ...]:
        """Every value of the header field `name`, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key == wanted)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Whose mail was forwarded, as the forwarder's program copied it: a claim, no proof."""

    sender: Address
    subject: str


@dataclass(frozen=True, slots=True)
class Body:
    """The sender's own words, apart from what they quoted.

    `lines` are the own lines for reading commands (block or <br> is a line in HTML,
    flowed text joined); `visible` is the same as text, with the quoted lines that are
    answered in between; `cut` is the quoted history and signature; `html` is the
    sanitised HTML of the own part, empty where it would hold more than `visible`.
    """

    visible: str
    cut: str
    lines: tuple[str, ...]
    html: str = ""
    forwarded: bool = False  # the mail forwards another one
    original: Forwarded | None = None  # the author of the forwarded mail, where one is named
    forward: str = ""  # the forwarded mail as it stands in the body; in neither `visible` nor `cut`
    quoted_pictures: frozenset[str] = frozenset()  # Content-IDs of pictures that only what was quoted shows
    own_pictures: tuple[tuple[str, str], ...] = ()  # (Content-ID, text of the line that shows it, or is above it)
    glued: str = ""  # a line like a command right below a quoted one, in `cut`: it may be the author's
    signature: str = ""  # the part of `cut` that the author's program marks as one, but for a telephone's line
    history: str = ""  # the quoted mail at the end of `cut`, unless it is a notice of ours
    answers: str = ""  # what the author wrote into the copied mail, in a colour that `lines` name

    @property
    def whole(self) -> str:
        """The sender's words and, below them, the mail that they forward: what a ticket holds."""
        return f"{self.visible}\n\n{self.forward}".strip() if self.forward else self.visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A stored incoming mail together with how it came: one row of the inbox."""

    id: int  # inbox id; 0 in a dry run
    source: str  # "smtp", "imap", "pipe", "cli"
    source_key: str  # the same for the same delivery, however often it is repeated
    arrived_at: datetime  # INTERNALDATE for IMAP
    envelope: Envelope
    mail: Mail
    body: Body
    authserv_ids: tuple[str, ...] = ()  # hosts whose Authentication-Results are trusted on this way in
    quiet: bool = False  # ingest --quiet: no automatic mail
    login: str = ""  # key of the agent who logged in to hand it over
    mark: str = ""  # by which its mailbox marks it as spam
