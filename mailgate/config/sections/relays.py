"""[relay] and [[relay]]: the SMTP servers for outgoing mail: sign-in, limits, DKIM keys."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailgate.config.secret import password
from mailgate.config.sections.mailboxes import TLS, host
from mailgate.config.sections.routing import domain
from mailgate.config.sections.sign_in import check_clear, is_loopback, read_credentials, read_provider
from mailgate.config.toml.messages import quoted, quoted_text
from mailgate.config.toml.reader import Spot, Table
from mailgate.connect import rsa
from mailgate.connect.providers import CUSTOM, PROVIDERS, Provider
from mailgate.mail import normalise
from mailgate.settings import Credentials, DkimKey, Listener, Mailbox, Relay

RELAY = "relay"  # what `mailgate login` calls the account of a relay without a name
# What says how a server is reached, beside a folder that another program takes the mail from.
_SMTP_ONLY = (
    *("host", "port", "tls", "ca", "provider", "mailbox", "user", "password", "oauth2"),
    *("dkim", "max_connections", "max_per_minute"),
)
_SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_TLS_OF_PORT = {465: "implicit", 587: "starttls"}  # RFC 8314 3.3, RFC 6409 3.1


def read_relays(
    top: Table, mailboxes: Mapping[str, Mailbox], listeners: Mapping[str, Listener | None]
) -> tuple[Relay, ...]:
    """Read [relay], or each [[relay]] in the order of the file. `listeners`: those of the desk, by table."""
    relays: list[Relay] = []
    for position, table in enumerate(_tables(top)):
        relay = _relay(table, position, mailboxes)
        # `mailgate login NAME` takes the names of both.
        if relay.name in mailboxes or relay.name in (other.name for other in relays):
            table.error("name", f"another relay or a mailbox is called {quoted_text(relay.name)}: names must be unique")
        for name, listener in listeners.items():
            if relay.transport == "smtp" and listener and (listener.host, listener.port) == (relay.host, relay.port):
                what = f"is the port of [{name}]: the desk would send mail to itself; write the mail server's port"
                table.error("port", what)
        relays.append(relay)
    return tuple(relays) or (Relay(),)


def _tables(top: Table) -> list[Table]:
    value = top.raw("relay")
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [Table(item, _spot(item, position), top.reading) for position, item in enumerate(value)]
    table = top.table("relay")
    if table is None and "relay" not in top:
        top.error("", '[relay] is missing: write [relay] and below it host = "…", or transport = "maildir"')
    return [] if table is None else [table]


def _spot(item: Mapping[str, object], position: int) -> Spot:
    name = item.get("name")
    label = f"relay.{quoted_text(name)}" if isinstance(name, str) and name else f"relay.{position + 1}"
    return Spot(("relay", position), label, "relay")


def _relay(table: Table, position: int, mailboxes: Mapping[str, Mailbox]) -> Relay:
    name = table.text("name") or (RELAY if position == 0 else f"{RELAY}-{position + 1}")
    transport = table.choice("transport", ("smtp", "maildir"), "smtp")
    path = table.place("path", "var/outgoing")
    if transport == "smtp" and "path" in table:
        table.error("path", 'requires transport = "maildir": add that, or remove path')
    for key in _SMTP_ONLY if transport == "maildir" else ():
        if key in table:
            does = "signs" if key == "dkim" else "sends the mail"
            table.error(key, f'requires transport = "smtp": the program that takes the files {does}')
    provider, credentials = _account(table, name, mailboxes)
    ours = provider.smtp if provider else None
    port = table.whole("port", ours.port if ours else 587 if credentials.user else 25, 1, 65_535)
    tls = ours.tls if ours and port == ours.port else _TLS_OF_PORT.get(port, "none")
    relay = Relay(
        name=name,
        for_=_addresses(table),
        transport=transport,
        host=table.value("host", host, ours.host if ours else "127.0.0.1", '"smtp.bank.example"'),
        port=port,
        tls=table.choice("tls", TLS, tls),
        provider=provider.key if provider else CUSTOM,
        credentials=credentials,
        envelope=table.choice("envelope", ("address", "verp"), "address"),
        max_connections=table.whole("max_connections", provider.max_connections if provider else 4, 1, 100),
        max_per_minute=table.whole("max_per_minute", provider.max_per_minute if provider else 0, 0, 1_000_000),
        dkim=_dkim(table),
        path=path if transport == "maildir" else None,
    )
    check_clear(table, relay.host, relay.tls, credentials)
    if relay.tls == "none" and relay.port in _TLS_OF_PORT and not is_loopback(relay.host) and transport == "smtp":
        what = f'mail leaves unencrypted, though port {port} is for TLS: write tls = "{_TLS_OF_PORT[port]}"'
        table.reading.warn(table.at("tls"), what)
    table.done()
    return relay


def _addresses(table: Table) -> tuple[str, ...]:
    written = enumerate(table.texts("for", example='["support@bank.example"]'))
    return tuple(table.refer("address", normalise(each), table.at("for").inside(at)) for at, each in written)


def _account(table: Table, name: str, mailboxes: Mapping[str, Mailbox]) -> tuple[Provider | None, Credentials]:
    """Whose account sends: that of a mailbox, or the relay's own."""
    of_mailbox = table.name("mailbox", "mailbox")
    if not of_mailbox:
        provider = read_provider(table)
        return provider, read_credentials(table, name, provider, needed=False)
    for key in ("provider", "user", "password", "oauth2", "ca"):
        if table.raw(key) is not None:
            table.error(key, f"cannot be combined with mailbox: [mailbox.{quoted(of_mailbox)}] has the account")
    mailbox = mailboxes.get(of_mailbox)
    if mailbox is None:
        return None, Credentials()
    provider = PROVIDERS.get(mailbox.provider)
    if provider is None and "host" not in table:
        sender = mailbox.credentials.user
        table.error("", f'host is missing: write the server that {sender} sends through: host = "smtp.bank.example"')
    return provider, mailbox.credentials


def _dkim(table: Table) -> tuple[DkimKey, ...]:
    value = table.raw("dkim")
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        example = '[ { domain = "bank.example", selector = "s1", key = { file = "dkim.pem" } } ]'
        table.error("dkim", f"must be a list of tables: write dkim = {example}")
        return ()
    return tuple(_dkim_key(Table(item, table.at("dkim").item(at), table.reading)) for at, item in enumerate(items))


def _dkim_key(table: Table) -> DkimKey:
    name = table.value("domain", domain, "", '"bank.example"')
    if not name:
        table.needed("domain", '"bank.example"')
    selector = table.needed("selector", '"s1"')
    if selector and not _SELECTOR.fullmatch(selector):
        table.error("selector", f'{quoted_text(selector)} is not a selector: write "s1" for s1._domainkey.{name}')
    key = DkimKey(domain=name, selector=selector, key=password(table, "key"))
    if key.key and table.reading.thorough:
        try:
            rsa.signer(key.key.value)
        except ValueError as error:
            table.error("key", str(error))
    table.done()
    return key
