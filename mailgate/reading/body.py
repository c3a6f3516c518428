"""A mail's body: the sender's own words, apart from what was quoted or signed.

HTML is preferred where there is one: its containers say most surely what is quoted.
Never raises, and cuts nothing it is not sure of; the raw mail keeps everything.
"""

from __future__ import annotations

from mailgate.mail import Body, Mail
from mailgate.reading.page import page as html
from mailgate.reading.quotes import attribution, forwarded, split

MAX_TEXT = 2_000_000  # characters of a text body that are looked at


def read_body(mail: Mail, page: html.Page | None = None) -> Body:
    """Read the visible reply, the cut history and the own lines of a parsed mail.

    `page` is the mail's HTML where it was parsed already.
    """
    forwards = attribution.forwards(mail.subject)
    answers = bool(mail.in_reply_to or mail.references) or attribution.answers(mail.subject)
    if mail.html:
        page = page or html.Page(mail.html)
        found = split.split(page.lines(), forwards=forwards, answers=answers)
        if found.own or found.forward or not mail.text.strip():
            return _body(mail, found, "" if found.trimmed else page.own())
    return _body(mail, split.split(split.text_lines(mail.text[:MAX_TEXT]), forwards=forwards, answers=answers))


def _body(mail: Mail, found: split.Split, page: str = "") -> Body:
    block = "\n".join(found.forward)
    return Body(
        visible="\n".join(found.visible),
        cut="\n".join(found.cut),
        lines=found.own,
        html=page,
        forwarded=bool(found.forward),
        original=forwarded.read(block, mail.subject) if block else None,
        forward=block,
    )
