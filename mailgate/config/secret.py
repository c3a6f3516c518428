"""Secrets: passwords, which are read with the configuration, and the signing secrets, which are read at start.

Never prints a secret. When a new one may be created is decided in `mailgate.worker.secrets`.
"""

from __future__ import annotations

import os
from pathlib import Path

from mailgate.config.toml.messages import CONTROL, masked
from mailgate.config.toml.reader import Table
from mailgate.errors import ConfigError, Problem
from mailgate.settings import Desk, Secret
from mailgate.system.durable import give_to_owner

_WHERE = "[desk.secret]"
_FORMS = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'


def read_secrets(desk: Desk) -> tuple[bytes, ...]:
    """Read the signing secrets, newest first: the first one signs, all of them verify.

    Raises ConfigError when a secret file is missing, unreadable or empty.
    """
    return tuple(value.value.encode() if isinstance(value, Secret) else _read(value) for value in desk.secret)


def make_secret(path: Path) -> None:
    """Write a new random secret of 256 bits to `path`, readable by its owner alone; durable on return.

    Raises FileExistsError instead of replacing a secret, OSError when the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    give_to_owner(path, path.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(os.urandom(32).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the file name is durable only after its folder is flushed
    finally:
        os.close(folder)


def read_secret(table: Table, key: str, value: object, *, needed: bool = True) -> Secret | Path:
    """Read a secret: a string, `{ env = "NAME" }`, or the path of `{ file = "PATH" }` or `{ credential = "NAME" }`.

    A credential is a file in systemd's $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=).
    An unavailable secret is a problem only if `needed` or `Reading.secrets` is set. A warning is due where anybody can
    read its file.
    """
    reading, spot = table.reading, table.at(key)
    missing = reading.error if needed else reading.missing_secret
    if isinstance(value, str) and value.strip():
        if CONTROL.search(value):
            reading.error(spot, "must be one line without control characters")
        reading.warn_of_readers(spot, reading.file, ', or write { file = "PATH" }')
        return Secret(value)
    match value:
        case {"env": str(name), **rest} if name and not rest:
            if not (found := reading.environ.get(name, "")):
                missing(spot, f"the environment variable {name} is not set")
            return Secret(found)
        case {"credential": str(name), **rest} if name and "/" not in name and not rest:
            if not (folder := reading.environ.get("CREDENTIALS_DIRECTORY", "")):
                missing(spot, f"no credential {name}: systemd provides it to a unit with LoadCredential=")
                return Secret()
            return Path(folder) / name
        case {"file": str(name), **rest} if name and not rest:
            reading.warn_of_readers(spot, reading.folder / name)
            return reading.folder / name
    given = "an empty one" if isinstance(value, str) else masked(value)
    reading.error(spot, f"must be a string, {_FORMS}, not {given}")
    return Secret()


def password(table: Table, key: str) -> Secret:
    """Read a password; one in a file is read at once. Problems are added to the reading."""
    if key not in table.data:
        table.raw(key)
        table.error("", f'{key} is missing: write {key} = {{ env = "NAME" }} or {{ file = "PATH" }}')
        return Secret()
    value = table.raw(key)
    found = read_secret(table, key, value, needed=False)
    return found if isinstance(found, Secret) else Secret(_content(table, key, found))


def _content(table: Table, key: str, path: Path) -> str:
    """The content of a secret file; "" and a problem if it is missing or empty."""
    table.reading.files[path] = None
    try:
        value = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "not UTF-8"
        table.reading.missing_secret(table.at(key), f"cannot read {path}: {reason}")
        return ""
    if not value:
        table.reading.missing_secret(table.at(key), f"{path} is empty")
    return value


def _read(path: Path) -> bytes:
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError((Problem(_WHERE, f"cannot read {path}: {error.strerror}"),)) from None
    if not secret:
        raise ConfigError((Problem(_WHERE, f"{path} is empty: restore the secret from a backup"),))
    return secret
