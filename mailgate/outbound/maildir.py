"""Hands mail over by writing it into a Maildir (`transport = "maildir"`); and what every transport does."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import Protocol

from mailgate.errors import UnreadableFile
from mailgate.outbound.backoff import Reply, Stage
from mailgate.outbound.payload import Payload
from mailgate.system.crash_points import crossing
from mailgate.system.durable import make_private_folder


class Transport(Protocol):
    """What hands mail over, one at a time."""

    async def send(self, mail_from: str, recipient: str, mail: Payload) -> Reply:
        """Hand one mail over; the decisive answer. Never raises for trouble of the other side."""

    async def close(self) -> None:
        """End politely; `send` connects again."""


class MaildirRelay:
    """Writes each mail into a Maildir, durable when `send` returns (`transport = "maildir"`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0

    async def send(self, mail_from: str, recipient: str, mail: Payload) -> Reply:
        """Write one mail, its envelope on top as a local delivery agent does. Disk trouble is the relay's."""
        head = f"Return-Path: <{mail_from}>\nDelivered-To: {recipient}\n"
        self._count += 1
        name = f"{time.time():.6f}.P{os.getpid()}Q{id(self)}N{self._count}.{socket.gethostname()}"
        try:
            place = name.replace("/", "\\057")
            await asyncio.to_thread(_write_durably, self._path, place, _one_line_each(head), mail)
        except UnreadableFile as error:
            return unreadable_reply(error)
        except OSError as error:
            return Reply(Stage.CONNECT, 0, f"{self._path}: {error.strerror or type(error).__name__}")
        return Reply(Stage.DATA_END, 250, f"2.0.0 written as {name}")

    async def close(self) -> None:
        """Nothing is open between mails."""


def unreadable_reply(error: UnreadableFile) -> Reply:
    """A file of the mail cannot be read: the mail alone is tried again later."""
    return Reply(Stage.FILE, 0, f"{error.public} ({error.cause})" if error.cause else error.public)


def _one_line_each(head: str) -> bytes:
    return "".join(line + "\n" for line in head.split("\n") if line.isprintable() and line).encode()


def _write_durably(path: Path, name: str, head: bytes, mail: Payload) -> None:
    """tmp, fsync, rename into new, fsync the folder; readable by the owner alone."""
    for folder in ("tmp", "new", "cur"):
        make_private_folder(path / folder)
    draft = path / "tmp" / name
    try:
        with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(head)
            file.writelines(piece.replace(b"\r\n", b"\n") for piece in mail.pieces())
            file.flush()
            os.fsync(file.fileno())
        crossing("new name")
        draft.rename(path / "new" / name)
        crossing("named")
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder_handle = os.open(path / "new", os.O_RDONLY)
    try:
        os.fsync(folder_handle)
    finally:
        os.close(folder_handle)
