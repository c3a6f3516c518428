"""Reads one message of DATA: small ones into memory, large ones into their file as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mailgate.errors import StorageError
from mailgate.inbound.accept import Acceptor
from mailgate.inbound.smtp.data import DataBlock, Flaw
from mailgate.mail import Kept
from mailgate.store.raw_files import LARGE, Draft
from mailgate.system import maillog

DATA_TIMEOUT = 180.0  # seconds between two pieces; RFC 5321 4.5.3.2.5
DATA_TOTAL = 3600.0  # seconds for one message, so that a slow peer holds no connection for ever
READ = 1 << 24  # bytes; more than the stream reader ever holds, so that one read empties it


async def receive(
    reader: asyncio.StreamReader, max_size: int, acceptor: Acceptor, set_timeout: Callable[[float | None], None]
) -> bytes | Kept | Flaw:
    """The message, durable where it is `Kept`, or why it cannot be taken. `max_size` in bytes.

    `set_timeout` restarts the session's timer (seconds; None: the usual one). Raises
    IncompleteReadError when the peer disconnects.
    """
    block = DataBlock(max_size)
    draft: Draft | None = None
    clock = asyncio.get_running_loop().time
    give_up = clock() + DATA_TOTAL
    try:
        rest = None
        while rest is None:
            set_timeout(min(DATA_TIMEOUT, max(give_up - clock(), 0.001)))
            chunk = await reader.read(READ)
            if not chunk:
                raise asyncio.IncompleteReadError(b"", None)
            rest = block.feed(chunk)
            if len(block) > LARGE:
                draft = await _write_out(block, draft, acceptor)
        set_timeout(None)
        if rest:
            _put_back(reader, rest)
        if draft is None or block.flaw:
            return block.content()
        kept = await _finished(draft, block)
        draft = None
        return kept
    finally:
        if draft is not None:
            draft.drop()


def _put_back(reader: asyncio.StreamReader, rest: bytes) -> None:
    """Give an empty reader what follows a mail: pipelined commands, after which the peer may have closed its half."""
    ended = reader.at_eof()
    reader._eof = False  # type: ignore[attr-defined]  # noqa: SLF001 - it takes nothing after the end
    reader.feed_data(rest)
    if ended:
        reader.feed_eof()


async def _finished(draft: Draft, block: DataBlock) -> Kept | Flaw:
    try:
        await asyncio.to_thread(draft.write, block.take())
        return await asyncio.to_thread(draft.finish)
    except StorageError as error:
        maillog.storage_error(error)
        draft.drop()
        return Flaw.NO_ROOM


async def _write_out(block: DataBlock, draft: Draft | None, acceptor: Acceptor) -> Draft | None:
    """Move what is complete into the file. What the disk does not take makes the message a refused one."""
    try:
        draft = draft or acceptor.begin()
        await asyncio.to_thread(draft.write, block.take())
    except StorageError as error:
        maillog.storage_error(error)
        block.drop(Flaw.NO_ROOM)
    return draft
