"""The secrets that sign a desk's keys: created with the database, and compared with it at each start.

The database holds a fingerprint of the secret, so that another one is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

from mailgate.config.secret import make_secret, read_secrets
from mailgate.errors import ConfigError, Problem
from mailgate.settings import Config
from mailgate.store import meta
from mailgate.store.db import Db

_NOT_YET = "being created"  # value of that row from the first start until the secret exists
_RESTORE = "restore the old one"  # advice for a secret that is missing or wrong


def begin(db: Db, config: Config, *, new: bool = False) -> None:
    """Mark an empty database as a new desk; a used one is left unchanged. Makes its own transaction.

    Raises ConfigError if the secret exists already, unless `new`: the database was lost or is looked
    for in the wrong place, and new tickets would get numbers that are in use outside.
    """
    with db.transaction():
        if meta.get(db, meta.FINGERPRINT) is None:
            if not new and (problem := _secret_without_database(config)):
                raise ConfigError((problem,))
            meta.put(db, meta.FINGERPRINT, _NOT_YET)


def _secret_without_database(config: Config) -> Problem | None:
    """The problem that the secret exists; None if it can be created."""
    path = config.desk.secret_file
    if path and not path.exists():
        return None
    what = (
        f"{path or 'the secret'} exists, but the database {config.storage.database} is empty: restore the database"
        " (mailgate restore DIR; docs/operations.md, Restore), or start a new desk with this secret: mailgate run --new"
    )
    return Problem("[desk.secret]", what, file=str(config.file))


def open_secrets(db: Db, config: Config) -> tuple[bytes, ...]:
    """The signing secrets, newest first; created for a new database. Call inside a transaction.

    Raises ConfigError when the database was used with another secret: all reply keys and
    Message-IDs sent before would be invalid.
    """
    known = meta.get(db, meta.FINGERPRINT)
    if known == _NOT_YET:
        known = None
    path = config.desk.secret_file
    if known is None and path and not path.exists():
        make_secret(path)
    secrets = _matching_secrets(known, config)
    if known != _fingerprint(secrets[0]):
        meta.put(db, meta.FINGERPRINT, _fingerprint(secrets[0]))
    return secrets


def check_secrets(db: Db, config: Config) -> tuple[Problem, ...]:
    """The problem that `begin` would raise, as a warning. Raises ConfigError when `open_secrets` would.

    Writes nothing and creates no secret.
    """
    known = meta.get(db, meta.FINGERPRINT)
    if known is None:
        problem = _secret_without_database(config)
        return (replace(problem, warning=True),) if problem else ()
    if known != _NOT_YET:
        _matching_secrets(known, config)
    return ()


def _matching_secrets(known: str | None, config: Config) -> tuple[bytes, ...]:
    """The configured secrets. Raises ConfigError unless one of them has the fingerprint `known`."""
    try:
        secrets = read_secrets(config.desk)
    except ConfigError as error:
        problems = [replace(each, file=str(config.file)) for each in error.problems]
        if known is not None:  # a new desk has no old one
            problems = [replace(each, what=f"{each.what}; {_RESTORE}") for each in problems]
        raise ConfigError(tuple(problems)) from None
    if known is not None and known not in map(_fingerprint, secrets):
        what = f"is not the secret of this database; {_RESTORE}, or give both as [new, old]"
        raise ConfigError((Problem("[desk.secret]", what, file=str(config.file)),))
    return secrets


def peek_secrets(config: Config) -> tuple[bytes, ...]:
    """The signing secrets for a dry run; a dummy one when none has been created yet."""
    try:
        return read_secrets(config.desk)
    except ConfigError:
        return (b"dry run",)


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, b"mailgate fingerprint", hashlib.sha256).hex()[:32]
