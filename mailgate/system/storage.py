"""Storage trouble as a state: what is wrong with a disk, a file or the database, since when, and what to do.

Knows the machine and no table. `StorageHealth` belongs to one process; the daemon adds what its worker reports.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mailgate.errors import DatabaseDamaged, StorageError, UnreadableFile

FULL = 1_000_000  # bytes of free space below which a disk counts as full

_CURES = {
    errno.ENOSPC: "free space on the disk of {path}",
    errno.EDQUOT: "free space, or raise the quota of {user}",
    errno.EROFS: "mount the file system of {path} read-write",
    errno.EACCES: "make {path} accessible for {user} (chown)",
    errno.EPERM: "make {path} accessible for {user} (chown)",
    errno.EIO: "check the disk of {path}; the kernel's log says more",
    errno.ENOTDIR: "remove {path}, which is no folder",
    errno.EEXIST: "remove {path}, which is no folder",
    errno.ENOENT: "put {path} back, from a backup if need be",
}


def os_trouble(error: OSError, path: Path, act: str = "write", *, setting: str = "") -> StorageError:
    """The StorageError for what the system said when it was asked to `act` ("read", "write", "open") on a path.

    `setting`: the key of the configuration that names the place.
    """
    code = error.errno or 0
    reason = os.strerror(code).lower() if code else str(error)
    cause = ""
    if code in (errno.EACCES, errno.EPERM):
        cause = _owner(path)
    cure = _CURES.get(code, "").format(path=path, user=user_name(os.geteuid()))
    if cause and _owner_is_us(path):
        cure = cure.replace("(chown)", "(chmod)")
    if setting and cure:
        cure += f", or choose another place with {setting}"
    return StorageError(f"cannot {act} {path}: {reason}", cause=cause, cure=cure)


def unreadable(error: OSError, path: Path) -> UnreadableFile:
    """The same for one file that cannot be read."""
    trouble = os_trouble(error, path, "read")
    return UnreadableFile(trouble.public, cause=trouble.cause)


def _owner_is_us(path: Path) -> bool:
    with suppress(OSError):
        return path.stat().st_uid == os.geteuid()
    return False


def _owner(path: Path) -> str:
    """Who owns a file, or the nearest folder of it that can be seen."""
    for place in (path, *path.parents):
        with suppress(OSError):
            return f"owner {user_name(place.stat().st_uid)}, running as {user_name(os.geteuid())}"
    return ""


def user_name(uid: int) -> str:
    """The name of a user; its number when there is no name."""
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


# ── looking ─────────────────────────────────────────────────────────────────────────────


def identity(path: Path) -> tuple[int, int] | None:
    """The identity of a file (device, inode); None for a missing file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def probe(database: Path | None, folders: Iterable[Path]) -> Iterator[StorageError]:
    """What can be seen to be wrong without writing: access, read-only file systems, full disks.

    `database`: its file, None where it is on a server. `folders` may be missing: then they are created with the first
    file.
    """
    places = [*((database, database.parent) if database else ()), *(folder for folder in folders if _mode(folder))]
    for path in places:
        if not _mode(path):
            yield os_trouble(FileNotFoundError(errno.ENOENT, ""), path, "open")
        elif path is not database and not stat.S_ISDIR(_mode(path)):
            yield os_trouble(NotADirectoryError(errno.ENOTDIR, ""), path)
        elif not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            yield os_trouble(denied(path), path)
    full: dict[int, Path] = {}
    for path in places[1 if database else 0 :]:
        with suppress(OSError):
            disk = os.statvfs(path)
            free = (disk.f_bfree if os.geteuid() == 0 else disk.f_bavail) * disk.f_frsize
            if free < FULL:
                full.setdefault(path.stat().st_dev, path)
    yield from (os_trouble(OSError(errno.ENOSPC, ""), path) for path in full.values())


def denied(path: Path) -> OSError:
    """Why something that is there must not be written: the file system, or owner and mode."""
    return OSError(errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES, "")


def _mode(path: Path) -> int:
    """Type and mode of a file; 0 for one that is missing or hidden."""
    with suppress(OSError):
        return path.stat().st_mode
    return 0


# ── the state ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StorageProblem:
    """One thing that is wrong with the storage."""

    since: datetime
    what: str
    cure: str = ""
    damaged: bool = False  # the database: nothing may be added to it

    def __str__(self) -> str:
        cure = f"; {self.cure}" if self.cure else ""
        return f"storage: {self.what}, since {self.since:%Y-%m-%d %H:%M} UTC{cure}"


def storage_problem(fields: Mapping[str, Any]) -> StorageProblem:
    """A problem from its fields in JSON."""
    return StorageProblem(**{**fields, "since": datetime.fromisoformat(fields["since"])})


_LOOK = "look: "


class StorageHealth:
    """What is wrong with the storage as one process sees it. Used from several threads; each call is one step."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.now = clock
        self._own: dict[str, StorageProblem] = {}
        self._others: tuple[StorageProblem, ...] = ()

    def failed(self, part: str, error: StorageError) -> None:
        """Something went wrong with a part of the storage; the first time counts as its beginning.

        A damaged database stays damaged for as long as the process runs.
        """
        what = f"{error.public} ({error.cause})" if error.cause else error.public
        damaged = isinstance(error, DatabaseDamaged)
        known = self._own.get(part)
        if known and known.damaged:
            return
        since = known.since if known else self.now()
        self._own[part] = StorageProblem(since, what, error.cure, damaged)

    def worked(self, part: str) -> None:
        """The part works."""
        known = self._own.get(part)
        if known and not known.damaged:
            self._own.pop(part, None)

    def look(self, errors: Iterable[StorageError]) -> None:
        """What `probe` sees now, in place of what it saw before."""
        seen = {f"{_LOOK}{error.public}": error for error in errors}
        for part in [part for part in self._own if part.startswith(_LOOK) and part not in seen]:
            self.worked(part)
        for part, error in seen.items():
            self.failed(part, error)

    def fails(self, *parts: str) -> bool:
        """True while one of the parts does not work."""
        return any(part in self._own for part in parts)

    def adopt(self, others: Iterable[StorageProblem]) -> None:
        """What another process of this desk reports."""
        self._others = tuple(others)

    def problems(self) -> tuple[StorageProblem, ...]:
        """What is wrong now, longest first; each thing once."""
        found: dict[str, StorageProblem] = {}
        for each in sorted((*[*self._own.values()], *self._others), key=lambda problem: problem.since):
            known = found.setdefault(each.what, each)
            found[each.what] = replace(known, damaged=known.damaged or each.damaged)
        return tuple(found.values())

    def require_sound(self) -> None:
        """Raise DatabaseDamaged when the database is known to be damaged: what is added may be lost with it."""
        damaged = next((each for each in self.problems() if each.damaged), None)
        if damaged:
            raise DatabaseDamaged(damaged.what, cure=damaged.cure)
