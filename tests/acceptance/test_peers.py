"""Servers that are down or refuse the sign-in: named in status, an alarm that begins once and ends once, nothing lost.

Against a real Dovecot and a token server; the daemon is the real one in a hurry (`hurried.py`).
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailgate.connect.token_file import FOLDER, Stored, TokenFile
from mailgate.settings import Secret
from tests.acceptance.labs import KAREN
from tests.acceptance.world import SinkThread, World, desk
from tests.dovecot import PASSWORD, Dovecot
from tests.ports import reserved_port
from tests.sink import Sink
from tests.token_server import TokenServer
from tests.waiting import wait_until, wait_until_time

USER = "support@bank.example"
RELAY = '[relay]\nhost = "127.0.0.1"\nport = RELAY_PORT\n'
SECONDS = 6.0  # for which processor time is measured
MOST = 0.06  # of a processor; with the pauses of everyday, which are a hundred times longer, it is below 0.02


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        server.mailbox = USER
        yield server


def hurried(folder: Path, config: str) -> World:
    """A desk in a hurry whose alarms are lines of the file "alarms"."""
    world = World(folder, f'{config}\n[alarm]\ncommand = ["sh", "-c", "cat >> {folder}/alarms"]\n')
    world.program = (str(Path(__file__).parent / "hurried.py"),)
    return world


def start(world: World) -> None:
    world.start({"HURRIED_FOLDER": str(world.folder)})


def alarms(world: World) -> Counter[tuple[str, str, str]]:
    """How often each alarm was sent: its kind, its name and "begin" or "end"."""
    file = world.folder / "alarms"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return Counter((each["alarm"], each["name"], each["state"]) for each in found)


def once(*pairs: tuple[str, str], ended: bool) -> Counter[tuple[str, str, str]]:
    states = ("begin", "end") if ended else ("begin",)
    return Counter((kind, name, state) for kind, name in pairs for state in states)


def status(world: World) -> dict[str, Any]:
    found = world.look("status", codes=(0, 1))
    assert isinstance(found, dict)
    return found


def trouble_of_sign_in(world: World) -> str:
    """What the first sign-in lacks; "" also before the daemon has written it."""
    return next((str(each["error"]) for each in status(world)["sign_ins"]), "")


def mailbox(name: str, port: int, sign_in: str) -> str:
    text = f'\n[mailbox.{name}]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nexisting = "take"\n'
    return f"{text}{sign_in}\n"


def message(subject: str) -> bytes:
    mail = KAREN.writes(subject, "Please help.")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def told(relay: Sink) -> Counter[str]:
    """The subjects of the mails to the administrator."""
    return Counter(mail.header("Subject") for mail in relay.taken if "postmaster" in mail.recipients[0])


def subjects(world: World) -> list[str]:
    return sorted(subject for (subject,) in world.sql("SELECT subject FROM ticket"))


def test_peers_that_are_down_cost_nothing_and_are_told_once(tokens: TokenServer, tmp_path: Path) -> None:
    """A mailbox, the relay and a token server at once; what waited for them comes when they are back."""
    dovecot = Dovecot(token_server=tokens.url)
    relay = SinkThread(reserved_port())
    client = f'client_id = "app", client_secret = "{tokens.client_secret}"'
    plain = mailbox("plain", dovecot.port, f'user = "{USER}"\npassword = "{PASSWORD}"')
    cloud = mailbox(
        "cloud",
        dovecot.port,
        f'user = "cloud@bank.example"\noauth2 = {{ token_url = "{tokens.url}/token", {client} }}',
    )
    tokens.mailbox = "cloud@bank.example"
    tokens.stop()
    config = desk(more=plain + cloud, instead={"RELAY_PORT": str(relay.sink.port)})
    with hurried(tmp_path, config) as world:
        start(world)
        world.send(KAREN.writes("The printer is jammed", "Please help."))
        three = (("mailbox", "plain"), ("sign-in", "cloud"), ("relay", "relay"))
        wait_until(lambda: alarms(world) == once(*three, ended=False), lambda: f"{alarms(world)}\n{world.log_text()}")

        before = world.cpu(worker=True)
        wait_until_time(time.time() + SECONDS)
        assert (world.cpu(worker=True) - before) / SECONDS < MOST

        wait_until(lambda: len(status(world)["problems"]) == 4)
        found = status(world)
        down = "the token server 127.0.0.1 cannot be reached: connection refused"
        errors = {each["name"]: each["last_error"] for each in found["ways_in"]}
        assert errors["imap plain"] == "the connection failed: connection refused"
        assert errors["imap cloud"] == down
        assert found["relay"]["last_error"] == f"127.0.0.1:{relay.sink.port}: connection refused (at connect)"
        assert [(each["account"], each["ok"], each["error"]) for each in found["sign_ins"]] == [("cloud", False, down)]

        tokens.start()
        with dovecot, relay:
            for user in (USER, "cloud@bank.example"):
                dovecot.deliver([message(f"To {user}")], user=user)
            wait_until(
                lambda: alarms(world) == once(*three, ended=True), lambda: f"{alarms(world)}\n{world.log_text()}"
            )
            wait_until(lambda: len(subjects(world)) == 3, world.log_text)
            world.await_stillness()
            wait_until(lambda: status(world)["problems"] == [], lambda: str(status(world)))
            told_once = Counter(
                (
                    *("The mailbox plain cannot be read", "Over: The mailbox plain cannot be read"),
                    *("The relay accepts no mail", "Over: The relay accepts no mail"),
                    *("The sign-in cloud gets no access token", "The sign-in cloud works again"),
                )
            )
            wait_until(lambda: told(relay.sink) == told_once, lambda: str(told(relay.sink)))
            world.end()
    assert alarms(world) == once(*three, ended=True)


def signed_in(world: World, tokens: TokenServer, refresh_token: str) -> None:
    """What `mailgate login support` leaves behind."""
    stored = Stored(Secret(refresh_token), "app", f"{tokens.url}/token", datetime.now(UTC))
    TokenFile(world.folder / "var" / FOLDER, "support").write(stored)


@pytest.fixture
def dovecot(tokens: TokenServer) -> Iterator[Dovecot]:
    with Dovecot(token_server=tokens.url) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, tokens: TokenServer, dovecot: Dovecot) -> Iterator[World]:
    """A desk that reads and sends through one account, for which a person signs in. The relay takes its tokens."""
    ends = f'token_url = "{tokens.url}/token", authorize_url = "{tokens.url}/authorize"'
    account = f'user = "{USER}"\noauth2 = {{ flow = "code", client_id = "app", {ends} }}'
    relay = RELAY.replace("[relay]\n", '[relay]\nmailbox = "support"\ntls = "none"\n')
    with hurried(tmp_path, desk(more=mailbox("support", dovecot.port, account), instead={RELAY: relay})) as world:
        world.relay.auth, world.relay.tokens = ("XOAUTH2",), tokens.alive
        signed_in(world, tokens, "refresh-0")
        yield world


def comes(world: World, dovecot: Dovecot, *names: str) -> None:
    """One more mail comes, and these are the tickets then."""
    dovecot.deliver([message(names[-1])], user=USER)
    wait_until(lambda: subjects(world) == sorted(names), world.log_text)
    world.await_stillness()


@pytest.mark.parametrize("strict", [False, True])
def test_a_rotated_refresh_token_that_never_reached_the_disk(
    strict: bool, world: World, dovecot: Dovecot, tokens: TokenServer
) -> None:
    """Killed between the answer and the disk: the old one is good still, or somebody has to sign in again."""
    tokens.rotate = True
    start(world)
    comes(world, dovecot, "first")
    tokens.revoke()  # in the middle of IDLE
    dovecot.hang_up()
    comes(world, dovecot, "first", "second")
    assert len(tokens.grants()) == 2
    assert alarms(world) == Counter()

    tokens.strict = strict
    (world.folder / "die").touch()
    tokens.revoke()
    dovecot.hang_up()
    assert world.ended() == -signal.SIGKILL
    (world.folder / "die").unlink()
    dovecot.deliver([message("third")], user=USER)
    asked = len(tokens.asked)
    start(world)
    if strict:
        refused = Counter({("sign-in", "support", "begin"): 1})
        wait_until(lambda: alarms(world) == refused, world.log_text)
        has_ended = "the sign-in has ended: run `mailgate login support`: invalid_grant"
        wait_until(lambda: trouble_of_sign_in(world).startswith(has_ended), lambda: str(status(world)))
        assert "refresh-" not in json.dumps(status(world))
        assert world.end() == 0
        start(world)  # a restart tells nobody again
        wait_until(lambda: trouble_of_sign_in(world), world.log_text)
        assert len(tokens.asked) - asked < 30, "no loop"
        tokens.refresh_tokens = {"refresh-9"}
        signed_in(world, tokens, "refresh-9")
        wait_until(lambda: alarms(world) == once(("sign-in", "support"), ended=True), world.log_text)
    wait_until(lambda: subjects(world) == ["first", "second", "third"], world.log_text)
    comes(world, dovecot, "first", "second", "third", "last")
    if strict:
        wait_until(
            lambda: told(world.relay) == Counter(["The sign-in support is refused", "The sign-in support works again"])
        )
    else:
        assert (told(world.relay), alarms(world)) == (Counter(), Counter())
    wait_until(lambda: status(world)["problems"] == [], lambda: str(status(world)))


INVALID_CLIENT = (401, {"error": "invalid_client", "error_description": "AADSTS7000222: the secret has expired"})


@pytest.mark.parametrize(
    ("answer", "words", "alarm"),
    [
        (INVALID_CLIENT, "the token server refuses: invalid_client", "is refused"),
        ("slow", "the token server 127.0.0.1 cannot be reached: timed out", "gets no access token"),
    ],
)
def test_a_token_server_that_refuses_is_slow_or_ill(
    answer: object, words: str, alarm: str, world: World, dovecot: Dovecot, tokens: TokenServer
) -> None:
    """One alarm for the account, none for its mailbox and its relay, until there is a token."""
    tokens.script = [answer] * 1000
    dovecot.deliver([message("first")], user=USER)
    start(world)
    wait_until(lambda: alarms(world) == once(("sign-in", "support"), ended=False), world.log_text)
    wait_until(lambda: words in trouble_of_sign_in(world), lambda: str(status(world)))
    assert len(tokens.asked) < 30, "no loop"
    tokens.script = []
    wait_until(lambda: subjects(world) == ["first"], world.log_text)
    wait_until(lambda: alarms(world) == once(("sign-in", "support"), ended=True), world.log_text)
    world.await_stillness()
    wait_until(lambda: status(world)["problems"] == [], lambda: str(status(world)))
    wait_until(
        lambda: told(world.relay) == Counter([f"The sign-in support {alarm}", "The sign-in support works again"])
    )
