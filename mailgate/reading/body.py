"""A mail's body: the sender's own words, apart from what was quoted or signed.

HTML is preferred where there is one: its containers say most surely what is quoted. Where the text
part says more, because a limit or a fault cut the page, that is taken.
Never raises, and cuts nothing it is not sure of; the raw mail keeps everything.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mailgate.mail import Body, Envelope, Forwarded, Mail
from mailgate.reading import parse
from mailgate.reading.page import page as html
from mailgate.reading.quotes import attribution, forwarded, split
from mailgate.reading.quotes.evidence import answer_of
from mailgate.reading.quotes.split import Purpose

MAX_TEXT = 4_000_000  # characters of a text body: more is never read of one (`reading.mime.contents`)
WORD = re.compile(r"https?://\S+|[^\W_]{3,}")
FEW = 3  # words by which two forms of one text may differ, and
SHARE = 0.1  # the share of them


def read_mail(raw: bytes, envelope: Envelope = parse.UNKNOWN) -> tuple[Mail, Body]:
    """Read a message as it came over the wire, and its body; a page of HTML is parsed once for both."""
    opened = parse.read(raw, envelope)
    return opened.mail, read_body(opened.mail, opened.page)


def read_body(mail: Mail, page: html.Page | None = None) -> Body:
    """Read the visible reply, the cut history and the own lines of a parsed mail.

    `page` is the mail's HTML where it was parsed already.
    """
    purpose = _purpose(mail)
    if mail.html:
        page = page or html.Page(mail.html)
        found = split.split(page.lines(), purpose, page=True, answer=answer_of(mail))
        says = found.own or found.forward
        in_quotes = page.quoted_pictures if purpose is Purpose.ANSWER else frozenset()
        own = found.own_pictures
        quoted = (found.quoted_pictures | in_quotes) - {cid for cid, _ in own}
        if not mail.text.strip() or (says and not _says_more(mail.text, page.text())):
            body = _body(mail, found, "" if found.trimmed else page.own())
            body = replace(body, quoted_pictures=quoted, own_pictures=own)
            return body if body.original or not body.forwarded else replace(body, original=_original(mail, purpose))
        return replace(_read_text(mail, purpose), quoted_pictures=quoted, own_pictures=own)
    return _read_text(mail, purpose)


def _read_text(mail: Mail, purpose: Purpose) -> Body:
    return _body(mail, split.split(split.text_lines(mail.text[:MAX_TEXT]), purpose, answer=answer_of(mail)))


def _original(mail: Mail, purpose: Purpose) -> Forwarded | None:
    """Who wrote the forwarded mail, by the text part, where the page shows no address."""
    found = split.split(split.text_lines(mail.text[:MAX_TEXT]), purpose)
    return forwarded.read("\n".join(found.forward), mail.subject) if found.forward else None


def _says_more(text: str, page: str) -> bool:
    """Whether a text part has words that the page lacks, and far more of them than the other way round."""
    if text == page or len("".join(text.split())) <= (1 + SHARE) * len("".join(page.split())):
        return False  # it cannot: it is no longer
    in_text, in_page = _words(text[:MAX_TEXT]), _words(page)
    more, less = len(in_text - in_page), len(in_page - in_text)
    return more > FEW and more > SHARE * len(in_text) and more > 2 * less


def _words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text) if "://" not in word}


def _purpose(mail: Mail) -> Purpose:
    """What the mail does with others, by its subject and its ids."""
    prefix = attribution.prefix(mail.subject)
    if prefix in attribution.FORWARD_PREFIXES:
        return Purpose.EITHER if prefix in attribution.AMBIGUOUS else Purpose.FORWARD
    return Purpose.ANSWER if prefix or mail.in_reply_to or mail.references else Purpose.NEW


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
        signature=found.signature,
        history="\n".join(found.history),
        glued=found.glued,
        answers="\n".join(found.answers),
    )
