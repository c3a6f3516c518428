"""When are two incoming mails one? Known by Message-ID, From, Date and the text.

The same id with other content or another date is another mail; the same content that came twice, by
redelivery, to two desk addresses, through a gateway that marks one copy, or from an IMAP folder read
again, is one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import accumulate

from mailgate.mail import Attachment, Mail
from mailgate.rules.text.blocks import blocks
from mailgate.ticket import StoredAttachment

FOOTER = 10  # lines that a list or a gateway may have put around one of the copies
RETRIED = timedelta(hours=1)  # a program that tries again may write the date anew
TAG = 40  # characters that one may have put before or behind the subject: "[EXTERNAL] ", "*** SPAM *** "
LINK = re.compile(r"<?\bhttps?://\S+")  # gateways write them anew


def digest(mail: Mail, attachments: Sequence[StoredAttachment], strip: Callable[[str], str]) -> str:
    """A digest of Message-ID, author, date, bare subject, words and attachments.

    `strip` takes tokens and prefixes from a subject, which lists add on the way. White
    space does not count: relays wrap lines anew.
    """
    sha = hashlib.sha256()
    # In blocks, since a list of all words of a large text takes twelve times its size.
    words = " ".join(filter(None, (" ".join(lines.split()) for lines in blocks(mail.text or mail.html, "\n"))))
    for part in (mail.message_id, mail.author.email, strip(mail.subject), words, _date(mail)):
        sha.update(part.encode("utf-8", "surrogatepass"))
        sha.update(b"\0")
    for attachment in attachments:
        sha.update(bytes.fromhex(attachment.sha256))
    return sha.hexdigest()


def same_but_for_marks(one: Mail, other: Mail, strip: Callable[[str], str]) -> bool:
    """True when two mails of one Message-ID are one, but for what was put around either on its way.

    That is a tag at the subject, and a banner or footer of up to ten lines at the text. A date that one of
    them lacks says nothing, nor do two within the hour.
    """
    if one.author.email != other.author.email or (one.date and other.date and abs(one.date - other.date) > RETRIED):
        return False
    if not _same_but_for_a_tag(strip(one.subject), strip(other.subject)):
        return False
    short, long = sorted((_lines(one), _lines(other)), key=lambda lines: sum(map(len, lines)))
    return _stands_in(short, long) and _hashes(one) == _hashes(other)


def _date(mail: Mail) -> str:
    return mail.date.isoformat() if mail.date else mail.header("date")


def _same_but_for_a_tag(one: str, other: str) -> bool:
    short, long = sorted((" ".join(one.split()), " ".join(other.split())), key=len)
    return len(long) - len(short) <= TAG and (long.endswith(short) or long.startswith(short))


def _stands_in(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether all that a text says stands in another, few lines above and below aside; wrapping does not count."""
    wanted, whole = "".join(short), "".join(long)
    ends = [0, *accumulate(map(len, long))]  # where each line ends in `whole`
    last = {place: number for number, place in enumerate(ends)}
    for above, start in enumerate(ends[: FOOTER + 1]):
        below = last.get(start + len(wanted))
        if below is not None and above + len(long) - below <= FOOTER and whole.startswith(wanted, start):
            return bool(wanted)
    return False


def says_the_same(one: str, other: str) -> bool:
    """True when two texts are alike apart from white space, case and digits, as what a machine writes again is."""
    return bool(one.strip()) and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split()).casefold())


def _hashes(mail: Mail) -> list[bytes]:
    return [_hash(each) for each in mail.attachments]


def _hash(attachment: Attachment) -> bytes:
    sha = hashlib.sha256()
    for piece in attachment.pieces():
        sha.update(piece)
    return sha.digest()


def _lines(mail: Mail) -> list[str]:
    """What the lines say, without links and white space."""
    lines = ("".join(LINK.sub("", line).split()) for line in (mail.text or mail.html).splitlines())
    return [line for line in lines if line]
