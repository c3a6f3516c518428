"""`mailgate run`: run the daemon in the foreground."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import resource
import signal
import sys

from mailgate.cli.common import config_of, new_option, now, print_json, say, secrets_of
from mailgate.config.dump import effective
from mailgate.daemon.main import Daemon
from mailgate.daemon.spawn import start_worker
from mailgate.errors import ConfigError, StorageError, WrongSchema
from mailgate.settings import Config
from mailgate.store.db import engine_of
from mailgate.store.schema import migrate, pending
from mailgate.system import event_loop
from mailgate.system.lock import Lock
from mailgate.system.log_format import FORMATS, LogHandler, formatter
from mailgate.system.service_manager import Notifier, open_sockets
from mailgate.worker.node import joined

ADDRESS_SPACE = 500 * 1024 * 1024  # bytes that the daemon takes of it at its start, most of them not of memory
GC_THRESHOLD = 20_000  # new objects between garbage collections; one mail makes some thousands, most short-lived


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument("--log", choices=FORMATS, default="text", help="the form of the log: text (default) or json")
    parser.add_argument("--verbose", action="store_true", help="log debugging information")
    new_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT."""
    config = config_of(args, secrets=True)
    _refuse_broken_texts(config)
    _warn_of_little_memory()
    handler = LogHandler(sys.stderr)
    handler.setFormatter(formatter(args.log))
    logging.basicConfig(level=logging.DEBUG if args.verbose else logging.INFO, handlers=[handler])
    for name in ("asyncio", "aiosqlite", "imapclient"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if args.verbose:
        logging.getLogger("mailgate").debug("config %s: %s", config.file, effective(config))

    def ready(daemon: Daemon) -> None:
        # Objects that exist now are permanent: exclude them from garbage collection.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        if args.json:
            print_json({"ready": True, "port": daemon.port})
            sys.stdout.flush()

    notifier, opened = Notifier.of_environment(os.environ), open_sockets(os.environ, os.getpid())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the daemon handles it: the configuration was just read
    with Lock(config.storage.beside):
        _bring_up_to_date(config)
        secrets = secrets_of(config, new=args.new)
        with joined(config) as node, start_worker(config, secrets, node) as worker:
            daemon = Daemon(config, worker, ready=ready, notifier=notifier, opened=opened, node=node)
            event_loop.run(daemon.run(), os.environ)
    return 0


def _warn_of_little_memory() -> None:
    """Before it runs out: a library in C then ends the process, and says nothing of the limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 < limit < ADDRESS_SPACE:
        say(f"warning: ulimit -v allows {limit // 1024} kB, mailgate needs about {ADDRESS_SPACE // 1024}")


def _refuse_broken_texts(config: Config) -> None:
    """Raise ConfigError for templates and canned responses that `check` and `reload` refuse, too."""
    if config.canned or config.templates:
        # late: loads the template library, which a desk without texts of its own needs in the worker process alone
        from mailgate.writing.templates.own_texts import broken_texts

        if broken := broken_texts(config):
            raise ConfigError(broken)


def _bring_up_to_date(config: Config) -> None:
    """Migrate an older database. Raises StorageError, and WrongSchema where [storage] migrate is off."""
    engine = engine_of(config.storage.database)
    if not config.storage.migrate and (todo := pending(engine)):
        count = f"{len(todo)} migration{'s' if len(todo) > 1 else ''}"
        raise WrongSchema(f"the database waits for {count} and [storage] migrate is off: mailgate database migrate")
    log = logging.getLogger("mailgate")
    done = migrate(engine, now())
    for each in done:
        log.info("database migrated to schema %d: %s", each.version, each.name)
    if done and engine.keeps_space():
        try:
            engine.rewrite()
        except StorageError as error:
            log.warning("the database could not be rewritten, so it gives no space back: %s", error.cause)
