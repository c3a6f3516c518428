"""A private PostgreSQL server on a socket and on loopback, one for all tests of a process, with a database a test.

Runs without privileges (as `nobody` when the tests run as root) in a folder of its own, and nothing of it needs to
outlive the machine's power: no fsync. A test that stops the server has one of its own (`Cluster` as a context manager).
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import psycopg

from mailgate.settings import Server
from mailgate.store.db import engine_of
from tests.ports import reserved_port
from tests.programs import NOBODY, need
from tests.waiting import PATIENCE, wait_until

USER = "mailgate"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "jit": "off",
    "log_destination": "stderr",
    "listen_addresses": "127.0.0.1",
}
# Much quicker than a new database: there are a thousand desks.
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- no order among the tables
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration' LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(name);
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public';
END $$
"""


def programs() -> Path:
    """The folder of the server's programs; Debian keeps them outside of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else Path(need("initdb", "postgresql")).parent


@dataclass
class Cluster:
    """One private server. `settings`: parameters that differ from those of the tests.

    `replica_of`: it follows that one, which runs, until it is promoted.
    """

    port: int = field(default_factory=reserved_port)
    settings: Mapping[str, str] = field(default_factory=dict)
    replica_of: Cluster | None = None

    def __post_init__(self) -> None:
        self._programs = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="mailgate-postgresql-"))
        self._as = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
        if self._as:
            os.chown(self.folder, NOBODY, NOBODY)
        self._data = self.folder / "data"
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        if first := self.replica_of:
            copy = ["pg_basebackup", "-D", str(self._data), "-h", str(first.folder), "-p", str(first.port), "-U", USER]
            self._run([str(self._programs / copy[0]), *copy[1:], "-R", "--checkpoint=fast", "--no-sync"])
            return
        initdb = [str(self._programs / "initdb"), "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8"]
        self._run([*initdb, "--locale=C", "--no-sync", "--no-instructions"])

    def _run(self, command: list[str]) -> None:
        subprocess.run([*self._as, *command], check=True, capture_output=True, cwd=self.folder, timeout=PATIENCE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server; it takes connections when this returns."""
        own = {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        settings = {**_SETTINGS, **self.settings, **own}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            command = [*self._as, str(self._programs / "postgres"), "-D", str(self._data), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends every connection, SIGQUIT and SIGKILL are a crash."""
        if self._process is not None:
            parts: list[str] = []  # its processes, which outlive a crash of the first by a moment
            with suppress(ProcessLookupError, FileNotFoundError):
                parts = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
                self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None
            wait_until(lambda: not any(map(_runs, parts)))

    @property
    def pid(self) -> int:
        """The process id of the server, whose backends are its children."""
        assert self._process is not None
        return self._process.pid

    def promote(self) -> None:
        """The replica takes writes from now on."""
        with self.connect() as connection:
            connection.execute("SELECT pg_promote()")

    def url(self, database: str = "postgres", *, tcp: bool = False) -> str:
        """The URL of a database."""
        if tcp:
            return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of an administrator."""
        return psycopg.connect(self.url(database), autocommit=True)

    def wait_for_standbys(self, names: str) -> None:
        """Let each commit wait for one of these standbys from now on; for none with "".

        The setting holds for commits once the checkpointer has it. A new connection has it when the server has told
        all its processes, and the checkpointer looks before a checkpoint.
        """
        with self.connect() as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self._shows("synchronous_standby_names") == names)
        with self.connect() as connection:
            connection.execute("CHECKPOINT")

    def _shows(self, setting: str) -> str:
        with self.connect() as connection:
            return str(connection.execute(f"SHOW {setting}").fetchone()[0])

    def empty_database(self) -> str:
        """The name of a new database without tables."""
        name = f"test{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def desk_database(self) -> str:
        """The name of a database with the schema of a desk and nothing in it: a new one, or one that was given back."""
        if not self._free:
            name = self.empty_database()
            engine_of(Server(self.url(name), self.folder / "none")).open_writer().close()
            return name
        name = self._free.pop()
        with self.connect(name) as connection:
            connection.execute(_EMPTY)
        return name

    def give_back(self, database: str) -> None:
        """A test is done with its database."""
        self._free.append(database)


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@cache
def cluster() -> Cluster:
    """The server of this process."""
    found = Cluster()
    found.start()
    atexit.register(found.__exit__)
    return found
