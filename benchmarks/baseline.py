"""The baseline: aiosmtpd without any processing, which accepts mail and discards it.

A separate process: `python -m benchmarks.baseline` prints its port.
"""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session


class Discard:
    """A handler that discards mail."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        """Accept every mail."""
        return "250 OK"


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Discard(), hostname="bare.example", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
