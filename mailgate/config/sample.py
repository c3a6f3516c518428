"""The first configuration of a desk, about thirty lines, as text for `mailgate init`."""

from __future__ import annotations

from dataclasses import dataclass

from mailgate.config.toml.messages import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Imap:
    """An IMAP account; its password is read from the environment variable `password_env` at each start."""

    host: str
    user: str
    password_env: str = "SUPPORT_PASSWORD"


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
    listen: str = "127.0.0.1:8025"  # of the SMTP listener; ignored with `imap`
    imap: Imap | None = None
    relay: str = "127.0.0.1:25"  # or "maildir": files in var/outgoing


def starter(answers: Answers) -> str:
    """Build the configuration from the answers. Invalid answers give a configuration that `load` rejects."""
    admin = answers.agents[0].email if answers.agents else ""
    return "\n".join(
        (
            "# All keys: docs/config.md. After a change: mailgate check, then mailgate reload.",
            "",
            "[desk]",
            f"name = {_text(answers.name)}",
            f"timezone = {_text(answers.timezone)}",
            f"admin = {_text(admin)}  # is notified of quarantined mail and a relay that is down",
            "",
            f"[address.{_text(answers.address)}]",
            f"name = {_text(answers.name)}",
            "",
            *_source(answers),
            "",
            *_relay(answers.relay),
            "",
            *(line for person in answers.agents for line in _agent(person)),
            "# Departments, teams, topics, SLA plans and rules can be added later, for example:",
            '# [topic."Report a Problem"]',
            '# department = "Support"',
            "",
        )
    )


def _source(answers: Answers) -> tuple[str, ...]:
    if answers.imap is None:
        return ("[smtp]", f"listen = {_text(answers.listen)}")
    return (
        "[mailbox.support]",
        f"host = {_text(answers.imap.host)}",
        f"user = {_text(answers.imap.user)}",
        f"password = {{ env = {_text(answers.imap.password_env)} }}",
        'existing = "skip"  # do not import mail that is already there',
    )


def _relay(relay: str) -> tuple[str, ...]:
    if relay == "maildir":
        return ("[relay]", 'transport = "maildir"', 'path = "var/outgoing"')
    host, _, port = relay.rpartition(":")
    return ("[relay]", f"host = {_text(host or relay)}", f"port = {port if host and port.isdigit() else 25}")


def _agent(person: Person) -> tuple[str, ...]:
    key = person.key if quoted(person.key) == person.key else _text(person.key)
    return (f"[agent.{key}]", f"name = {_text(person.name)}", f"email = [{_text(person.email)}]", "")


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(mark if mark.isprintable() else f"\\U{ord(mark):08x}" for mark in escaped) + '"'
