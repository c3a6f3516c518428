"""`mailgate reload`: check the configuration, print what changes, signal the daemon."""

from __future__ import annotations

import argparse
import os
import signal

from mailgate.cli.common import complain, print_json, reading, show_problem
from mailgate.cli.json_errors import result_fields
from mailgate.config.diff import changed_files, changes, orphans
from mailgate.config.load import find, load
from mailgate.daemon import active_config
from mailgate.errors import ConfigError
from mailgate.store.tickets import names_in_use
from mailgate.system.lock import running
from mailgate.ticket import Json
from mailgate.writing.templates.own_texts import broken_texts

_NOT_RUNNING = "no daemon is running on this database; the configuration is valid and is used at the next start"


def configure(parser: argparse.ArgumentParser) -> None:
    """The verb has no options of its own."""


def run(args: argparse.Namespace) -> int:
    """Signal the daemon; 1 when none is running. Raises ConfigError for an invalid configuration."""
    config, warnings = load(find(args.config, os.environ), secrets=False)  # the daemon has them in its own environment
    if broken := broken_texts(config):
        raise ConfigError(broken)
    with reading(config) as db:
        warnings += orphans(config, names_in_use.names_in_use(db))
    active = active_config.load(config)
    changed = (*changes(active, config), *active_config.newer_files(config)) if active else ()
    if (files := active_config.load_template_files(config)) is not None:
        changed += changed_files(files, active_config.template_files(config))
    pid = running(config.storage.beside)
    if args.json:
        start = result_fields(() if pid else (_NOT_RUNNING,))
        warned: list[Json] = [str(each) for each in warnings]
        print_json({**start, "changes": list(changed), "warnings": warned, "running": pid is not None})
    else:
        for warning in warnings:
            show_problem(warning)
        for line in changed or ("no changes",):
            print(line)
    if pid is None:
        complain(_NOT_RUNNING)
        return 1
    os.kill(pid, signal.SIGHUP)
    return 0
