"""The worker process, seen from the daemon that starts it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mailgate.config.load import load
from mailgate.daemon.spawn import start_worker
from tests.desk import CONFIG

SECRET = b"a secret of more than sixteen characters"


def test_a_worker_whose_database_is_damaged_says_so_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    config, _ = load(tmp_path / "config.toml", {})
    config.storage.beside.parent.mkdir()
    config.storage.beside.write_bytes(b"This is no database. " * 1000)
    monkeypatch.setattr(logging.getLogger("mailgate"), "handlers", [logging.StreamHandler()])
    with start_worker(config, (SECRET,)) as end:
        assert end.recv(1) == b"", "it ends by itself"
    said = capfd.readouterr().err
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if "worker" in line]
    assert "not a database" in line
