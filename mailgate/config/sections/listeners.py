"""[smtp], [submission] and [http]: where we listen, and with which certificate."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from mailgate.config.sections.mailboxes import read_authserv_ids
from mailgate.config.sections.sign_in import is_loopback
from mailgate.config.toml import units
from mailgate.config.toml.messages import quoted_text
from mailgate.config.toml.reader import Table
from mailgate.settings import MAX_MAIL, Http, Listener, ServerTls

_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})", re.ASCII)
_UNIX = "unix:"
_MAX_SOCKET_PATH = 107  # bytes; sockaddr_un on Linux


def read_smtp(top: Table) -> Listener | None:
    """Read [smtp]; None means no listener."""
    table = top.table("smtp")
    if table is None:
        return None
    host, port, path = _endpoint(table, "127.0.0.1:8025")
    listener = Listener(
        host=host,
        port=port,
        path=path,
        protocol=table.choice("protocol", ("smtp", "lmtp"), "smtp"),
        tls=_tls(table),
        proxy=_networks(table),
        max_size=_max_size(table, MAX_MAIL),
        max_connections=table.whole("max_connections", 200, 1, 100_000),
        authserv_ids=read_authserv_ids(table, '["mx.bank.example"]'),
    )
    if listener.protocol == "lmtp" and listener.port == 25:  # RFC 2033 5
        table.error("listen", "LMTP must not be used on port 25 (RFC 2033): choose another port")
    if path is None and not listener.tls and not is_loopback(host):
        table.reading.warn(
            table.at("listen"), "mail from other hosts is received unencrypted: configure a certificate in tls"
        )
    table.fixed("edge", only=False)
    table.done({"submission": ": write a table [submission] instead"})
    return listener


def read_submission(top: Table, smtp: Listener | None) -> Listener | None:
    """Read [submission], which uses the certificate of [smtp] unless it names one; None means no listener."""
    table = top.table("submission")
    if table is None:
        return None
    host, port, path = _endpoint(table, "127.0.0.1:587")
    in_clear = table.data.get("tls") == "none"
    tls = None
    if in_clear:
        table.raw("tls")
        if not is_loopback(host):
            table.error("tls", "passwords would be sent unencrypted: configure a certificate in tls")
    elif "tls" in table:
        tls = _tls(table)
    else:
        table.raw("tls")
        tls = smtp.tls if smtp else None
        if tls is None:
            table.error("", 'tls is missing: logins require TLS; write tls = { cert = "…", key = "…" }')
    listener = Listener(
        host=host,
        port=port,
        path=path,
        submission=True,
        tls=tls,
        proxy=_networks(table),
        max_size=_max_size(table, smtp.max_size if smtp else MAX_MAIL),
        max_connections=table.whole("max_connections", 50, 1, 100_000),
    )
    table.done()
    return listener


def read_http(top: Table) -> Http | None:
    """Read [http]; None means no health page."""
    table = top.table("http")
    if table is None:
        return None
    host, port = table.value("listen", _host_and_port, ("127.0.0.1", 9025), '"127.0.0.1:9025"')
    if not is_loopback(host):
        table.reading.warn(table.at("listen"), "other machines can read the metrics there: 127.0.0.1 keeps them out")
    table.done()
    return Http(host=host, port=port)


def _endpoint(table: Table, default: str) -> tuple[str, int, Path | None]:
    """Host and port, or the path of a unix socket."""
    written = table.data.get("listen")
    if isinstance(written, str) and written.startswith(_UNIX):
        table.raw("listen")
        path = table.reading.folder / written.removeprefix(_UNIX)
        if not written.removeprefix(_UNIX).strip() or not written.isprintable():
            table.error("listen", 'has no path: write listen = "unix:var/lmtp.sock"')
        elif len(str(path).encode()) > _MAX_SOCKET_PATH:
            table.error("listen", f"{path} is too long for the path of a socket (at most {_MAX_SOCKET_PATH} bytes)")
        return "", 0, path
    host, port = table.value("listen", _host_and_port, _host_and_port(default), f'"{default}"')
    return host, port, None


def _host_and_port(text: str) -> tuple[str, int]:
    found = _LISTEN.fullmatch(text)
    if found is None or int(found[3]) > 65_535:
        raise ValueError(f'{quoted_text(text)} is no place to listen: write host:port, such as "127.0.0.1:8025"')
    return found[1] or found[2], int(found[3])


def _tls(table: Table) -> ServerTls | None:
    found = table.table("tls")
    if found is None:
        return None
    cert, key = (_file(found, name) for name in ("cert", "key"))
    implicit = found.flag("implicit", default=False)
    found.done()
    if cert is None or key is None:
        return None
    table.reading.warn_of_readers(found.at("key"), key)
    tls = ServerTls(cert, key, implicit)
    if table.reading.secrets and table.reading.thorough:
        _check_pair(found, tls)
    return tls


def _file(table: Table, name: str) -> Path | None:
    if not table.needed(name, f'"{name}.pem"'):
        return None
    path = table.place(name, "")
    table.reading.files[path] = None
    if table.reading.secrets and not path.is_file():
        table.error(name, f"{path}: no such file")
        return None
    return path


def _check_pair(table: Table, tls: ServerTls) -> None:
    """Whether certificate and key can be used together."""
    from ssl import PROTOCOL_TLS_SERVER, SSLContext, SSLError  # late: few configs have a certificate

    try:
        SSLContext(PROTOCOL_TLS_SERVER).load_cert_chain(tls.cert, tls.key)
    except SSLError as error:
        said = (error.reason or str(error)).replace("_", " ").lower()
        table.error("", f"the certificate cannot be used with this key ({said}); both must be PEM files")
    except OSError as error:
        table.error("", f"cannot read {error.filename or 'certificate or key'}: {error.strerror}")


def _networks(table: Table) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks whose PROXY header is trusted."""
    found: list[IPv4Network | IPv6Network] = []
    for index, text in enumerate(table.texts("proxy", example='["10.0.0.0/8"]')):
        try:
            found.append(ip_network(text))
        except ValueError:
            spot = table.at("proxy").inside(index)
            table.reading.error(spot, f'{quoted_text(text)} is not a network: write "10.0.0.7" or "10.0.0.0/8"')
    if found and str(table.data.get("listen", "")).startswith(_UNIX):
        table.error("proxy", 'requires listen = "HOST:PORT": who connects to a unix socket is in no network')
    return tuple(found)


def _max_size(table: Table, default: int) -> int:
    size = table.value("max_size", units.size, default, '"50 MB"')
    if not 10_000 <= size <= 1_000_000_000:
        table.error("max_size", 'must be from "10 kB" to "1 GB"')
        return default
    return size
