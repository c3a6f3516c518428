"""`mailgate hash-password`: asks for a password and prints the line for `[agent.KEY]`."""

from __future__ import annotations

import argparse
import getpass
import sys

from mailgate.cli.common import print_json
from mailgate.cli.standard_streams import read_input
from mailgate.errors import BadArgument
from mailgate.system.passwords import hash_password


def configure(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace) -> int:
    """Ask twice on a terminal, read one line else; print the hash."""
    hashed = hash_password(_ask())
    if args.json:
        print_json({"ok": True, "password": hashed})
    else:
        print(f'password = "{hashed}"')
    return 0


def _ask() -> str:
    """The password. Raises BadArgument for none, and for two that differ."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise BadArgument("the two passwords differ")
    else:
        try:
            password = read_input(one_line=True).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise BadArgument("the password is not UTF-8") from None
    if not password:
        raise BadArgument("the password is empty")
    return password
