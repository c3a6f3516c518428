"""`mailgate completion bash|zsh|tcsh`: print a shell completion script."""

from __future__ import annotations

import argparse

import shtab

from mailgate.cli.common import print_json
from mailgate.cli.main import parser as command_line


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    script = shtab.complete(command_line("*"), shell=args.shell)
    if args.json:
        print_json({"shell": args.shell, "script": script})
    else:
        print(script)
    return 0
