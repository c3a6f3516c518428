"""`words.toml` → `Words`: the catalogue of phrases, shipped and the administrator's, by language.

`words.toml` is English, `LANGUAGE/words.toml` another language; a file of the
administrator's changes phrase by phrase. What a language lacks is said in English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from mailgate.errors import Problem
from mailgate.rules.text.moments import Dates
from mailgate.settings import Config
from mailgate.writing.templates.folders import Folder
from mailgate.writing.views.words import Words

FILE = "words.toml"
_LISTS = {"dates.days": 7, "dates.months": 12}
_VALUE = re.compile(r"\{(\w+)\}")
# French sets a blank before these signs and inside of quotation marks at which no line ends. It is put in here, since a
# no-break space cannot be told from another where words are written. "!=" is code of a template.
_NO_BREAK = re.compile(" (?=[:;?»]|!(?!=))|(?<=«) ")
_OF_DATES = {"weekday", "day", "month", "year", "time", "zone"}


class Catalogue:
    """The words of every language in some folders, which are read once."""

    def __init__(self, roots: Sequence[Path]) -> None:
        """`roots`: the administrator's folder, if there is one, before the shipped one."""
        self.folders = tuple(map(Folder.read, roots))
        self._folders = {name.lower(): name for name in _names(self.folders)}
        self._known: dict[str, Words] = {}

    @classmethod
    def of(cls, config: Config) -> Catalogue:
        """The catalogue of a configuration."""
        return cls((config.templates, shipped()) if config.templates else (shipped(),))

    def folder(self, *wanted: str) -> str:
        """The folder of the first language of those wanted that there is ("de-AT" is also "de"); "" for English."""
        tags = [tag for each in wanted for tag in (each.lower(), each.lower().partition("-")[0])]
        return next((self._folders.get(tag, "") for tag in tags if tag in self._folders or tag == "en"), "")

    def words(self, *wanted: str) -> Words:
        """The words of the first language of those wanted that there is, else English."""
        folder = self.folder(*wanted)
        if folder not in self._known:
            self._known[folder] = read_words(self.folders, folder)
        return self._known[folder]

    def readers(self, config: Config) -> tuple[tuple[Words, ZoneInfo], ...]:
        """The pairs of language and time zone in which agents and the administrator read mail."""
        desk = config.desk
        spoken = [(desk.language, desk.timezone)]
        spoken += [(each.language or desk.language, config.zone(each.key)) for each in config.agents.values()]
        found = dict.fromkeys((self.folder(language, desk.language), zone) for language, zone in spoken)
        return tuple((self.words(folder), zone) for folder, zone in found)


def shipped() -> Path:
    """The folder of the templates and words that come with mailgate: in the wheel, or in a checkout."""
    inside = Path(str(files("mailgate"))) / "templates"
    return inside if inside.is_dir() else inside.parent.parent / "templates"


def _names(folders: Sequence[Folder]) -> set[str]:
    """The names of folders that may be a language's; English needs none."""
    return {PurePosixPath(name).parent.name for folder in folders for name in folder.files} - {""}


def read_words(folders: Sequence[Folder], language: str) -> Words:
    """The words of a language, "" for English. `folders`: the administrator's first.

    A file with a fault counts as missing; `check` reports it.
    """
    phrases: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for name in (FILE, f"{language}/{FILE}") if language else (FILE,):
        french = name.lower().startswith(("fr/", "fr-"))
        for folder in reversed(folders):
            if name in folder.files and not any(check_words(folder, name, {})):
                texts, sequences = _parsed(folder.text(name))
                # A text of the administrator's or of another language stands for a count of one as well
                phrases = {each: text for each, text in phrases.items() if each.removesuffix("_one") not in texts}
                phrases |= {each: _NO_BREAK.sub("\xa0", text) for each, text in texts.items()} if french else texts
                lists |= sequences
    forms = {f"{form}_form": phrases[f"dates.{form}"] for form in ("day", "moment", "written", "short_day", "short")}
    dates = Dates(lists["dates.days"], lists["dates.months"], **forms)
    return Words(phrases["mail.language"], phrases, dates)


def check_words(folder: Folder, name: str, known: Mapping[str, str]) -> Iterator[Problem]:
    """The faults of one file; `known` are the shipped phrases by name, {} to look at the file alone."""
    path = folder.path / name
    try:
        texts, lists = _parsed(folder.text(name))
    except tomllib.TOMLDecodeError as error:
        yield Problem("", f"this is no TOML: {error}", file=str(path))
        return
    except (UnicodeDecodeError, TypeError) as error:
        yield Problem("", f"{error}", file=str(path))
        return
    for phrase, text in texts.items():
        if "\n" in text:
            yield Problem("", f"{phrase} must be one line", file=str(path))
        elif known and phrase not in known:
            yield Problem("", f"no phrase is called {phrase}", file=str(path))
        elif known and (strange := _values(text) - _values(known[phrase])):
            yield Problem("", f"{phrase} has no value {{{min(strange)}}}", file=str(path))
    for phrase, values in lists.items():
        if phrase not in _LISTS:
            yield Problem("", f"{phrase} must be a text", file=str(path))
        elif len(values) != _LISTS[phrase]:
            yield Problem("", f"{phrase} must be {_LISTS[phrase]} texts", file=str(path))


def _values(text: str) -> set[str]:
    """The names in braces that values replace; those of Jinja2 and of dates are no such names."""
    return set() if "{{" in text or "{%" in text else set(_VALUE.findall(text)) - _OF_DATES


@lru_cache(100)
def _parsed(toml: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Texts and lists by "table.key". Raises TypeError for what is neither."""
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for table, values in tomllib.loads(toml).items():
        if not isinstance(values, Mapping):
            raise TypeError(f"{table} stands outside of a [table]")
        for key, value in values.items():
            name = f"{table}.{key}"
            if isinstance(value, str):
                texts[name] = value
            elif isinstance(value, list) and all(isinstance(each, str) for each in value):
                lists[name] = tuple(value)
            else:
                raise TypeError(f"{name} must be a text")
    return texts, lists
