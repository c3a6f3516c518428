"""Access tokens against a real token server on loopback: renewed, rotated, refused, down, killed."""

from __future__ import annotations

import json
import logging
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.connect import web
from mailgate.connect.access_tokens import Account
from mailgate.connect.oauth2 import Grant, TokenRefused, TokenUnavailable
from mailgate.connect.token_file import Stored, TokenFile
from mailgate.errors import StorageError
from mailgate.settings import OAuth2, Secret
from tests.token_server import TokenServer, claims_of
from tests.waiting import PATIENCE

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PEM = (Path(__file__).parents[1] / "data/client.pem").read_text()


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture
def clock() -> Time:
    return Time()


def client(server: TokenServer, **more: object) -> OAuth2:
    given = {"client_id": "app", "client_secret": Secret(server.client_secret), "scope": "mail"}
    return OAuth2(token_url=f"{server.url}/token", **given | more)  # type: ignore[arg-type]


def account(config: OAuth2, folder: Path, clock: Time) -> Account:
    return Account("support", config, None, TokenFile(folder / "sign-in", "support"), web.post, clock)


def person(server: TokenServer, folder: Path, clock: Time, **more: object) -> Account:
    """An account for which somebody has signed in."""
    one = account(client(server, flow="code", unused_life=timedelta(days=90), **more), folder, clock)
    one.store(Grant(Secret("access-0"), timedelta(hours=1), Secret("refresh-0")))
    return one


def test_a_token_is_fetched_once_and_renewed_before_its_end(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server), tmp_path, clock)
    assert [one.token(), one.token()] == ["access-1", "access-1"]
    clock.passes(minutes=54, seconds=59)
    assert one.token() == "access-1"
    clock.passes(seconds=1)
    assert one.token() == "access-2"
    assert one.state().ok


def test_a_short_lived_token_is_renewed_a_fifth_of_its_life_before(
    server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    server.life = 100
    one = account(client(server), tmp_path, clock)
    one.token()
    clock.passes(seconds=79)
    assert one.token() == "access-1"
    clock.passes(seconds=1)
    assert one.token() == "access-2"


def test_many_at_once_cause_one_renewal(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server), tmp_path, clock)
    ready = threading.Barrier(20)

    def ask(_: int) -> str:
        ready.wait(30)
        return one.token()

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {"access-1"}
    assert len(server.grants()) == 1


def test_a_refused_token_is_replaced_once_for_all(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server), tmp_path, clock)
    old = one.token()
    server.revoke()
    assert {one.token(refused=old) for _ in range(5)} == {"access-2"}
    assert len(server.grants()) == 2


def test_a_certificate_signs_what_the_client_asserts(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server, client_secret=Secret(), certificate=PEM, key=Secret(PEM)), tmp_path, clock)
    assert one.token() == "access-1"
    (form,) = server.grants("client_credentials")
    header, claims = claims_of(form["client_assertion"])
    assert header["alg"] == "RS256"
    assert len(header["x5t#S256"]) == 43
    assert (claims["iss"], claims["aud"]) == ("app", f"{server.url}/token")
    assert "client_secret" not in form
    assert (ends := one.state().expires_at) is not None
    assert ends.year > 2100


def test_a_service_account_acts_for_its_mailbox(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    config = client(server, flow="service-account", key=Secret(PEM), subject="support@bank.example")
    assert account(config, tmp_path, clock).token() == "access-1"
    (form,) = server.grants("jwt-bearer")
    assert claims_of(form["assertion"])[1]["sub"] == "support@bank.example"


def test_a_key_that_cannot_be_used_is_a_lasting_refusal(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server, flow="service-account", key=Secret("no key")), tmp_path, clock)
    with pytest.raises(TokenRefused):
        one.token()
    assert one.state().lasting
    assert server.asked == []


# a person who signed in


