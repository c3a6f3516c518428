"""Hands a mail over by SMTP, as a mail server on the Internet does."""

from __future__ import annotations

import asyncio
from typing import Any


async def hand_over(raw: bytes, sender: str, to: list[str]) -> str:
    """One attempt; the last answer, "" when the connection was lost."""
    try:
        async with asyncio.timeout(300):
            reader, writer = await asyncio.open_connection("127.0.0.1", 2525)
            try:
                return await _say(reader, writer, raw, sender, to)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return ""


async def _say(reader: Any, writer: Any, raw: bytes, sender: str, to: list[str]) -> str:
    """Hand a mail over by SMTP; the last answer."""

    async def answer() -> str:
        while True:
            line = (await reader.readuntil(b"\n")).decode().rstrip()
            if line[3:4] != "-":
                return line

    def stuffed() -> bytes:
        return raw.replace(b"\r\n.", b"\r\n..")

    said = await answer()
    commands = ["EHLO mx.client.example", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in to), "DATA"]
    for command in commands:
        if not said.startswith("2"):
            return said
        writer.write(f"{command}\r\n".encode())
        said = await answer()
    if not said.startswith("354"):
        return said
    writer.write(stuffed() + b".\r\n")
    return await answer()
