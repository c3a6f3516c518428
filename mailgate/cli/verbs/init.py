"""`mailgate init DIR`: asks for the address, proposes the rest, and writes a first config that passes `check`."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from contextlib import suppress
from pathlib import Path

from mailgate.cli.common import now, print_json, say, words
from mailgate.cli.interview import Interview, Terminal, Trials
from mailgate.cli.verbs import login
from mailgate.config.load import load
from mailgate.config.sample import MAILBOX, starter
from mailgate.connect.providers import PROVIDERS, Provider, by_domain, by_mx
from mailgate.connect.resolver import NoAnswer, Resolver
from mailgate.errors import BadArgument, ConfigError, MailgateError, Refused
from mailgate.probes.everything import accounts_of, try_everything
from mailgate.probes.local import try_listeners
from mailgate.probes.mailbox import try_mailbox, try_server
from mailgate.probes.relay import try_relay
from mailgate.probes.stage import Stage, failed, table
from mailgate.settings import Config

_ZONE_FILES = Path("/usr/share/zoneinfo")


def configure(parser: argparse.ArgumentParser) -> None:
    """The answers as flags, for scripts."""
    parser.add_argument("dir", type=Path, metavar="DIR")
    parser.add_argument("--name", type=words, help="the desk's name")
    parser.add_argument("--address", type=words, help="the address people write to")
    parser.add_argument("--provider", choices=[*PROVIDERS], help="how mail comes and goes: an account there")
    parser.add_argument("--user", type=words, help="the account's user name at the provider (default: the address)")
    parser.add_argument("--tenant", type=words, help="Microsoft 365: the organisation (default: the address's domain)")
    parser.add_argument("--client-id", type=words, help="Microsoft 365: the registered application")
    parser.add_argument("--listen", type=words, help="how mail comes: SMTP here, HOST:PORT")
    parser.add_argument(
        "--imap", type=words, metavar="USER@HOST", help="how mail comes: an IMAP account, user and host"
    )
    parser.add_argument("--relay", type=words, help="how mail goes: HOST:PORT of the relay, or maildir")
    parser.add_argument(
        "--agent", type=words, action="append", default=[], metavar="'NAME <ADDRESS>'", help="may be repeated"
    )
    parser.add_argument("--timezone", type=words, help="such as Europe/Berlin")


def run(args: argparse.Namespace) -> int:
    """Write DIR/config.toml, never over an old one; at a terminal, then try the connections: 1 if one fails."""
    path: Path = args.dir / "config.toml"
    if path.exists():
        raise Refused(f"{path} is there already")
    terminal = Terminal(ask=input, ask_secret=getpass.getpass, say=say) if sys.stdin.isatty() else None
    interview = Interview(terminal, _given(args), args.dir, _trials())
    try:
        text = starter(interview.run())
    except (EOFError, KeyboardInterrupt) as error:
        raise BadArgument(_interrupted(interview, args.dir)) from error
    _write(path, text, interview)
    stages = _connect(path) if terminal else []
    if args.json:
        print_json({"config": str(path)})
    elif terminal is None:
        say(f"{path} is written. Next:\n  mailgate check --connect -c {path}\n  mailgate run -c {path}")
    else:
        say("\n".join(table(stages)))
        check = f"  mailgate check --connect -c {path}\n" if failed(stages) else ""
        say(f"{path} is written. Next:\n{check}  mailgate run -c {path}")
    return 1 if failed(stages) else 0


def _given(args: argparse.Namespace) -> dict[str, str]:
    """The answers that are flags, by the key of their question."""
    values = {
        "name": args.name,
        "address": args.address,
        "source": args.provider or args.imap or args.listen,
        "user": args.user,
        "tenant": args.tenant,
        "client-id": args.client_id,
        "relay": args.relay,
        "agents": ", ".join(args.agent),
        "timezone": args.timezone,
    }
    return {key: value for key, value in values.items() if value}


def _interrupted(interview: Interview, folder: Path) -> str:
    if interview.kept is None:
        return "no more answers; nothing is written"
    return f"no more answers; those that you gave are kept: run mailgate init {folder} again"


def _write(path: Path, text: str, interview: Interview) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        load(path)
    except ConfigError as error:
        if any("environment variable" not in problem.what for problem in error.problems):
            path.unlink()
            with suppress(OSError):  # it holds something else
                path.parent.rmdir()
            say("nothing is written; put this right and run init again:")
            raise
        say("\n".join(f"before the first start: {problem.what}" for problem in error.problems))
    if interview.kept:
        interview.kept.unlink()


# ── what is looked up and tried ─────────────────────────────────────────────────────────


def _trials() -> Trials:
    return Trials(
        provider_of=_provider_of,
        timezone=_timezone,
        server=lambda config: try_server(config.mailboxes[MAILBOX], now()),
        mailbox=_mailbox,
        relay=lambda config: asyncio.run(_relay(config)),
        listener=lambda config: [*try_listeners(config, now())],
    )


def _provider_of(domain: str) -> Provider | None:
    """The provider of a domain, by its name or its MX records."""
    if found := by_domain(domain):
        return found
    try:
        return by_mx(Resolver().look_up(domain, "MX"))
    except NoAnswer:
        return None


def _timezone() -> str:
    """The time zone of this machine (localtime(5)); "" where it is not a link into the zone files."""
    try:
        return str(Path("/etc/localtime").resolve().relative_to(_ZONE_FILES))
    except ValueError:
        return ""


def _mailbox(config: Config) -> list[Stage]:
    mailbox = config.mailboxes[MAILBOX]
    return try_mailbox(mailbox, accounts_of(config, now)(mailbox.credentials), now)


async def _relay(config: Config) -> list[Stage]:
    relay = config.relays[0]
    account = accounts_of(config, now)(relay.credentials)
    return await try_relay(relay, [*config.addresses], config.hostname, account, now)


def _connect(path: Path) -> list[Stage]:
    """Sign in where a person has to, and try everything."""
    try:
        config, _ = load(path)
    except ConfigError:
        return []
    for credentials in config.accounts:
        if credentials.oauth2 is not None and credentials.oauth2.flow == "code":
            try:
                login.run(argparse.Namespace(config=str(path), account=credentials.account, device=False, json=False))
            except (MailgateError, KeyboardInterrupt) as error:
                said = f": {error.public}" if isinstance(error, MailgateError) else ""
                say(f"not signed in{said}\nto sign in later: mailgate login {credentials.account} -c {path}")
    return asyncio.run(try_everything(config, Resolver(), now))
