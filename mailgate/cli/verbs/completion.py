"""`mailgate completion bash|zsh|tcsh`: a completion script for your shell."""

from __future__ import annotations

import argparse

import shtab

from mailgate.cli.common import print_json
from mailgate.cli.main import parser as whole_parser


def configure(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    script = shtab.complete(whole_parser("*"), shell=args.shell)
    if args.json:
        print_json({"shell": args.shell, "script": script})
    else:
        print(script)
    return 0
