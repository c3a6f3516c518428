"""From a checked configuration to a desk that works: keys, templates, attachments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailgate.apply import Press
from mailgate.config.model import Config
from mailgate.desk.outcome import Context
from mailgate.outbound.render import Renderer
from mailgate.report.values import Report
from mailgate.rules.keys import Keyring
from mailgate.store.attachments import AttachmentStore


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
