"""The sweep: a scenario in peace, then once for each crossing with a kill there; what is left must be the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.crash.scenario import Scenario
from tests.crash.supervised import Supervised
from tests.dovecot import PASSWORD, Dovecot
from tests.ports import reserved_port
from tests.token_server import TokenServer


@dataclass(frozen=True)
class Run:
    """One play of a scenario."""

    state: dict[str, Any]
    crossings: tuple[str, ...]
    killed: bool
    copies: int
    moved: int  # messages in the folder that a mailbox's messages are moved to


def mail_server() -> Dovecot:
    """The mailboxes of the scenarios; each play has a token server of its own where this one looks for it."""
    return Dovecot(token_server=f"http://127.0.0.1:{reserved_port()}")


def play(scenario: Scenario, dovecot: Dovecot, folder: Path, at: str = "") -> Run:
    """Play a scenario, with a kill at one crossing; what is left."""
    config = scenario.config(folder, dovecot)
    for name, value in (
        ("PORT", str(dovecot.port)),
        ("USER", f"{folder.parent.name}.{folder.name}@bank.example"),
        ("PASSWORD", PASSWORD),
    ):
        config = config.replace(f"IMAP_{name}", value)
    with (
        TokenServer(urlsplit(dovecot.token_server).port or 0) as tokens,
        Supervised(folder, config, tokens, at=at, lmtp=scenario.lmtp) as world,
    ):
        world.start()
        scenario.play(world, dovecot)
        moved = len(dovecot.uids("Processed", world.user)) if scenario.mailbox else 0
        crossings = tuple(world.crossings.read_text().split("\n")[:-1])
        return Run(world.state(), crossings, world.killed, world.copies, moved)


def problems(scenario: Scenario, peace: Run, run: Run, at: str) -> Iterator[str]:
    """What a kill changed that it must not."""
    for part in scenario.compared:
        before, after = peace.state[part], run.state[part]
        if before != after:
            yield f"{at}: {part} differ\n  in peace: {before}\n  killed:   {after}"
    if run.moved < peace.moved:
        yield f"{at}: {peace.moved - run.moved} messages are lost from the mailbox"


def sweep(scenario: Scenario, dovecot: Dovecot, every: int) -> Iterator[tuple[str, Run, list[str]]]:
    """Kill at one crossing in `every` of a scenario: (crossing, run, problems). The first is ("", peace, [])."""
    with tempfile.TemporaryDirectory(prefix="crash") as folder:
        peace = play(scenario, dovecot, _new(Path(folder), "peace"))
        yield "", peace, []
        for number, at in enumerate(peace.crossings[::every]):
            try:
                run = play(scenario, dovecot, _new(Path(folder), f"k{number}"), at)
            except AssertionError as error:
                yield at, peace, [f"{at}: {error}"]
            else:
                yield at, run, list(problems(scenario, peace, run, at))


def _new(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path
