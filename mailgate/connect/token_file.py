"""The refresh token of a delegated sign-in: a file in var/, for its owner alone.

A new one is on disk, with its name, before anybody uses it: tmp, fsync, rename, fsync of the
folder. A second process (`check --connect` beside the daemon) waits for the lock and reads again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from mailgate.errors import StorageError
from mailgate.settings import Secret
from mailgate.system.crash_points import crossing
from mailgate.system.durable import DurableFile, flush, give_to_owner
from mailgate.system.storage import os_trouble

FOLDER = "sign-in"
_LONGEST_NAME = 150  # characters, well below what file systems take


@dataclass(frozen=True, slots=True)
class Stored:
    """A refresh token, for which client it is, and when it was had; `ends_at` where the server said so."""

    refresh_token: Secret = field(repr=False)
    client_id: str
    token_url: str
    renewed_at: datetime
    ends_at: datetime | None = None


class TokenFile:
    """The file of one account's refresh token. Everything raises StorageError."""

    def __init__(self, folder: Path, account: str) -> None:
        name = quote(account, safe=" ")
        if len(name) > _LONGEST_NAME:
            name = hashlib.sha256(account.encode()).hexdigest()
        self.path = folder / f"{name}.json"

    def stamp(self) -> int:
        """Another number whenever the file was written anew (nanoseconds); 0 while there is none."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0

    def read(self) -> Stored | None:
        """What is stored; None where nothing is."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
            ends_at = found.get("ends_at")
            return Stored(
                Secret(found["refresh_token"]),
                found["client_id"],
                found["token_url"],
                datetime.fromisoformat(found["renewed_at"]),
                datetime.fromisoformat(ends_at) if ends_at else None,
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            raise os_trouble(error, self.path, "read") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StorageError(f"{self.path} is damaged: sign in again with `mailgate login`") from None

    def write(self, stored: Stored) -> None:
        """Put a token in place of the old one; durable when this returns."""
        found = {
            "refresh_token": stored.refresh_token.value,
            "client_id": stored.client_id,
            "token_url": stored.token_url,
            "renewed_at": stored.renewed_at.isoformat(),
            "ends_at": stored.ends_at.isoformat() if stored.ends_at else "",
        }
        aside = self.path.with_name(self.path.name + ".new")
        try:
            self._folder()
            aside.unlink(missing_ok=True)  # of a process that died while it wrote
            file = DurableFile(aside)
            try:
                file.write(json.dumps(found).encode())
                file.finish()
                give_to_owner(aside, self.path.parent)
                crossing("new name")
                aside.replace(self.path)
                crossing("named")
            except BaseException:
                file.remove()
                raise
            flush(self.path.parent)
        except OSError as error:
            raise os_trouble(error, self.path) from None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One process at a time; the others wait."""
        try:
            self._folder()
            path = self.path.with_suffix(".lock")
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            give_to_owner(path, self.path.parent)
        except OSError as error:
            raise os_trouble(error, self.path.parent) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def _folder(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            give_to_owner(folder, folder.parent)
