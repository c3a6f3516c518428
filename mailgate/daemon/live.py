"""The configuration in force, kept as text beside the database, so that `reload` can say what changes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mailgate.config.load import read
from mailgate.errors import ConfigError
from mailgate.settings import Config


def _path(config: Config) -> Path:
    return config.storage.database.with_name(config.storage.database.name + ".config.toml")


def remember(config: Config) -> None:
    """Keep the text of the configuration that the daemon just took; readable by its owner alone.

    Only `reload` misses it where the disk will not.
    """
    with suppress(OSError):
        _write(_path(config), config)


def _write(path: Path, config: Config) -> None:
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(config.text.encode())
    aside.replace(path)


def last_config(config: Config) -> Config | None:
    """The configuration that the daemon took last, or None when there was none."""
    try:
        old, _ = read(config.file, _path(config).read_text("utf-8"), os.environ, thorough=False)
    except (ConfigError, OSError, ValueError):
        return None
    return old
