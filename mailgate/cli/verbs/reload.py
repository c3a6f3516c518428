"""`mailgate reload`: check the configuration, make the daemon take it, print what changes."""

from __future__ import annotations

import argparse
import os
import signal
import time

from mailgate.cli.common import complain, print_json, reading, say, show_problem
from mailgate.cli.json_errors import result_fields
from mailgate.config.diff import changed_files, changes, orphans
from mailgate.config.load import find, load
from mailgate.daemon import active_config
from mailgate.errors import ConfigError, Problem
from mailgate.settings import Config
from mailgate.store.tickets import names_in_use
from mailgate.system.lock import running
from mailgate.ticket import Json
from mailgate.writing.templates.own_texts import broken_texts

PATIENCE = 30.0  # seconds for the daemon to take it
INTERVAL = 0.05  # seconds between looks
_NOT_RUNNING = "no daemon is running on this database; the configuration is valid and is used at the next start"


def configure(parser: argparse.ArgumentParser) -> None:
    """The verb has no options of its own."""


def run(args: argparse.Namespace) -> int:
    """1 when no daemon runs, or it refuses; 2 for an invalid configuration, if it was not a ConfigError before."""
    config, warnings = load(find(args.config, os.environ), secrets=False)  # the daemon has them in its own environment
    if broken := broken_texts(config):
        raise ConfigError(broken)
    with reading(config) as db:
        warnings += orphans(config, names_in_use.names_in_use(db))
    active = active_config.load(config)
    changed = (*changes(active, config), *active_config.newer_files(config)) if active else ()
    warnings += _files_left(active, config) if active else ()
    if (files := active_config.load_template_files(config)) is not None:
        changed += changed_files(files, active_config.template_files(config))
    pid = running(config.storage.beside)
    problems = _signal(pid, config) if pid else (_NOT_RUNNING,)
    if args.json:
        warned: list[Json] = [str(each) for each in warnings]
        found: dict[str, Json] = {"changes": list(changed), "warnings": warned, "running": pid is not None}
        print_json({**result_fields(problems), **found})
    else:
        for warning in warnings:
            show_problem(warning)
        for line in changed or ("no changes",):
            print(line)
    for problem in problems:
        (say if _of_file(problem, config) else complain)(problem)
    return 2 if any(_of_file(problem, config) for problem in problems) else 1 if problems else 0


def _files_left(active: Config, config: Config) -> tuple[Problem, ...]:
    """A warning where tickets have attachments that stay in the folder of before."""
    old, new = active.storage.attachments, config.storage.attachments
    if new.resolve() == old.resolve() or not old.is_dir() or not any(old.iterdir()):
        return ()
    what = f"the attachments of tickets are looked for here, but lie in {old}: move them, while the daemon is stopped"
    return (Problem("[storage.attachments]", what, file=str(config.file), warning=True),)


def _of_file(problem: str, config: Config) -> bool:
    """Whether a problem is one of the configuration: then it begins with its place."""
    return problem.startswith(f"{config.file}:")


def _signal(pid: int, config: Config) -> tuple[str, ...]:
    """Make the daemon take the configuration, and wait until it has; why it did not, if so."""
    before, _ = active_config.verdict(config)
    os.kill(pid, signal.SIGHUP)
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and running(config.storage.beside) == pid:
        last, problems = active_config.verdict(config)
        if last != before:
            return tuple(each if _of_file(each, config) else f"the daemon refuses it: {each}" for each in problems)
        time.sleep(INTERVAL)
    return ("the daemon has not taken it yet: see its log",)
