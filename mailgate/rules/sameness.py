"""When are two incoming mails one? Known by Message-ID, From and the text.

The same id with other content is another mail; the same content that came twice, by
redelivery, to two desk addresses or from an IMAP folder read again, is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from mailgate.mail import Mail


def digest(mail: Mail, strip: Callable[[str], str]) -> str:
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
    for attachment in mail.attachments:
        sha.update(hashlib.sha256(attachment.content).digest())
    return sha.hexdigest()
