"""`mailgate completion bash|zsh|tcsh`: a completion script for your shell."""

from __future__ import annotations

import argparse

import shtab

from mailgate.cli.main import parser as whole_parser


def configure(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(shtab.complete(whole_parser("*"), shell=args.shell))
    return 0
