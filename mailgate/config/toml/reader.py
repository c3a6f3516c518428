"""Typed reading of TOML tables, which collects every problem instead of stopping at the first.

A `Table` returns values by key, records which keys were read, and reports the others as
unknown. The meaning of keys is up to `mailgate.config.sections`, references between tables
are checked in `mailgate.config.check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from stat import S_IROTH, S_IXOTH
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailgate.config.toml import units
from mailgate.config.toml.messages import CONTROL, did_you_mean, kind_of, one_of, quoted, quoted_text, shown, words
from mailgate.errors import Problem
from mailgate.settings import Text

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)  # a language tag (RFC 5646)
KeyPath = tuple[str | int, ...]
_LINES = dict.fromkeys(map(ord, "\t\n\r"))  # what texts of several lines hold
T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Spot:
    """A position in the file: the path to find its line, the label for messages, the shape for the documentation."""

    path: KeyPath = ()
    label: str = ""
    shape: str = ""  # with names replaced: "agent.NAME.email"

    def child(self, key: str, *, shape: str = "", label: str = "") -> Spot:
        """The spot of `key` inside this one."""
        shown = label or quoted(key)
        return Spot(
            (*self.path, key),
            f"{self.label}.{shown}" if self.label else shown,
            f"{self.shape}.{shape or key}" if self.shape else shape or key,
        )

    def inside(self, key: str | int) -> Spot:
        """A position inside this one with the same label."""
        return Spot((*self.path, key), self.label, self.shape)

    def item(self, index: int) -> Spot:
        """The spot of an element of this list."""
        return Spot((*self.path, index), f"{self.label}.{index + 1}", self.shape)


@dataclass(frozen=True, slots=True)
class Name:
    """A reference to a named table; checked after all tables are read."""

    kind: str  # "department", "agent", …
    name: str
    spot: Spot


class Reading:
    """The state of reading one file: the problems found, the references to check, the keys that were read.

    Without `thorough`, slow checks are left out; without `secrets`, unavailable passwords are not problems.
    """

    def __init__(
        self, file: Path, text: str, environ: Mapping[str, str], *, thorough: bool = True, secrets: bool = True
    ) -> None:
        self.file = file
        self.thorough = thorough
        self.secrets = secrets
        self.folder = file.absolute().parent
        self.text = text
        self.environ = environ
        self.problems: list[Problem] = []
        self.names: list[Name] = []
        self.asked: set[str] = set()
        self.files: dict[Path, None] = {}  # other files that are read: passwords, keys, certificates; in order
        self._lines: Mapping[KeyPath, int] | None = None

    def error(self, spot: Spot, what: str, *, warning: bool = False) -> None:
        """Add a problem at `spot`."""
        from mailgate.config.toml.lines import nearest, scan  # late: needed only for an error message

        if self._lines is None:
            self._lines = scan(self.text)
        where = f"[{spot.label}]" if spot.label else ""
        self.problems.append(Problem(where, what, nearest(self._lines, spot.path), str(self.file), warning=warning))

    def warn_of_readers(self, spot: Spot, path: Path, instead: str = "") -> None:
        """Warn where anybody can read the file of a secret, through every folder above it; its group may."""
        try:
            place = path.resolve()
            anybody = place.stat().st_mode & S_IROTH and all(each.stat().st_mode & S_IXOTH for each in place.parents)
        except OSError:
            return
        if anybody:
            self.warn(spot, f"{path} is readable by others: chmod o= {path}{instead}")

    def missing_secret(self, spot: Spot, what: str) -> None:
        """Add a problem for an unavailable secret, if secrets are needed."""
        if self.secrets:
            self.error(spot, what)

    def warn(self, spot: Spot, what: str) -> None:
        """Add a warning: valid, but probably not intended."""
        self.error(spot, what, warning=True)


class Table:
    """One TOML table. Getters return the default when the key is missing or its value is invalid."""

    def __init__(self, data: Mapping[str, object], spot: Spot, reading: Reading) -> None:
        self.data = data
        self.spot = spot
        self.reading = reading
        self.asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def at(self, key: str) -> Spot:
        """The spot of `key` in this table."""
        return self.spot.child(key)

    def error(self, key: str, what: str) -> None:
        """Add a problem with `key`, or with the whole table when `key` is empty."""
        self.reading.error(self.at(key) if key else self.spot, what)

    def raw(self, key: str) -> object:
        """The value as parsed, or None; marks the key as known."""
        self.asked.add(key)
        self.reading.asked.add(self.spot.child(key).shape)
        return self.data.get(key)

    def _typed(self, key: str, kind: type[T], example: str) -> T | None:
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.error(key, f"must be {kind_of(kind)}, not {shown(value)}: write {quoted(key)} = {example}")
        return None

    def _read(self, key: str, read: Callable[[str], T], default: D, example: str) -> T | D:
        """A string that `read` converts; its ValueError becomes the problem."""
        value = self._typed(key, str, example)
        if value is None:
            return default
        if value.isspace():
            self.error(key, f"is blank: write {quoted(key)} = {example}")
            return default
        try:
            return read(value)
        except ValueError as error:
            self.error(key, str(error))
            return default

    def text(self, key: str, default: str = "", *, example: str = '"…"') -> str:
        """One line of text."""
        return self._read(key, one_line, default, example)

    def needed(self, key: str, example: str) -> str:
        """One line of text; missing or empty is a problem."""
        if key not in self.data:
            self.raw(key)
            self.error("", f"{key} is missing: write {key} = {example}")
            return ""
        value = self.text(key, "?", example=example)
        if not value.strip():
            self.error(key, f"must not be empty: write {key} = {example}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._typed(key, bool, "true or false (without quotes)")
        return default if value is None else value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._typed(key, int, str(default))
        if value is None:
            return default
        if not low <= value <= high:
            self.error(key, f"must be from {low} to {high}, not {value}")
            return default
        return value

    def choice(self, key: str, options: Collection[str], default: str) -> str:
        """One of `options`."""
        value = self.text(key, default, example=f'"{default}"')
        if value not in options and value != default:
            self.error(key, f"{one_of(options)}, not {shown(value)}{did_you_mean(value, options)}")
            return default
        return value

    def texts(self, key: str, default: tuple[str, ...] = (), *, example: str = '["…"]') -> tuple[str, ...]:
        """A list of one-line strings; a single string counts as a list of one."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.error(key, f"must be a list of strings: write {quoted(key)} = {example}")
            return default
        for index, item in enumerate(value):
            if CONTROL.search(item):
                self.reading.error(self.at(key).inside(index), "must be one line without control characters")
            elif not item.strip():
                self.reading.error(
                    self.at(key).inside(index), f"is blank: write {quoted(key)} = {example}, or [] for none"
                )
        return tuple(filter(str.strip, value))

    def choices(self, key: str, options: Collection[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """A list, each of `options`."""
        values = self.texts(key, default, example=f'["{next(iter(options))}"]')
        for index, value in enumerate(values):
            if value not in options:
                self.reading.error(
                    self.at(key).inside(index), f"{one_of(options)}, not {shown(value)}{did_you_mean(value, options)}"
                )
        return values

    def duration(self, key: str, default: timedelta, *, zero: bool = False) -> timedelta:
        """A duration; zero only if `zero` is set."""
        value = self._read(key, units.duration, default, f'"{units.duration_text(default)}"')
        if not value and not zero:
            self.error(key, f'must be longer than zero: write {key} = "{units.duration_text(default)}"')
            return default
        return value

    def duration_or_none(self, key: str) -> timedelta | None:
        """A duration; None when the key is missing or empty."""
        if self.data.get(key) == "":
            self.raw(key)
            return None
        value = self._read(key, units.duration, None, '"1h"')
        if value is not None and not value:
            self.error(key, f'must be longer than zero: write {key} = "1h", or "" for none')
        return value

    def value(self, key: str, read: Callable[[str], T], default: D, example: str) -> T | D:
        """A string converted by `read`, which raises ValueError with the problem."""
        return self._read(key, read, default, example)

    def zone(self, key: str, default: D) -> ZoneInfo | D:
        """A time zone by its IANA name."""
        return self._read(key, zone, default, '"Europe/Berlin"')

    def by_language(self, key: str) -> Text:
        """A string, or a table of strings by language; may have several lines."""
        value = self.raw(key)
        if value is None:
            return Text()
        texts = {"": value} if isinstance(value, str) else value
        if not isinstance(texts, dict) or not texts or not all(isinstance(item, str) for item in texts.values()):
            self.error(key, f'must be a string, or a table by language: write {key} = {{ en = "…", de = "…" }}')
            return Text()
        for name, text in texts.items():
            if wrong := _wrong_text(name, text):
                self.reading.error(self.at(key).inside(name) if name else self.at(key), wrong)
        return Text({} if value == "" else texts)

    def line_by_language(self, key: str, default: str, desk_language: str, *, example: str = '"…"') -> tuple[str, Text]:
        """One line of text, or a table of lines by language: returns that of the desk's language, and all of them."""
        if not isinstance(self.data.get(key), dict):
            return self.text(key, default, example=example), Text()
        texts = self.by_language(key)
        for name, text in texts.by_language.items():
            if CONTROL.search(text) or not text.strip():
                self.reading.error(self.at(key).inside(name), f"{name} must be one line of text")
        return texts.get(desk_language) or default, texts

    def place(self, key: str, default: str) -> Path:
        """A path; relative to the folder of the configuration file."""
        written = self.text(key, default, example=f'"{default}"')
        if not written:
            self.error(key, f'must not be empty: write {key} = "{default}"')
        return self.reading.folder / Path(written or default)

    def table(self, key: str) -> Table | None:
        """The sub-table `key`, or None."""
        value = self.raw(key)
        if value is None or isinstance(value, dict):
            return None if value is None else self.sub(key, value)
        self.error(key, f"must be a table, not {shown(value)}: write [{self.at(key).label}] and its keys below")
        return None

    def sub(self, key: str, value: Mapping[str, object], *, shape: str = "") -> Table:
        """`value` as the table at `key`."""
        return Table(value, self.spot.child(key, shape=shape), self.reading)

    def named(self, key: str) -> Iterator[tuple[str, Table]]:
        """Each [key.NAME] as its name and table."""
        if isinstance(self.raw(key), list):
            self.error(key, f'must be tables with names, not a list: write [{key}."NAME"] with single brackets')
            return
        tables = self.table(key)
        if tables is None:
            return
        for name, value in tables.data.items():
            if not isinstance(value, dict):
                tables.error(name, f'each {key} is a table with a name: write [{key}."NAME"] above this line')
            elif not name.strip() or name != name.strip() or CONTROL.search(name) or len(name) > 100:
                tables.error(
                    name, "is not a valid name: names are 1 to 100 characters on one line, without spaces around them"
                )
            else:
                yield name, tables.sub(name, value, shape="NAME")

    def refer(self, kind: str, name: str, spot: Spot) -> str:
        """Record a reference to the `kind` called `name`; returns the name."""
        self.reading.names.append(Name(kind, name, spot))
        return name

    def name(self, key: str, kind: str, default: str = "") -> str:
        """A reference to a `kind`."""
        if key not in self.data:
            self.raw(key)
            return default
        value = self.text(key)
        return self.refer(kind, value, self.at(key)) if value else default

    def list_of(self, key: str, kind: str) -> tuple[str, ...]:
        """A list of references to a `kind`."""
        values = self.texts(key)
        return tuple(self.refer(kind, value, self.at(key).inside(index)) for index, value in enumerate(values))

    def later(self, *keys: str) -> None:
        """Reject keys that are planned but not supported yet."""
        for key in keys:
            if key in self.data:
                self.asked.add(key)
                self.error(key, "is not yet supported: remove it")

    def fixed(self, key: str, only: object) -> None:
        """Accept `key` only with the value `only`, since no other is supported yet."""
        if key in self.data and self.raw(key) != only:
            written = str(only).lower() if isinstance(only, bool) else f'"{only}"'
            self.error(key, f"is not yet supported: remove it, or write {key} = {written}")

    def done(self, hints: Mapping[str, str] | None = None) -> None:
        """Report every key that was not read; `hints` maps a key to its hint."""
        for key in self.data:
            if key not in self.asked:
                hint = (hints or {}).get(key) or did_you_mean(key, self.asked) or f"; known here: {words(self.asked)}"
                self.error(key, f"unknown {'key' if self.spot.path else 'table'}{hint}")


def one_line(value: str) -> str:
    """Reject line breaks and control characters, which would inject header fields. Raises ValueError."""
    if CONTROL.search(value):
        raise ValueError("must be one line without control characters")
    return value


def _wrong_text(language: str, text: str) -> str:
    """What is wrong with a text of several lines in a language ("" where it has none); "" if nothing is."""
    if language and not LANGUAGE.fullmatch(language):
        return f'{quoted_text(language)} is not a language tag: write one such as "en" or "pt-BR"'
    if CONTROL.search(text.translate(_LINES)):
        return "must be text without control characters"
    return "is blank: write a text, or remove it" if text.isspace() else ""


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises ValueError with similar names."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        from zoneinfo import available_timezones  # late: reads the whole database, for the error message

        near = did_you_mean(name, available_timezones(), leaf="/")
        raise ValueError(f'"{name}" is not a time zone{near or ": write one such as Europe/Berlin"}') from None
