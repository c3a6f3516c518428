"""aiosmtpd as it comes, which takes mail and throws it away: what mailgate is measured against.

A process of its own: `python -m benchmarks.bare` prints its port.
"""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session


class Nothing:
    """Keeps no mail."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        """Say yes to every mail."""
        return "250 OK"


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Nothing(), hostname="bare.example", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
