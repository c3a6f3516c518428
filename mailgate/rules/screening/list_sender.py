"""A mailing list or group that put its own address into From: the original author.

Lists do so because DMARC would fail for a mail that they changed ("Karen Client via
Support" <support@…>). Believed only with a list's own marks, and never as a proof: what
DMARC said was about the list. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from mailgate.mail import Mail
from mailgate.ticket import Address

# The name that lists write: 'Karen Client' via Support. The word is the same in most languages.
_VIA = re.compile(
    r"^[\"'‘“]?(?P<name>.{0,200}?)[\"'’”]?(?:^|\s+)(?:via|über|tramite|przez|através de)\s+\S.{0,200}$", re.IGNORECASE
)
_ORIGINAL = ("x-original-from", "x-original-sender")
_LIST = ("list-id", "list-post", "mailing-list", "x-google-group-id", "x-mailman-version")

Read = Callable[[str], tuple[Address, ...]]


def read_through(mail: Mail, read: Read, is_desk: Callable[[str], bool]) -> Mail:
    """The mail with its author in From again; `read` reads a field of addresses.

    Anybody can write the marks of a list. Only that of the desk's own address (`is_desk`) is known to be one: the
    author whom another names is `restored`, which counts as a failed DMARC check.
    """
    if len(mail.from_) != 1:
        return mail
    written = _VIA.match(mail.author.name)
    originals = [found[0] for name in _ORIGINAL if (found := read(mail.header(name))) and "@" in found[0].email]
    if not originals and written and any(mail.header(name) for name in _LIST):
        originals = [each for each in (*mail.reply_to, *mail.cc) if _is_authors(each, written["name"], mail)]
    author = next((each for each in originals if each.email != mail.author.email), None)
    if author is None or not written:
        return mail
    named = author if author.name else Address(author.email, written["name"].strip())
    kept = tuple(each for each in mail.auth if each.dmarc != "pass")
    return replace(mail, from_=(named,), auth=kept, restored=not is_desk(mail.author.email))


def _is_authors(address: Address, name: str, mail: Mail) -> bool:
    """Reply-To of one person; in Cc, where the list keeps Reply-To for itself, only who has the author's name."""
    if address in mail.reply_to:
        others = [each for each in mail.reply_to if each.email != mail.author.email]
        return others == [address]
    return bool(address.name) and address.name.casefold() == name.strip().casefold()
