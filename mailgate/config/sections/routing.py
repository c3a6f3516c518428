"""Routing keys, alert recipients, addresses and domains: read alike in every table that has them."""

from __future__ import annotations

import re

from mailgate.config.built_in import PRIORITIES, STATUSES
from mailgate.config.toml.messages import CONTROL, did_you_mean, one_of, quoted_text
from mailgate.config.toml.reader import LANGUAGE, Spot, Table
from mailgate.mail import normalise
from mailgate.settings import Routing

RECIPIENTS = ("assignee", "team", "team-lead", "department", "manager", "last-respondent", "alerted", "admin")

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII
)
_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_TAG = re.compile(r"[^\s,#\"]{1,50}")


def address(text: str) -> str:
    """Normalise an e-mail address. Raises ValueError."""
    found = normalise(text)
    local, _, host = found.rpartition("@")
    if "*" in found:
        raise ValueError(f"{quoted_text(text)} is a pattern: write one address, as name@domain")
    if not (_ADDRESS.fullmatch(f"{'x' if not local.isascii() else local}@{host}") and ".." not in found) or any(
        mark in local for mark in " <>"
    ):
        raise ValueError(f"{quoted_text(text)} is not an e-mail address: write it as name@domain")
    return found


def domain(text: str) -> str:
    """Normalise a domain to lower-case A-labels (RFC 5890). Raises ValueError."""
    found = normalise(f"x@{text}").removeprefix("x@")
    if not _DOMAIN.fullmatch(found):
        raise ValueError(f"{quoted_text(text)} is not a domain: write it as bank.example")
    return found


def read_language(table: Table, default: str = "") -> str:
    """The key `language`: one in which mails are written, see `config.check`."""
    found = table.value("language", _language, "", '"en"')
    return table.refer("language", found, table.at("language")) if found else default


def _language(text: str) -> str:
    if text and not LANGUAGE.fullmatch(text):
        raise ValueError(f'{quoted_text(text)} is not a language tag: write one such as "en" or "pt-BR"')
    return text


def read_routing(table: Table, *, without: str = "") -> Routing:
    """Read the routing keys of `table`; `without` names a key that the table may not set, since it is its own kind."""
    return Routing(
        topic=_name(table, "topic", without),
        department=_name(table, "department", without),
        sla=_name(table, "sla", without),
        priority=_choice(table, "priority", PRIORITIES),
        assign=_assign(table),
        status=_choice(table, "status", STATUSES),
        tags=_tags(table),
        language=read_language(table) or None,
        autoresponse=_flag(table, "autoresponse"),
        template=_template(table),
    )


def recipients(table: Table, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Read a list of alert recipients; addresses are normalised."""
    values = table.texts(key, default, example='["assignee", "department"]')
    if key not in table:
        return values
    return tuple(_recipient(table, value, table.at(key).inside(index)) for index, value in enumerate(values))


def target(table: Table, value: str, spot: Spot) -> str:
    """Check "team:NAME" or "agent:KEY"; the reference is checked after all tables are read."""
    kind, colon, name = value.partition(":")
    if not colon or kind not in ("team", "agent"):
        table.reading.error(spot, f'must be "team:NAME" or "agent:KEY", not {quoted_text(value)}{_guess(value)}')
        return value
    return f"{kind}:{table.refer(kind, name.strip(), spot)}"


def _guess(value: str) -> str:
    return f': did you mean "agent:{value}" or "team:{value}"?' if value and ":" not in value else ""


def _recipient(table: Table, value: str, spot: Spot) -> str:
    if value in RECIPIENTS:
        return value
    kind, _, name = value.partition(":")
    if kind == "agent":
        return f"agent:{table.refer('agent', name.strip(), spot)}"
    if "@" in value:
        try:
            return table.refer("reader", address(value), spot)
        except ValueError as error:
            table.reading.error(spot, str(error))
            return value
    near = did_you_mean(value, RECIPIENTS) or f": {one_of((*RECIPIENTS, 'agent:KEY'))}, or an address"
    table.reading.error(spot, f"{quoted_text(value)} is not a recipient{near}")
    return value


def _name(table: Table, key: str, without: str) -> str | None:
    if key == without:
        if key in table:
            table.raw(key)
            table.error(key, f"a {key} cannot set its own {key}: remove it")
        return None
    return table.name(key, key) or None


def _choice(table: Table, key: str, options: tuple[str, ...]) -> str | None:
    value = table.choice(key, options, options[0])
    return value if key in table else None


def _assign(table: Table) -> str | None:
    value = table.text("assign", example='"team:NAME"')
    return target(table, value, table.at("assign")) if value else None


def _tags(table: Table) -> tuple[str, ...] | None:
    values = table.texts("tags")
    for index, value in enumerate(values):
        if not _TAG.fullmatch(value):
            table.reading.error(
                table.at("tags").inside(index),
                f"{quoted_text(value)} is not a valid tag: a tag is one word without commas",
            )
    return values if "tags" in table else None


def _flag(table: Table, key: str) -> bool | None:
    value = table.flag(key, default=True)
    return value if key in table else None


def _template(table: Table) -> str | None:
    value = table.text("template", example='"billing"')
    if value and (not _TEMPLATE.fullmatch(value) or CONTROL.search(value)):
        table.error(
            "template", f"{quoted_text(value)} is not a valid template set: write the name of a folder in templates/"
        )
        return None
    return table.refer("template", value, table.at("template")) if value else None
