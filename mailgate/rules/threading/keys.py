"""Signed Message-IDs: reply keys that prove who may act, and anchors that only point at a ticket.

    <n.TICKET.PERSONKINDDAYNONCE.MAC@domain>    a notice; the part before the @ is its KEY
    <p.…>  <i.…>                                the same, where an answer is public, or internal, against its kind
    <t.TICKET.NONCETAG@domain>                  a ticket's public anchor, the same for everyone

A link that opens an answer or a note of its own carries the KEY with `.r` or `.n` behind it, in a row of a
table with the row's ticket: `.r-TICKET`. That is not signed: it says no more than `#reply`, `#note` and `#ticket N`
on top of the mail would.

Everything is lower-case RFC 4648 base32 without padding, so that a mail program which folds
case breaks nothing. TICKET is the number in base32 digits (0: mail without a ticket), PERSON
(5 characters) a tag of the recipient's address, KIND one character, DAY (3) days since
2020-01-01, NONCE (5) a tag of the cause, MAC (26) 128 bits of HMAC-SHA256 over all before it.
A bounce address `support+bKEY@…` has a MAC of its own: who has seen a mail's Message-ID does not know where its
bounces go.
An anchor's NONCE (5) distinguishes tickets that had the same number before and after a restore;
those opened under schema 3 have none. Its TAG (10) is an HMAC over all before it.
With a ticket number of up to five digits (33 million) and a domain of up to 18 characters a
Message-ID has at most 70. The domain is not signed: some gateways rewrite it.

This module draws no lots and keeps no list: the same notice has the same id again. Whether a
key was burnt, and whether this database has sent it at all, is for the caller to know.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache

from mailgate.mail import normalise
from mailgate.notice import REPLYABLE_KINDS, NoticeKind

LIFETIME = 30  # days for which a key gives authority; it threads for ever
LOCAL_PART_MAX = 64  # octets, RFC 5321 4.5.3.1.1

# Part of the format of ids that are out in the world: never reorder, never reuse a letter.
LETTERS: Mapping[NoticeKind, str] = {
    NoticeKind.ACKNOWLEDGEMENT: "a",
    NoticeKind.FOLLOW_UP_RECEIVED: "b",
    NoticeKind.OPENED_FOR_YOU: "c",
    NoticeKind.REPLY: "d",
    NoticeKind.STATUS_CHANGED: "e",
    NoticeKind.LIMIT_REACHED: "f",
    NoticeKind.REJECTED: "g",
    NoticeKind.NEW_TICKET: "h",
    NoticeKind.NEW_MESSAGE: "i",
    NoticeKind.COLLEAGUE_REPLY: "j",
    NoticeKind.NOTE: "k",
    NoticeKind.ASSIGNED: "l",
    NoticeKind.TAKEN: "m",
    NoticeKind.TRANSFERRED: "n",
    NoticeKind.STATUS: "o",
    NoticeKind.OVERDUE: "p",
    NoticeKind.ESCALATED: "q",
    NoticeKind.REMINDER: "r",
    NoticeKind.DELIVERY_FAILED: "s",
    NoticeKind.COMMAND_FAILED: "t",
    NoticeKind.CONFIRM: "u",
    NoticeKind.ANSWER: "v",
    NoticeKind.ADMIN: "w",
    NoticeKind.COLLABORATOR_ADDED: "x",
    NoticeKind.DIGEST: "y",
    NoticeKind.ASKED: "z",
    NoticeKind.REPORT: "7",
    NoticeKind.HELD: "2",
}
_KINDS = {letter: kind for kind, letter in LETTERS.items()}
# Where an answer goes: as the kind says, to the requester, to nobody outside the desk.
_USUAL, _PUBLIC, _INTERNAL = "n", "p", "i"
_SAYS = {"r": "reply", "n": "note"}

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648 6, in lower case
_EPOCH = date(2020, 1, 1).toordinal()
_B = "[a-z2-7]"
_LINK = rf"\.[rn](?:-{_B}{{1,12}})?"
# A key in a text of lower case; its parts are read of what was found.
KEY = re.compile(rf"[nip]\.{_B}{{1,12}}\.{_B}{{14}}\.{_B}{{26}}(?:{_LINK}(?!{_B}))?")
_PARTS = re.compile(
    rf"([nip])\.({_B}{{1,12}})\.({_B}{{5}})({_B})({_B}{{3}})({_B}{{5}})\.({_B}{{26}})(?:\.([rn])(?:-({_B}{{1,12}}))?)?"
)
_ANCHOR = re.compile(rf"t\.({_B}{{1,12}})\.({_B}{{5}})?({_B}{{10}})")
# Any key holds this. It begins with a dot, which is searched fifty times as fast as a class of characters.
_LIKE_KEY = re.compile(rf"\.{_B}{{14}}\.{_B}{{26}}", re.IGNORECASE)
_DOT = re.compile("%(?:25)*2e", re.IGNORECASE)
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Key:
    """A reply key whose MAC was verified. `text` is the KEY as it is written."""

    ticket: int  # 0: mail without a ticket
    person: str  # tag of the address it was written to
    kind: NoticeKind
    day: int  # days since 2020-01-01
    nonce: str
    text: str  # without what a link adds
    public: bool = False  # its notice says that an answer goes to the requester
    says: str = ""  # a link's own word: "reply", "note", or ""
    about: int = 0  # the ticket in whose row the link stands; 0: in none

    def __str__(self) -> str:
        return self.text

    @property
    def date(self) -> date:
        """The day on which its notice was made."""
        return date.fromordinal(_EPOCH + self.day)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A public anchor whose tag was verified."""

    ticket: int
    nonce: str  # as in `Ticket.anchor`


