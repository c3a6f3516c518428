"""A full folder of a mailbox is emptied: beside bare IMAPClient, which fetches, marks and moves, and keeps nothing.

The server is a private Dovecot, that of the tests; without one this part is left out.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from benchmarks import harness
from benchmarks.client import message
from benchmarks.harness import Setting
from benchmarks.results import Line, Spread, at_least
from tests.dovecot import PASSWORD, Dovecot

_USER = "support@bank.example"
_AT_ONCE = 200  # messages in a FETCH of the bare side
_MAILBOX = """
[mailbox.desk]
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password = "{password}"
existing = "take"
"""


class NoServer(Exception):
    """There is no Dovecot."""


def imap(setting: Setting) -> list[Line]:
    """Messages a second until the folder is empty, and until each is a ticket with its mails. Raises NoServer."""
    if not (shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")):
        raise NoServer("dovecot is missing: apt-get install dovecot-imapd")
    count = min(setting.count * 8, 5000)
    bare, drained, made, by_smtp = [], [], [], []
    for run in range(min(setting.runs, 3)):
        with Dovecot() as server:
            _put(server, f"bare{run}", count)
            bare.append(count / _bare(server))
        with Dovecot() as server:
            _put(server, f"drain{run}", count)
            emptied, worked, rate = _ours(setting, server, run, count)
        drained.append(count / emptied)
        made.append(count / worked)
        by_smtp.append(rate)
        setting.log(
            f"bare {bare[-1]:.0f}/s, drained {drained[-1]:.0f}/s, tickets {made[-1]:.0f}/s, by SMTP {rate:.0f}/s"
        )
    setting.raw["imap"] = {"bare": bare, "drained": drained, "tickets": made, "tickets by SMTP": by_smtp}
    return [
        Line(f"IMAP, {count} messages: bare fetch, mark and move", Spread.of(bare).text(" /s")),
        Line(f"IMAP, {count} messages: mailgate, durable and moved", Spread.of(drained).text(" /s")),
        at_least("IMAP: drain, mailgate / bare", Spread.ratio(drained, bare), 0.7),
        at_least("IMAP: tickets made, IMAP / SMTP", Spread.ratio(made, by_smtp), 0.9),
    ]


def _put(server: Dovecot, name: str, count: int) -> None:
    """Put messages into the inbox, as a delivery agent does."""
    with server.client(_USER) as client:
        client.select_folder("INBOX")  # makes it
    new = server.directory / "mail" / _USER / "new"
    for number in range(count):
        path = new / f"{1_700_000_000 + number}.M{number}P1.example"
        path.write_bytes(message(name, number, "plain").removesuffix(b".\r\n"))
        if os.geteuid() == 0:
            shutil.chown(path, "nobody", "nogroup")
    with server.client(_USER) as client:
        client.create_folder("Processed")
        client.select_folder("INBOX")  # the server has seen them


def _bare(server: Dovecot) -> float:
    """Seconds to fetch all, mark and move them."""
    with server.client(_USER) as client:
        began = time.monotonic()
        client.select_folder("INBOX")
        uids = client.search("UNSEEN")
        for start in range(0, len(uids), _AT_ONCE):
            some = uids[start : start + _AT_ONCE]
            client.fetch(some, ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
            client.add_flags(some, [rb"\Seen"], silent=True)
        client.move(uids, "Processed")
        return time.monotonic() - began


def _ours(setting: Setting, server: Dovecot, run: int, count: int) -> tuple[float, float, float]:
    """Seconds until the folder is empty, and until every mail is sent; tickets a second of the same mails by SMTP."""
    received = harness.SinkClient(setting.sink)
    received.ask("XRESET")
    more = _MAILBOX.format(port=server.port, user=_USER, password=PASSWORD)
    with harness.mailgate(setting.folder / str(run), setting.sink, more=more) as desk:
        began = time.monotonic()
        _wait_until_empty(server.directory / "mail" / _USER)
        emptied = time.monotonic() - began
        worked = received.wait_for(count * desk.mails) - began
        rate = harness.drive(desk, setting.sink, f"smtp{run}", min(count, 1000)).rate
    return emptied, worked, rate


def _wait_until_empty(inbox: Path, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while any((inbox / "new").iterdir()) or any((inbox / "cur").iterdir()):
        if time.monotonic() > deadline:
            raise TimeoutError("the folder is not empty")
        time.sleep(0.02)
