"""The configuration in force, as the daemon saved it beside the database; `mailgate reload` compares with it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

from mailgate.config.load import read
from mailgate.config.sections.desk import named_file
from mailgate.errors import ConfigError
from mailgate.settings import Config
from mailgate.system.durable import write_private
from mailgate.system.lock import running
from mailgate.writing.templates.folders import Folder


def save(config: Config) -> None:
    """Store the text of the configuration in force, readable by its owner alone.

    Ignores a disk error: only `mailgate reload` reads the copy.
    """
    with suppress(OSError):
        write_private(_active_path(config), config.text)
        write_private(_active_files(config), json.dumps(template_files(config)))


def save_verdict(config: Config, problems: tuple[str, ...]) -> None:
    """Store what became of a reload, for whoever waits for it: why it was refused, nothing when it was not."""
    with suppress(OSError):
        verdict = {"reload": uuid.uuid4().hex, "problems": problems}
        write_private(_verdict_path(config), json.dumps(verdict))


def verdict(config: Config) -> tuple[str, tuple[str, ...]]:
    """Which reload was the last one, and why it was refused; ("", ()) before the first."""
    try:
        found = json.loads(_verdict_path(config).read_text("utf-8"))
        return str(found["reload"]), tuple(map(str, found["problems"]))
    except (OSError, ValueError, KeyError, TypeError):
        return "", ()


def template_files(config: Config) -> dict[str, str]:
    """The digests of the administrator's template files, by their paths in the folder."""
    files = Folder.read(config.templates).files if config.templates else {}
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def load_template_files(config: Config) -> dict[str, str] | None:
    """The digests of the template files in force; None when there is no record."""
    try:
        return dict(json.loads(_active_files(config).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def load(config: Config) -> Config | None:
    """Read the copy of the configuration in force; None when there is none."""
    try:
        active, _ = read(config.file, _active_path(config).read_text("utf-8"), os.environ, thorough=False)
    except (ConfigError, OSError, ValueError):
        return None
    return active


def newer_files(config: Config) -> tuple[str, ...]:
    """A sentence for each file that the configuration names and that is newer than the one in force."""
    try:
        since = _active_path(config).stat().st_mtime_ns
    except OSError:
        return ()
    newer = []
    for path in config.files:
        with suppress(OSError):
            if path.stat().st_mtime_ns > since:
                newer.append(f"file changed: {path}")
    return tuple(newer)


def in_force(file: Path) -> Config | None:
    """The configuration of the daemon that runs with `file`, which has errors now; None when none is found.

    The database is where the file says; where it is no TOML, where a line of it says, or at the usual place.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError):
        return None
    try:
        database = read(file, text, os.environ, thorough=False, secrets=False)[0].storage.beside
    except ConfigError:
        named = _DATABASE.search(text)
        database = named_file(file.parent / (named[1] if named else "var/mailgate.db"))
    if running(database) is None:
        return None
    try:
        saved = _active_copy(database).read_text("utf-8")
        return read(file, saved, os.environ, thorough=False, secrets=False)[0]
    except (ConfigError, OSError, ValueError):
        return None


_DATABASE = re.compile(r'^\s*database\s*=\s*"sqlite:///([^"]+)"', re.MULTILINE)


def _active_path(config: Config) -> Path:
    return _active_copy(config.storage.beside)


def _verdict_path(config: Config) -> Path:
    return config.storage.beside.with_name(config.storage.beside.name + ".reload")


def _active_files(config: Config) -> Path:
    return config.storage.beside.with_name(config.storage.beside.name + ".templates.json")


def _active_copy(database: Path) -> Path:
    return database.with_name(database.name + ".config.toml")
