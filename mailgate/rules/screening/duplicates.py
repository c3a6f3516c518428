"""When are two incoming mails one? Known by Message-ID, From and the text.

The same id with other content is another mail; the same content that came twice, by
redelivery, to two desk addresses or from an IMAP folder read again, is one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

from mailgate.mail import Attachment, Mail
from mailgate.ticket import StoredAttachment

FOOTER = 10  # lines that a list or a gateway may have put around one of the copies


def digest(mail: Mail, attachments: Sequence[StoredAttachment], strip: Callable[[str], str]) -> str:
    """A digest of Message-ID, author, bare subject, words and attachments.

    `strip` takes tokens and prefixes from a subject, which lists add on the way. White
    space does not count: relays wrap lines anew.
    """
    sha = hashlib.sha256()
    words = " ".join((mail.text or mail.html).split())
    date = "" if mail.message_id else mail.header("date")  # without an id the date must tell mails apart
    for part in (mail.message_id, mail.author.email, strip(mail.subject), words, date):
        sha.update(part.encode("utf-8", "surrogatepass"))
        sha.update(b"\0")
    for attachment in attachments:
        sha.update(bytes.fromhex(attachment.sha256))
    return sha.hexdigest()


def same_but_for_a_footer(one: Mail, other: Mail, strip: Callable[[str], str]) -> bool:
    """True when two mails of one Message-ID are one, but for a banner or footer around either text."""
    if one.author.email != other.author.email or strip(one.subject) != strip(other.subject):
        return False
    short, long = sorted((_lines(one), _lines(other)), key=len)
    extra = len(long) - len(short)
    if not short or extra > FOOTER:
        return False
    if not any(long[above : above + len(short)] == short for above in range(extra + 1)):
        return False
    return [_hash(each) for each in one.attachments] == [_hash(each) for each in other.attachments]


def says_the_same(one: str, other: str) -> bool:
    """True when two texts are alike apart from white space, case and digits, as what a machine writes again is."""
    return bool(one.strip()) and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split()).casefold())


def _hash(attachment: Attachment) -> bytes:
    sha = hashlib.sha256()
    for piece in attachment.pieces():
        sha.update(piece)
    return sha.digest()


def _lines(mail: Mail) -> list[str]:
    return [" ".join(line.split()) for line in (mail.text or mail.html).splitlines() if line.strip()]
