"""The labs between real servers: Postfix in front and behind, Dovecot with OAuth 2.0 and with a prefix.

The people's mail goes through the server that a team has, and reaches its readers through it; tickets, notices and
reasons are the same as by SMTP on loopback.
"""

from __future__ import annotations

import smtplib
import tempfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.acceptance import labs
from tests.acceptance.labs import Put
from tests.acceptance.world import News, World, desk
from tests.dovecot import PASSWORD, Dovecot
from tests.ports import reserved_port
from tests.postfix import Postfix
from tests.smtp_client import CERTIFICATE
from tests.token_server import TokenServer
from tests.waiting import PATIENCE, wait_until

USER = "support@bank.example"
OWNED = "".join(f"{name}@bank.example {USER}\n" for name in ("support", "outages"))
LISTEN = 'listen = "127.0.0.1:0"'
RELAY = '[relay]\nhost = "127.0.0.1"\nport = RELAY_PORT\n'
Lab = Callable[[World, Put], None]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that Postfix's user can look into; pytest's are closed."""
    with tempfile.TemporaryDirectory(prefix="mailgate-lmtp-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def steps_go_by(world: World, put: Put) -> None:
    """The agents' mails go the same way as the requesters'."""
    world.step = put  # type: ignore[method-assign]


@pytest.mark.parametrize(("lab", "way"), [(labs.outage, "a socket"), (labs.laptop, "TCP")])
def test_postfix_in_front_by_lmtp_and_behind_with_a_login(
    lab: Lab, way: str, tmp_path: Path, open_folder: Path
) -> None:
    """Behind it asks for STARTTLS and a password, and lets the account send as the desk's addresses alone."""
    port, relay_port = reserved_port(), reserved_port()
    socket = f"unix:{open_folder}/lmtp.sock"
    listen, to = {"a socket": (socket, socket), "TCP": (f"127.0.0.1:{port}", f"inet:127.0.0.1:{port}")}[way]
    account = f'host = "localhost"\nport = {relay_port}\ntls = "starttls"\nca = "{CERTIFICATE}"\n'
    account += f'user = "{USER}"\npassword = "{PASSWORD}"\n'
    changes = {LISTEN: f'listen = "{listen}"\nprotocol = "lmtp"', RELAY: f"[relay]\n{account}"}
    with (
        World(tmp_path, desk(sev_a="4s", instead=changes)) as world,
        Dovecot(auth_port=reserved_port()) as auth,
        Postfix(f"smtp:[127.0.0.1]:{world.relay.port}", CERTIFICATE, auth.auth_port, OWNED, port=relay_port) as behind,
        Postfix(f"lmtp:{to}") as front,
    ):
        world.start()
        world.port = front.port
        world.in_front.append(front.queued)
        world.behind.append(behind.queued)
        (listener,) = world.cli("status")["ways_in"]
        assert listener == {"name": f"lmtp {listen}", "connected": True, "last_error": ""}
        lab(world, world.step)
        assert f"sasl_username={USER}" in behind.log()
        world.end()


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        server.mailbox = USER
        yield server


def by_imap(world: World, server: Dovecot) -> Put:
    """Puts a mail into the folder that the desk reads, and waits for what it causes."""

    def put(mail: EmailMessage, **_: object) -> News:
        before = taken(world)
        server.deliver([mail.as_bytes(policy=SMTP)], user=USER)
        wait_until(lambda: taken(world) > before, world.log_text)
        return world.settle()

    return put


def taken(world: World) -> int:
    ((count,),) = world.sql("SELECT count(*) FROM inbox WHERE source = 'imap'")
    return int(count)


@pytest.mark.parametrize(("lab", "mechanism"), [(labs.laptop, "xoauth2"), (labs.upgrade, "oauthbearer")])
def test_dovecot_with_tokens_and_mail_that_leaves_by_the_same_account(
    lab: Lab, mechanism: str, tokens: TokenServer, tmp_path: Path
) -> None:
    """IMAP over TLS with IDLE; a Postfix for submission asks the same Dovecot about the same tokens."""
    port = reserved_port()
    dovecot = Dovecot(tls=True, token_server=tokens.url, auth_port=reserved_port(), mechanisms=mechanism)
    ca = tmp_path / "ca.pem"
    ca.write_text(dovecot.ca.read_text() + CERTIFICATE.read_text())
    mailbox = f"""
[mailbox.support]
host = "127.0.0.1"
port = {dovecot.tls_port}
user = "{USER}"
ca = "ca.pem"
existing = "take"
oauth2 = {{ token_url = "{tokens.url}/token", client_id = "app", client_secret = "{tokens.client_secret}" }}
"""
    relay = f'[relay]\nmailbox = "support"\nhost = "localhost"\nport = {port}\ntls = "starttls"\n'
    with (
        World(tmp_path, desk(sev_a="4s", instead={RELAY: relay}, more=mailbox)) as world,
        dovecot,
        Postfix(f"smtp:[127.0.0.1]:{world.relay.port}", CERTIFICATE, dovecot.auth_port, OWNED, port=port) as behind,
    ):
        world.start()
        world.behind.append(behind.queued)
        steps_go_by(world, by_imap(world, dovecot))
        lab(world, world.step)
        assert f"sasl_method={mechanism.upper()}, sasl_username={USER}" in behind.log()
        assert dovecot.uids(user=USER) == []
        assert len(tokens.grants()) == 1, "one token serves reading and sending"
        world.end()
    assert not [word for word in tokens.alive if word in world.log_text()]


def test_dovecot_with_a_prefix_and_dots_between_levels(tmp_path: Path) -> None:
    """`after`'s folder is made below `INBOX.`, where alone this server lets folders be made."""
    with Dovecot(prefix="INBOX.") as dovecot:
        mailbox = f'\n[mailbox.support]\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = "none"\nexisting = "take"\n'
        mailbox += f'user = "{USER}"\npassword = "{PASSWORD}"\nafter = {{ move = "Desk/Processed" }}\n'
        with World(tmp_path, desk(sev_a="4s", more=mailbox)) as world:
            world.start()
            steps_go_by(world, by_imap(world, dovecot))
            labs.upgrade(world, world.step)
            assert dovecot.uids() == []
            wait_until(lambda: len(dovecot.uids("INBOX.Desk.Processed")) == taken(world), world.log_text)


def test_mail_waits_in_postfix_while_the_desk_is_down(tmp_path: Path, open_folder: Path) -> None:
    """Nothing is refused, and nothing comes twice."""
    socket = f"unix:{open_folder}/lmtp.sock"
    changes = {LISTEN: f'listen = "{socket}"\nprotocol = "lmtp"'}
    with (
        World(tmp_path, desk(instead=changes)) as world,
        Postfix(f"lmtp:{socket}") as front,
        smtplib.SMTP("127.0.0.1", front.port, timeout=PATIENCE) as client,
    ):
        client.send_message(labs.KAREN.writes("The printer is jammed", "Please help."))
        wait_until(lambda: "status=deferred" in front.log(), front.log)
        world.start()
        wait_until(lambda: not front.queued(), front.log)
        assert world.settle().kinds[labs.KAREN.email] == ["acknowledgement"]
        assert world.sql("SELECT count(*) FROM ticket") == [(1,)]
