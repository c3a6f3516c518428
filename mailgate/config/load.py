"""A TOML file → a frozen `Config`, or every error in it at once.

Reads the file and the secrets that it names, and writes nothing. What each table means
stands in the section readers; what they mean together in `mailgate.config.check`.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from mailgate.config.check import check
from mailgate.config.defaults import DEFAULTS, PRIORITIES
from mailgate.config.sections.canned import read_canned
from mailgate.config.sections.customers import read_customers
from mailgate.config.sections.desk import read_addresses, read_desk, read_storage
from mailgate.config.sections.people import read_agents, read_departments, read_roles, read_teams
from mailgate.config.sections.plans import read_schedules, read_slas, read_topics
from mailgate.config.sections.policies import (
    read_alerts,
    read_attachments,
    read_notices,
    read_report,
    read_tickets,
    read_trust,
)
from mailgate.config.sections.routing import read_routing
from mailgate.config.sections.rules import read_rules
from mailgate.config.sections.transports import read_http, read_mailboxes, read_relay, read_smtp
from mailgate.config.toml.messages import quoted
from mailgate.config.toml.reader import Reading, Spot, Table
from mailgate.errors import ConfigError, Problem
from mailgate.settings import Config, Routing

PLACES = (Path("config.toml"), Path("/etc/mailgate/config.toml"))

_LARGEST = 10_000_000  # bytes; nobody writes that by hand
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_NAMELESS_QUOTES = re.compile(r"""^\s*(\[\[?)\s*([\w-]+)\.([^]"'#]*[\s@][^]"'#]*)""")
_BARE_VALUE = re.compile(r"^\s*[\w.-]+\s*=\s*[A-Za-z]")


def find(explicit: str | None, environ: Mapping[str, str]) -> Path:
    """Return the config file: `explicit`, else $MAILGATE_CONFIG, else the first usual place.

    Raises `ConfigError` when nothing is named and no usual place has one.
    """
    if named := explicit or environ.get("MAILGATE_CONFIG"):
        return Path(named)
    for place in PLACES:
        if place.exists():
            return place
    looked = " and ".join(str(place) for place in PLACES)
    raise ConfigError((Problem("", f"no config at {looked}: name it with -c, or let `mailgate init DIR` write one"),))


def load(
    path: Path, environ: Mapping[str, str] | None = None, *, thorough: bool = True, secrets: bool = True
) -> tuple[Config, tuple[Problem, ...]]:
    """Read the config at `path`; returns it with its warnings.

    Raises `ConfigError` with every problem found. `environ` is where `{ env = … }`
    secrets come from, by default the process's own. Without `thorough` the holiday codes
    are not looked up, which takes a quarter of a second: for a process a mail. Without
    `secrets` a password that cannot be had is no problem: for those who sign in nowhere.
    """
    environ = os.environ if environ is None else environ
    config, reading = read(path, _text(path), environ, thorough=thorough, secrets=secrets)
    problems = tuple(sorted(dict.fromkeys(reading.problems), key=lambda problem: problem.line or 0))
    if any(not problem.warning for problem in problems):
        raise ConfigError(tuple(problem for problem in problems if not problem.warning))
    return config, problems


def read(
    path: Path, text: str, environ: Mapping[str, str], *, thorough: bool = True, secrets: bool = True
) -> tuple[Config, Reading]:
    """Read `text` as the config at `path`. Where it has problems, the config holds stopgaps.

    Raises `ConfigError` only for text that is no TOML.
    """
    reading = Reading(path, text, environ, thorough=thorough, secrets=secrets)
    top = Table(_toml(path, text), Spot(), reading)
    config = _config(top)
    check(config, reading)
    return config, reading


def _config(top: Table) -> Config:
    desk = read_desk(top)
    templates = top.reading.folder / "templates"
    mailboxes = read_mailboxes(top)
    config = Config(
        file=top.reading.file,
        desk=desk,
        storage=read_storage(top),
        addresses=read_addresses(top, desk),
        smtp=read_smtp(top),
        mailboxes=mailboxes,
        relay=read_relay(top, mailboxes),
        http=read_http(top),
        departments=read_departments(top),
        roles=read_roles(top),
        agents=read_agents(top),
        teams=read_teams(top),
        customers=read_customers(top),
        schedules=read_schedules(top, desk.timezone),
        slas=read_slas(top),
        topics=read_topics(top),
        priorities=PRIORITIES,
        defaults=_defaults(top),
        rules=read_rules(top, desk.language),
        alerts=read_alerts(top),
        notices=read_notices(top),
        trust=read_trust(top),
        tickets=read_tickets(top),
        attachments=read_attachments(top),
        report=read_report(top),
        canned=read_canned(top),
        templates=templates if templates.is_dir() else None,
        text=top.reading.text,
    )
    top.done()
    return config


def _defaults(top: Table) -> Routing:
    """Read [defaults]; where it is silent the built-in topic, department, plan and priority hold."""
    table = top.table("defaults") or top.sub("defaults", {})
    routing = read_routing(table)
    table.done()
    ours = {key: value for key in table.data if (value := getattr(routing, key, None)) is not None}
    return dataclasses.replace(DEFAULTS, **ours)


def _text(path: Path) -> str:
    """The text of the file; raises `ConfigError` when there is none to be had."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except IsADirectoryError:
        raise _broken(path, "is a folder: name the file in it, such as config.toml") from None
    except FileNotFoundError:
        raise _broken(path, "is missing: `mailgate init DIR` writes a first one") from None
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > _LARGEST:
        raise _broken(path, "is larger than 10 MB: this is no config")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _broken(path, "is not UTF-8 text: save it as UTF-8", line) from None


def _toml(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _PLACE.search(said)
        rows = text.split("\n")
        line = int(found[1]) if found and found[1] else len(rows) - (not rows[-1])
        what = said[: found.start()] if found else said
        raise _broken(path, f"is not TOML: {what}{_hint(rows[line - 1] if line else '', what)}", line) from None
    except (RecursionError, ValueError):
        raise _broken(
            path, "is not TOML that can be read: it is nested too deeply, or holds an impossible value"
        ) from None


def _hint(row: str, said: str) -> str:
    """What is most likely meant by a line that is no TOML."""
    if found := _NAMELESS_QUOTES.search(row):
        brackets, kind, name = found.groups()
        end = "]" * len(brackets)
        return f": names with spaces or @ need quotes: write {brackets}{kind}.{quoted(name.strip())}{end}"
    if said.startswith("Cannot declare"):
        return ": this table stands twice; put its keys together"
    if said.startswith("Cannot overwrite"):
        return ": this key stands twice in its table"
    if said.startswith("Unclosed inline table") or row.rstrip().endswith("{"):
        return ": a table in { } stands on one line"
    if said.startswith("Expected '='"):
        return ": a line is key = value; keys with spaces or @ need quotes"
    if re.search(r"=\s*(True|False)\b", row):
        return ": true and false are written small"
    if _BARE_VALUE.search(row):
        return ': texts stand in quotes, as in name = "First Bank"'
    if said.startswith(("Illegal character '\\n'", "Unterminated string")):
        return ": a text ends on its own line, with the quote that it began with"
    if said.startswith("Unescaped '\\'"):
        return ": patterns stand in single quotes, where a backslash is a backslash"
    return ""


def _broken(path: Path, what: str, line: int | None = None) -> ConfigError:
    return ConfigError((Problem("", what, line or None, str(path)),))
