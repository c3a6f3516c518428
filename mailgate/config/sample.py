"""The first configuration of a desk, about thirty lines, as text for `mailgate init`."""

from __future__ import annotations

from dataclasses import dataclass

from mailgate.config.toml.messages import quoted

MAILBOX = "support"  # the name of the account
SUBMISSION_PORTS = ("465", "587")
STARTTLS_PORT = "143"  # of IMAP; RFC 8314 3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An IMAP account. `provider` is one of `providers.PROVIDERS`, or "" with a `host`.

    `sign_in`: "password", "client" (an application), "code" (a person) or "service-account". `secret` is its
    password, client secret or key file, as a TOML value.
    """

    user: str
    provider: str = ""
    host: str = ""
    port: str = ""  # "": the usual one
    sign_in: str = "password"
    secret: str = '{ env = "SUPPORT_PASSWORD" }'
    tenant: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An agent."""

    key: str
    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to the questions of `mailgate init`."""

    name: str
    address: str
    agents: tuple[Person, ...]
    timezone: str = "UTC"
    listen: str = "127.0.0.1:8025"  # of the SMTP listener; ignored with `account`
    account: Account | None = None
    state: str = ""  # folder of database, attachments and secret; "": var/ beside the configuration
    relay: str = "127.0.0.1:25"  # or "maildir": files in var/outgoing; ignored with a provider's account


def starter(answers: Answers) -> str:
    """Build the configuration from the answers. Invalid answers give a configuration that `load` rejects."""
    admin = answers.agents[0].email if answers.agents else ""
    return "\n".join(
        (
            "# All keys: docs/config.md. After a change: mailgate check, then mailgate reload.",
            "",
            "[desk]",
            f"name = {as_toml(answers.name)}",
            f"timezone = {as_toml(answers.timezone)}",
            f"admin = {as_toml(admin)}  # is notified of quarantined mail and a relay that is down",
            *_state(answers.state),
            "",
            f"[address.{as_toml(answers.address)}]",
            f"name = {as_toml(answers.name)}",
            "",
            *_source(answers),
            "",
            *_relay(answers),
            "",
            *(line for person in answers.agents for line in _agent(person)),
            "# Departments, teams, topics, SLA plans and rules can be added later, for example:",
            '# [topic."Report a Problem"]',
            '# department = "Support"',
            "",
        )
    )


def _state(folder: str) -> tuple[str, ...]:
    if not folder:
        return ()
    return (
        f"secret = {{ file = {as_toml(f'{folder}/secret')} }}",
        "",
        "[storage]",
        f"database = {as_toml(f'sqlite:///{folder}/mailgate.db')}",
        f"attachments = {as_toml(f'{folder}/attachments')}",
    )


def _source(answers: Answers) -> tuple[str, ...]:
    account = answers.account
    if account is None:
        return ("[smtp]", f"listen = {as_toml(answers.listen)}")
    return (
        f"[mailbox.{MAILBOX}]",
        *_server(account),
        f"user = {as_toml(account.user)}",
        _sign_in(account),
        'existing = "skip"  # do not import mail that is already there',
    )


def _server(account: Account) -> tuple[str, ...]:
    if account.provider:
        return (f"provider = {as_toml(account.provider)}",)
    tls = ('tls = "starttls"',) if account.port == STARTTLS_PORT else ()
    port = (f"port = {account.port if account.port.isdigit() else as_toml(account.port)}",) if account.port else ()
    return (f"host = {as_toml(account.host)}", *port, *tls)


def _sign_in(account: Account) -> str:
    match account.sign_in:
        case "password":
            return f"password = {account.secret}"
        case "service-account":
            return f"oauth2 = {{ service_account = {account.secret} }}"
    tenant = f"tenant = {as_toml(account.tenant)}, " if account.tenant else ""
    application = f"{tenant}client_id = {as_toml(account.client_id)}"
    if account.sign_in == "code":
        secret = f", client_secret = {account.secret}" if account.secret else ""
        return f'oauth2 = {{ {application}{secret}, flow = "code" }}  # mailgate login {MAILBOX}'
    return f"oauth2 = {{ {application}, client_secret = {account.secret} }}"


def _relay(answers: Answers) -> tuple[str, ...]:
    """The relay; on a port for submission (RFC 6409) it takes mail of the account only."""
    account = answers.account
    if account and account.provider:
        return ("[relay]", f'mailbox = "{MAILBOX}"  # mail is sent through the same account')
    if answers.relay == "maildir":
        return ("[relay]", 'transport = "maildir"', 'path = "var/outgoing"')
    host, _, port = answers.relay.rpartition(":")
    if not (host and port.isdigit()):
        host, port = answers.relay, "25"
    signs_in = account is not None and port in SUBMISSION_PORTS
    return (
        "[relay]",
        *((f'mailbox = "{MAILBOX}"',) if signs_in else ()),
        f"host = {as_toml(host)}",
        f"port = {port}",
    )


def _agent(person: Person) -> tuple[str, ...]:
    key = person.key if quoted(person.key) == person.key else as_toml(person.key)
    return (f"[agent.{key}]", f"name = {as_toml(person.name)}", f"email = [{as_toml(person.email)}]", "")


def as_toml(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(mark if mark.isprintable() else f"\\U{ord(mark):08x}" for mark in escaped) + '"'
