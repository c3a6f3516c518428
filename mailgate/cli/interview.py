"""The questions of `mailgate init`: proposes what is known of the provider, and checks each answer at once.

An answer is checked by the reader of the configuration itself: the configuration that the answers
so far give is read, and an answer that adds a problem is asked for again. Answers that were
typed are kept in a file until the configuration is written; passwords only in files of their own.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from mailgate.config.load import read
from mailgate.config.sample import MAILBOX, SUBMISSION_PORTS, Account, Answers, Person, as_toml, starter
from mailgate.connect.providers import PROVIDERS, Provider
from mailgate.errors import BadArgument
from mailgate.probes.stage import Stage, failed, table
from mailgate.settings import Config

_NOBODY = Person(key="agent", name="Agent", email="agent@agent.example")
_LISTEN, _RELAY = "127.0.0.1:8025", "127.0.0.1:25"  # what is proposed
START = Answers(name="Help Desk", address="support@bank.example", agents=(_NOBODY,), relay="maildir")
_KEPT = ".init-answers.json"

_STATE = "/var/lib/mailgate"  # for a configuration in /etc, which the systemd unit mounts read-only

Change = Callable[[str], Answers]


@dataclass(frozen=True, slots=True)
class Terminal:
    """A person at a terminal: a question, one whose answer is not shown, and a line to read."""

    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trials:
    """What is looked up and tried during the interview: the provider of a domain, the system's time zone, a server."""

    provider_of: Callable[[str], Provider | None]
    timezone: Callable[[], str]
    server: Callable[[Config], list[Stage]]  # of the mailbox, without a sign-in
    mailbox: Callable[[Config], list[Stage]]
    relay: Callable[[Config], list[Stage]]
    listener: Callable[[Config], list[Stage]]


