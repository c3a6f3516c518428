"""The configuration in force, kept as text beside the database, so that `reload` can say what changes."""

from __future__ import annotations

import os
from pathlib import Path

from mailgate.config.load import read
from mailgate.config.model import Config
from mailgate.errors import ConfigError


def _path(config: Config) -> Path:
    return config.storage.database.with_name(config.storage.database.name + ".config.toml")


def remember(config: Config) -> None:
    """Keep the text of the configuration that the daemon just took; readable by its owner alone."""
    path = _path(config)
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(config.file.read_bytes())
    aside.replace(path)


def last_config(config: Config) -> Config | None:
    """The configuration that the daemon took last, or None when there was none."""
    try:
        old, _ = read(config.file, _path(config).read_text("utf-8"), os.environ, thorough=False)
    except (ConfigError, OSError, ValueError):
        return None
    return old
