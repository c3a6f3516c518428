"""A small name server on loopback, for tests: UDP and TCP, on threads of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

MOST = 512  # bytes of an answer by UDP


class DnsServer:
    """`records` maps "NAME KIND" to texts (TXT) or "PREFERENCE HOST" (MX); `code` is an RCODE for every answer."""

    def __init__(self, records: Mapping[str, Sequence[str]], code: int = 0) -> None:
        self.records = records
        self.code = code
        self.asked: list[str] = []  # "udp NAME KIND"
        self.silent = False

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def __enter__(self) -> Self:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._udp, self._tcp):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve_udp(self) -> None:
        with suppress(OSError):
            while True:
                data, peer = self._udp.recvfrom(65_535)
                if not data:
                    return
                answer = self._answer(data, "udp")
                if not self.silent:
                    self._udp.sendto(_fitting(answer), peer)

    def _serve_tcp(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._tcp.accept()
                with connection, connection.makefile("rb") as stream:
                    wire = self._answer(stream.read(int.from_bytes(stream.read(2))), "tcp").to_wire()
                    connection.sendall(len(wire).to_bytes(2) + wire)

    def _answer(self, data: bytes, how: str) -> dns.message.Message:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = f"{question.name.to_text(omit_final_dot=True).lower()} {kind}"
        self.asked.append(f"{how} {name}")
        answer = dns.message.make_response(query, recursion_available=True)
        answer.set_rcode(dns.rcode.Rcode(self.code))
        if found := [_record(kind, value) for value in self.records.get(name, ())]:
            answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", kind, *found))
        return answer


def _record(kind: str, value: str) -> str:
    """In the form of a zone file."""
    if kind == "MX":
        return f"{value}."
    return " ".join(f'"{value[start : start + 255]}"' for start in range(0, len(value), 255))


def _fitting(answer: dns.message.Message) -> bytes:
    wire = answer.to_wire()
    if len(wire) > MOST:
        answer.answer.clear()
        answer.flags |= dns.flags.TC
        wire = answer.to_wire()
    return wire
