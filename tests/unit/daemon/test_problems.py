"""Which problems there are now, and of which a daemon that has just started knows nothing yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.connect.access_tokens import SignIn
from mailgate.daemon.problems import is_known, problems
from mailgate.daemon.status import DaemonStatus, RelayStatus, WayIn
from mailgate.settings import Config, Credentials, Relay
from mailgate.system.storage import StorageProblem
from tests.lab import desk

START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def keys(status: DaemonStatus, config: Config | None = None, silent: datetime | None = None) -> list[str]:
    return [each.key for each in problems(status, config or desk(), silent, START)]


def test_a_daemon_that_works_has_none() -> None:
    assert keys(DaemonStatus(ways_in=(WayIn("imap a", connected=True, last_error=""),), relays=(RelayStatus(),))) == []


def test_each_kind() -> None:
    status = DaemonStatus(
        ways_in=(
            WayIn("smtp 127.0.0.1:25", connected=False, last_error="x"),
            WayIn("imap a", connected=False, last_error="login refused"),
            WayIn("imap b", connected=False, last_error=""),
        ),
        relays=(RelayStatus(down="421", refused_senders=(("sales@bank.example", "550 no"),)),),
        worker="it hangs",
        sign_ins=(
            SignIn("soon", expires_at=START + timedelta(days=14)),
            SignIn("later", expires_at=START + timedelta(days=15)),
            SignIn("passing", ok=False, error="down"),
        ),
        storage=(StorageProblem(START, "no space left"),),
    )
    expected = ["sign-in:soon:expires", "sign-in:passing:unavailable", "mailbox:a", "relay:relay"]
    expected += ["relay:relay:sales@bank.example", "storage:no space left", "worker:", "no-mail:"]
    assert keys(status, silent=START) == expected


@pytest.mark.parametrize("lasting", [True, False])
def test_an_account_without_a_token_is_one_problem_and_not_three(lasting: bool) -> None:
    failing = SignIn("support", ok=False, error="no token", lasting=lasting)
    status = DaemonStatus(
        ways_in=(WayIn("imap support", connected=False, last_error="no token"),),
        relays=(RelayStatus(down="no token"),),
        sign_ins=(failing,),
    )
    config = replace(desk(), relays=(Relay(credentials=Credentials(account="support", user="s@bank.example")),))
    assert keys(status, config) == [f"sign-in:support:{'refused' if lasting else 'unavailable'}"]


def test_a_lasting_refusal_is_told_sooner_than_what_may_pass() -> None:
    of_relay = [RelayStatus(down="535 no", lasting=True), RelayStatus(down="421 later")]
    found = [next(problems(DaemonStatus(relays=(each,)), desk(), None, START)) for each in of_relay]
    assert [each.lasted for each in found] == [timedelta(seconds=30), timedelta(minutes=5)]
    of_sign_in = [SignIn("a", ok=False, lasting=True), SignIn("a", ok=False)]
    found = [next(problems(DaemonStatus(sign_ins=(each,)), desk(), None, START)) for each in of_sign_in]
    assert [each.lasted for each in found] == [timedelta(), timedelta(minutes=5)]


def test_storage_trouble_is_mailed_when_it_lasts_a_minute() -> None:
    status = DaemonStatus(storage=(StorageProblem(START, "the tape is torn", "glue it"),))
    [alarm] = problems(status, desk(), None, START)
    assert (alarm.lasted, alarm.subject, alarm.over) == (
        timedelta(minutes=1),
        "Storage trouble",
        "Storage trouble is over",
    )
    assert alarm.text == "storage: the tape is torn, since 2026-11-30 08:00 UTC; glue it"


def test_one_of_several_relays_is_named() -> None:
    two = replace(desk(), relays=(Relay(name="first"), Relay(name="second")))
    status = DaemonStatus(relays=(RelayStatus("second", down="421", refused_senders=(("a@b.example", "550 no"),)),))
    subjects = [each.subject for each in problems(status, two, None, START)]
    assert subjects == ["The relay second accepts no mail", "The relay second does not accept a@b.example as sender"]


def test_nothing_is_known_before_it_was_tried() -> None:
    fresh = DaemonStatus(
        ways_in=(WayIn("imap a", connected=False, last_error=""),),
        relays=(RelayStatus(tried=False),),
        sign_ins=(SignIn("a"),),
    )
    assert not is_known(fresh, "mailbox", "a", "")
    assert not is_known(fresh, "relay", "relay", "")
    assert not is_known(fresh, "relay", "relay", "sales@bank.example")
    assert not is_known(fresh, "sign-in", "a", "refused")
    tried = DaemonStatus(
        ways_in=(WayIn("imap a", connected=True, last_error=""),),
        relays=(RelayStatus(accepted_senders=("sales@bank.example",)),),
        sign_ins=(SignIn("a", tried=True),),
    )
    assert is_known(tried, "mailbox", "a", "")
    assert is_known(tried, "relay", "relay", "")
    assert is_known(tried, "relay", "relay", "sales@bank.example")
    assert not is_known(tried, "relay", "relay", "support@bank.example")
    assert is_known(tried, "sign-in", "a", "refused")


def test_what_left_the_configuration_and_what_needs_no_trying_is_known() -> None:
    for kind in ("mailbox", "relay", "sign-in", "storage", "worker", "no-mail"):
        assert is_known(DaemonStatus(), kind, "gone", "")
    assert is_known(DaemonStatus(sign_ins=(SignIn("a"),)), "sign-in", "a", "expires")
