"""A desk under a service manager: the daemon is started again whenever it was killed, and people send again.

The first death is the sweep's; any other end of the process is a failure.
"""

from __future__ import annotations

import json
import os
import select
import signal
import smtplib
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailgate.connect.token_file import FOLDER, TokenFile
from tests import prefork
from tests.acceptance.people import Got
from tests.acceptance.world import World
from tests.token_server import TokenServer
from tests.waiting import PATIENCE, wait_until

LAUNCHER = Path(__file__).with_name("launcher.py")


class Supervised(World):
    """A world whose daemon is killed at the crossing `at` ("role:boundary:count"; "" for never)."""

    def __init__(self, folder: Path, config: str, tokens: TokenServer, *, at: str = "", lmtp: bool = False) -> None:
        super().__init__(folder, config)
        self.tokens = tokens
        self.crossings = folder / "crossings"
        self.user = f"{folder.parent.name}.{folder.name}@bank.example"  # of the mailbox
        self.at = at
        self.killed = False
        self._lmtp = lmtp
        self._seen: set[str] = set()  # Message-IDs of the mails that the scenario has used
        tokens.mailbox, tokens.rotate, tokens.at_use = self.user, True, self._used
        self.sign_in = TokenFile(folder / "var" / FOLDER, "support")
        self.used_early: list[str] = []  # access tokens that were used before their refresh token was in its file

    # ── the processes ───────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Start the daemon and wait until it accepts mail; once more when it is killed on the way."""
        while True:
            with self.log.open("ab") as log:
                self._process = self._launch("run", stdout=subprocess.PIPE, stderr=log)
            stdout = self._process.stdout
            assert stdout is not None
            assert select.select([stdout], [], [], PATIENCE)[0], f"the daemon does not start:\n{self.log_text()}"
            if line := stdout.readline():
                self.port = json.loads(line)["port"]
                return
            self._bury()

    def _launch(self, *words: str, **pipes: Any) -> prefork.Process:
        at = "" if self.killed else self.at
        return prefork.start(
            [LAUNCHER, *words, "-c", self.file, "--json"],
            env=os.environ | {"CRASH_LOG": str(self.crossings), "CRASH_AT": at},
            start_new_session=True,  # the kill is for it and its worker alone
            **pipes,
        )

    def _bury(self) -> None:
        process = self._process
        assert process is not None
        code = process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()
        assert code == -signal.SIGKILL, f"the daemon ended with {code}:\n{self.log_text()}"
        assert not self.killed, "killed twice"
        self.killed = True
        wait_until(lambda: not _alive(process.pid))  # the worker, too: a service manager waits for both

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the daemon with a signal; its exit code. It may come to its crossing only now: the scenario is over."""
        code = super().end(number)
        return 0 if code == -signal.SIGKILL and self.at and not self.killed else code

    def _used(self, token: str) -> None:
        """A server asks about an access token: the refresh token that was given with it, or a later one, is kept."""
        stored = self.sign_in.read()
        if stored is None or _number(stored.refresh_token.value) < _number(token):
            self.used_early.append(token)

    def revive(self) -> None:
        """Start the daemon again when it was killed."""
        if not self.alive:
            self._bury()
            self.start()

    def command(self, verb: str, *words: str) -> None:
        """Run a one-shot command, again when it is killed; one without words writes into a new folder each time."""
        for attempt in range(2):
            process = self._launch(verb, *(words or [str(self.folder / f"{verb}{attempt}")]))
            code = process.wait(PATIENCE)
            if code == 0:
                return
            assert code == -signal.SIGKILL, f"{verb} ended with {code}"
            assert not self.killed, "killed twice"
            self.killed = True

    # ── people ──────────────────────────────────────────────────────────────────────────

    def post(self, mail: EmailMessage) -> None:
        """Send a mail until it is accepted, as a mail server does."""
        while True:
            self.revive()
            try:
                return self._submit(mail)
            except (OSError, smtplib.SMTPException):
                wait_until(lambda: not self.alive, self.log_text)

    def _submit(self, mail: EmailMessage) -> None:
        client = smtplib.LMTP if self._lmtp else smtplib.SMTP
        with client("127.0.0.1", self.port, timeout=PATIENCE) as smtp:
            sender, recipients = mail["From"].addresses[0], mail["To"].addresses
            smtp.sendmail(sender.addr_spec, [each.addr_spec for each in recipients], mail.as_bytes())

    def until(self, ready: Callable[[], object]) -> None:
        """Wait for something, and keep the daemon running meanwhile."""

        def looked() -> object:
            self.revive()
            return ready()

        wait_until(looked, lambda: f"{self.log_text()}\n{[(m.to, m.kind, m.subject) for m in self.taken]}")

    def got(self, to: str, kind: str, subject: str) -> Got:
        """Wait for a mail that was not used yet, of a kind and with these words in its subject."""
        found: list[Got] = []

        def look() -> bool:
            found[:] = [
                mail
                for mail in self.taken
                if (mail.to, mail.kind) == (to, kind) and subject in mail.subject and mail.id not in self._seen
            ]
            return bool(found)

        self.until(look)
        self._seen.add(found[0].id)
        return found[0]

    def still(self) -> None:
        """Wait until inbox and outbox are empty, and nothing is due."""
        due = "SELECT count(*) FROM deadline WHERE at <= ?"
        self.until(lambda: self.sql(due, time.time()) == [(0,)] and self._on_its_way() == 0)

    # ── what is left ────────────────────────────────────────────────────────────────────

    def state(self) -> dict[str, Any]:
        """Tickets with threads and events, how mail ended, and what was delivered, without what differs by run."""
        return {
            "tickets": {number: whole for number, *whole in self.sql(_TICKETS)},
            "threads": _gathered(self.sql('SELECT ticket, kind, "by", text FROM entry ORDER BY ticket, id')),
            "events": _gathered(self.sql('SELECT ticket, kind, "by" FROM event ORDER BY ticket, id')),
            "mail": Counter(self.sql("SELECT state, from_email, subject FROM inbox WHERE reason <> 'duplicate'")),
            "not sent": self.sql("SELECT count(*) FROM outbox WHERE state <> 'sent'"),
            "notices": Counter((mail.to, mail.kind, mail.subject) for mail in self._once()),
        }

    def _once(self) -> Iterator[Got]:
        yield from {mail.id: mail for mail in self.taken}.values()

    @property
    def copies(self) -> int:
        """Mails that the relay took more than once."""
        return len(self.taken) - len({(mail.id, mail.to) for mail in self.taken})


def _number(token: str) -> int:
    return int(token.rpartition("-")[2])


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


_TICKETS = "SELECT number, subject, status, department, topic, priority, assignee, requester_email FROM ticket"


def _gathered(rows: Iterable[Sequence[Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for ticket, *rest in rows:
        found.setdefault(ticket, []).append(tuple(rest))
    return found
