"""[desk], [storage] and [address."…"]: the desk's identity, files and addresses."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from string import Formatter
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mailgate.config.secret import read_secret
from mailgate.config.sections.routing import address, domain, read_language, read_routing
from mailgate.config.toml.reader import Table
from mailgate.settings import Desk, DeskAddress, Secret, Server, Storage

_MIN_SECRET = 16  # characters; whoever guesses the secret can act as any agent


def read_desk(top: Table) -> Desk:
    """Read [desk]. The default of `domain` is the domain of the first address."""
    table = top.table("desk")
    if table is None and "desk" not in top:
        top.error("", '[desk] is missing: write [desk] and below it name = "First Bank Help Desk"')
    table = table or top.sub("desk", {})
    desk_language = read_language(table, "en")
    name, names = table.line_by_language("name", "Help Desk", desk_language, example='"First Bank Help Desk"')
    desk = Desk(
        name=name,
        names=names,
        domain=table.value("domain", domain, "", '"bank.example"') or _first_domain(top),
        timezone=table.zone("timezone", ZoneInfo("UTC")),
        language=desk_language,
        token=table.value("token", token, "[#{number}]", '"[#{number}]"'),
        old_tokens=_old_tokens(table),
        first_number=table.whole("first_number", 1001, 1, 10**9),
        admin=table.value("admin", address, "", '"postmaster@bank.example"'),
        marker=table.flag("marker", default=True),
        hostname=table.value("hostname", domain, "", '"desk.bank.example"'),
        secret=_secrets(table),
    )
    if not desk.admin and "admin" not in table:
        top.reading.warn(
            table.spot,
            "without admin nobody is notified of quarantined mail or a relay that is down: "
            'write admin = "you@bank.example"',
        )
    table.done()
    return desk


def read_storage(top: Table) -> Storage:
    """Read [storage]."""
    table = top.table("storage") or top.sub("storage", {})
    folder = top.reading.folder
    database = table.value(
        "database",
        partial(read_database, folder),
        named_file(folder / "var/mailgate.db"),
        '"sqlite:///var/mailgate.db"',
    )
    attachments = table.place("attachments", "var/attachments")
    storage = Storage(
        database=shared(database, attachments),
        attachments=attachments,
        node=table.text("node", example='"desk-1"'),
        migrate=table.flag("migrate", default=True),
        keep_raw=table.duration("keep_raw", timedelta(days=365)),
        keep_sent=table.duration("keep_sent", timedelta(days=30)),
        keep_closed=table.duration_or_none("keep_closed"),
        keep_trace=table.duration("keep_trace", timedelta(days=90)),
    )
    table.done()
    return storage


def read_addresses(top: Table, desk: Desk) -> dict[str, DeskAddress]:
    """Read every [address."…"] in the order of the file, by normalised address."""
    addresses: dict[str, DeskAddress] = {}
    for written, table in top.named("address"):
        try:
            email = address(written)
        except ValueError as error:
            table.error("", _with_quotes_hint(str(error), table))
            continue
        if email in addresses:
            table.error("", f"{email} is defined twice: addresses are compared in lower case")
        name, names = table.line_by_language("name", desk.name, desk.language)
        addresses[email] = DeskAddress(
            email=email,
            name=name or desk.name,
            names=names if "name" in table else desk.names,
            plus=table.flag("plus", default=False),
            from_=table.value("from", _from_name, "{agent} ({address})", '"{agent} ({address})"'),
            routing=read_routing(table),
        )
        table.done()
    if not addresses and "address" not in top:
        top.error("", 'no address: write [address."support@bank.example"] for each address that the desk answers for')
    elif not top.data.get("address"):
        top.error("address", 'is empty: write [address."support@bank.example"]')
    return addresses


def token(text: str) -> str:
    """Check a subject token: {number} exactly once, with other characters around it. Raises ValueError."""
    rest = text.replace("{number}", "", 1)
    if "{number}" not in text or "{number}" in rest:
        raise ValueError('must contain {number} exactly once: write "[#{number}]"')
    if not rest.strip():
        raise ValueError('every number in a subject would match: add characters around it, as in "[#{number}]"')
    if len(text) > 40 or any(not mark.isprintable() for mark in text):
        raise ValueError('must be one short line: write "[#{number}]"')
    return text


def _old_tokens(table: Table) -> tuple[str, ...]:
    values = table.texts("old_tokens", example='["[Ticket {number}]"]')
    for index, value in enumerate(values):
        try:
            token(value)
        except ValueError as error:
            table.reading.error(table.at("old_tokens").inside(index), str(error))
    return values


def _secrets(table: Table) -> tuple[Secret | Path, ...]:
    """The signing secrets, newest first."""
    value = table.raw("secret")
    if value is None:
        value = {"file": "var/secret"}
    values = value if isinstance(value, list) else [value]
    if not values:
        table.error("secret", 'is empty: write secret = { file = "var/secret" }')
        return ()
    found = tuple(read_secret(table, "secret", item) for item in values)
    for item in found:
        if isinstance(item, Secret) and 0 < len(item.value) < _MIN_SECRET:
            table.reading.warn(
                table.at("secret"),
                f"is short enough to be guessed: use {_MIN_SECRET} random characters or more, or a file",
            )
    return found


def _first_domain(top: Table) -> str:
    addresses = top.data.get("address")
    first = next(iter(addresses), "") if isinstance(addresses, dict) else ""
    try:
        return address(first).rpartition("@")[2]
    except ValueError:
        return "localhost"  # an error is reported for the address itself


def read_database(folder: Path, text: str) -> Path | Server:
    """A database by its URL; `folder` is that of the configuration. Raises ValueError."""
    if text.startswith(("postgresql:", "postgres:")):
        return _server(text, folder)
    scheme, mark, path = text.partition(":///")
    if scheme != "sqlite" or not mark or not path.strip("/") or "?" in path or not path.isprintable():
        raise ValueError(
            'must be "sqlite:///var/mailgate.db" (three slashes: relative to this file) '
            'or "sqlite:////var/lib/mailgate/mailgate.db" (four: absolute), or "postgresql://user@host/mailgate"'
        )
    return named_file(folder / path)


def named_file(path: Path) -> Path:
    """The database file itself where `path` is a symbolic link to it: what lies beside it is then one for all names.

    SQLite keeps its log beside the file, too; a lock beside the link would not keep a second daemon away.
    """
    real = Path(os.path.realpath(path))
    return path if real == Path(os.path.realpath(path.parent), path.name) else real


def shared(database: Path | Server, attachments: Path) -> Path | Server:
    """The database; the nodes of one on a server share its large mails with the attachments."""
    return replace(database, shared=attachments) if isinstance(database, Server) else database


def _server(text: str, folder: Path) -> Server:
    """A database of PostgreSQL, by a URL as libpq reads it."""
    try:
        parts = urlsplit(text)
        named = parts.path.strip("/") or "dbname=" in parts.query
    except ValueError:
        named = ""
    if not named or "://" not in text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError('must name host and database: write database = "postgresql://mailgate@db.example/mailgate"')
    return Server(text, folder / "var/mailgate.db")


def _from_name(text: str) -> str:
    try:
        fields = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        fields = {"?"}
    if not fields <= {"agent", "address"} or not fields or not text.isprintable():
        raise ValueError(
            'must contain {agent}, {address} or both: write "{agent} ({address})", or "{address}" to mask names'
        )
    return text


def _with_quotes_hint(message: str, table: Table) -> str:
    nested = [key for key, value in table.data.items() if isinstance(value, dict)]
    return f'{message}, in quotes: [address."support@bank.example"]' if nested else message
