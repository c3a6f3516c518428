"""Mail that comes as files or on standard input: a message, an mbox, a Maildir.

Reads and hands over; stores nothing, locks nothing, changes nothing at the source. The
same bytes to the same people have the same source key, so a repeated `ingest` has one
effect. A message may be any bytes: reading it is the parser's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from hashlib import sha256
from itertools import chain, pairwise
from pathlib import Path

from mailgate.errors import NotFound
from mailgate.inbound.envelope import read_envelope
from mailgate.mail import Delivery, Envelope

# RFC 4155 appendix A: sender and time follow. The time is asked for, since "From " also opens sentences.
_FROM_LINE = re.compile(rb"From .*\d\d:\d\d.*\d{4}")
_QUOTED_FROM = re.compile(rb">+From ")  # mboxrd: each ">" more is one level of quoting
_MAILDIR_TIME = re.compile(r"(\d{9,11})\.")  # a Maildir name begins with the second of delivery
_FIRST_MAIL = datetime(1982, 8, 1, tzinfo=UTC)  # RFC 821; an earlier time is a writer's zero
_BLANK = (b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it lay in a file; `arrived_at` is when it was delivered there, None if nothing tells."""

    raw: bytes = field(repr=False)
    arrived_at: datetime | None = None


def messages(path: Path) -> Iterator[Stored]:
    """The messages in a file or Maildir, in their order there, one at a time.

    A file is a message when it is named `.eml` or does not begin like an mbox. Raises NotFound for what is not there,
    no file, or a folder that is no Maildir, OSError with the name of what cannot be read.
    """
    with _named(path):
        yield from _messages(path)


def _messages(path: Path) -> Iterator[Stored]:
    if _is_maildir(path):
        yield from (_from_maildir(file) for file in _maildir_files(path))
    elif _is_mbox(path):
        yield from _from_mbox(path)
    else:
        yield Stored(without_from_line(path.read_bytes()))


def count(path: Path) -> int:
    """How many messages `messages` will give; cheaper than reading them. Raises as it does."""
    with _named(path):
        if _is_maildir(path):
            return len(_maildir_files(path))
        if _is_mbox(path):
            return sum(begins for begins, _ in _mbox_lines(path))
        return 1


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of a file that was opened, and cannot be read to its end, has no name of its own."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def delivery(
    stored: Stored,
    now: datetime,
    *,
    sender: str | None = None,
    recipients: Sequence[str] = (),
    quiet: bool = False,
) -> Delivery:
    """What goes into the inbox. The envelope that is not given is read from the trace fields.

    `sender` "" is the null sender, None is not given. A message without an arrival time,
    or with one that has not come yet, arrives `now`.
    """
    found = read_envelope(stored.raw)
    envelope = Envelope(found.sender if sender is None else sender, tuple(recipients) or found.recipients)
    arrived_at = min(stored.arrived_at or now, now)
    return Delivery(
        source="pipe",
        source_key=_source_key(stored.raw, envelope),
        envelope=envelope,
        raw=stored.raw,
        arrived_at=arrived_at,
        quiet=quiet,
    )


def without_from_line(raw: bytes) -> bytes:
    """The message without the mbox line that some MTAs put on top of what they pipe."""
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _source_key(raw: bytes, envelope: Envelope) -> str:
    digest = sha256(raw)
    for part in ("" if envelope.sender is None else f"<{envelope.sender}>", *sorted(envelope.recipients)):
        digest.update(b"\0" + part.encode("utf-8", "surrogateescape"))
    return f"pipe:{digest.hexdigest()}"


# ── mbox ────────────────────────────────────────────────────────────────────────────────


def _is_mbox(path: Path) -> bool:
    if not path.is_file() and not path.is_fifo():
        there = "a folder, but no Maildir" if path.is_dir() else "no file" if path.exists() else "no such file"
        raise NotFound(f"{path}: {there}")
    if path.suffix.lower() == ".eml" or path.is_fifo():
        return False
    with path.open("rb") as file:
        return file.read(5) in (b"From ", b"")  # nothing at all is an mbox without messages


def _mbox_lines(path: Path) -> Iterator[tuple[bool, bytes]]:
    """Each line, and whether it is the one that begins a message."""
    with path.open("rb") as file:
        first = file.readline()
        if first:
            yield True, first
        for before, line in pairwise(chain([first], file)):
            yield before in _BLANK and _FROM_LINE.match(line) is not None, line


def _from_mbox(path: Path) -> Iterator[Stored]:
    from_line = b""
    lines: list[bytes] = []
    for begins, line in _mbox_lines(path):
        if begins and from_line:
            yield _from_lines(from_line, lines)
        if begins:
            from_line, lines = line, []
        else:
            lines.append(line[1:] if _QUOTED_FROM.match(line) else line)
    if from_line:
        yield _from_lines(from_line, lines)


def _from_lines(from_line: bytes, lines: list[bytes]) -> Stored:
    # RFC 4155 appendix A: the blank line before the next message is the mbox's, not the message's.
    own = lines[:-1] if lines and lines[-1] in _BLANK else lines
    _, _, time = from_line.decode("latin-1").removeprefix("From ").partition(" ")
    return Stored(b"".join(own), _arrival(time))


def _arrival(text: str) -> datetime | None:
    with suppress(ValueError, OverflowError):
        time = parsedate_tz(text)
        return _plausible(mktime_tz(time)) if time else None
    return None


def _plausible(seconds: float) -> datetime | None:
    at = datetime.fromtimestamp(seconds, UTC)
    return at if at >= _FIRST_MAIL else None


# ── Maildir ─────────────────────────────────────────────────────────────────────────────


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _maildir_files(path: Path) -> list[Path]:
    """Files of new and cur in order of delivery, without drafts and what is marked deleted."""
    files = [file for folder in ("new", "cur") for file in (path / folder).iterdir() if _is_mail(file)]
    return sorted(files, key=lambda file: (_delivered(file), file.name))


def _is_mail(file: Path) -> bool:
    flags = file.name.partition(":2,")[2]
    return not file.name.startswith(".") and file.is_file() and not {"D", "T"} & set(flags)


def _delivered(file: Path) -> float:
    named = _MAILDIR_TIME.match(file.name)
    return float(named[1]) if named else file.stat().st_mtime


def _from_maildir(file: Path) -> Stored:
    if not file.exists():  # a mail program has seen it meanwhile: moved, or marked anew
        base = file.name.partition(":")[0]
        cur = file.parent.parent / "cur"
        file = next((found for found in cur.iterdir() if found.name.partition(":")[0] == base), file)
    return Stored(file.read_bytes(), _plausible(_delivered(file)))
