"""sd_notify(3) and sd_listen_fds(3)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mailgate.system.service_manager import Notifier, OpenSockets, open_sockets


def bound(path: str) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(path)
    found.settimeout(5)
    return found


@pytest.mark.parametrize("abstract", [False, True])
def test_messages_of_a_life(tmp_path: Path, abstract: bool) -> None:
    address = f"@mailgate-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    environ = {"NOTIFY_SOCKET": address}
    with bound(address.replace("@", "\0", 1) if abstract else address) as manager:
        notifier = Notifier.of_environment(environ)
        assert environ == {}
        notifier.ready()
        notifier.status("ready")
        notifier.status("ready")
        notifier.status("relay: down\nREADY=1")
        notifier.alive()
        notifier.reloading()
        notifier.stopping()
        got = [manager.recv(1000).decode() for _ in range(6)]
    reloading = got.pop(4)
    assert got == ["READY=1", "STATUS=ready", "STATUS=relay: down READY=1", "WATCHDOG=1", "STOPPING=1"]
    first, second = reloading.split("\n")
    assert first == "RELOADING=1"
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()


def test_without_a_service_manager_nothing_happens(tmp_path: Path) -> None:
    Notifier.of_environment({}).ready()
    Notifier(str(tmp_path / "gone")).ready()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "x", "LISTEN_PID": str(os.getpid())},
    ],
)
def test_sockets_for_others_are_none(environ: dict[str, str]) -> None:
    assert open_sockets(environ, os.getpid()) == OpenSockets()
    assert environ == {}


@pytest.mark.parametrize("redirection", ["3</dev/null", "3>&-"])
def test_a_descriptor_that_is_no_socket_is_told(redirection: str) -> None:
    """As from a wrapper that passes the variables on and closes the sockets."""
    code = """
import os
from mailgate.errors import Refused
from mailgate.system.service_manager import open_sockets

try:
    open_sockets({"LISTEN_FDS": "2", "LISTEN_PID": "7"}, 7)
except Refused as refused:
    print(refused.public)
"""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("LISTEN_FDS=2, but descriptor 3 is no socket (")


def test_sockets_are_found_in_the_process_that_they_are_for() -> None:
    code = """
import os, sys
from mailgate.system.service_manager import open_sockets
first, second = (os.dup(int(each)) for each in sys.argv[1:])
os.dup2(first, 3), os.dup2(second, 4)
environ = {"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "smtp"}
for name, found in open_sockets(environ, os.getpid()).found:
    print(name, found.fileno(), found.get_inheritable(), found.getsockname()[1])
"""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        given = one.fileno(), two.fileno()
        command = [sys.executable, "-c", code, *map(str, given)]
        done = subprocess.run(command, pass_fds=given, capture_output=True, text=True, check=True)
        ports = one.getsockname()[1], two.getsockname()[1]
    assert done.stdout == f"smtp 3 False {ports[0]}\n 4 False {ports[1]}\n"


def test_a_socket_is_taken_by_its_name_or_its_address(tmp_path: Path) -> None:
    path = str(tmp_path / "lmtp.sock")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        opened = OpenSockets((("web", tcp), ("", unix)))
        assert opened.take("web", []) is tcp
        assert opened.take("smtp", [tcp.getsockname()]) is tcp
        assert opened.take("smtp", [path, ("127.0.0.1", 1)]) is unix
        assert opened.take("smtp", ["", ("127.0.0.1", 1)]) is None
