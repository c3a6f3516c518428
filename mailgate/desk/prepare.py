"""Reads a stored mail and stores its attachments, before any transaction."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from mailgate.desk.outcome import Context
from mailgate.errors import UnreadableFile
from mailgate.mail import Attachment, Body, Mail, Received
from mailgate.reading.body import read_mail
from mailgate.reading.mime import addresses
from mailgate.reading.parse import parse
from mailgate.rules.commands.requester_words import read_requester_words
from mailgate.rules.commands.syntax import read_commands
from mailgate.rules.people.desk_addresses import POSTMASTER, desk_address, only_postmaster
from mailgate.rules.replies.file_texts import overlapping, raw_of, unwrapped, without_tags
from mailgate.rules.screening.duplicates import digest
from mailgate.rules.screening.list_sender import read_through
from mailgate.rules.text.subject import strip_subject
from mailgate.rules.threading.keys import Key
from mailgate.store.queues.inbox import OVERSIZE, Claimed
from mailgate.system.budget import OUT_OF_MEMORY, limit_this_process
from mailgate.ticket import StoredAttachment

ENCLOSED = frozenset({"message/rfc822", "message/global"})  # types of attached mails
MOST_ENCLOSED = 8  # mails within each other that are searched for keys
SEEN = ("image/", "audio/", "video/")  # types of files without words
WORKED = 0.001  # seconds of processor time between two rests, and
REST = 3.0  # how many times as long each lasts: other threads have three quarters of the interpreter
Keep = Callable[[Iterable[bytes]], tuple[str, int]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The only mail attached to an agent's mail, parsed."""

    mail: Mail
    body: Body
    attachments: tuple[StoredAttachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A parsed mail whose attachments are stored."""

    received: Received
    attachments: tuple[StoredAttachment, ...]
    digest: str
    keys: tuple[Key, ...] = ()  # that stand anywhere in the mail, its header and its files included
    enclosed: Enclosed | None = None


def prepare(claimed: Claimed, context: Context, keep: Keep) -> Prepared:
    """Parse a mail. `keep` stores the bytes of an attachment and returns their SHA-256 digest and number."""
    raw = claimed.load()
    parsed, body = read_mail(raw, claimed.envelope)
    mail = read_through(parsed, addresses.read, lambda email: bool(desk_address(email, context.config)))

    def keep_file(pieces: Iterable[bytes]) -> tuple[str, int]:
        return keep(_at_leisure(pieces, len(raw)))

    kept = tuple(_kept(attachment, keep_file) for attachment in mail.attachments)
    received = Received(
        id=claimed.id,
        source=claimed.source,
        source_key=claimed.source_key,
        arrived_at=min(claimed.arrived_at, context.now),  # another server's clock may be ahead
        envelope=claimed.envelope,
        mail=mail,
        body=body,
        authserv_ids=claimed.authserv_ids,
        quiet=claimed.quiet,
        login=claimed.login,
        mark=claimed.mark,
    )
    content = digest(mail, kept, lambda subject: strip_subject(subject, context.config.desk))
    return Prepared(
        received=received,
        attachments=kept,
        digest=f"{POSTMASTER}:{content}" if only_postmaster(claimed.envelope, context.config) else content,
        keys=_keys(raw, parsed, context),
        enclosed=_enclosed(mail, context, keep_file),
    )


def _keys(raw: bytes, mail: Mail, context: Context) -> tuple[Key, ...]:
    """The keys that a mail carries anywhere. One text at a time: a file may have fifty megabytes."""
    whole = (piece.decode("latin-1") for piece in overlapping((raw,)))  # the headers of parts, and what no part is
    texts = chain(whole, _searched(mail))
    unhurried = _at_leisure(texts, len(raw))
    return tuple({key.text: key for text in unhurried for key in context.keyring.find(text)}.values())


def _at_leisure(pieces: Iterable[T], size: int) -> Iterator[T]:
    """The pieces of a mail of so many bytes, with rests where it is large and has a lane of its own.

    A call that decodes or searches a piece holds the interpreter for a millisecond. A small mail takes fifty steps,
    and would wait that long at each.
    """
    if size <= OVERSIZE:
        yield from pieces
        return
    began = time.thread_time()
    for piece in pieces:
        yield piece
        if (worked := time.thread_time() - began) > WORKED:
            time.sleep(worked * REST)
            began = time.thread_time()


def _searched(mail: Mail, depth: int = 0) -> Iterator[str]:
    """All that a mail says, and the mails and texts in it: where keys are looked for."""
    yield "\n".join(value for _, value in mail.headers)
    for text in (mail.text, mail.html, without_tags(mail.html)):
        yield from (text, unwrapped(text))
    for file in mail.attachments:
        yield file.name
        if file.type in ENCLOSED and depth < MOST_ENCLOSED:
            yield from _searched(parse(file.content), depth + 1)
        elif not file.type.startswith(SEEN):
            yield from raw_of((file,))


def _enclosed(mail: Mail, context: Context, keep: Keep) -> Enclosed | None:
    """The only attached mail of an agent, who may forward it; mail of others is not looked into."""
    if mail.author.email not in context.config.agents_by_email or mail.bounce:
        return None
    mails = [attachment for attachment in mail.attachments if attachment.type in ENCLOSED]
    if len(mails) != 1:
        return None
    inner, body = read_mail(mails[0].content)
    return Enclosed(inner, body, tuple(_kept(attachment, keep) for attachment in inner.attachments))


def _kept(attachment: Attachment, keep: Keep) -> StoredAttachment:
    sha256, size = keep(attachment.pieces())
    return StoredAttachment(attachment.name, attachment.type, size, sha256, attachment.cid)


def read_again(claimed: Claimed) -> Mail | None:
    """A stored mail, to compare it with another; None if its file cannot be read."""
    try:
        return read_through(parse(claimed.load(), claimed.envelope), addresses.read, lambda _: True)
    except UnreadableFile:
        return None


def trial() -> None:
    """`python -m mailgate.desk.prepare SECONDS BYTES`: read the mail on standard input, and the commands in it.

    Ends by a signal or with OUT_OF_MEMORY where the mail needs more than that; prints nothing.
    """
    raw = sys.stdin.buffer.read()
    limit_this_process(*map(int, sys.argv[1:3]))
    try:
        mail, body = read_mail(raw)
        if "unreadable: MemoryError" in mail.defects:
            sys.exit(OUT_OF_MEMORY)
        read_commands(body.lines)
        read_requester_words(body.lines, "requester")
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    trial()
