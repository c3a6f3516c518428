"""[mailbox.NAME] and [relay]: the servers that we connect to; who signs in there is read by `sign_in`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from mailgate.config.sections.sign_in import check_clear, read_credentials, read_provider
from mailgate.config.toml import units
from mailgate.config.toml.messages import did_you_mean, one_of, quoted, quoted_text
from mailgate.config.toml.reader import Table, one_line
from mailgate.connect.providers import CUSTOM, PROVIDERS, Provider
from mailgate.settings import Credentials, Mailbox, Relay

TLS = ("implicit", "starttls", "none")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.%]+", re.ASCII)
RELAY = "relay"  # what `mailgate login` calls the relay's own account
_TLS_OF_PORT = {465: "implicit", 587: "starttls"}  # RFC 8314 3.3, RFC 6409 3.1


def read_mailboxes(top: Table) -> dict[str, Mailbox]:
    """Read every [mailbox.NAME]."""
    return {name: _mailbox(name, table) for name, table in top.named("mailbox")}


def read_relay(top: Table, mailboxes: Mapping[str, Mailbox]) -> Relay:
    """Read [relay]; it may send through the account of a mailbox."""
    if isinstance(top.data.get("relay"), list):
        top.raw("relay")
        top.error("relay", "[[relay]] for failover is not yet supported: write one [relay]")
        return Relay()
    table = top.table("relay")
    if table is None:
        if "relay" not in top:
            top.error("", '[relay] is missing: write [relay] and below it host = "…", or transport = "maildir"')
        return Relay()
    transport = table.choice("transport", ("smtp", "maildir"), "smtp")
    path = table.place("path", "var/outgoing")
    if transport == "smtp" and "path" in table:
        table.error("path", 'is for transport = "maildir": write that above, or take the path out')
    provider, credentials = _relay_account(table, mailboxes)
    ours = provider.smtp if provider else None
    port = table.whole("port", ours.port if ours else 587 if credentials.user else 25, 1, 65_535)
    tls = ours.tls if ours and port == ours.port else _TLS_OF_PORT.get(port, "none")
    relay = Relay(
        transport=transport,
        host=table.value("host", _host, ours.host if ours else "127.0.0.1", '"smtp.bank.example"'),
        port=port,
        tls=table.choice("tls", TLS, tls),
        provider=provider.key if provider else CUSTOM,
        credentials=credentials,
        envelope=table.choice("envelope", ("address", "verp"), "address"),
        path=path if transport == "maildir" else None,
    )
    check_clear(table, relay.host, relay.tls, credentials)
    table.later("dkim")
    table.done()
    return relay


def _relay_account(table: Table, mailboxes: Mapping[str, Mailbox]) -> tuple[Provider | None, Credentials]:
    """Whose account sends: that of a mailbox, or the relay's own."""
    name = table.name("mailbox", "mailbox")
    if not name:
        provider = read_provider(table)
        return provider, read_credentials(table, RELAY, provider, needed=False)
    for key in ("provider", "user", "password", "oauth2", "ca"):
        if table.raw(key) is not None:
            table.error(key, f"stands beside mailbox: the account of [mailbox.{quoted(name)}] sends, keep one of them")
    mailbox = mailboxes.get(name)
    if mailbox is None:
        return None, Credentials()
    provider = PROVIDERS.get(mailbox.provider)
    if provider is None and "host" not in table:
        table.error("", f'host is missing: write where {mailbox.credentials.user} sends: host = "smtp.bank.example"')
    return provider, mailbox.credentials


def _mailbox(name: str, table: Table) -> Mailbox:
    after, move_to = _after(table)
    provider = read_provider(table)
    ours = provider.imap if provider else None
    host_given = "host" in table or ours is not None
    host = ours.host if ours else ""
    mailbox = Mailbox(
        name=name,
        host=table.value("host", _host, host, '"imap.bank.example"') if host_given else table.needed("host", '"…"'),
        port=table.whole("port", ours.port if ours else 993, 1, 65_535),
        tls=table.choice("tls", TLS, "implicit"),
        provider=provider.key if provider else CUSTOM,
        credentials=read_credentials(table, name, provider, needed=True),
        folder=table.text("folder", "INBOX") or "INBOX",
        existing=table.value("existing", _existing, "skip", '"skip"'),
        after=after,
        move_to=move_to,
        junk=table.value("junk", one_line, None, '"Junk"'),
        idle=table.flag("idle", default=True),
        poll=table.duration("poll", timedelta(seconds=60)),
        authserv_ids=table.texts("authserv_ids", example='["imap.bank.example"]'),
    )
    check_clear(table, mailbox.host, mailbox.tls, mailbox.credentials)
    if mailbox.after == "move" and mailbox.move_to == mailbox.folder:
        table.error("after", f"mail cannot be moved from {mailbox.folder} into itself: name another folder")
    table.later("smtp", "sent")
    table.done()
    return mailbox


def _after(table: Table) -> tuple[str, str]:
    """What becomes of a message once it is durable here."""
    value = table.raw("after")
    match value:
        case None:
            return "move", "Processed"
        case {"move": str(folder), **rest} if folder.isprintable() and folder and not rest:
            return "move", folder
        case "seen" | "delete" | "leave":
            return str(value), "Processed"
    near = did_you_mean(value, ("seen", "delete", "leave")) if isinstance(value, str) else ""
    table.error("after", f'must be {{ move = "FOLDER" }}, "seen", "delete" or "leave"{near}')
    return "move", "Processed"


def _existing(text: str) -> str | timedelta:
    if text in ("skip", "take"):
        return text
    try:
        return units.duration(text)
    except ValueError:
        options = ("skip", "take")
        raise ValueError(
            f'{one_of(options)}, or an age such as "3d", not {quoted_text(text)}{did_you_mean(text, options)}'
        ) from None


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"{quoted_text(text)} is no host: write a name or an IP address; the port stands in port")
    return text
