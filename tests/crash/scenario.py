"""What happens to the desk while it is killed: mail by each way in, answers, commands, SLA, a backup, an erasure.

A scenario is sent by people who do what real programs do: a mail that was not accepted is sent again.

    everyday          SMTP, IMAP, replies, commands, held mail, SLA steps, deliveries, a backup
    everyday by LMTP  the same with LMTP for SMTP
    renewals          access tokens of a mailbox and of the relay, with refresh tokens that are replaced (OAuth 2.0)
    erasure           `forget`, with the rewrite of the database
    upgrade           migrations of an older database
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailgate.connect.token_file import FOLDER, Stored, TokenFile
from mailgate.settings import Secret
from tests.acceptance.people import Person, gmail, mutt, outlook
from tests.acceptance.world import desk
from tests.crash.supervised import Supervised
from tests.dovecot import Dovecot
from tests.old_desk import unpack

KAREN = Person("Karen Client", "karen@client.example", gmail)
OLGA = Person("Olga Other", "olga@other.example", outlook)
ELLIOT = Person("Elliot Alderson", "elliot@bank.example", mutt)
ANN = Person("Ann Reyes", "ann@bank.example", outlook)
SOFIA = "sofia@bank.example"

MAILBOX = """
[mailbox.support]
host = "127.0.0.1"
port = IMAP_PORT
tls = "none"
user = "IMAP_USER"
password = "IMAP_PASSWORD"
existing = "take"
"""


@dataclass(frozen=True)
class Scenario:
    """A configuration and what happens; `config` may put an older desk into the folder."""

    name: str
    play: Callable[[Supervised, Dovecot], None]
    config: Callable[[Path, Dovecot], str]
    lmtp: bool = False
    mailbox: bool = True
    sqlite: bool = False  # about the file of SQLite
    compared: tuple[str, ...] = ("tickets", "threads", "events", "mail", "not sent", "notices")  # parts of the state


def everyday(world: Supervised, dovecot: Dovecot) -> None:
    """The life of three tickets."""
    world.post(KAREN.writes("The printer is jammed", "It ate my report."))
    alert = world.got(ELLIOT.email, "new-ticket", "The printer is jammed")
    world.post(ELLIOT.answers(alert, "Open the flap at the back."))
    reply = world.got(KAREN.email, "reply", "The printer is jammed")
    world.post(KAREN.answers(reply, "It prints again, but blue only."))
    world.got(ELLIOT.email, "new-message", "The printer is jammed")
    world.still()

    large = OLGA.writes("A large file", "See the file.")
    content = bytes(range(256)) * 1500
    large.add_attachment(content, maintype="application", subtype="octet-stream", filename="dump.bin")
    world.post(large)
    world.got(OLGA.email, "acknowledgement", "A large file")
    alert = world.got(ANN.email, "new-ticket", "A large file")
    world.post(ANN.answers(alert, "#assign elliot\n#priority high\n\nThis one is for you."))
    world.got(ELLIOT.email, "assigned", "A large file")
    world.still()

    for each in ("From the mailbox", "Also from the mailbox"):
        dovecot.deliver([OLGA.writes(each, "By IMAP.").as_bytes()], user=world.user)
        world.got(OLGA.email, "acknowledgement", each)
    world.until(lambda: not dovecot.uids(user=world.user))

    world.post(ELLIOT.writes("Re: [#1001] The printer is jammed", "#resolve\n\nThis is not proven."))
    held = world.got(ELLIOT.email, "confirm", "")
    world.post(ELLIOT.taps(held, "Confirm"))
    world.still()

    world.command("backup")
    world.post(KAREN.writes("The bank is down", "Everything is.", to="outages@bank.example"))
    world.got(SOFIA, "overdue", "The bank is down")
    world.still()


def renewals(world: Supervised, dovecot: Dovecot) -> None:
    """A mailbox is read and answers are sent with access tokens: renewed at each start, and when one is refused."""
    world.relay.auth, world.relay.tokens = ("XOAUTH2",), world.tokens.alive
    for number, subject in enumerate(("The first", "The second", "The third")):
        if number:
            world.tokens.revoke()
            dovecot.hang_up()
        dovecot.deliver([OLGA.writes(subject, "By IMAP.").as_bytes()], user=world.user)
        world.got(OLGA.email, "acknowledgement", subject)
        alert = world.got(ANN.email, "new-ticket", subject)
        world.post(ANN.answers(alert, "This is the answer."))
        world.got(OLGA.email, "reply", subject)
    world.until(lambda: not dovecot.uids(user=world.user))
    world.still()
    stored = world.sign_in.read()
    assert stored
    assert stored.refresh_token.value in world.tokens.refresh_tokens
    assert not world.tokens.refused
    assert not world.used_early


def erasure(world: Supervised, _: Dovecot) -> None:
    """Somebody is forgotten while the desk runs: no file names them, and what others wrote goes on."""
    world.post(KAREN.writes("The printer is jammed", "It ate my report."))
    alert = world.got(ELLIOT.email, "new-ticket", "The printer is jammed")
    world.post(ELLIOT.answers(alert, "Open the flap at the back."))
    world.got(KAREN.email, "reply", "The printer is jammed")
    world.post(OLGA.writes("The network is slow", "All day long."))
    world.got(OLGA.email, "acknowledgement", "The network is slow")
    world.still()

    world.command("forget", KAREN.email)
    for path in (world.folder / "var").rglob("*"):
        assert not path.is_file() or KAREN.email.encode() not in path.read_bytes(), path
    world.post(OLGA.writes("Another matter", "All day long, too."))
    world.got(OLGA.email, "acknowledgement", "Another matter")
    world.still()


def upgrade(world: Supervised, _: Dovecot) -> None:
    """A desk of schema 3 is migrated, and its waiting mail goes on."""
    world.got("elliot@bank.example", "overdue", "")
    world.still()


RELAY = '[relay]\nhost = "127.0.0.1"\nport = RELAY_PORT\n'


def _old_config(folder: Path, _: Dovecot) -> str:
    unpack(folder)
    found, used = '[relay]\ntransport = "maildir"\npath = "out"\n', f'{RELAY}\n[smtp]\nlisten = "127.0.0.1:0"\n'
    return (folder / "config.toml").read_text().replace(found, used)


def _signed_in(folder: Path, dovecot: Dovecot) -> str:
    """Somebody has run `mailgate login`."""
    token_url = f"{dovecot.token_server}/token"
    sign_in = Stored(Secret("refresh-0"), "app", token_url, datetime.now(UTC))
    TokenFile(folder / "var" / FOLDER, "support").write(sign_in)
    client = f'flow = "code", client_id = "app", token_url = "{token_url}", authorize_url = "{token_url}"'
    mailbox = MAILBOX.replace('password = "IMAP_PASSWORD"', f"oauth2 = {{ {client} }}")
    relay = RELAY.replace("[relay]\n", '[relay]\nmailbox = "support"\ntls = "none"\n')
    return desk(more=mailbox, instead={RELAY: relay})


DESK = desk(sev_a="1s", more=MAILBOX)
LMTP = DESK.replace("[smtp]\n", '[smtp]\nprotocol = "lmtp"\n')
SCENARIOS = (
    Scenario("everyday", everyday, lambda *_: DESK),
    Scenario("everyday by LMTP", everyday, lambda *_: LMTP, lmtp=True),
    Scenario("renewals", renewals, _signed_in),
    Scenario("erasure", erasure, lambda *_: desk(), mailbox=False),
    # Its deadlines were due long ago: whether the clock or the waiting mail comes first is open.
    Scenario("upgrade", upgrade, _old_config, mailbox=False, sqlite=True, compared=("threads", "mail", "not sent")),
)
