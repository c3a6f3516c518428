"""What large mail hosts are known to do: servers, sign-in, limits. Pure; a source stands beside each.

The facts are those of November 2026. A config may name another value for each of them. Sentences
are for `init` and `check --connect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a protocol is served."""

    host: str
    port: int
    tls: str  # "implicit", "starttls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """OAuth 2.0 at a provider; "{tenant}" stands for the organisation."""

    token_url: str
    authorize_url: str
    device_url: str = ""  # "": it has no device code for mail
    client_scope: str = ""  # "": an application cannot sign in by itself
    person_scope: str
    authorize_more: str = ""  # parameters that the sign-in page needs besides
    unused_life: timedelta | None = None  # after which an unused refresh token ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A mail host. `password` is "none" (takes none), "app" (one made for programs) or "own" (the account's)."""

    key: str
    name: str
    imap: Server
    smtp: Server
    domains: tuple[str, ...] = ()  # of addresses that are there for certain
    mx: tuple[str, ...] = ()  # what the mail servers of domains that are hosted there end with
    password: str = "own"
    oauth2: Endpoints | None = None
    junk: str = ""  # its folder for junk, where the server does not mark it (RFC 6154)
    max_connections: int = 4
    max_per_minute: int = 0  # 0: no limit is known
    spf: str = ""  # what an SPF record of a domain hosted there includes
    dkim_selectors: tuple[str, ...] = ()  # with which it signs, as far as they are the same for everybody
    page: str  # where the sign-in is explained
    advice: str = ""  # what to do there before the first sign-in
    person_advice: str = ""  # the same where a person signs in, and an application otherwise


# https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
# https://learn.microsoft.com/entra/identity-platform/refresh-tokens (90 days)
# https://learn.microsoft.com/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
_MICROSOFT = Provider(
    key="microsoft",
    name="Microsoft 365",
    imap=Server("outlook.office365.com", 993, "implicit"),
    smtp=Server("smtp.office365.com", 587, "starttls"),
    domains=("outlook.com", "hotmail.com", "live.com", "msn.com"),
    mx=(".mail.protection.outlook.com", ".mx.microsoft", ".olc.protection.outlook.com"),
    password="none",
    junk="Junk Email",
    oauth2=Endpoints(
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        authorize_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        device_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
        client_scope="https://outlook.office365.com/.default",
        person_scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
        " offline_access",
        unused_life=timedelta(days=90),
    ),
    # https://learn.microsoft.com/defender-office-365/email-authentication-spf-configure, …-dkim-configure
    spf="spf.protection.outlook.com",
    dkim_selectors=("selector1", "selector2"),
    max_connections=1,  # three are allowed to a mailbox, its other programs included
    max_per_minute=30,
    page="https://learn.microsoft.com/exchange/client-developer/legacy-protocols/"
    "how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth",
    advice="register an application in Entra ID, with IMAP.AccessAsApp of Office 365 Exchange Online and admin consent",
    # https://learn.microsoft.com/entra/identity-platform/scenario-desktop-app-registration
    person_advice="register a public client in Entra ID, with the redirect URI http://localhost (mobile and desktop"
    " applications) and the delegated permissions IMAP.AccessAsUser.All, SMTP.Send and offline_access",
)

# https://developers.google.com/workspace/gmail/imap/imap-smtp
# https://developers.google.com/identity/protocols/oauth2/native-app
# https://developers.google.com/identity/protocols/oauth2#expiration (six months unused)
_GOOGLE = Provider(
    key="google",
    name="Google Workspace or Gmail",
    imap=Server("imap.gmail.com", 993, "implicit"),
    smtp=Server("smtp.gmail.com", 465, "implicit"),
    domains=("gmail.com", "googlemail.com"),
    mx=(".google.com", ".googlemail.com"),
    password="app",
    oauth2=Endpoints(
        token_url="https://oauth2.googleapis.com/token",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        client_scope="https://mail.google.com/",
        person_scope="https://mail.google.com/",
        authorize_more="access_type=offline&prompt=consent",
        unused_life=timedelta(days=180),
    ),
    # https://support.google.com/a/answer/33786 (SPF), https://support.google.com/a/answer/174124 (DKIM)
    spf="_spf.google.com",
    dkim_selectors=("google",),
    page="https://support.google.com/accounts/answer/185833",
    advice="turn on 2-Step Verification, then make an app password; or use a service account",
)

