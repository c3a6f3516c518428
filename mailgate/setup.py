"""From a checked configuration to a desk that works: keys, templates, attachments."""

from __future__ import annotations

from mailgate.apply import Press
from mailgate.config.model import Config
from mailgate.outbound.render import Renderer
from mailgate.processor import Desk
from mailgate.rules.keys import Keyring
from mailgate.store.attachments import AttachmentStore


def make_desk(config: Config, secrets: tuple[bytes, ...]) -> Desk:
    """Everything that a configuration brings with it."""
    files = AttachmentStore(config.storage.attachments)
    keyring = Keyring(secrets, config.desk.domain)
    return Desk(config, keyring, Press(Renderer.of(config), files.read), files)
