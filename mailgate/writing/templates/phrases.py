"""`words.toml` → `Words`: the catalogue of phrases, shipped and the administrator's, by language.

`words.toml` is English, `LANGUAGE/words.toml` another language; a file of the
administrator's changes phrase by phrase. What a language lacks is said in English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from mailgate.errors import Problem
from mailgate.rules.text.moments import Dates
from mailgate.writing.views.words import Words

FILE = "words.toml"
_LISTS = {"dates.days": 7, "dates.months": 12}


def languages(roots: Sequence[Path]) -> Mapping[str, str]:
    """The folders that may be a language's, by their names in lower case; English needs none."""
    found = (path.parent for root in roots for kind in ("txt", "html", "toml") for path in root.rglob(f"*.{kind}"))
    return {folder.name.lower(): folder.name for folder in found if folder not in roots}


def read_words(roots: Sequence[Path], language: str) -> Words:
    """The words of a language, "" for English. `roots`: the administrator's folder first.

    A file with something wrong in it counts as missing: `check` tells what it is.
    """
    phrases: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for folder in ("", language) if language else ("",):
        for root in reversed(roots):
            path = root / folder / FILE
            if path.is_file() and not any(check_words(path, ())):
                texts, sequences = _read(path)
                phrases |= texts
                lists |= sequences
    forms = {f"{form}_form": phrases[f"dates.{form}"] for form in ("day", "moment", "short_day", "short")}
    dates = Dates(lists["dates.days"], lists["dates.months"], **forms)
    return Words(phrases["mail.language"], phrases, dates)


def check_words(path: Path, known: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with one file; `known` are the names that phrases may have, () for any."""
    try:
        texts, lists = _read(path)
    except tomllib.TOMLDecodeError as error:
        yield Problem("", f"this is no TOML: {error}", file=str(path))
        return
    except (OSError, UnicodeDecodeError, TypeError) as error:
        yield Problem("", f"{error}", file=str(path))
        return
    for name, text in texts.items():
        if "\n" in text:
            yield Problem("", f"{name} must be one line", file=str(path))
        elif known and name not in known:
            yield Problem("", f"no phrase is called {name}", file=str(path))
    for name, values in lists.items():
        if name not in _LISTS:
            yield Problem("", f"{name} must be a text", file=str(path))
        elif len(values) != _LISTS[name]:
            yield Problem("", f"{name} must be {_LISTS[name]} texts", file=str(path))


def _read(path: Path) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Texts and lists by "table.key". Raises TypeError for what is neither."""
    return _parsed(path.read_text("utf-8"))


@lru_cache(100)
def _parsed(toml: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
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
