"""What a process imports when it starts: a pipe runs `ingest` once for each mail, and a daemon waits for nothing."""

import subprocess
import sys

import pytest

DAEMON = {"jinja2", "selectolax", "mailgate.desk", "mailgate.reading.page.page", "mailgate.writing.templates.render"}
COMMAND = DAEMON | {"asyncio", "aiosqlite", "aiosmtpd", "imapclient", "email.parser", "holidays", "apscheduler"}


@pytest.mark.parametrize(
    ("modules", "unneeded"),
    [
        ("mailgate.cli.main, mailgate.cli.verbs.ingest", COMMAND),
        ("mailgate.cli.main, mailgate.cli.verbs.hash_password", COMMAND),
        ("mailgate.cli.main, mailgate.cli.verbs.tickets, mailgate.cli.tickets.listing", COMMAND),
        ("mailgate.cli.main, mailgate.cli.verbs.run", DAEMON),  # the worker process loads them, and nobody waits for it
    ],
)
def test_a_process_loads_what_it_needs(modules: str, unneeded: set[str]) -> None:
    code = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not sorted(loaded & unneeded)
