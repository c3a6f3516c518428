"""Options that every verb and sub-verb takes."""

from __future__ import annotations

import argparse


def common_options() -> argparse.ArgumentParser:
    """-c and --json, accepted before and after the verb and the sub-verb."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    common.add_argument("-c", "--config", metavar="FILE", help="the config file")
    common.add_argument("--json", action="store_true", help="print JSON alone on standard output")
    return common