class Interview:
    """Asks at `terminal` what `given` (the flags) does not say. None: nobody answers, and defaults are taken."""

    def __init__(self, terminal: Terminal | None, given: Mapping[str, str], folder: Path, trials: Trials) -> None:
        self._terminal = terminal
        self._given = given
        self._folder = folder
        self._trials = trials
        self._kept: dict[str, str] = {}
        if terminal is not None:
            with suppress(OSError, ValueError):
                self._kept = json.loads((folder / _KEPT).read_text("utf-8"))
        self._answers = replace(START, state=_STATE if folder.resolve().is_relative_to("/etc") else "")

    @property
    def kept(self) -> Path | None:
        """The file with the answers so far; None without any."""
        return self._folder / _KEPT if self._kept else None

    def run(self) -> Answers:
        """All answers. Raises BadArgument for a wrong flag, and EOFError when the terminal ends."""
        self._address()
        self._text("name", "Name of the desk", START.name, lambda text: replace(self._answers, name=text))
        self._source()
        self._text(
            "agents",
            "Agents ('Ann Lee <ann@bank.example>', separated by commas)",
            "",
            lambda text: replace(self._answers, agents=people(text)),
        )
        self._text("timezone", "Time zone", self._zone(), lambda text: replace(self._answers, timezone=text))
        return self._answers

    # ── one question ────────────────────────────────────────────────────────────────────

    def _text(self, key: str, question: str, default: str, change: Change) -> str:
        """Ask until the answer can be used; returns it. `change` gives the answers with it, or raises ValueError."""
        if given := self._given.get(key):
            if problem := self._take(given, change):
                raise BadArgument(f"{given}: {problem}")
            return given
        default = self._kept.get(key, default)
        if self._terminal is None:
            if not default:
                raise BadArgument(f"{question}: give it as a flag (mailgate init --help)")
            if problem := self._take(default, change):
                raise BadArgument(f"{question}: {problem}")
            return default
        while True:
            text = self._terminal.ask(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
            problem = self._take(text, change) if text else "an answer is needed"
            if not problem:
                self._keep(key, text)
                return text
            self._terminal.say(f"  {problem}")

    def _take(self, text: str, change: Change) -> str:
        """Take an answer over, if the configuration with it can be read; else what is wrong."""
        try:
            changed = change(text)
        except ValueError as error:
            return str(error)
        before = self._problems(self._answers)
        if new := [problem for problem in self._problems(changed) if problem not in before]:
            return new[0]
        self._answers = changed
        return ""

    def _problems(self, answers: Answers) -> list[str]:
        _, reading = read(self._folder / "config.toml", starter(answers), os.environ, thorough=False, secrets=False)
        return [each.what for each in reading.problems if not each.warning]

    def _keep(self, key: str, text: str) -> None:
        self._kept[key] = text
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / _KEPT).write_text(json.dumps(self._kept, indent=1), "utf-8")

    def _say(self, text: str) -> None:
        if self._terminal is not None:
            self._terminal.say(text)

    # ── what is asked ───────────────────────────────────────────────────────────────────

    def _address(self) -> None:
        def change(text: str) -> Answers:
            if not re.fullmatch(r"[^\s@<>,]+@[^\s@<>,]+", text):
                raise ValueError(f'"{text}" is not an address: write it as support@bank.example')
            return replace(self._answers, address=text)

        self._text("address", "Address that people write to", "", change)

    @property
    def _domain(self) -> str:
        return self._answers.address.rpartition("@")[2]

    def _source(self) -> None:
        """How mail comes, and how it goes."""
        found = self._trials.provider_of(self._domain) if self._terminal and not self._given.get("source") else None
        if found is not None:
            self._say(f"Mail of {self._domain} is at {found.name}.")
        self._say("A provider's name, USER@HOST[:PORT] for an IMAP account, or HOST:PORT to receive SMTP there.")
        question = f"Mail comes from ({', '.join(PROVIDERS)}, …)"
        default = found.key if found else _LISTEN
        source = self._tried(
            "source",
            lambda: self._text("source", question, default, self._with_source),
            self._reached,
        )
        account = self._answers.account
        if account is None:
            self._relay(_RELAY)
        elif source in PROVIDERS:
            self._provider(PROVIDERS[source])
        else:
            self._password(f"Password of {account.user}")
            host = account.host
            self._relay(f"{host.replace('imap', 'smtp', 1)}:{SUBMISSION_PORTS[-1]}")

    def _reached(self, config: Config) -> list[Stage]:
        """Try where mail comes from, as far as that needs no password."""
        if config.smtp:
            return self._trials.listener(config)
        account = self._answers.account
        return self._trials.server(config) if account and account.host else []

    def _with_source(self, text: str) -> Answers:
        if text in PROVIDERS:
            sign_in = "client" if PROVIDERS[text].password == "none" else "password"
            account = Account(
                provider=text, user=self._answers.address, sign_in=sign_in, client_id="…", tenant=self._tenant(text)
            )
            return replace(self._answers, account=account)
        if text == self._answers.address:
            raise ValueError(f'the server is missing: write "{text}@HOST", such as {text}@imap.{self._domain}')
        if "@" in text:
            user, _, server = text.rpartition("@")
            host, _, port = server.partition(":")
            return replace(self._answers, account=Account(user=user, host=host, port=port))
        if ":" not in text:
            raise ValueError(f'"{text}" is no provider that is known here, no USER@HOST and no HOST:PORT')
        return replace(self._answers, account=None, listen=text)

    def _tenant(self, provider: str) -> str:
        ends = PROVIDERS[provider].oauth2
        return self._domain if ends and "{tenant}" in ends.token_url else ""

    def _change(self, **fields: str) -> Answers:
        assert self._answers.account is not None
        return replace(self._answers, account=replace(self._answers.account, **fields))

    def _provider(self, provider: Provider) -> None:
        """Ask for the user and the password at a known provider."""
        self._text("user", "Mailbox (user name)", self._answers.address, lambda text: self._change(user=text))
        if provider.password == "none":
            self._application(provider)
            return
        self._advise(provider, provider.advice)
        if provider.key != "google" or not self._service_account():
            self._password(f"{'App password' if provider.password == 'app' else 'Password'} of {self._user}")

    def _advise(self, provider: Provider, advice: str) -> None:
        if advice:
            self._say(f"Before the first sign-in: {advice}.\n  {provider.page}")

    @property
    def _user(self) -> str:
        return self._answers.account.user if self._answers.account else ""

    def _service_account(self) -> bool:
        """Ask for the key of a service account; whether there is one."""

        def change(text: str) -> Answers:
            if text == "no":
                return self._answers
            place = Path(text).expanduser().resolve()
            if not place.is_file():
                raise ValueError(f"{place} is no file")
            return self._change(sign_in="service-account", secret=f"{{ file = {as_toml(str(place))} }}")

        question = "Key file (JSON) of a service account, or no: an app password is asked for"
        found = self._tried(
            "service-account",
            lambda: self._text("service-account", question, "no", change),
            lambda config: self._trials.mailbox(config) if _uses_key(config) else [],
        )
        return found != "no"

    def _application(self, provider: Provider) -> None:
        """A registered application that signs in by itself, or for a person.

        An account at one of the provider's own domains belongs to no organisation: a person alone signs in to it.
        """
        domain = self._user.rpartition("@")[2].lower()
        personal = domain in provider.domains

        def change(text: str) -> Answers:
            if text not in ("application", "person"):
                raise ValueError('write "application" or "person"')
            if text == "application" and personal:
                raise ValueError(f'an account at {domain} has no administrator: write "person"')
            if text == "person":
                return self._change(sign_in="code", secret="")
            return self._change(sign_in="client", secret='{ env = "SUPPORT_CLIENT_SECRET" }')

        question = "Sign in as an application (needs an administrator), or as a person"
        how = self._text("sign-in", question, "person" if personal else "application", change)
        self._advise(provider, provider.advice if how == "application" else provider.person_advice)
        tenant = "common" if personal else self._domain
        self._text("tenant", "Tenant (domain or id)", tenant, lambda text: self._change(tenant=text))
        self._text("client-id", "Client ID of the application", "", lambda text: self._change(client_id=text))
        if how == "application":
            self._secret("Client secret", "client-secret")

    def _password(self, question: str) -> None:
        self._secret(question, "password")

    def _secret(self, question: str, name: str) -> None:
        """Ask for a secret, keep it in a file of its own (mode 0600), and sign in; on a failure ask again."""
        if self._terminal is None:
            return
        place = self._folder / f"{MAILBOX}.{name}"
        again = ""
        while True:
            kept = place.exists()
            hint = " [Enter: the one that is kept]" if kept else ""
            text = self._terminal.ask_secret(f"{question}{again or hint}: ").strip()
            if text:
                write_secret(place, text)
            elif not kept:
                self._terminal.say("  an answer is needed")
                continue
            self._answers = self._change(secret=f"{{ file = {as_toml(place.name)} }}")
            if (not text and again) or not self._fails(self._trials.mailbox):
                return
            again = " again [Enter: keep it and go on]"

    def _relay(self, default: str) -> None:
        def change(text: str) -> Answers:
            host, _, port = text.rpartition(":")
            if text != "maildir" and host and not port.isdigit():
                raise ValueError(f'"{text}" is no HOST:PORT')
            return replace(self._answers, relay=text)

        def ask() -> str:
            return self._text("relay", "Mail goes through the relay (HOST:PORT, or maildir)", default, change)

        self._tried("relay", ask, self._trials.relay)

    def _tried(self, key: str, ask: Callable[[], str], trial: Callable[[Config], list[Stage]]) -> str:
        """Ask and try the connection; on a failure ask again, until the same answer is given twice."""
        text, last = ask(), ""
        while self._terminal and not self._given.get(key) and text != last and self._fails(trial):
            self._say("  Enter keeps it.")
            text, last = ask(), text
        return text

    def _zone(self) -> str:
        return (self._trials.timezone() if self._terminal else "") or START.timezone

    def _fails(self, trial: Callable[[Config], list[Stage]]) -> bool:
        """Try the connection that the answers give; whether it failed, which is printed."""
        if self._terminal is None:
            return False
        config, _ = read(self._folder / "config.toml", starter(self._answers), os.environ, thorough=False)
        stages = trial(config)
        for line in table(stages):
            self._terminal.say(f"  {line}")
        return failed(stages)


