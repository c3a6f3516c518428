"""From a checked configuration to a desk that works: keys, templates, attachments."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.config.secret import make_secret, read_secrets
from mailgate.desk.outcome import Context
from mailgate.errors import ConfigError, Problem
from mailgate.rules.threading.keys import Keyring
from mailgate.settings import Config
from mailgate.store import meta
from mailgate.store.attachments import AttachmentStore
from mailgate.store.db import Db
from mailgate.worker.apply import MailWriter
from mailgate.writing.templates.render import Renderer


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a configuration in force brings with it; a reload makes a new one."""

    config: Config
    keyring: Keyring
    writer: MailWriter
    files: AttachmentStore

    def context(self, now: datetime) -> Context:
        """What a decision at `now` needs."""
        return Context(self.config, self.keyring, now)


def make_runtime(config: Config, secrets: tuple[bytes, ...]) -> Runtime:
    """Everything that a configuration brings with it."""
    files = AttachmentStore(config.storage.attachments)
    keyring = Keyring(secrets, config.desk.domain)
    return Runtime(config, keyring, MailWriter(Renderer.of(config), files.read), files)


_BRING_BACK = "bring the old one back"


_FINGERPRINT = "secret"  # row of `meta`: which secret signed what this database holds


def open_secrets(db: Db, config: Config) -> tuple[bytes, ...]:
    """The signing secrets; made while the database is empty. Call inside a transaction.

    Raises ConfigError when a used database was signed with another secret: every reply
    key and Message-ID out there would be worth nothing.
    """
    known = meta.get(db, _FINGERPRINT)
    place = config.desk.secret_file
    if known is None and place and not place.exists():
        make_secret(place)
    secrets = _fitting(known, config)
    if known != _fingerprint(secrets[0]):
        meta.put(db, _FINGERPRINT, _fingerprint(secrets[0]))
    return secrets


def check_secrets(db: Db, config: Config) -> None:
    """Raise ConfigError where `open_secrets` would, for `check`; writes nothing and makes no secret."""
    if (known := meta.get(db, _FINGERPRINT)) is not None:
        _fitting(known, config)


def _fitting(known: str | None, config: Config) -> tuple[bytes, ...]:
    """The secrets of the config, one of which signed what the database holds."""
    try:
        secrets = read_secrets(config.desk)
    except ConfigError as error:
        problems = [replace(each, file=str(config.file)) for each in error.problems]
        if known is not None:  # a fresh desk has none to bring back
            problems = [replace(each, what=f"{each.what}; {_BRING_BACK}") for each in problems]
        raise ConfigError(tuple(problems)) from None
    if known is not None and known not in map(_fingerprint, secrets):
        what = f"is not the secret that signed what this database holds; {_BRING_BACK}, or give both as [new, old]"
        raise ConfigError((Problem("[desk.secret]", what, file=str(config.file)),))
    return secrets


def peek_secrets(config: Config) -> tuple[bytes, ...]:
    """The signing secrets for a dry run: where none was made yet, one that signs nothing real."""
    try:
        return read_secrets(config.desk)
    except ConfigError:
        return (b"dry run",)


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, b"mailgate fingerprint", hashlib.sha256).hex()[:32]
