"""What `reload` compares with: the configuration and the template files in force, kept beside the database."""

from __future__ import annotations

import os
from pathlib import Path

from mailgate.config.load import load
from mailgate.daemon import active_config
from tests.configs import completed
from tests.desk import CONFIG

MAILBOX = (
    '[mailbox.support]\nhost = "127.0.0.1"\ntls = "none"\nuser = "a@bank.example"\npassword = { file = "password" }\n'
)


def test_the_template_files_in_force_are_kept_with_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "templates/de").mkdir(parents=True)
    (tmp_path / "templates/de/reply.txt").write_text("Hallo")
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "var").mkdir()
    config, _ = load(tmp_path / "config.toml", {})
    assert active_config.load_template_files(config) is None
    active_config.save(config)
    assert active_config.load(config) == config
    assert active_config.load_template_files(config) == active_config.template_files(config)
    assert [*active_config.template_files(config)] == ["de/reply.txt"]
    (tmp_path / "templates/de/reply.txt").write_text("Guten Tag")
    assert active_config.load_template_files(config) != active_config.template_files(config)
    (tmp_path / "var/mailgate.db.templates.json").write_text("[1")
    assert active_config.load_template_files(config) is None


def test_without_a_folder_there_are_no_template_files(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    assert active_config.template_files(load(tmp_path / "config.toml", {})[0]) == {}


def test_a_password_file_that_is_newer_than_the_configuration_in_force(tmp_path: Path) -> None:
    """Its content is not looked at: the verb may run where nothing secret can be read."""
    file, password = tmp_path / "config.toml", tmp_path / "password"
    file.write_text(completed(MAILBOX))
    password.write_text("one")
    config, _ = load(file)
    (tmp_path / "var").mkdir()
    assert active_config.newer_files(config) == (), "none is in force"
    active_config.save(config)
    os.utime(password, (1, 1))
    assert active_config.newer_files(config) == ()
    os.utime(password, (4e9, 4e9))
    assert active_config.newer_files(config) == (f"file changed: {password}",)
    password.unlink()
    assert active_config.newer_files(config) == ()
