"""A mail client for tests of the listener: speaks a line at a time, in clear or within TLS."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path

from tests.waiting import patience

CERTIFICATE = Path(__file__).parent / "data/localhost.pem"


def trusting(certificate: Path = CERTIFICATE) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int, *, tls: ssl.SSLContext | None = None, first: bytes = b"") -> Client:
        """Connect; `first` is sent before anything else."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))
        client.writer.write(first)
        if tls:
            await client.start_tls(tls)
        return client

    async def start_tls(self, tls: ssl.SSLContext) -> None:
        await self.writer.start_tls(tls, server_hostname="127.0.0.1")

    async def answer(self) -> str:
        lines = []
        async with patience():
            while True:
                line = (await self.reader.readuntil(b"\r\n")).decode()
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return "\n".join(lines)

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.answer()

    async def greeted(self, verb: str = "EHLO") -> str:
        """The greeting was read; the extensions."""
        assert (await self.answer()).startswith("220 ")
        return await self.say(f"{verb} me.example")

    async def mail(self, sender: str, *recipients: str, data: bytes = b"Subject: x\r\n\r\nx\r\n") -> list[str]:
        """The answer to each command, and to the end of DATA."""
        said = [await self.say(f"MAIL FROM:<{sender}>")]
        said += [await self.say(f"RCPT TO:<{recipient}>") for recipient in recipients]
        said.append(await self.say("DATA"))
        if said[-1].startswith("354"):
            self.writer.write(data + b".\r\n")
            said.append(await self.answer())
        return said

    async def gone(self) -> bool:
        async with patience():
            try:
                return await self.reader.read() == b""
            except (ConnectionError, ssl.SSLError):
                return True

    def close(self) -> None:
        self.writer.close()


def plain(user: str, password: str) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
