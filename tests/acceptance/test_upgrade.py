"""A desk of schema 3 is migrated when the real daemon starts, and its waiting mail is processed and delivered."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.store import schema
from mailgate.store.db import engine_of
from tests.acceptance.world import World
from tests.old_desk import unpack

RELAY = '[relay]\nhost = "127.0.0.1"\nport = RELAY_PORT\n\n[smtp]\nlisten = "127.0.0.1:0"\n'


@pytest.mark.sqlite
def test_the_daemon_migrates_and_continues(tmp_path: Path) -> None:
    database = unpack(tmp_path)
    config = (tmp_path / "config.toml").read_text().replace('[relay]\ntransport = "maildir"\npath = "out"\n', RELAY)
    with World(tmp_path, config) as world:
        world.start()
        assert f"database migrated to schema {schema.VERSION}" in world.log_text()
        assert engine_of(database).version() == schema.VERSION
        assert engine_of(schema.copy_path(database, 3)).version() == 3
        sent = world.settle()
        assert sent.only("new@third.example").kind == "acknowledgement"
        assert {(1006, "new-ticket"), (1001, "new-message")} <= {
            (mail.ticket, mail.kind) for mail in sent["elliot@bank.example"]
        }
        world.wait_for("elliot@bank.example", "overdue")
        assert world.ticket(1001)["thread"][-1]["text"].strip() == "One more question about the portal."
