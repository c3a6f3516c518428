"""From a checked configuration to a desk that works: secret, keys, templates, attachments."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from mailgate.apply import Press
from mailgate.config.model import Config
from mailgate.config.secret import make_secret, read_secrets
from mailgate.errors import ConfigError, Problem
from mailgate.outbound.render import Renderer
from mailgate.processor import Desk
from mailgate.rules.keys import Keyring
from mailgate.store import meta
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Db

_FINGERPRINT = "secret"  # row of `meta`: which secret signed what this database holds


def make_desk(config: Config, secrets: tuple[bytes, ...]) -> Desk:
    """Everything that a configuration brings with it."""
    files = AttachmentStore(config.storage.attachments)
    keyring = Keyring(secrets, config.desk.domain)
    return Desk(config, keyring, Press(Renderer.of(config), files.read), files)


def unlock(db: Db, config: Config) -> tuple[bytes, ...]:
    """The signing secrets; made while the database is empty. Call inside a transaction.

    Raises ConfigError when a used database was signed with another secret: every reply
    key and Message-ID out there would be worth nothing.
    """
    known = meta.get(db, _FINGERPRINT)
    place = next((each for each in config.desk.secret if isinstance(each, Path)), None)
    if known is None and place and not place.exists():
        make_secret(place)
    secrets = read_secrets(config.desk)
    marks = [_fingerprint(secret) for secret in secrets]
    if known is not None and known not in marks:
        raise ConfigError(
            (
                Problem(
                    "[desk.secret]",
                    "is not the secret that signed what this database holds; bring the old one back,"
                    " or give both as [new, old]",
                    file=str(config.file),
                ),
            )
        )
    if known is None or known != marks[0]:
        meta.put(db, _FINGERPRINT, marks[0])
    return secrets


def peek_secrets(config: Config) -> tuple[bytes, ...]:
    """The signing secrets for a dry run: where none was made yet, one that signs nothing real."""
    try:
        return read_secrets(config.desk)
    except ConfigError:
        return (b"dry run",)


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, b"mailgate fingerprint", hashlib.sha256).hex()[:32]
