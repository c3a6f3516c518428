"""The service manager: sd_notify(3), and sockets that it opened for us (sd_listen_fds(3)).

Without systemd, and with any other one, every call does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass

from mailgate.errors import Refused

_FIRST = 3  # the first descriptor that is handed over


class Notifier:
    """Tells the service manager how the daemon is. A message that cannot be sent is dropped: nothing depends on it."""

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = ""

    @classmethod
    def of_environment(cls, environ: MutableMapping[str, str]) -> Notifier:
        """The socket in $NOTIFY_SOCKET, which is removed: programs that we start are not the service."""
        return cls(environ.pop("NOTIFY_SOCKET", ""))

    def ready(self) -> None:
        """The service is up, or a reload is over."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; `ready` is to follow."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Keep the watchdog (WatchdogSec=) from restarting the service."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """A line for `systemctl status`, sent when it differs from the last one."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={' '.join(text.split())}")

    def _send(self, text: str) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)  # noqa: FBT003 - the socket module's own argument
                out.sendto(text.encode(), self._address)


@dataclass(frozen=True, slots=True)
class OpenSockets:
    """Listening sockets that the service manager opened, each with the name of its FileDescriptorName=."""

    found: tuple[tuple[str, socket.socket], ...] = ()

    def take(self, name: str, endpoints: Iterable[object]) -> socket.socket | None:
        """The socket called `name`, else one that is bound to one of `endpoints` (as of getsockname); None for none."""
        wanted = list(endpoints)
        for known, opened in self.found:
            if known == name:
                return opened
        for _, opened in self.found:
            bound = opened.getsockname()
            if (bound[:2] if isinstance(bound, tuple) else bound) in wanted:
                return opened
        return None


def open_sockets(environ: MutableMapping[str, str], pid: int) -> OpenSockets:
    """What $LISTEN_FDS, $LISTEN_PID and $LISTEN_FDNAMES hand over to this process; the variables are removed.

    Raises Refused when one of them is no open socket.
    """
    count, owner, names = (environ.pop(f"LISTEN_{name}", "") for name in ("FDS", "PID", "FDNAMES"))
    if owner != str(pid) or not count.isdecimal():
        return OpenSockets()
    found: list[tuple[str, socket.socket]] = []
    labels = names.split(":")
    for at in range(_FIRST, _FIRST + int(count)):
        try:
            os.set_inheritable(at, False)  # noqa: FBT003 - the os module's own argument
            opened = socket.socket(fileno=at)
        except OSError as error:
            for _, other in found:
                other.close()
            why = os.strerror(error.errno or 0).lower()
            raise Refused(
                f"LISTEN_FDS={count}, but descriptor {at} is no socket ({why}): start by a socket unit"
            ) from error
        found.append((labels[at - _FIRST] if at - _FIRST < len(labels) else "", opened))
    return OpenSockets(tuple(found))
