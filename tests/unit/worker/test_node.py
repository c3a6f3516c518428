"""A daemon becomes a node of its database and leaves again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mailgate.store.queues import nodes, outbox
from mailgate.worker.node import about, joined
from tests.desk import KAREN, Bench


def test_a_node_that_leaves_lets_go_of_mail_whose_sending_it_could_not_record(bench: Bench) -> None:
    """The other nodes look only for what nodes that died had in hand."""
    bench.send(KAREN, "It does not open.")
    with joined(bench.config) as node:
        bench.db.node = node
        with bench.db.transaction():
            assert outbox.claim(bench.db, bench.now, 100)
        states = {row["state"] for row in bench.db.all("SELECT state FROM outbox")}
        assert "sending" in states
    assert {row["state"] for row in bench.db.all("SELECT state FROM outbox")} == {"queued"}
    assert nodes.listed(bench.db) == []


def test_a_folder_whose_name_is_not_utf_8_tells_nodes_apart(bench: Bench) -> None:
    places = set()
    for name in (b"gr\xfc\xdfe", b"gr\xfc\xdfen"):
        database = Path(os.fsdecode(name)) / "mailgate.db"
        config = replace(bench.config, storage=replace(bench.config.storage, database=database))
        places.add(about(config).place)
    assert len(places) == 2
