"""Everything in a mail that names a ticket, strongest first.

Reads keys, anchors, foreign Message-IDs and subject tokens. Whether the ticket exists and
whether the sender has a part in it is `thread.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mailgate.mail import MARKERS, Body, Envelope, Mail
from mailgate.reasons import Reason
from mailgate.rules.text.subject import tokens
from mailgate.rules.threading.keys import KEY, Key, Keyring
from mailgate.settings import Config

_IDS_READ = 50  # of In-Reply-To and of References, the newest
_TOKENS_READ = 20
_TEXT_READ = 262_144  # characters that are searched for Ref lines
_ABOVE = 1000  # characters above our marker in which a program copies the header of our notice
_NOTICE = 3000  # characters of the notice
_OF_LINK = re.compile(r"\.[rn](?:-[a-z2-7]+)?\W*\Z", re.IGNORECASE)
_REF = re.compile(r"\bref\W{1,12}$", re.IGNORECASE)  # "Ref: ", also inside markup: "*Ref:* `"


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing in a mail that names a ticket."""

    reason: Reason
    ticket: int = 0  # 0: a foreign id, or a key without a ticket
    key: Key | None = None
    message_id: str = ""  # a foreign one, to be looked up
    nonce: str = ""  # of an anchor

    @property
    def is_ours(self) -> bool:
        """True for what bears our MAC: a key or an anchor."""
        return self.key is not None or self.reason is Reason.ANCHOR


def references(mail: Mail, body: Body, envelope: Envelope, keyring: Keyring, config: Config) -> tuple[Reference, ...]:
    """The mail's references, strongest first, each once."""
    ids = tuple(dict.fromkeys((*mail.in_reply_to[:_IDS_READ], *reversed(mail.references[-_IDS_READ:]))))
    keys = {message_id: key for message_id in ids if (key := keyring.read(message_id))}
    anchors = {message_id: keyring.read_anchor(message_id) for message_id in ids if message_id not in keys}
    named = (
        *((Reason.REPLY_KEY, key) for key in keys.values()),
        *((Reason.ADDRESS_KEY, keyring.read_plus(email)) for email in _addresses(mail, envelope)),
        *((Reason.REF_LINE, keyring.read(text)) for text in _ref_lines(mail, body)),
    )
    by_key: dict[str, Reference] = {}
    for reason, key in named:
        if key:
            known = by_key.setdefault(key.text, Reference(reason, key.ticket, key))
            if key.says:  # the link of a notice, beside the notice itself
                by_key[key.text] = replace(known, ticket=key.about or key.ticket, key=key)
    in_subject = tokens(mail.subject, config.desk)[:_TOKENS_READ]
    in_quote = () if by_key or in_subject or any(anchors.values()) else _quoted_tokens(body, config)[:_TOKENS_READ]
    return (
        *by_key.values(),
        *(Reference(Reason.ANCHOR, each.ticket, nonce=each.nonce) for each in dict.fromkeys(anchors.values()) if each),
        *(Reference(Reason.KNOWN_MESSAGE_ID, message_id=text) for text, each in anchors.items() if each is None),
        *(Reference(Reason.SUBJECT_TOKEN, number) for number in in_subject),
        *(Reference(Reason.QUOTED_TOKEN, number) for number in in_quote),
    )


def _quoted_tokens(body: Body, config: Config) -> tuple[int, ...]:
    """Tokens of a notice of ours that the mail quotes whole, from its copied subject on.

    Read only where a program has kept neither ids nor subject; without our marker a token is anybody's text.
    """
    place = min((found for marker in MARKERS.values() if (found := body.cut.find(marker)) >= 0), default=-1)
    return (
        tokens(" ".join(body.cut[max(0, place - _ABOVE) : place + _NOTICE].split()), config.desk) if place >= 0 else ()
    )


def highest_number(mail: Mail, envelope: Envelope, refs: Iterable[Reference], keyring: Keyring) -> int:
    """The highest ticket number in an id of ours anywhere in the mail, its own Message-ID included; 0 without one."""
    returned = [mail.bounce.original_message_id] if mail.bounce else []
    ids = [mail.message_id, *returned]
    keys = [*map(keyring.read, ids), *map(keyring.read_verp, envelope.recipients), *map(keyring.read_anchor, ids)]
    ours = (ref.key or ref for ref in refs if ref.is_ours)
    return max((each.ticket for each in (*keys, *ours) if each), default=0)


def _addresses(mail: Mail, envelope: Envelope) -> Iterator[str]:
    yield from envelope.recipients
    yield from (address.email for address in (*mail.to, *mail.cc))


def ref_line(line: str) -> bool:
    """Whether a line is nothing but the `Ref: KEY` that our links put into a mail."""
    found = KEY.search(line)
    return bool(found and _REF.search(line, 0, found.start()) and not re.search(r"\w", line[found.end() :]))


def without_link_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines of a mail without the `Ref: KEY.r` that the link put there which opened it."""
    return tuple(line for line in lines if not (ref_line(line) and _OF_LINK.search(line)))


def _ref_lines(mail: Mail, body: Body) -> Iterator[str]:
    """KEYs of Ref lines, from the top: what is quoted below is older."""
    for text in dict.fromkeys((body.visible, mail.text, body.cut)):
        for found in KEY.finditer(text[:_TEXT_READ]):
            if _REF.search(text, max(0, found.start() - 20), found.start()):
                yield found[0]
