"""A real mutt on a terminal of its own, told by keys what to do: it reads a mail, and answers it."""

from __future__ import annotations

import mailbox
import os
import pty
import select
import signal
import time
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from shutil import which
from typing import cast

SECONDS = 30
RC = """
set mbox_type=Maildir spoolfile="{box}" record="{sent}" copy=yes postponed="{folder}/drafts" folder="{folder}"
set realname="{name}" from="{email}" use_from=yes envelope_from=yes hostname="{host}"
set smtp_url="smtp://127.0.0.1:{port}" ssl_starttls=no ssl_force_tls=no
set editor="{editor}" include=yes fast_reply=yes reply_to=yes abort_unmodified=no abort_nosubject=no
set pipe_decode=yes wait_key=no confirmappend=no mark_old=no move=no delete=no quit=yes beep=no charset=utf-8
ignore *
unignore from date subject to cc
alternative_order text/plain
"""
EDITOR = """#!/bin/sh
cat '{words}' "$1" >"$1.new" && mv "$1.new" "$1"
"""


def found() -> bool:
    """Whether there is a mutt that sends by itself."""
    return which("mutt") is not None


class Mutt:
    """One person's mutt over a Maildir."""

    def __init__(self, folder: Path, name: str, email: str, port: int, environment: Mapping[str, str]) -> None:
        folder.mkdir()
        self._folder = folder
        self._environment = os.environ | environment | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        self._box = mailbox.Maildir(folder / "inbox", create=True)
        self._sent = mailbox.Maildir(folder / "sent", create=True)
        self._words = folder / "words"
        editor = folder / "editor"
        editor.write_text(EDITOR.format(words=self._words))
        editor.chmod(0o755)
        fields = {"box": folder / "inbox", "sent": folder / "sent", "editor": editor, "host": email.partition("@")[2]}
        (folder / "muttrc").write_text(RC.format(folder=folder, name=name, email=email, port=port, **fields))

    def gets(self, raw: bytes) -> None:
        """A mail arrives."""
        self._box.add(raw.replace(b"\r\n", b"\n"))

    def reads(self, message_id: str) -> str:
        """The mail as mutt shows it."""
        seen = self._folder / "seen"
        self._keys(f"{_go_to(message_id)}<display-message><pipe-message>cat >{seen}<enter><exit><quit>")
        head, _, body = seen.read_text("utf-8").partition("\n\n")
        shown = [line for line in head.splitlines() if not line.startswith(("MIME-Version:", "Content-"))]
        return "\n".join([*shown, "", body])

    def answers(self, message_id: str, words: str) -> EmailMessage:
        """Press reply, write `words` above what mutt quotes, and send it; the mail as it left."""
        self._words.write_text(f"{words}\n\n", "utf-8")
        before = set(self._sent.keys())
        self._keys(f"{_go_to(message_id)}<display-message><reply><send-message><exit><quit>")
        (new,) = set(self._sent.keys()) - before
        return cast("EmailMessage", message_from_bytes(self._sent.get_bytes(new), policy=policy.default))

    def _keys(self, keys: str) -> None:
        """Run mutt with these keys waiting for it, on a terminal that nobody looks at."""
        command = ["mutt", "-n", "-F", str(self._folder / "muttrc"), "-e", f"push '{keys}'"]
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(command[0], command, self._environment)
        shown, ends = b"", time.monotonic() + SECONDS
        while time.monotonic() < ends:
            if not select.select([terminal], [], [], 0.5)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the terminal's other end is gone: mutt has ended
                break
            if not piece:
                break
            shown += piece
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"mutt did not do {keys}:\n{shown.decode('utf-8', 'replace')[-4000:]}"


def _go_to(message_id: str) -> str:
    bare = message_id.strip("<>").replace(".", "\\\\.").replace("+", "\\\\+")
    return f"<search>~i {bare}<enter>"
