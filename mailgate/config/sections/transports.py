"""[smtp], [mailbox.NAME], [relay] and [http]: the ways in and out."""

from __future__ import annotations

import re
from datetime import timedelta

from mailgate.config.secret import password
from mailgate.config.toml import units
from mailgate.config.toml.messages import did_you_mean, one_of, quoted_text
from mailgate.config.toml.reader import Table
from mailgate.settings import Http, Listener, Mailbox, Relay, Secret

TLS = ("implicit", "starttls", "none")
_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.%]+", re.ASCII)
_LOOPBACK = ("127.", "localhost", "::1")


def read_smtp(top: Table) -> Listener | None:
    """Read [smtp]; None means no listener."""
    table = top.table("smtp")
    if table is None:
        return None
    host, port = table.value("listen", _listen, ("127.0.0.1", 8025), '"127.0.0.1:8025"')
    listener = Listener(
        host=host,
        port=port,
        max_size=_max_size(table),
        max_connections=table.whole("max_connections", 200, 1, 100_000),
        authserv_ids=table.texts("authserv_ids", example='["mx.bank.example"]'),
    )
    table.fixed("edge", only=False)
    table.later("protocol", "tls", "submission")
    table.done()
    return listener


def read_mailboxes(top: Table) -> dict[str, Mailbox]:
    """Read every [mailbox.NAME]."""
    return {name: _mailbox(name, table) for name, table in top.named("mailbox")}


def read_relay(top: Table) -> Relay:
    """Read [relay]."""
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
    relay = Relay(
        transport=transport,
        host=table.value("host", _host, "127.0.0.1", '"smtp.bank.example"'),
        port=table.whole("port", 25, 1, 65_535),
        tls=table.choice("tls", TLS, "none"),
        envelope=table.choice("envelope", ("address", "verp"), "address"),
        path=path if transport == "maildir" else None,
    )
    table.later("user", "password", "oauth2", "dkim")
    table.done()
    return relay


def read_http(top: Table) -> Http | None:
    """Read [http]; None means no health page."""
    table = top.table("http")
    if table is None:
        return None
    host, port = table.value("listen", _listen, ("127.0.0.1", 9025), '"127.0.0.1:9025"')
    if not host.startswith(_LOOPBACK):
        table.reading.warn(table.at("listen"), "other machines can read the metrics there: 127.0.0.1 keeps them out")
    table.done()
    return Http(host=host, port=port)


def _mailbox(name: str, table: Table) -> Mailbox:
    after, move_to = _after(table)
    mailbox = Mailbox(
        name=name,
        host=table.value("host", _host, "", '"imap.bank.example"') if "host" in table else table.needed("host", '"…"'),
        port=table.whole("port", 993, 1, 65_535),
        tls=table.choice("tls", TLS, "implicit"),
        user=table.needed("user", '"support@bank.example"'),
        password=_password(table),
        folder=table.text("folder", "INBOX") or "INBOX",
        existing=table.value("existing", _existing, "skip", '"skip"'),
        after=after,
        move_to=move_to,
        idle=table.flag("idle", default=True),
        poll=table.duration("poll", timedelta(seconds=60)),
        authserv_ids=table.texts("authserv_ids", example='["imap.bank.example"]'),
    )
    if mailbox.tls == "none" and mailbox.host and not mailbox.host.startswith(_LOOPBACK):
        table.reading.warn(table.at("tls"), 'the password crosses the network in clear: write tls = "implicit"')
    if mailbox.after == "move" and mailbox.move_to == mailbox.folder:
        table.error("after", f"mail cannot be moved from {mailbox.folder} into itself: name another folder")
    table.later("oauth2", "provider", "smtp", "junk", "sent")
    table.done()
    return mailbox


def _password(table: Table) -> Secret:
    if "oauth2" in table:  # refused below; then no word about the password
        table.raw("password")
        return Secret()
    return password(table, "password")


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


def _max_size(table: Table) -> int:
    size = table.value("max_size", units.size, 50_000_000, '"50 MB"')
    if not 10_000 <= size <= 1_000_000_000:
        table.error("max_size", 'must be from "10 kB" to "1 GB"')
        return 50_000_000
    return size


def _listen(text: str) -> tuple[str, int]:
    found = _LISTEN.fullmatch(text)
    if found is None or int(found[3]) > 65_535:
        raise ValueError(f'{quoted_text(text)} is no place to listen: write host:port, such as "127.0.0.1:8025"')
    return found[1] or found[2], int(found[3])


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"{quoted_text(text)} is no host: write a name or an IP address; the port stands in port")
    return text
