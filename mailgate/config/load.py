"""Loads the configuration: a TOML file into a frozen `Config`, or every error in it at once.

Reads the file and the secrets that it names; writes nothing. Each table is read in
`mailgate.config.sections`, checks across tables are in `mailgate.config.check`.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from mailgate.config.built_in import DEFAULT_ROUTING, PRIORITIES, name_of_built_in
from mailgate.config.check import check
from mailgate.config.sections.canned import read_canned
from mailgate.config.sections.customers import read_customers
from mailgate.config.sections.desk import read_addresses, read_desk, read_storage
from mailgate.config.sections.listeners import read_http, read_smtp, read_submission
from mailgate.config.sections.mailboxes import read_mailboxes
from mailgate.config.sections.people import read_agents, read_departments, read_roles, read_teams
from mailgate.config.sections.policies import (
    read_alarm,
    read_alerts,
    read_attachments,
    read_notices,
    read_report,
    read_spam,
    read_tickets,
    read_trust,
)
from mailgate.config.sections.relays import read_relays
from mailgate.config.sections.routing import read_routing
from mailgate.config.sections.rules import read_rules
from mailgate.config.sections.schedules import read_schedules, read_slas
from mailgate.config.sections.topics import read_topics
from mailgate.config.toml.messages import quoted
from mailgate.config.toml.reader import Reading, Spot, Table
from mailgate.errors import ConfigError, Problem
from mailgate.settings import Config, Routing

DEFAULT_PATHS = (Path("config.toml"), Path("/etc/mailgate/config.toml"))

_LOCAL = (".local", ".localdomain", ".internal", ".lan")  # domains that other hosts cannot look up
_MAX_SIZE = 10_000_000  # bytes; far more than anybody writes by hand
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_KEYS = re.compile(r"\((?:'[^']*',? ?)+\)")  # ('team', 'Level I')
_NAMELESS_QUOTES = re.compile(r"""^\s*(\[\[?)\s*([\w-]+)\.([^]"'#]*[\s@][^]"'#]*)""")
_BARE_VALUE = re.compile(r"^\s*[\w.-]+\s*=\s*[A-Za-z]")


def find(explicit: str | None, environ: Mapping[str, str]) -> Path:
    """The configuration file: `explicit`, else $MAILGATE_CONFIG, else the first default path that exists.

    Raises ConfigError when none is given and no default path exists, and for an empty name: a script has lost it.
    """
    if explicit == "":
        raise ConfigError((Problem("", "-c names no file"),))
    if named := explicit or environ.get("MAILGATE_CONFIG"):
        return Path(named)
    for path in DEFAULT_PATHS:
        if path.exists():
            return path
    tried = " or ".join(str(path) for path in DEFAULT_PATHS)
    what = f"no configuration file at {tried}: name one with -c, or create one with `mailgate init DIR`"
    raise ConfigError((Problem("", what),))


def load(
    path: Path, environ: Mapping[str, str] | None = None, *, thorough: bool = True, secrets: bool = True
) -> tuple[Config, tuple[Problem, ...]]:
    """Read the configuration at `path`; returns it with its warnings.

    Raises ConfigError with every problem found. `environ` holds the values of `{ env = … }`
    secrets; default: the environment of the process. Without `thorough`, holiday codes are
    not checked, which would take a quarter of a second: for commands that run once per mail.
    Without `secrets`, an unavailable password is not a problem: for commands that do not sign in.
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
    """Read `text` as the configuration at `path`.

    Problems are in the returned `Reading`; the values that they concern are defaults.
    Raises ConfigError only for text that is not TOML.
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
    smtp = read_smtp(top)
    submission = read_submission(top, smtp)
    config = Config(
        file=top.reading.file,
        desk=desk,
        storage=read_storage(top),
        addresses=read_addresses(top, desk),
        smtp=smtp,
        submission=submission,
        mailboxes=mailboxes,
        relays=read_relays(top, mailboxes, {"smtp": smtp, "submission": submission}),
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
        spam=read_spam(top),
        alarm=read_alarm(top),
        canned=read_canned(top),
        templates=templates if templates.is_dir() else None,
        hostname=desk.hostname or _hostname() or desk.domain,
        text=top.reading.text,
        files=tuple(top.reading.files),
    )
    top.done()
    return config


def _hostname() -> str:
    """The name of this host where it is fully qualified, as RFC 5321 4.1.1.1 wants it in EHLO; else ""."""
    name = os.uname().nodename.lower()
    return name if "." in name and not name.endswith(_LOCAL) else ""


def _defaults(top: Table) -> Routing:
    """Read [defaults]; a missing topic, department, plan or priority is the built-in one."""
    table = top.table("defaults") or top.sub("defaults", {})
    routing = read_routing(table)
    table.done()
    given = {key: value for key in table.data if (value := getattr(routing, key, None)) is not None}
    names = ((kind, str(getattr(DEFAULT_ROUTING, kind))) for kind in ("topic", "department", "sla"))
    built_in = {kind: name_of_built_in(name, top.data.get(kind)) for kind, name in names}
    return dataclasses.replace(DEFAULT_ROUTING, **(built_in | given))


def _text(path: Path) -> str:
    """Read the file. Raises ConfigError when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SIZE + 1)
    except IsADirectoryError:
        raise _broken(path, "is a folder: name the file in it, such as config.toml") from None
    except FileNotFoundError:
        raise _broken(path, "does not exist: create one with `mailgate init DIR`") from None
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > _MAX_SIZE:
        raise _broken(path, "is larger than 10 MB: not a configuration file")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _broken(path, "is not UTF-8: save it as UTF-8", line) from None


def _toml(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _POSITION.search(message)
        rows = text.split("\n")
        line = int(found[1]) if found and found[1] else len(rows) - (not rows[-1])
        what = _KEYS.sub(_table_name, message[: found.start()] if found else message)
        raise _broken(path, f"is not valid TOML: {what}{_hint(rows[line - 1] if line else '', what)}", line) from None
    except (RecursionError, ValueError):
        raise _broken(path, "is not valid TOML: it is nested too deeply, or contains an invalid value") from None


def _table_name(found: re.Match[str]) -> str:
    """A table as it is written, of a tuple as Python writes it."""
    return f"[{'.'.join(quoted(key) for key in ast.literal_eval(found[0]))}]"


def _hint(row: str, message: str) -> str:
    """The most likely fix for a line that is not valid TOML; "" for none."""
    if found := _NAMELESS_QUOTES.search(row):
        brackets, kind, name = found.groups()
        end = "]" * len(brackets)
        return f": names with spaces or @ need quotes: write {brackets}{kind}.{quoted(name.strip())}{end}"
    if message.startswith("Cannot declare"):
        return ": this table is defined twice: merge the two"
    if message.startswith("Cannot overwrite"):
        return ": this key is defined twice in its table"
    if message.startswith("Unclosed inline table") or row.rstrip().endswith("{"):
        return ": an inline table { } must be on one line"
    if message.startswith("Expected '='"):
        return ": write key = value; keys with spaces or @ need quotes"
    if re.search(r"=\s*(True|False)\b", row):
        return ": true and false are written in lower case"
    if _BARE_VALUE.search(row):
        return ': strings need quotes, as in name = "First Bank"'
    if message.startswith(("Illegal character '\\n'", "Unterminated string")):
        return ": a string must end on the same line, with the quote that it began with"
    if message.startswith("Unescaped '\\'"):
        return ": write patterns in single quotes, where a backslash is literal"
    return ""


def _broken(path: Path, what: str, line: int | None = None) -> ConfigError:
    return ConfigError((Problem("", what, line or None, str(path)),))