_SUBKEYS = ("person", "nonce", "mac", "anchor", "bounce")


@dataclass(frozen=True, slots=True)
class _Subkeys:
    """What one secret yields: a key of its own for each purpose."""

    person: bytes
    nonce: bytes
    mac: bytes
    anchor: bytes
    bounce: bytes


@dataclass(frozen=True)
class Keyring:
    """Signs with the first secret and verifies with any ([new, old]).

    Raises ValueError when there is no secret or an empty one.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    domain: str  # right side of our Message-IDs

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("a keyring needs at least one secret")

    @cached_property
    def _rings(self) -> tuple[_Subkeys, ...]:
        return tuple(_Subkeys(*(_hash(secret, f"mailgate {label}") for label in _SUBKEYS)) for secret in self.secrets)

    def notice_id(
        self, ticket: int, email: str, kind: NoticeKind, cause: str, day: date, *, public: bool | None = None
    ) -> str:
        """The Message-ID, in angle brackets, of the notice of `kind` to `email` about `cause`.

        `public`: whether it says that an answer goes to the requester; None: as its kind does.
        """
        ring, address = self._rings[0], normalise(email)
        nonce = _tag(ring.nonce, f"{cause}\0{kind}\0{address}", 5)
        day_digits = _digits(day.toordinal() - _EPOCH).rjust(3, _ALPHABET[0])
        usual = public is None or public == (kind in REPLYABLE_KINDS)
        letter = _USUAL if usual else _PUBLIC if public else _INTERNAL
        signed = f"{letter}.{_digits(ticket)}.{_tag(ring.person, address, 5)}{LETTERS[kind]}{day_digits}{nonce}"
        return f"<{signed}.{_tag(ring.mac, signed, 26)}@{self.domain}>"

    def read(self, text: str) -> Key | None:
        """The key in a Message-ID (with or without brackets) or KEY; None unless we signed it."""
        key = key_text(text).lower()
        found = _PARTS.fullmatch(key)
        kind = _KINDS.get(found[4]) if found else None
        if not found or not kind:
            return None
        signed, mac = key[: found.end(6)], found[7]
        if not any(_signs(ring.mac, signed, mac) for ring in self._rings):
            return None
        letter = found[1]
        public = kind in REPLYABLE_KINDS if letter == _USUAL else letter == _PUBLIC
        return Key(
            _number(found[2]),
            found[3],
            kind,
            _number(found[5]),
            found[6],
            key[: found.end(7)],
            public,
            _SAYS.get(found[8], ""),
            _number(found[9] or _ALPHABET[0]),
        )

    def find(self, text: str) -> tuple[Key, ...]:
        """Every key that stands anywhere in a text, in whatever case, in order, each once.

        Also with its dots as they are in a link, once or more, and with characters in it that nobody sees.
        """
        plain = text
        for character in _UNSEEN:
            plain = plain.replace(character, "")
        plain = _DOT.sub(".", plain)
        if not _LIKE_KEY.search(plain):  # nearly always: of each mail, all that it says is searched
            return ()
        texts = dict.fromkeys(found[0] for found in KEY.finditer(plain.lower()))
        return tuple({key.text: key for key in map(self.read, texts) if key}.values())

    def is_for(self, key: Key, email: str) -> bool:
        """Whether the key was written to this address (under any secret)."""
        address = normalise(email)
        return any(hmac.compare_digest(_tag(ring.person, address, 5), key.person) for ring in self._rings)

    def anchor(self, ticket: int, nonce: str = "") -> str:
        """The public anchor of a ticket, in angle brackets: it names the ticket and grants nothing."""
        digits = _digits(ticket)
        return f"<t.{digits}.{nonce}{_anchor_tag(self._rings[0], digits, nonce)}@{self.domain}>"

    def read_anchor(self, message_id: str) -> Anchor | None:
        """One of our anchors; None for anything else."""
        found = _ANCHOR.fullmatch(key_text(message_id).lower())
        if not found:
            return None
        digits, nonce, tag = found[1], found[2] or "", found[3]
        if any(hmac.compare_digest(_anchor_tag(ring, digits, nonce), tag) for ring in self._rings):
            return Anchor(_number(digits), nonce)
        return None

    def is_ours(self, message_id: str) -> bool:
        """Whether we signed this Message-ID."""
        return self.read(message_id) is not None or self.read_anchor(message_id) is not None

    def verp(self, address: str, message_id: str) -> str:
        """The envelope sender `support+b…@…` of a notice, or the plain address where that is too long."""
        signed, _, _ = key_text(message_id).rpartition(".")
        return _tagged(address, f"b{signed}.{_tag(self._rings[0].bounce, signed, 26)}")

    def read_verp(self, recipient: str) -> Key | None:
        """The key of the notice whose bounce address this is; None for anything else."""
        signed, _, mac = _tag_of(recipient, "b").rpartition(".")
        ring = next((ring for ring in self._rings if _signs(ring.bounce, signed, mac)), None)
        return self.read(f"{signed}.{_tag(ring.mac, signed, 26)}") if ring else None

    def read_plus(self, recipient: str) -> Key | None:
        """The key in a reply address `support+kKEY@…`, else None."""
        return self.read(_tag_of(recipient, "k"))


def key_text(message_id: str) -> str:
    """What stands between < and @: the KEY of a notice's Message-ID."""
    return message_id.strip().removeprefix("<").removesuffix(">").partition("@")[0]


