"""Folders of templates and words, read whole: a file that is edited later has no effect until the next reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ENDINGS = (".txt", ".html", ".toml")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, and the files in it and below it by their paths there: "reply.txt", "de/words.toml"."""

    path: Path
    files: Mapping[str, bytes]
    unread: tuple[Path, ...] = ()  # files that cannot be read; they count as missing

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Read a folder; of one that is missing there are no files."""
        files: dict[str, bytes] = {}
        unread: list[Path] = []
        for each in sorted(path.rglob("*")):
            if each.suffix in _ENDINGS and each.is_file():
                try:
                    files[each.relative_to(path).as_posix()] = each.read_bytes()
                except OSError:
                    unread.append(each)
        return cls(path, files, tuple(unread))

    def text(self, name: str) -> str:
        """The text of a file, with plain line ends. Raises UnicodeDecodeError, and KeyError where there is none."""
        return self.files[name].decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
