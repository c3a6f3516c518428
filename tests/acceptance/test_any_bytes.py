"""Any bytes as a mail end as a ticket, with a reason, or in quarantine, and never stop the daemon.

By SMTP to a running daemon, and as files to `ingest` without one.
"""

from __future__ import annotations

import random
import smtplib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.labs import KAREN
from tests.acceptance.people import ADDRESS
from tests.acceptance.world import World, desk
from tests.fuzz import samples
from tests.waiting import PATIENCE

MANY = 300  # malformed mails
END_STATES = {"done", "dropped", "held", "quarantined"}
MORE = """
[notices]
limit_unknown = "100000/1h"
limit_per_sender = "100000/1h"
[tickets]
max_open_per_requester = 100000
"""

WHOLE = KAREN.writes("Grüße, a question", "Where is it?\n\n-- \nKaren", Cc="x@client.example").as_bytes()

ODD = (
    b"",
    b"\r\n",
    b"\0",
    b"\0" * 5000,
    b"\xff\xfe\xfa" * 300,
    b"no header at all",
    b":\r\n:\r\n\r\n:",
    b"From\r\n\r\nx",
    b"From: \r\nTo: \r\nSubject: \r\nMessage-ID: \r\nDate: \r\n\r\n",
    b"From: <>\r\n\r\nx",
    b'From: "\r\nTo: "\r\n\r\nx',
    b"From: a@b@c@d <e@f@g>\r\n\r\nx",
    b"From: =?utf-8?b?////?= <a@b.example>\r\nSubject: =?utf-8?q?=ff=fe?=\r\n\r\nx",
    b"From: =?nonsense?q?x?= <a@b.example>\r\nSubject: =?utf-8?z?x?=\r\n\r\nx",
    b"From: a@b.example\r\nMessage-ID: <[x@y]>\r\nIn-Reply-To: <@>\r\nReferences: <<<>>> < > <\r\n\r\nx",
    b"From: a@b.example\r\nSubject: [#99999999999999999999] [#-1] [#0] [#1001\r\n\r\nx",
    b"From: a@b.example\r\nSubject: x\r\n y\r\n\tz\r\n" + b" " * 20000 + b"\r\n\r\nx",
    b"From: a@b.example\r\n" + b"X-Header: y\r\n" * 20000 + b"\r\nx",
    b"From: a@b.example\r\nTo: " + b"someone@b.example, " * 4000 + b"\r\n\r\nx",
    b"From: a@b.example\r\nReferences: " + b"<x@y.example> " * 5000 + b"\r\n\r\nx",
    b"From: a@b.example\r\nContent-Type: text/plain; charset=" + b"x" * 5000 + b"\r\n\r\n\xe4\xf6",
    b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 20000,
    b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<style>" + b"x{" * 9000 + b"<!--" * 900,
    b"From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!=A=B=\xff",
    b"From: a@b.example\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=\r\n=ZZ=4",
    b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\n--\r\n--\r\n",
    b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\n----\r\n\r\nx\r\n------\r\n',
    b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\ny\r\n" * 20000,
    b"From: a@b.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x",
    b"From: a@b.example\r\nContent-Type: text/plain; format=flowed\r\n\r\n" + b"> " * 30000,
    b"From: a@b.example\r\n\r\n" + b"#" * 50000,
    b"From: marcus@bank.example\r\n\r\n" + b"#resolved\r\n" * 5000,
    b"From: marcus@bank.example\r\n\r\n#confirm " + b"9" * 5000,
    b"From: marcus@bank.example\r\n\r\n#ticket 99999999999999999999999999\r\n",
    b"From: a@b.example\r\nSubject: " + "\u202egnp.exe \ud83d".encode("utf-8", "surrogatepass") + b"\r\n\r\nx",
    b"From: a@b.example\r\nHelp topic: x\r\n\r\nHelp topic: " + b"Report / " * 4000,
    b"From: a@b.example\r\nAuthentication-Results: " + b"(" * 20000 + b"\r\n\r\nx",
    b"From: a@b.example\r\nDate: Fri, 99 Foo 99999 99:99:99 +9999\r\n\r\nx",
    b"From: a@b.example\r\nContent-Type: text/plain; " + b"; ".join(b"p%d=1" % n for n in range(4000)) + b"\r\n\r\nx",
    b"From: a@b.example\r\nContent-Disposition: attachment; filename*0*=x''%ff; filename=../../../etc/passwd\r\n\r\nx",
)


def nested(depth: int) -> bytes:
    """A multipart in a multipart in a multipart …"""
    head = b"From: a@b.example\r\n"
    for level in range(depth):
        head += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
    return head + b"\r\nx"


def forwarded(depth: int) -> bytes:
    """A mail in a mail in a mail …"""
    return b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n" * depth + b"x"


def mutated(dice: random.Random, mails: list[bytes]) -> bytes:
    """A real mail with random bytes changed, removed, repeated or replaced by those of another."""
    raw = bytearray(dice.choice(mails))
    for _ in range(dice.randint(1, 12)):
        at = dice.randrange(len(raw) + 1)
        match dice.randrange(5):
            case 0:
                raw[at : at + dice.randint(1, 40)] = b""
            case 1:
                raw[at:at] = dice.randbytes(dice.randint(1, 20))
            case 2:
                raw[at:at] = raw[: dice.randint(1, 200)]
            case 3:
                other = dice.choice(mails)
                raw[at:] = other[dice.randrange(len(other)) :]
            case 4:
                raw[at : at + 1] = dice.choice([b"\0", b"\r", b"\n", b"\r\n\r\n", b"\xff", b"=", b'"', b"<", b";"])
    return bytes(raw[:100_000])


def odd_mails(seed: int) -> list[bytes]:
    """Malformed mails; the same seed gives the same mails."""
    dice = random.Random(seed)
    mails = [WHOLE, *filter(None, samples(corpus=False))]
    fixed = [*ODD, nested(50), nested(2000), forwarded(30), forwarded(2000)]
    noise = [dice.randbytes(dice.randint(1, 4000)) for _ in range(20)]
    return [*fixed, *noise, *(mutated(dice, mails) for _ in range(MANY - len(fixed) - len(noise)))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, desk(more=MORE)) as world:
        yield world


def end_states(world: World) -> Counter[str]:
    return Counter(dict(world.sql("SELECT state, count(*) FROM inbox GROUP BY state")))


def no_tracebacks(world: World) -> None:
    """No mail was quarantined because its processing failed."""
    nowhere = world.sql("SELECT id, state FROM inbox WHERE ticket IS NULL AND reason = ''")
    assert not nowhere, "every mail ends as a ticket or with a reason"
    stumbled = world.sql("SELECT id, size, error FROM inbox WHERE error LIKE '%Traceback%'")
    assert not stumbled, "\n".join(f"inbox {number}, {size} bytes: {error}" for number, size, error in stumbled[:5])


@pytest.mark.seeds(2026)
def test_malformed_mail_by_smtp(world: World, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    world.start()
    odd = odd_mails(seed)
    # Mail with a bare CR is rejected by the listener: after a few of them, the rest is sent without.
    mails = [mail for mail in odd if b"\r" in mail.replace(b"\r\n", b"")][:5]
    mails += [mail.replace(b"\r\n", b"\n").replace(b"\r", b"?").replace(b"\n", b"\r\n") for mail in odd]
    taken, refused = 0, Counter[int]()
    for mail in mails:
        with smtplib.SMTP("127.0.0.1", world.port, timeout=PATIENCE) as smtp:
            smtp.helo("odd.example")
            smtp.mail("a@b.example")
            smtp.rcpt(ADDRESS)
            smtp.putcmd("data")
            assert smtp.getreply()[0] == 354
            lines = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
            smtp.send((b"." if lines.startswith(b".") else b"") + lines + b"\r\n.\r\n")
            code, words = smtp.getreply()
            taken += code == 250
            if code != 250:
                refused[code] += 1
                # only a bare CR and a line over 64 kB are rejected
                assert code in (550, 554), (code, words)
                assert words.startswith((b"5.6.11", b"5.6.0")), words
    world.settle()
    assert world.alive
    ends = end_states(world)
    with capsys.disabled():
        print(f"\n{len(mails)} odd mails: {dict(ends)}, refused {dict(refused)}")
    assert sum(ends.values()) == taken
    assert set(ends) <= END_STATES
    no_tracebacks(world)
    news = world.step(KAREN.writes("After all that", "Are you still there?"))
    assert news.only(KAREN.email).kind == "acknowledgement"


@pytest.mark.seeds(2026)
def test_malformed_mail_by_ingest(world: World, seed: int) -> None:
    """As files without a daemon, and from standard input: always exit code 0."""
    folder = world.folder / "odd"
    folder.mkdir()
    mails = odd_mails(seed)
    for number, mail in enumerate(mails):
        (folder / f"{number:04}.eml").write_bytes(mail)
    done = world.cli("ingest", "--quiet", *(str(path) for path in sorted(folder.iterdir())))
    assert (done["ok"], done["taken"]) == (True, len(mails))
    for mail in (b"", b"\0\xff", b"\r\r\r\n\n", *(mails[50:53])):
        assert world.cli("ingest", "--recipient", ADDRESS, stdin=mail)["taken"] == 1
    ends = end_states(world)
    assert sum(ends.values()) == len(mails) + 6
    assert set(ends) <= END_STATES
    no_tracebacks(world)
