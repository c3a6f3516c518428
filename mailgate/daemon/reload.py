"""What a new configuration has to pass before anything changes: all that may fail in a reload.

Nothing here touches what is in force; the daemon puts it in place.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from mailgate.config.load import load
from mailgate.errors import ConfigError
from mailgate.settings import Config
from mailgate.store.db import Db
from mailgate.worker.batch import carry_over
from mailgate.worker.setup import Desk, make_desk
from mailgate.worker.unlock import unlock
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


def settle(db: Db, config: Config, now: datetime) -> Desk:
    """The desk of a new configuration, and the tickets under its names. Raises ConfigError for a foreign secret."""
    desk = make_desk(config, unlock(db, config))
    carry_over(db, desk, now)
    return desk
