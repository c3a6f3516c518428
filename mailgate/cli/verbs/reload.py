"""`mailgate reload`: check, print what changes, make the daemon take it."""

from __future__ import annotations

import argparse
import os
import signal

from mailgate.cli.common import print_json, reading, say
from mailgate.cli.failure import ending
from mailgate.config.diff import changes, orphans
from mailgate.config.load import find, load
from mailgate.daemon.reload import last_config
from mailgate.errors import ConfigError
from mailgate.store.tickets import names_in_use
from mailgate.system.lock import running
from mailgate.ticket import Json
from mailgate.writing.templates.render import Renderer

_NOBODY = "no daemon runs on this database; the config is good and will be taken at the next start"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""


def run(args: argparse.Namespace) -> int:
    """Refuse a config with any error; else tell the daemon."""
    config, warnings = load(find(args.config, os.environ))
    if broken := tuple(problem for problem in Renderer.of(config).check() if not problem.warning):
        raise ConfigError(broken)
    with reading(config) as db:
        warnings += orphans(config, names_in_use.names_in_use(db))
    old = last_config(config)
    told = changes(old, config) if old else ()
    daemon = running(config.storage.database)
    troubles = () if daemon else (_NOBODY,)
    if args.json:
        warned: list[Json] = [str(each) for each in warnings]
        print_json({**ending(troubles), "changes": list(told), "warnings": warned, "running": daemon is not None})
    else:
        for warning in warnings:
            say(f"warning: {warning}")
        for line in told or ("nothing changes",):
            print(line)
    if daemon is None:
        say(_NOBODY)
        return 1
    os.kill(daemon, signal.SIGHUP)
    return 0