def _uses_key(config: Config) -> bool:
    oauth2 = config.mailboxes[MAILBOX].credentials.oauth2
    return oauth2 is not None and oauth2.flow == "service-account"


def write_secret(place: Path, text: str) -> None:
    """Write a secret file that its owner alone can read."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text + "\n")


def people(text: str) -> tuple[Person, ...]:
    """Agents in a list with commas, each with a key of its own: ann@a.example and ann@b.example are ann and ann-2.

    Raises ValueError.
    """
    found: dict[str, Person] = {}
    each_one = [_person(each) for each in text.split(",") if each.strip()]
    for person in each_one:
        keys = chain([person.key], (f"{person.key}-{count}" for count in range(2, len(each_one) + 1)))
        key = next(key for key in keys if key not in found)
        found[key] = replace(person, key=key)
    if not found:
        raise ValueError("name one agent at least")
    return tuple(found.values())


def _person(text: str) -> Person:
    found = re.fullmatch(r"\s*(?:(.*?)\s*)?<?([^<>\s]+@[^<>\s]+)>?\s*", text)
    if not found:
        raise ValueError(f"{text.strip()}: write it as 'Ann Lee <ann@x.example>'")
    email = found[2]
    name = (found[1] or email.partition("@")[0]).strip("\"' ")
    return Person(key=re.sub(r"[^a-z0-9]+", "-", email.partition("@")[0].lower()).strip("-"), name=name, email=email)
