"""The administrator: signs in, makes backups, puts one back, and forgets people, by the commands of `mailgate`."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgate.cli.main import main
from mailgate.config.load import load
from mailgate.connect.token_file import FOLDER, TokenFile
from mailgate.daemon.sign_ins import account_of
from tests.simulation.people import CUSTOMERS

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(frozen=True)
class Backup:
    """A backup, and when it was made: on the loop's clock, and on the wall clock."""

    folder: Path
    at: float
    wall: float


class Administrator:
    """Acts on the desk from outside."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens = world.desk.tokens
        self._file = TokenFile(world.folder / "var" / FOLDER, "support")
        self._config = world.folder / "admin.toml"  # good, whatever is tried with the desk's own
        self._backups = 0
        self.backup: Backup | None = None  # the latest
        self.restores = False  # once the desk has ended
        self.found: list[str] = []  # what is wrong with what a command did or did not

    # ── signing in ──────────────────────────────────────────────────────────────────────

    def sign_in(self) -> None:
        """`mailgate login support`."""
        self._config.write_text(self._world.desk.config)
        config, _ = load(self._config)
        account = account_of(config.mailboxes["support"].credentials, config, self._world.now)
        assert account is not None
        account.store(self._tokens.signed_in())

    def look(self) -> None:
        """Read the status once the world is calm; sign in where that is the cure."""
        daemon, tokens = self._world.desk.daemon, self._tokens
        if self._kept() in tokens.good:
            return
        says = daemon is not None and any(not each.ok and each.lasting for each in daemon._sign_ins.states())
        self._world.note(f"signed in anew; the desk {'said so' if says else 'has not noticed'}")
        if self._world.desk.up and tokens.refused == self._world.desk.lives and not says:
            self.found.append("sign-in: it was refused, and the status does not say so")
        self.sign_in()

    def note_end(self) -> None:
        """The desk ends, perhaps before it has written the latest refresh token."""
        self._tokens.excused = self._tokens.excused or self._kept() != self._tokens.newest

    def _kept(self) -> str:
        stored = self._file.read()
        return stored.refresh_token.value if stored else ""

    # ── commands ────────────────────────────────────────────────────────────────────────

    def _command(self, *words: str) -> dict[str, Any]:
        """Run a command; what it prints."""
        self._world.note(f"mailgate {' '.join(words)}".replace(str(self._world.folder), ""))
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(io.StringIO()):
            code = main([*words, "-c", str(self._config), "--json"])
        if code:
            self.found.append(f"mailgate {words[0]} ended with {code}: {said.getvalue()}")
        return dict(json.loads(said.getvalue()))

    def back_up(self) -> None:
        """Make a backup while the desk runs, in the place of the one before it."""
        self._backups += 1
        folder = self._world.folder / f"backup{self._backups}"
        self._command("backup", str(folder))
        if self.backup:
            shutil.rmtree(self.backup.folder)
        self.backup = Backup(folder, self._world.loop.time(), self._world.wall())

    def restore(self) -> Backup:
        """The desk has ended, and its data are lost: put the backup back, and sign in."""
        assert self.backup
        self.restores = False
        shutil.rmtree(self._world.folder / "var")
        self._command("restore", str(self.backup.folder))
        if server := self._world.desk.server:
            server.empty()
            with closing(sqlite3.connect(self._world.folder / "var/mailgate.db")) as restored, restored:
                restored.execute("DELETE FROM node")  # its lease, which lasts for hours here, is over
            self._command("database", "copy", f"sqlite:///{self._world.folder}/var/mailgate.db", server.url)
            (self._world.folder / "var/mailgate.db").unlink()
        self.sign_in()
        return self.backup

    def forget(self) -> None:
        """Forget a customer while the desk runs; nothing in any file holds what they wrote."""
        person = self._world.dice.choice(CUSTOMERS)
        self._world.desk.disk.flushed()
        known = self._world.promises.known()
        said = self._command("forget", person.email)
        words = [person.email, *self._world.promises.forgotten(person.email, known)]
        if not any("run this again afterwards" in each["why"] for each in said["stays"]):
            for place, content in self._contents():
                held = [word for word in words if word.encode() in content]
                if held:
                    self.found.append(f"forget: {place} holds {held} of {person.email}")

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        """Everything that the desk keeps: each file, and each table on a server."""
        for path in (self._world.folder / "var").rglob("*"):
            if path.is_file():
                yield path.name, path.read_bytes()
        db = self._world.db
        assert db
        for table in db.tables() if self._world.desk.server else ():
            rows = db.all(f"SELECT * FROM {table}")
            yield table, b"\n".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)
