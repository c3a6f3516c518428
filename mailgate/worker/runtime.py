"""The objects that depend on the configuration: keys, templates, attachments, rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailgate.desk.outcome import Context
from mailgate.rules.routing.rule_index import RuleIndex
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.store.attachments import AttachmentStore
from mailgate.writing.templates.render import Renderer


@dataclass(frozen=True, slots=True)
class Runtime:
    """The objects that depend on the configuration; a reload builds a new one."""

    config: Config
    keyring: Keyring
    renderer: Renderer
    files: AttachmentStore
    rules: RuleIndex

    def context(self, now: datetime) -> Context:
        """The context of a decision at `now`, in UTC."""
        return Context(self.config, self.keyring, now, self.rules, self.renderer)


def make_runtime(config: Config, secrets: tuple[bytes, ...]) -> Runtime:
    """Build the runtime of a configuration. `secrets`: newest first."""
    files = AttachmentStore(config.storage.attachments)
    keyring = Keyring(secrets, config.desk.domain)
    return Runtime(config, keyring, Renderer.of(config), files, RuleIndex(config.rules))
