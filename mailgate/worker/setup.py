"""From a checked configuration to a desk that works: keys, templates, attachments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.desk.outcome import Context
from mailgate.figures import Report
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.store.attachments import AttachmentStore
from mailgate.worker.apply import Press
from mailgate.writing.templates.render import Renderer


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a configuration in force brings with it; a reload makes a new one."""

    config: Config
    keyring: Keyring
    press: Press
    files: AttachmentStore
    reports: Mapping[timedelta, Report] | None = None  # see `Context`

    def context(self, now: datetime) -> Context:
        """What a decision at `now` needs."""
        return Context(self.config, self.keyring, now, self.reports)


def make_desk(config: Config, secrets: tuple[bytes, ...]) -> Desk:
    """Everything that a configuration brings with it."""
    files = AttachmentStore(config.storage.attachments)
    keyring = Keyring(secrets, config.desk.domain)
    return Desk(config, keyring, Press(Renderer.of(config), files.read), files)
