"""`mailgate demo`: three tickets through their whole life, by real mail, on this machine alone.

A desk of its own in a folder: SQLite, SMTP on loopback, outgoing mail into a Maildir. The
daemon is the real one. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from mailgate.cli.common import print_json, say, secrets_of
from mailgate.cli.verbs import report
from mailgate.config.load import load
from mailgate.daemon.main import Daemon
from mailgate.daemon.spawn import start_worker
from mailgate.demo.script import DESK, play
from mailgate.demo.stage import Missed, Screen, Stage
from mailgate.errors import Refused
from mailgate.settings import Config
from mailgate.system.lock import Lock

PORT = 8025  # of a demo that stays up, where it is free
PACE = 0.45  # seconds a mail on a terminal: the whole play stays under forty
LISTEN = "127.0.0.1:8025"  # as in desk.toml


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("--once", action="store_true", help="end after the play; exit code 1 when a step went wrong")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="keep the desk in this folder (a temporary one)")
    parser.add_argument(
        "--pace", type=float, metavar="SECONDS", help="time to read a mail (0.45 on a terminal, else 0)"
    )


def run(args: argparse.Namespace) -> int:
    """Play, report, and stay up to be mailed to."""
    pace = args.pace if args.pace is not None else PACE * sys.stdout.isatty()
    with _folder(args.dir) as folder:
        config = _desk(folder, 0 if args.once else PORT)
        _log_into(folder / "mailgate.log")
        with Lock(config.storage.database), start_worker(config, secrets_of(config)) as worker:
            return asyncio.run(_perform(config, worker, _screen(pace, as_json=args.json), args))


def _screen(pace: float, *, as_json: bool) -> Screen:
    from mailgate.demo.screen import Lines, Terminal  # late: completion scripts and --help need no terminal

    if as_json:
        return Lines()
    from rich.console import Console  # late: as above

    return Terminal(Console(width=None if sys.stdout.isatty() else 110, highlight=False), pace)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder that the desk lives in; one that nobody named does not outlive it."""
    if given is not None:
        if given.exists() and any(given.iterdir()):
            raise Refused(f"{given} is not empty; go on with a desk that is there: mailgate run -c {given}/config.toml")
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="mailgate-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _desk(folder: Path, port: int) -> Config:
    """Write the demo's config into the folder and read it as any other."""
    text = (files("mailgate.demo") / "desk.toml").read_text("utf-8")
    path = folder / "config.toml"
    path.write_text(text.replace(LISTEN, f"127.0.0.1:{_free_port(port)}"), encoding="utf-8")
    config, _ = load(path)
    return config


def _free_port(wanted: int) -> int:
    """The port that is wanted where it is free, else any: two demos that play at once are not in each other's way."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Refused("no port is free on loopback")


def _log_into(path: Path) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", filename=path)
    for name in ("asyncio", "aiosqlite", "apscheduler"):
        logging.getLogger(name).setLevel(logging.WARNING)


async def _perform(config: Config, worker: socket.socket, screen: Screen, args: argparse.Namespace) -> int:
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    daemon = Daemon(config, worker, ready=lambda daemon: ready.set_result(daemon.port or 0))
    desk = asyncio.create_task(daemon.run())
    playing = asyncio.create_task(_play(config, ready, screen, args))
    await asyncio.wait({desk, playing}, return_when=asyncio.FIRST_COMPLETED)
    interrupted = not playing.done()  # a signal stopped the daemon, or it died
    playing.cancel()
    daemon.stop()
    await desk
    if not interrupted:
        return await playing
    return 130 if args.once else 0


async def _play(config: Config, ready: asyncio.Future[int], screen: Screen, args: argparse.Namespace) -> int:
    stage = Stage(config, await ready, screen)
    if not args.json:
        say(f"mailgate demo: a desk in {config.file.parent}, SMTP on 127.0.0.1:{stage.port}")
    try:
        await play(stage)
    except Missed as error:
        _ended(args, error)
        return 1
    screen.act("What the administrator reads: mailgate report")
    await asyncio.to_thread(_report, config, as_json=args.json)
    _ended(args, None)
    if not args.once:
        await _stay(stage, config, args)
    return 0


def _report(config: Config, *, as_json: bool) -> None:
    report.run(argparse.Namespace(config=str(config.file), json=as_json, since="1d", csv=False, html=None))


def _ended(args: argparse.Namespace, error: Missed | None) -> None:
    if args.json:
        print_json({"ok": error is None, "error": str(error) if error else None})
    elif error:
        say(f"\nThis step did not happen as it should: {error}")


async def _stay(stage: Stage, config: Config, args: argparse.Namespace) -> None:
    """Show what else the desk sends, until a signal."""
    if not args.json:
        say(
            f"""
The desk stays up: write to it, and its mails show here. Ctrl-C ends it.

  swaks --server 127.0.0.1:{stage.port} --from you@client.example --to {DESK} \\
        --header 'Subject: My screen flickers' --body 'Since this morning.'

  mailgate tickets list --status all -c {config.file}
  mailgate tickets show 1001 -c {config.file}
  its mails, as files: {config.relay.path}
"""
        )
    while True:
        await stage.show_new()
        await asyncio.sleep(0.3)