def test_a_rotated_token_is_on_disk_before_it_is_used(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    server.rotate = server.strict = True
    one = person(server, tmp_path, clock)
    assert one.token() == "access-1"
    path = tmp_path / "sign-in/support.json"
    assert json.loads(path.read_text())["refresh_token"] == "refresh-1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    clock.passes(hours=2)
    again = account(client(server, flow="code"), tmp_path, clock)  # after a restart
    assert again.token() == "access-2"
    assert [form["refresh_token"] for form in server.grants("refresh_token")] == ["refresh-0", "refresh-1"]


def test_a_server_that_does_not_rotate_leaves_the_token_as_it_is(
    server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    one = person(server, tmp_path, clock)
    one.token()
    assert json.loads((tmp_path / "sign-in/support.json").read_text())["refresh_token"] == "refresh-0"


def test_a_new_token_that_cannot_be_kept_is_not_used(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    server.rotate = True
    one = person(server, tmp_path, clock)
    (tmp_path / "sign-in/support.json.new").mkdir()  # stands in the way
    with pytest.raises(StorageError):
        one.token()
    assert not one.state().ok
    (tmp_path / "sign-in/support.json.new").rmdir()
    clock.passes(minutes=1)
    assert one.token() == "access-2"


def test_a_new_token_that_cannot_be_kept_is_written_before_the_server_is_asked_again(
    server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    """With strict rotation the token in the file is not good any more: a full disk must not end the sign-in."""
    server.rotate = server.strict = True
    one = person(server, tmp_path, clock)
    (tmp_path / "sign-in/support.json.new").mkdir()  # stands in the way
    for _ in range(2):
        with pytest.raises(StorageError):
            one.token()
        clock.passes(minutes=1)
    assert len(server.grants("refresh_token")) == 1
    (tmp_path / "sign-in/support.json.new").rmdir()
    assert one.token() == "access-2"
    assert json.loads((tmp_path / "sign-in/support.json").read_text())["refresh_token"] == "refresh-2"


def test_a_new_sign_in_stands_over_a_token_that_could_not_be_kept(
    server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    server.rotate = True
    one = person(server, tmp_path, clock)
    (tmp_path / "sign-in/support.json.new").mkdir()
    with pytest.raises(StorageError):
        one.token()
    (tmp_path / "sign-in/support.json.new").rmdir()
    server.refresh_tokens = {"refresh-new"}
    one.store(Grant(Secret("access-new"), timedelta(hours=1), Secret("refresh-new")))
    clock.passes(minutes=1)
    assert one.token() == "access-2"
    assert server.grants("refresh_token")[-1]["refresh_token"] == "refresh-new"


def test_nobody_signed_in_yet(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server, flow="code"), tmp_path, clock)
    with pytest.raises(TokenRefused, match="mailgate login support"):
        one.token()
    assert server.asked == []


def test_the_token_of_another_client_is_not_used(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    person(server, tmp_path, clock)
    other = account(client(server, flow="code", client_id="other"), tmp_path, clock)
    with pytest.raises(TokenRefused, match="mailgate login support"):
        other.token()
    assert server.asked == []


def test_a_sign_in_that_ended_asks_for_a_new_one_and_nobody_hammers(
    server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    one = person(server, tmp_path, clock)
    server.refresh_tokens = set()
    for _ in range(50):
        with pytest.raises(TokenRefused, match="the sign-in has ended: run `mailgate login support`") as caught:
            one.token()
        assert "refresh-0" not in caught.value.cause  # the server repeated it
        clock.passes(seconds=1)
    assert len(server.grants()) == 2  # the second after half a minute
    server.refresh_tokens = {"refresh-7"}
    one.store(Grant(Secret("a"), timedelta(hours=1), Secret("refresh-7")))  # `mailgate login` ends the pause
    assert one.token().startswith("access-")
    assert one.state().ok


def test_a_wrong_client_secret_is_a_lasting_refusal_without_the_secret(
    server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    one = account(client(server, client_secret=Secret("wrong-canary")), tmp_path, clock)
    with pytest.raises(TokenRefused, match="invalid_client") as caught:
        one.token()
    assert "wrong-canary" not in caught.value.cause
    state = one.state()
    assert (state.ok, state.lasting) == (False, True)
    assert "invalid_client" in state.error
    assert "wrong-canary" not in state.error


# trouble that passes


@pytest.mark.parametrize("trouble", ["close", (503, {"error": "server_error"}), (200, b"<html>"), (302, {})])
def test_trouble_of_the_server_is_waited_out_with_the_old_token(
    trouble: object, server: TokenServer, tmp_path: Path, clock: Time
) -> None:
    one = account(client(server), tmp_path, clock)
    one.token()
    clock.passes(minutes=56)
    server.script = [trouble]
    assert one.token() == "access-1"  # good for another four minutes
    assert not one.state().ok
    assert not one.state().lasting
    clock.passes(seconds=30)
    assert one.token() == "access-2"
    assert one.state().ok


def test_once_the_old_token_has_ended_there_is_none(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server), tmp_path, clock)
    one.token()
    server.stop()
    clock.passes(hours=1)
    with pytest.raises(TokenUnavailable, match=r"the token server 127\.0\.0\.1 cannot be reached") as caught:
        one.token()
    assert caught.value.cause == "connection refused"
    server.start()
    clock.passes(minutes=1)
    assert one.token() == "access-2"


def test_a_slow_server_is_given_up(
    server: TokenServer, tmp_path: Path, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    server.script = ["slow"]
    with pytest.raises(TokenUnavailable) as caught:
        account(client(server), tmp_path, clock).token()
    assert caught.value.cause == "timed out"


def test_nothing_follows_a_redirect(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    server.script = [(302, {})]
    with pytest.raises(TokenUnavailable):
        account(client(server), tmp_path, clock).token()
    assert len(server.asked) == 1


def test_a_server_that_is_down_is_asked_less_and_less(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = account(client(server), tmp_path, clock)
    server.script = [(500, {})] * 1000
    for _ in range(3600):
        with pytest.raises(TokenUnavailable):
            one.token()
        clock.passes(seconds=1)
    assert 5 <= len(server.asked) <= 20


# idle, and near its end


def test_a_refresh_token_is_used_once_a_week(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = person(server, tmp_path, clock)
    clock.passes(days=6)
    one.keep_alive()
    assert server.asked == []
    clock.passes(days=1)
    one.keep_alive()
    one.keep_alive()
    assert len(server.grants("refresh_token")) == 1
    assert one.state().expires_at == clock.now + timedelta(days=90)


def test_an_end_that_the_server_names_counts(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    server.extra = {"refresh_token_expires_in": 7 * 86400}
    one = person(server, tmp_path, clock)
    one.token()
    assert one.state().expires_at == NOON + timedelta(days=7)


def test_a_client_has_nothing_to_keep_alive(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    account(client(server), tmp_path, clock).keep_alive()
    assert server.asked == []


# the file


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"refresh_token": 5}', "\xff"])
def test_a_damaged_file_says_what_helps(content: str, server: TokenServer, tmp_path: Path, clock: Time) -> None:
    one = person(server, tmp_path, clock)
    (tmp_path / "sign-in/support.json").write_text(content, "latin-1")
    with pytest.raises(StorageError, match="sign in again with `mailgate login`"):
        one.token()
    assert one.state().expires_at is None


def test_names_of_accounts_become_names_of_files(tmp_path: Path) -> None:
    for name in ("support", "../../etc/passwd", "ü" * 100, "a/b", "support desk"):
        file = TokenFile(tmp_path / "sign-in", name)
        file.write(Stored(Secret("r"), "c", "u", NOON))
        assert file.path.parent == tmp_path / "sign-in"
        assert file.read() == Stored(Secret("r"), "c", "u", NOON)
    assert len(list((tmp_path / "sign-in").iterdir())) == 5


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mailgate.connect import web
from mailgate.connect.access_tokens import Account
from mailgate.connect.token_file import TokenFile
from mailgate.settings import OAuth2, Secret
from mailgate.system import durable

url, folder, point = sys.argv[1:]

def die(*_, **__):
    os.kill(os.getpid(), 9)

if point == "before the write":
    TokenFile.write = die
elif point == "before the rename":
    durable.DurableFile.finish = die
config = OAuth2(flow="code", token_url=url, client_id="app", client_secret=Secret("client-secret-canary"), scope="mail")
Account("support", config, None, TokenFile(Path(folder), "support"), web.post, lambda: datetime.now(UTC)).token()
"""


@pytest.mark.parametrize("point", ["before the write", "before the rename"])
def test_killed_between_the_answer_and_the_write(point: str, server: TokenServer, tmp_path: Path) -> None:
    """A provider takes the token before once more: the next start goes on with it."""
    server.rotate = True
    clock = Time()
    clock.now = datetime.now(UTC)
    one = person(server, tmp_path, clock)
    command = [sys.executable, "-c", KILLED, f"{server.url}/token", str(tmp_path / "sign-in"), point]
    dead = subprocess.run(command, timeout=PATIENCE, check=False)
    assert dead.returncode == -signal.SIGKILL
    assert len(server.grants("refresh_token")) == 1
    assert one.token().startswith("access-")
    assert json.loads((tmp_path / "sign-in/support.json").read_text())["refresh_token"] == "refresh-2"


def test_two_processes_renew_one_after_the_other(server: TokenServer, tmp_path: Path, clock: Time) -> None:
    """`check --connect` beside the daemon: with strict rotation each must use what the other was given."""
    server.rotate = server.strict = True
    accounts = [person(server, tmp_path, clock), account(client(server, flow="code"), tmp_path, clock)]
    accounts += [account(client(server, flow="code"), tmp_path, clock) for _ in range(4)]
    ready = threading.Barrier(6)

    def ask(one: Account) -> str:
        ready.wait(30)
        return one.token()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(ask, accounts))) == 6
    used = [form["refresh_token"] for form in server.grants("refresh_token")]
    assert used == [f"refresh-{n}" for n in range(6)]


def test_nothing_secret_is_logged(
    server: TokenServer, tmp_path: Path, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = person(server, tmp_path, clock)
    token = one.token()
    server.refresh_tokens = set()
    with pytest.raises(TokenRefused):
        one.token(refused=token)
    said = caplog.text + repr(one.state()) + repr(one)
    assert not [word for word in ("refresh-0", token, server.client_secret) if word in said]
