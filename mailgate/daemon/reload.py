"""What a new configuration has to pass before anything changes: all that may fail in a reload.

Nothing here touches what is in force; the daemon puts it in place.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from mailgate.config.load import load, read
from mailgate.errors import ConfigError
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.worker.batch import carry_over
from mailgate.worker.setup import Runtime, make_runtime, open_secrets
from mailgate.writing.templates.canned import check_canned
from mailgate.writing.templates.render import Renderer, shipped


def checked(file: Path) -> Config:
    """The configuration, with the administrator's own templates and texts tried. Raises ConfigError."""
    config, _ = load(file)
    # The shipped ones are not asked: an upgrade may have put newer ones there than this process knows.
    tried = Renderer.of(config).check() if config.templates else ()
    broken = tuple(each for each in tried if not each.warning and not Path(each.file).is_relative_to(shipped()))
    broken += check_canned(config)
    if broken:
        raise ConfigError(broken)
    return config


def settle(db: Db, config: Config, now: datetime) -> Runtime:
    """The desk of a new configuration, and the tickets under its names. Raises ConfigError for a foreign secret."""
    desk = make_runtime(config, open_secrets(db, config))
    carry_over(db, desk, now)
    return desk


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
