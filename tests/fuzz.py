"""Mutated mails against the whole reading side: nothing raises, nothing is slow.

`python -m tests.fuzz --count 200000 --seed 1` breaks the project's own sample mails, and
those of the public corpus where it lies beside the checkout, and reads each piece of
rubbish as the daemon would. `--first N --count 1 --keep DIR` repeats one mutation and
keeps its bytes. Each mutation depends on the seed, its number and the samples alone.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from mailgate.mail import Body, Envelope, Mail
from mailgate.reading.body import read_mail
from mailgate.reading.encodings.mojibake import repaired
from mailgate.reading.mime import addresses
from mailgate.rules.screening.classify import classify
from mailgate.rules.screening.list_sender import read_through
from tests import cost
from tests.corpus import CORPUS
from tests.waiting import PATIENCE

OWN = Path(__file__).parent / "cases/inbound"
# Runs that the suite repeats in short: a seed that once found a fault stays here.
SEEDS = (1, 2, 3, 11, 2026, 5322, 2047, 2231, 3464)
HANG = PATIENCE  # seconds after which a mail is given up
MAX_SIZE = 300_000  # bytes of a mutated mail
LARGE = 100_000  # bytes; larger samples are drawn seldom, they only cost time
TOKENS = (
    b"=?utf-8?q?=e4?=",
    b"=?iso-2022-jp?b?GyRC?=",
    b"=?x?b?",
    b"?=",
    b"=?",
    b"filename*0*=utf-8''%e4",
    b"filename*1*=%",
    b'name="',
    b'"',
    b"\\",
    b'\\"',
    b"(",
    b")",
    b"<",
    b">",
    b",",
    b";",
    b":",
    b"@",
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"--",
    b"--b\n",
    b"\n--b--\n",
    b"boundary=b",
    b"boundary=",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"multipart/report",
    b"message/rfc822",
    b"message/delivery-status",
    b"report-type=delivery-status",
    b"Final-Recipient: rfc822; a@b.example\n",
    b"charset=utf-7",
    b"charset=utf-16",
    b'charset="x',
    b"Content-Transfer-Encoding: base64\n",
    b"quoted-printable",
    b"x-uuencode",
    b"begin 644 a\n",
    b"end\n",
    b"format=flowed",
    b"> ",
    b">>>>",
    b"On 1 May 2026 at 10:00, Ann <a@b.example> wrote:\n",
    b"-- \n",
    b"From: ",
    b"Sent: ",
    b"Subject: ",
    b"To: ",
    b"-----Original Message-----\n",
    b"<div>",
    b"</div>",
    b"<blockquote type=cite>",
    b"</blockquote>",
    b"<!--",
    b"-->",
    b"<table><tr><td>",
    b"<style>",
    b"&#x110000;",
    b"&amp",
    b'<a href="cid:x',
    b'Authentication-Results: x; dmarc=pass header.from="',
    b"Received: ",
    b"\x1b$B",
    b"\xff\xfe",
    b"\xe4",
    b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80",
    b"+AGE-",
    b"%00",
    b"=\n",
    b"=3D",
    b"=",
)
Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]


def _span(rng: Random, raw: bytes, longest: int) -> tuple[int, int]:
    start = rng.randrange(len(raw) + 1)
    return start, min(len(raw), start + rng.randint(1, longest))


def flip(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """Other bytes here and there."""
    out = bytearray(raw)
    for _n in range(rng.randint(1, 8) if out else 0):
        out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def cut(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """A piece is missing."""
    start, end = _span(rng, raw, 400)
    return raw[:start] + raw[end:]


def truncate(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """The rest is missing."""
    return raw[: rng.randrange(len(raw) + 1)]


def insert(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """A piece of syntax where none was meant."""
    start = rng.randrange(len(raw) + 1)
    return raw[:start] + rng.choice(TOKENS) + raw[start:]


def in_header(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """A piece of syntax in the header, where most is decided."""
    start = rng.randrange(min(len(raw), 2000) + 1)
    return raw[:start] + rng.choice(TOKENS) + raw[start:]


def repeat(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """A piece very often: what is not linear shows."""
    start, end = _span(rng, raw, 60)
    piece = rng.choice((raw[start:end], rng.choice(TOKENS), rng.choice(TOKENS) + rng.choice(TOKENS)))
    return raw[:start] + piece * rng.choice((2, 20, 400, 4000)) + raw[start:]


def swap(rng: Random, raw: bytes, _: Sequence[bytes]) -> bytes:
    """Two lines change places."""
    lines = raw.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def splice(rng: Random, raw: bytes, samples: Sequence[bytes]) -> bytes:
    """The beginning of one mail with the end of another."""
    other = rng.choice(samples)[:MAX_SIZE]
    return raw[: rng.randrange(len(raw) + 1)] + other[rng.randrange(len(other) + 1) :]


def enclose(rng: Random, raw: bytes, samples: Sequence[bytes]) -> bytes:
    """A mail within a mail."""
    kind = rng.choice(
        (b"message/rfc822", b"multipart/mixed; boundary=b", b"text/html; charset=utf-8", b"text/calendar")
    )
    return b"Content-Type: " + kind + b"\n\n" + (raw if rng.random() < 0.7 else rng.choice(samples)[:MAX_SIZE])


MUTATIONS: tuple[Mutation, ...] = (flip, cut, truncate, insert, in_header, in_header, repeat, swap, splice, enclose)


def samples(*, corpus: bool = True) -> list[bytes]:
    """The mails that are broken, in a stable order."""
    paths = sorted(OWN.glob("*.eml")) + (sorted(CORPUS.glob("**/*.eml")) if corpus else [])
    return [path.read_bytes() for path in paths]


def mutated(seed: int, number: int, all_samples: Sequence[bytes]) -> bytes:
    """The mail of that number."""
    rng = Random(f"{seed}/{number}")
    raw = rng.choice(all_samples)
    if len(raw) > LARGE and rng.random() < 0.97:
        raw = raw[: rng.randrange(LARGE)]
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        raw = rng.choice(MUTATIONS)(rng, raw[:MAX_SIZE], all_samples)
    return raw[:MAX_SIZE]


def check(raw: bytes) -> None:
    """Read the mail as the daemon does; AssertionError or any other exception is a fault."""
    mail, body = read_mail(raw)
    assert not [d for d in mail.defects if d.startswith("unreadable")], mail.defects
    for attachment in mail.attachments:
        assert len(attachment.content) == sum(map(len, attachment.pieces()))
    repaired(body.visible)
    mail = read_through(mail, addresses.read, lambda _: False)
    classify(mail, Envelope("a@b.example", ()), lambda _: False, frozenset({"support@bank.example"}))
    for text in _texts(mail, body):
        assert "\0" not in text, "a NUL character"
        text.encode("utf-8")


def _texts(mail: Mail, body: Body) -> Iterator[str]:
    """Whatever of a mail is stored as text."""
    yield from (mail.subject, mail.text, mail.html, mail.message_id, *mail.in_reply_to, *mail.references)
    yield from (body.visible, body.cut, body.html, body.forward, *body.lines)
    yield from (text for field_ in mail.headers for text in field_)
    yield from (text for a in (*mail.from_, *mail.to, *mail.cc, *mail.reply_to) for text in (a.email, a.name))
    yield from (text for a in mail.attachments for text in (a.name, a.type, a.cid))
    if mail.bounce:
        yield mail.bounce.original_message_id
        yield from (text for r in mail.bounce.recipients for text in (r.email, r.action, r.status, r.diagnostic))
        yield from (text for pair in mail.bounce.original_headers for text in pair)
    if body.original:
        yield from (body.original.sender.email, body.original.sender.name, body.original.subject)


@dataclass
class Outcome:
    """What a run found."""

    read: int = 0
    seconds: float = 0.0  # CPU spent in reading
    slowest: tuple[float, int] = (0.0, 0)  # seconds, number
    faults: list[str] = field(default_factory=list)


class HangError(BaseException):
    """The mail took too long; no handler of `Exception` may swallow it."""


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(seed: int, numbers: range, all_samples: Sequence[bytes], keep: Path | None = None) -> Outcome:
    """Read the mutations of these numbers."""
    outcome = Outcome()
    for number in numbers:
        raw = mutated(seed, number, all_samples)
        fault = ""
        start = time.thread_time()
        try:
            with _no_longer_than(HANG):
                check(raw)
        except HangError:
            fault = "did not end"
        except Exception as error:  # whatever it is, it is what this looks for
            fault = f"{type(error).__name__}: {error}"
        spent = time.thread_time() - start
        outcome.read += 1
        outcome.seconds += spent
        outcome.slowest = max(outcome.slowest, (spent, number))
        if spent > cost.MOST * cost.ordinary() and not fault:
            fault = f"{spent:.1f} s, as much as {spent / cost.ordinary():.0f} ordinary mails"
        if fault:
            outcome.faults.append(f"seed {seed} number {number} ({len(raw)} bytes): {fault}")
            print(outcome.faults[-1], flush=True)
        if keep and (fault or len(numbers) == 1):
            (keep / f"{seed}-{number}.eml").write_bytes(raw)
    return outcome


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--count", type=int, default=2000, metavar="N")
    options.add_argument("--seed", type=int, default=1, metavar="S")
    options.add_argument("--first", type=int, default=0, metavar="N", help="number of the first mutation")
    options.add_argument("--keep", type=Path, metavar="DIR", help="where the mails that fail are written")
    wanted = options.parse_args(arguments)
    all_samples = samples()
    found = run(wanted.seed, range(wanted.first, wanted.first + wanted.count), all_samples, wanted.keep)
    seconds, number = found.slowest
    print(f"{found.read} mutations of {len(all_samples)} mails in {found.seconds:.0f} s, {len(found.faults)} faults")
    print(f"slowest: number {number}, {seconds * 1000:.0f} ms")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
