"""`mailgate demo`: play three tickets by real mail on a desk of its own. Nothing leaves the machine.

The desk lives in one folder: SQLite, SMTP on loopback, outgoing mail in a Maildir. The daemon is
the one that `mailgate run` starts.
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
from mailgate.demo.runner import Output, Runner, StepFailed
from mailgate.demo.scenario import DESK, play
from mailgate.errors import Refused
from mailgate.settings import Config
from mailgate.system.lock import Lock

PORT = 8025  # for a demo without --once, if it is free
PACE = 0.45  # seconds of pause after each mail on a terminal: the whole demo takes less than forty
LISTEN = "127.0.0.1:8025"  # as written in desk.toml


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument("--once", action="store_true", help="exit after the last step, with code 1 if a step failed")
    parser.add_argument(
        "--dir",
        type=Path,
        metavar="DIR",
        help="create the desk in this folder and keep it (default: a temporary folder)",
    )
    parser.add_argument(
        "--pace", type=float, metavar="SECONDS", help="pause after each mail (default: 0.45 on a terminal, else 0)"
    )


def run(args: argparse.Namespace) -> int:
    """Play the scenario, print the report, then keep the desk running unless --once is given."""
    pace = args.pace if args.pace is not None else PACE * sys.stdout.isatty()
    with _folder(args.dir) as folder:
        config = _desk(folder, 0 if args.once else PORT)
        _log_into(folder / "mailgate.log")
        with Lock(config.storage.beside), start_worker(config, secrets_of(config)) as worker:
            return asyncio.run(_perform(config, worker, _output(pace, as_json=args.json), args))


def _output(pace: float, *, as_json: bool) -> Output:
    from mailgate.demo.output import JsonLines, Terminal  # late: completion scripts and --help need no terminal

    if as_json:
        return JsonLines()
    from rich.console import Console  # late: as above

    return Terminal(Console(width=None if sys.stdout.isatty() else 110, highlight=False), pace)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """The folder of the desk; a temporary one, deleted at the end, unless one is given."""
    if given is not None:
        if given.exists() and any(given.iterdir()):
            raise Refused(f"{given} is not empty; to run an existing desk: mailgate run -c {given}/config.toml")
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="mailgate-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _desk(folder: Path, port: int) -> Config:
    """Write the demo's configuration into the folder and load it."""
    text = (files("mailgate.demo") / "desk.toml").read_text("utf-8")
    path = folder / "config.toml"
    path.write_text(text.replace(LISTEN, f"127.0.0.1:{_free_port(port)}"), encoding="utf-8")
    config, _ = load(path)
    return config


def _free_port(wanted: int) -> int:
    """The wanted port if it is free, else any free one, so that two demos can run at once."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Refused("no free port on loopback")


def _log_into(path: Path) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", filename=path)
    for name in ("asyncio", "aiosqlite", "apscheduler"):
        logging.getLogger(name).setLevel(logging.WARNING)


async def _perform(config: Config, worker: socket.socket, output: Output, args: argparse.Namespace) -> int:
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    daemon = Daemon(config, worker, ready=lambda daemon: ready.set_result(daemon.port or 0))
    desk = asyncio.create_task(daemon.run())
    playing = asyncio.create_task(_play(config, ready, output, args))
    await asyncio.wait({desk, playing}, return_when=asyncio.FIRST_COMPLETED)
    interrupted = not playing.done()  # a signal stopped the daemon, or it failed
    playing.cancel()
    daemon.stop()
    await desk
    if not interrupted:
        return await playing
    return 130 if args.once else 0


async def _play(config: Config, ready: asyncio.Future[int], output: Output, args: argparse.Namespace) -> int:
    demo = Runner(config, await ready, output)
    if not args.json:
        say(f"mailgate demo: a desk in {config.file.parent}, SMTP on 127.0.0.1:{demo.port}")
    try:
        await play(demo)
    except StepFailed as error:
        _print_result(args, error)
        return 1
    output.ticket("The administrator's view: mailgate report")
    await asyncio.to_thread(_report, config, as_json=args.json)
    _print_result(args, None)
    if not args.once:
        await _keep_running(demo, config, args)
    return 0


def _report(config: Config, *, as_json: bool) -> None:
    report.run(argparse.Namespace(config=str(config.file), json=as_json, since="1d", csv=False, html=None))


def _print_result(args: argparse.Namespace, error: StepFailed | None) -> None:
    if args.json:
        print_json({"ok": error is None, "error": str(error) if error else None})
    elif error:
        say(f"\nThis step failed: {error}")


async def _keep_running(demo: Runner, config: Config, args: argparse.Namespace) -> None:
    """Show all further mail of the desk until a signal."""
    if not args.json:
        say(
            f"""
The desk keeps running: write to it, and its mails are shown here. Ctrl-C stops it.

  swaks --server 127.0.0.1:{demo.port} --from you@client.example --to {DESK} \\
        --header 'Subject: My screen flickers' --body 'Since this morning.'

  mailgate tickets list --status all -c {config.file}
  mailgate tickets show 1001 -c {config.file}
  ls {config.relays[0].path}/new      # the desk's mails
"""
        )
    while True:
        await demo.show_new()
        await asyncio.sleep(0.3)
