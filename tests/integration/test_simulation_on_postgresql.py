"""Simulated days of a desk on PostgreSQL, whose connections are cut and whose server is restarted.

MAILGATE_TEST_DATABASE=postgresql make soak runs as many as one likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.store.postgresql.db import PostgresDb
from tests.postgresql import Cluster
from tests.simulation.server import SETTINGS
from tests.simulation.world import World


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with Cluster(settings=SETTINGS) as found:
        yield found


@pytest.mark.seeds(4)
def test_a_desk_on_postgresql_keeps_its_promises_whatever_fails_around_it(
    tmp_path: Path, server: Cluster, seed: int
) -> None:
    world = World(tmp_path, seed, server)
    world.play(2)
    assert world.restarts
    assert world.kills


def test_the_days_notice_a_commit_that_counts_as_done_though_nobody_knows(
    tmp_path: Path, server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresDb, "_committed", lambda _: True)
    with pytest.raises(AssertionError, match=r"(?m)^lost: .* was taken and is nowhere"):
        World(tmp_path, 1, server).play(3)