# https://www.fastmail.help/hc/en-us/articles/1500000278342 (server names and ports)
_FASTMAIL = Provider(
    key="fastmail",
    name="Fastmail",
    imap=Server("imap.fastmail.com", 993, "implicit"),
    smtp=Server("smtp.fastmail.com", 465, "implicit"),
    domains=("fastmail.com", "fastmail.fm"),
    mx=(".messagingengine.com",),
    password="app",
    # https://www.fastmail.help/hc/en-us/articles/360060591153 (records of a domain)
    spf="spf.messagingengine.com",
    dkim_selectors=("fm1", "fm2", "fm3"),
    page="https://www.fastmail.help/hc/en-us/articles/360058752854",
    advice="make an app password: Settings, Privacy & Security, Manage app passwords",
)

# https://support.apple.com/en-us/102525
_ICLOUD = Provider(
    key="icloud",
    name="iCloud Mail",
    imap=Server("imap.mail.me.com", 993, "implicit"),
    smtp=Server("smtp.mail.me.com", 587, "starttls"),
    domains=("icloud.com", "me.com", "mac.com"),
    mx=(".mail.icloud.com",),
    password="app",
    page="https://support.apple.com/en-us/102654",
    advice="make an app-specific password at account.apple.com",
)

# https://help.yahoo.com/kb/SLN4075.html
_YAHOO = Provider(
    key="yahoo",
    name="Yahoo Mail",
    imap=Server("imap.mail.yahoo.com", 993, "implicit"),
    smtp=Server("smtp.mail.yahoo.com", 465, "implicit"),
    domains=("yahoo.com", "ymail.com", "rocketmail.com"),
    mx=(".yahoodns.net",),
    password="app",
    page="https://help.yahoo.com/kb/SLN15241.html",
    advice="make an app password: Account Security, Generate app password",
)

# https://www.zoho.com/mail/help/imap-access.html, https://www.zoho.com/mail/help/zoho-smtp.html (organisations)
_ZOHO = Provider(
    key="zoho",
    name="Zoho Mail",
    imap=Server("imappro.zoho.com", 993, "implicit"),
    smtp=Server("smtppro.zoho.com", 465, "implicit"),
    mx=(".zoho.com",),
    password="app",
    page="https://www.zoho.com/mail/help/imap-access.html",
    advice="turn on IMAP access in the mailbox's settings, and make an app password where two-factor sign-in is on",
)

# https://hilfe.gmx.net/pop-imap/imap/imap-serverdaten.html, https://autoconfig.thunderbird.net/v1.1/gmx.net
_GMX = Provider(
    key="gmx",
    name="GMX",
    imap=Server("imap.gmx.net", 993, "implicit"),
    smtp=Server("mail.gmx.net", 465, "implicit"),
    domains=("gmx.net", "gmx.de", "gmx.at", "gmx.ch"),
    page="https://hilfe.gmx.net/pop-imap/einschalten.html",
    advice="allow POP3 and IMAP in the mailbox's settings; with two-factor sign-in make a password for programs",
)

# https://kb.mailbox.org/en/private/e-mail-article/how-to-configure-third-party-e-mail-clients
_MAILBOX_ORG = Provider(
    key="mailbox.org",
    name="mailbox.org",
    imap=Server("imap.mailbox.org", 993, "implicit"),
    smtp=Server("smtp.mailbox.org", 465, "implicit"),
    domains=("mailbox.org",),
    mx=(".mailbox.org",),
    page="https://kb.mailbox.org/en/private/e-mail-article/how-to-configure-third-party-e-mail-clients",
)

# https://migadu.com/guides/clients/, https://autoconfig.thunderbird.net/v1.1/migadu.com
_MIGADU = Provider(
    key="migadu",
    name="Migadu",
    imap=Server("imap.migadu.com", 993, "implicit"),
    smtp=Server("smtp.migadu.com", 465, "implicit"),
    mx=(".migadu.com",),
    page="https://migadu.com/guides/clients/",
)

PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {each.key: each for each in (_MICROSOFT, _GOOGLE, _FASTMAIL, _ICLOUD, _YAHOO, _ZOHO, _GMX, _MAILBOX_ORG, _MIGADU)}
)
NAMES = (*PROVIDERS, CUSTOM)


def by_domain(domain: str) -> Provider | None:
    """The host of an address domain that is one of a provider's own."""
    return next((each for each in PROVIDERS.values() if domain.lower() in each.domains), None)


def by_mx(hosts: tuple[str, ...]) -> Provider | None:
    """The host behind the mail servers (MX) of a domain."""
    names = [f".{host.lower().rstrip('.')}" for host in hosts]
    return next((each for each in PROVIDERS.values() for name in names if name.endswith(each.mx or ("\0",))), None)
