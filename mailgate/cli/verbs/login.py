"""`mailgate login NAME`: a person signs in to a mailbox or the relay, for `oauth2 = { flow = "code", … }`."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser

from mailgate.cli.common import config_of, now, print_json, say
from mailgate.config.toml.messages import did_you_mean
from mailgate.connect import person
from mailgate.connect.web import post
from mailgate.daemon.sign_ins import account_of
from mailgate.errors import BadArgument
from mailgate.settings import Config, Credentials


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("account", metavar="NAME", help="a mailbox, or relay")
    parser.add_argument("--device", action="store_true", help="sign in on another device, with a code to type there")


def run(args: argparse.Namespace) -> int:
    """Sign in and keep the refresh token; a running daemon takes it up by itself."""
    config = config_of(args, thorough=False, secrets=True)
    credentials = _credentials(config, args.account, device=args.device)
    if args.device:
        grant = person.by_device(credentials, _show_code, post)
    else:
        grant = person.by_code(credentials, _show_page, sys.stdin.fileno() if sys.stdin else None, post, _unfit)
    account = account_of(credentials, config, now)
    assert account is not None
    account.store(grant)
    if args.json:
        print_json({"ok": True, "account": credentials.account})
    else:
        print(f"signed in as {credentials.user}; a running daemon takes it up within seconds")
    return 0


def _credentials(config: Config, name: str, *, device: bool) -> Credentials:
    """The account with this name, if a person can sign in to it. Raises BadArgument."""
    known = {each.account: each for each in config.accounts}
    credentials = known.get(name)
    if credentials is None:
        raise BadArgument(f'no mailbox or relay "{name}" signs in{did_you_mean(name, known)}')
    if credentials.oauth2 is None or credentials.oauth2.flow != "code":
        raise BadArgument(f'{name} signs in by itself; a person does with oauth2 = {{ flow = "code", … }}')
    if device and not credentials.oauth2.device_url:
        raise BadArgument(f"the provider of {name} has no device code for mail: run `mailgate login {name}`")
    return credentials


def _show_page(url: str) -> None:
    say(f"Open this page and sign in:\n\n  {url}\n")
    say("If the browser is on another machine, its last page cannot be shown: paste that page's address here.")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


def _unfit() -> None:
    say(
        "That is no answer to this sign-in. Paste the whole address of the browser's last page: it begins with"
        " http://localhost and holds code= and state=. An address of an earlier `mailgate login` is good no longer."
    )


def _show_code(page: str, code: str) -> None:
    say(f"Open {page} on any device and type the code {code}")
