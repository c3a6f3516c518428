"""What every session of one listener shares: settings, callbacks, TLS, and who failed to log in."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from mailgate.inbound.accept import Acceptor
from mailgate.inbound.smtp.replies import Refusal
from mailgate.settings import Listener
from mailgate.system import maillog

MAX_FAILED_LOGINS = 10  # of one address within FORGET
LOGINS_AT_ONCE = 2  # each takes 32 MB and a tenth of a second
FORGET = 600.0  # seconds
_REMEMBERED = 10_000  # addresses


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a listener asks of the rest of the daemon.

    `is_desk` accepts a recipient; `login` returns the key of the agent with this user name and
    password, None for none (it blocks for the time of a hash); `refused` records a refusal and
    must not block; `clock` returns the time (aware UTC).
    """

    is_desk: Callable[[str], bool]
    login: Callable[[str, str], str | None]
    owns: Callable[[str, str], bool]  # whether an agent owns a sender address
    refused: Callable[[Refusal], None]
    clock: Callable[[], datetime]


class FailedLogins:
    """Counts failed logins by client address (IPv6: by /64). `monotonic` is a clock in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def add(self, peer: str) -> None:
        """One more failure."""
        network = _network(peer)
        count, _ = self._failures.pop(network, (0, 0.0))
        self._failures[network] = count + 1, self._monotonic()
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def too_many(self, peer: str) -> bool:
        """Whether this client has to wait."""
        network = _network(peer)
        count, last = self._failures.get(network, (0, 0.0))
        if count and self._monotonic() - last > FORGET:
            del self._failures[network]
            return False
        return count >= MAX_FAILED_LOGINS


def _network(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else peer


class Service:
    """One listener, as its sessions see it. `config` and `tls` are replaced by a reload."""

    def __init__(
        self,
        config: Listener,
        tls: ssl.SSLContext | None,
        hostname: str,
        acceptor: Acceptor,
        callbacks: Callbacks,
        failed_logins: FailedLogins,
    ) -> None:
        self.config = config
        self.tls = tls
        self.hostname = hostname
        self.acceptor = acceptor
        self.callbacks = callbacks
        self.failed_logins = failed_logins
        self.login_slots = asyncio.Semaphore(LOGINS_AT_ONCE)
        self.stopping = False

    def refuse(self, peer: str, sender: str | None, recipient: str, code: int, text: str) -> None:
        """Log a refusal and record it in the trace."""
        maillog.refused(peer=peer, sender=sender, recipient=recipient, code=code, reason=text)
        self.callbacks.refused(Refusal(peer, sender, recipient, code, text))
