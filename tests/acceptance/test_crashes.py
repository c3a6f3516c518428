"""Killed at durability boundaries, a desk goes on as if nothing had happened. `python -m tests.crash` kills at each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.crash.scenario import SCENARIOS, Scenario
from tests.crash.sweep import Run, mail_server, play, problems
from tests.dovecot import Dovecot

EVERYDAY, BY_LMTP, RENEWALS, ERASURE, UPGRADE = SCENARIOS
# One side of each kind of boundary: the other side is a moment away.
KILLS = (
    (EVERYDAY, "daemon:committed:4"),
    (EVERYDAY, "daemon:answer to a mail:1"),
    (EVERYDAY, "daemon:file flushed:1"),
    (EVERYDAY, "daemon:change of a mailbox:1"),
    (EVERYDAY, "daemon:relay answered:2"),
    (EVERYDAY, "worker:commit:6"),
    (EVERYDAY, "worker:named:1"),
    (EVERYDAY, "backup:flush of names:1"),
    (BY_LMTP, "daemon:mail answered:2"),
    (RENEWALS, "daemon:token granted:2"),
    (ERASURE, "forget:committed:1"),
    (UPGRADE, "daemon:commit of the schema:4"),
)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def peace(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Scenario], Run]:
    return cache(lambda scenario: play(scenario, dovecot, tmp_path_factory.mktemp("peace")))


@pytest.mark.parametrize(
    ("scenario", "at"),
    [pytest.param(each, at, id=at, marks=[pytest.mark.sqlite] if each.sqlite else []) for each, at in KILLS],
)
def test_a_kill_changes_nothing(
    scenario: Scenario, at: str, dovecot: Dovecot, peace: Callable[[Scenario], Run], tmp_path: Path
) -> None:
    run = play(scenario, dovecot, tmp_path, at)
    assert run.killed
    assert not list(problems(scenario, peace(scenario), run, at))


def test_an_everyday_desk_crosses_boundaries_in_both_processes_and_in_commands(
    peace: Callable[[Scenario], Run],
) -> None:
    crossings = peace(EVERYDAY).crossings
    assert {at.rpartition(":")[0] for scenario, at in KILLS if scenario is EVERYDAY} <= {
        each.rpartition(":")[0] for each in crossings
    }
    assert len(crossings) > 150
