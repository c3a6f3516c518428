"""The sign-in keys of a mailbox or the relay: `provider`, `user`, `password`, `oauth2` and `ca`.

Keys that are not set have the known values of the provider. A configuration that would send a
password or a token unencrypted is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from mailgate.config.secret import password
from mailgate.config.toml.reader import Table
from mailgate.connect import rsa
from mailgate.connect.providers import CUSTOM, NAMES, PROVIDERS, Endpoints, Provider
from mailgate.settings import Credentials, OAuth2, Secret

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_LOOPBACK = ("127.", "localhost", "::1")
_TENANTS = (
    "common",
    "organizations",
    "consumers",
)  # Microsoft's names for any tenant: valid for a person, not for an application


def read_provider(table: Table) -> Provider | None:
    """Read `provider`; None for a custom host."""
    return PROVIDERS.get(table.choice("provider", NAMES, CUSTOM))


def read_credentials(table: Table, account: str, provider: Provider | None, *, needed: bool) -> Credentials:
    """Read the credentials. `needed`: they are required (a mailbox), otherwise optional (the relay)."""
    user = table.needed("user", '"support@bank.example"') if needed or "user" in table else table.text("user")
    oauth2 = table.table("oauth2")
    ca = read_ca(table)
    if oauth2 is not None:
        if table.raw("password") is not None:
            table.error("password", "cannot be combined with oauth2: keep one of them")
        return Credentials(account=account, user=user, oauth2=_oauth2(oauth2, provider, user), ca=ca)
    if not needed and "user" not in table and "password" not in table:
        table.raw("password")
        return Credentials(ca=ca)
    if not needed and "user" not in table:
        table.error("", 'user is missing: write user = "support@bank.example"')
    if provider and provider.password == "none":
        table.raw("password")
        table.error("", f"{provider.name} does not accept passwords: write oauth2 = {{ … }}, see {provider.page}")
        return Credentials(account=account, user=user, ca=ca)
    return Credentials(account=account, user=user, password=password(table, "password"), ca=ca)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    return host.startswith(_LOOPBACK)


def check_clear(table: Table, host: str, tls: str, credentials: Credentials) -> None:
    """Add a problem for a sign-in over an unencrypted connection."""
    if tls == "none" and credentials.user and host and not is_loopback(host):
        what = "the password" if credentials.oauth2 is None else "the token"
        table.error("tls", f'{what} would be sent unencrypted: write tls = "implicit" or "starttls"')


def read_ca(table: Table) -> Path | None:
    """Read `ca`: a file of certificates (PEM)."""
    if "ca" not in table:
        table.raw("ca")
        return None
    from mailgate.connect.tls import client_context  # late: TLS takes time to load, and few configurations have a CA

    path = table.place("ca", "")
    table.reading.files[path] = None
    try:
        client_context(path)
    except OSError as error:  # ssl.SSLError is one
        reason = (
            error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "it contains no certificate"
        )
        table.error("ca", f"cannot read {path}: {reason}")
        return None
    return path


# ── oauth2 = {…} ────────────────────────────────────────────────────────────────────────


def _oauth2(table: Table, provider: Provider | None, user: str) -> OAuth2 | None:
    ends = provider.oauth2 if provider else None
    if provider and ends is None:
        for key in table.data:
            table.raw(key)
        table.error("", f"{provider.name} has no OAuth 2.0 for mail: write password = …, see {provider.page}")
        return None
    flow = table.choice("flow", ("client", "code"), "client")
    if provider and provider.key == "google" and flow == "client":
        found = _service_account(table, ends, user)
    else:
        found = _of_client(table, ends, flow)
    table.done()
    return found


def _of_client(table: Table, ends: Endpoints | None, flow: str) -> OAuth2:
    """A registered application, which signs in by itself ("client"), or for a person who signs in once ("code")."""
    person = flow == "code"
    tenant = _tenant(table, ends, person=person)
    certificate = _certificate(table)
    secret = Secret()
    if certificate is None and (not person or "client_secret" in table):
        secret = password(table, "client_secret")
    elif "client_secret" in table:
        table.raw("client_secret")
        table.error("client_secret", "cannot be combined with certificate: keep one of them")
    url = _Urls(table, tenant)
    key, public = certificate or (Secret(), "")
    return OAuth2(
        flow=flow,
        token_url=url.read("token_url", ends.token_url if ends else "", needed=True),
        scope=table.text("scope", (ends.person_scope if person else ends.client_scope) if ends else ""),
        client_id=table.needed("client_id", '"…"'),
        client_secret=secret,
        certificate=public,
        key=key,
        authorize_url=url.read("authorize_url", _authorize(ends), needed=person),
        device_url=url.read("device_url", ends.device_url if ends else "", needed=False),
        unused_life=ends.unused_life if ends else None,
    )


def _authorize(ends: Endpoints | None) -> str:
    if ends is None:
        return ""
    return f"{ends.authorize_url}?{ends.authorize_more}" if ends.authorize_more else ends.authorize_url


def _tenant(table: Table, ends: Endpoints | None, *, person: bool) -> str:
    if ends is None or "{tenant}" not in ends.token_url:
        return ""
    if "tenant" not in table and person:
        table.raw("tenant")
        return "common"
    tenant = table.needed("tenant", '"bank.example" (a domain or the tenant\'s id)')
    if tenant in _TENANTS and not person:
        table.error("tenant", "an application signs in to one organisation: write its domain or the tenant's id")
    return tenant


class _Urls:
    """The URLs of a token server, which must be https since secrets are sent there."""

    def __init__(self, table: Table, tenant: str) -> None:
        self._table = table
        self._tenant = tenant

    def read(self, key: str, default: str, *, needed: bool) -> str:
        """Read one URL; `default` is that of the provider."""
        table = self._table
        if key not in table:
            table.raw(key)
            if needed and not default:
                table.error("", f'{key} is missing: write {key} = "https://…"')
            return default.replace("{tenant}", self._tenant)
        url = table.text(key)
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            host = ""
        if not host or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))):
            table.error(key, 'must begin with https:// and name a host: write "https://login.bank.example/token"')
        return url


def _certificate(table: Table) -> tuple[Secret, str] | None:
    """Read `certificate`, a PEM file with a private key and its certificate; None when it is not set."""
    if "certificate" not in table:
        table.raw("certificate")
        return None
    pem = password(table, "certificate").value
    if pem and table.reading.thorough:
        try:
            rsa.certificate(pem)
            if not rsa.matches(pem, pem):
                table.error("certificate", "the private key does not belong to the certificate")
        except ValueError as error:
            table.error("certificate", f"{error}: write a file with the certificate and its private key")
    public = _CERTIFICATE.search(pem)
    return Secret(pem), public[0] if public else ""


def _service_account(table: Table, ends: Endpoints | None, user: str) -> OAuth2 | None:
    """Read the JSON file of a Google service account (https://cloud.google.com/iam/docs/keys-create-delete)."""
    assert ends is not None
    text = password(table, "service_account").value
    scope = table.text("scope", ends.client_scope)
    token_url = _Urls(table, "").read("token_url", ends.token_url, needed=True)
    try:
        found: object = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, Mapping) or (text and not {"client_email", "private_key"} <= found.keys()):
        table.error("service_account", "is not the JSON key file of a service account")
        return None
    pem = str(found.get("private_key", ""))
    if pem and table.reading.thorough:
        try:
            rsa.signer(pem)
        except ValueError as error:
            table.error("service_account", str(error))
    return OAuth2(
        flow="service-account",
        token_url=token_url,
        scope=scope,
        client_id=str(found.get("client_email", "")),
        key=Secret(pem),
        subject=user,
    )
