"""What the daemon does about its sign-ins: kept in use, told of before they end, tried again when they work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailgate.config.load import load
from mailgate.connect.oauth2 import Grant
from mailgate.daemon.sign_ins import SignIns, account_of
from mailgate.errors import MailgateError
from mailgate.settings import Config, Secret
from tests.configs import completed
from tests.token_server import TokenServer
from tests.waiting import patience

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


def config(folder: Path, server: TokenServer, more: str = "") -> Config:
    oauth2 = f'token_url = "{server.url}/token", client_id = "app", client_secret = "{server.client_secret}"'
    text = f"""
[mailbox.robot]
host = "127.0.0.1"
user = "robot@bank.example"
oauth2 = {{ {oauth2} }}
[mailbox.person]
provider = "microsoft"
user = "person@bank.example"
oauth2 = {{ client_id = "app", flow = "code", token_url = "{server.url}/token" }}
[relay]
mailbox = "person"
{more}
"""
    file = folder / "config.toml"
    file.write_text(completed(text))
    return load(file, {})[0]


class Desk:
    def __init__(self, folder: Path, server: TokenServer) -> None:
        self.now = NOON
        self.told: list[tuple[str, str, tuple[str, ...]]] = []
        self.config = config(folder, server)
        self.sign_ins = SignIns(self.config, lambda: self.now, lambda *words: self.told.append(words))

    def account(self, name: str):
        account = self.sign_ins.account(self.config.mailboxes[name].credentials)
        assert account is not None
        return account

    def subjects(self) -> list[str]:
        self.sign_ins.notify_admin()
        subjects = [subject for _, subject, _ in self.told]
        self.told.clear()
        return subjects


@pytest.fixture
def desk(tmp_path: Path, server: TokenServer) -> Desk:
    return Desk(tmp_path, server)


def test_a_mailbox_and_its_relay_are_one_account(desk: Desk) -> None:
    assert [state.account for state in desk.sign_ins.states()] == ["robot", "person"]
    assert desk.sign_ins.account(desk.config.relays[0].credentials) is desk.account("person")


def test_a_refusal_lasts_until_there_is_a_token_also_while_the_server_is_down(desk: Desk, server: TokenServer) -> None:
    robot = desk.account("robot")
    assert not robot.state().tried
    server.script = [(401, {"error": "invalid_client", "error_description": "expired"}), (503, {})]
    for refused in ("invalid_client", "503"):
        with pytest.raises(MailgateError):
            robot.token()
        state = robot.state()
        assert (state.ok, state.lasting, state.tried) == (False, True, True)
        assert refused in state.error
        assert desk.sign_ins.recovered() == set()
        desk.now += timedelta(hours=1)
    robot.token()
    assert robot.state().ok
    assert (desk.sign_ins.recovered(), desk.sign_ins.recovered()) == ({"robot"}, set())


def test_the_end_of_a_sign_in_is_told_fourteen_and_three_days_before(desk: Desk) -> None:
    person = desk.account("person")
    person.store(Grant(Secret("a"), timedelta(hours=1), Secret("refresh-0")))
    told = {}
    for day in range(90):
        desk.now = NOON + timedelta(days=day)
        if subjects := desk.subjects():
            told[day] = subjects
    assert told == {76: ["The sign-in person expires soon"], 87: ["The sign-in person expires soon"]}


def test_the_same_warning_has_the_same_cause_after_a_restart(tmp_path: Path, server: TokenServer) -> None:
    """The outbox writes a notice of one cause once."""
    causes = []
    for _ in range(2):
        desk = Desk(tmp_path, server)
        desk.account("person").store(
            Grant(Secret("a"), timedelta(hours=1), Secret("refresh-0"))
        ) if not causes else None
        desk.now = NOON + timedelta(days=80)
        desk.sign_ins.notify_admin()
        causes += [cause for cause, _, _ in desk.told]
    assert len(causes) == 2
    assert causes[0] == causes[1]


def test_a_reload_keeps_the_tokens_of_accounts_that_stay(desk: Desk, server: TokenServer, tmp_path: Path) -> None:
    robot = desk.account("robot")
    robot.token()
    desk.sign_ins.apply(config(tmp_path, server, 'envelope = "verp"'))
    assert desk.account("robot") is robot
    server.client_secret = "another"
    changed = config(tmp_path, server)
    desk.sign_ins.apply(changed)
    assert desk.sign_ins.account(changed.mailboxes["robot"].credentials) is not robot


async def test_a_new_login_is_noticed(desk: Desk) -> None:
    stop, renewed = asyncio.Event(), asyncio.Event()
    names: list[str] = []

    async def heard(name: str) -> None:
        names.append(name)
        renewed.set()

    keeping = asyncio.create_task(desk.sign_ins.run(heard, stop))
    await asyncio.sleep(0)
    other = account_of(desk.config.mailboxes["person"].credentials, desk.config, lambda: NOON)  # `mailgate login`
    assert other is not None
    other.store(Grant(Secret("a"), timedelta(hours=1), Secret("refresh-0")))
    async with patience():
        await renewed.wait()
        stop.set()
        await keeping
    assert names == ["person"]


async def test_a_sign_in_that_failed_works_again_though_nothing_waits_for_it(desk: Desk, server: TokenServer) -> None:
    """By a new login before its pause is over, else after it: the trouble would stand for ever."""
    person, robot = desk.account("person"), desk.account("robot")
    server.script = [(503, {})]
    for account in (robot, person):
        with pytest.raises(MailgateError):
            account.token()
    assert not robot.may_retry()
    assert not person.may_retry()
    stop, recovered = asyncio.Event(), set[str]()

    async def heard(name: str) -> None:
        if all(state.ok for state in desk.sign_ins.states() if state.account == name):
            recovered.add(name)
        if len(recovered) == 1:
            desk.now += timedelta(minutes=1)
        if recovered == {"person", "robot"}:
            stop.set()

    keeping = asyncio.create_task(desk.sign_ins.run(heard, stop))
    await asyncio.sleep(0)
    person.store(Grant(Secret("a"), timedelta(hours=1), Secret("refresh-0")))
    async with patience():
        await keeping
    assert all(state.ok for state in desk.sign_ins.states())