def saying(key: str, word: str, about: int = 0) -> str:
    """The KEY as a link carries it whose mail is a "reply" or a "note"; `about`: on the ticket in whose row it is."""
    return f"{key}.{word[0]}-{_digits(about)}" if about else f"{key}.{word[0]}"


def anchor_nonce(opening: str) -> str:
    """The nonce of the anchor of a ticket, from what is known at its opening and never changes."""
    return _tag(b"anchor", opening, 5)


def expired(key: Key, today: date) -> bool:
    """Whether the key's authority has ended (it still threads)."""
    return today.toordinal() - _EPOCH > key.day + LIFETIME


def plus(address: str, key: str) -> str:
    """`support+kKEY@…`, or the address as it is where that local part would be too long."""
    return _tagged(address, f"k{key}")


def _tagged(address: str, tag: str) -> str:
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+{tag}"
    return f"{tagged}@{domain}" if len(tagged.encode()) <= LOCAL_PART_MAX else address


def _tag_of(recipient: str, letter: str) -> str:
    """What stands behind `+b` or `+k` in an address, in lower case; "" if nothing does."""
    tag = recipient.rpartition("@")[0].partition("+")[2].lower()
    return tag[1:] if tag.startswith(letter) else ""


def _signs(key: bytes, signed: str, mac: str) -> bool:
    return hmac.compare_digest(_tag(key, signed, 26).encode(), mac.encode("utf-8", "surrogatepass"))


def _hash(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")


@lru_cache(1024)  # a person's and an anchor's are asked for with each mail
def _tag(key: bytes, text: str, length: int) -> str:
    """The first `length` base32 characters of 128 bits of HMAC (two zero bits fill the 26th)."""
    value = int.from_bytes(_hash(key, text)[:16], "big") << 2
    return "".join([_ALPHABET[value >> shift & 31] for shift in range(125, 125 - 5 * length, -5)])


def _anchor_tag(ring: _Subkeys, digits: str, nonce: str) -> str:
    return _tag(ring.anchor, f"{digits}.{nonce}" if nonce else digits, 10)


def _digits(number: int) -> str:
    if number < 0:
        raise ValueError("a ticket number is not negative")
    digits = _ALPHABET[number & 31]
    while number := number >> 5:
        digits = _ALPHABET[number & 31] + digits
    return digits


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number << 5 | _ALPHABET.index(digit)
    return number
