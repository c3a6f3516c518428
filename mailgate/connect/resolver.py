"""MX and TXT records, which the standard library does not look up: the only file that names dnspython.

For `check --connect` and `init` alone: blocking, without a cache. The library is imported late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailgate.errors import MailgateError

if TYPE_CHECKING:
    import dns.resolver

TIMEOUT = 3.0  # seconds for each name server
LIFETIME = 9.0  # seconds for each question


class NoAnswer(MailgateError):
    """No name server answered, or the answer is an error."""


class Resolver:
    """Asks the name servers (IP address and port) in turn; by default those of this machine (resolv.conf(5)).

    Once none has answered in time, every further question fails at once.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] | None = None) -> None:
        self._servers = servers
        self._resolver: dns.resolver.Resolver | None = None
        self._silent = ""

    def look_up(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of a name, () where there are none: hosts by preference (MX) or texts (TXT). Raises NoAnswer."""
        import dns.exception  # late: only `check --connect` and `init` pay for it
        import dns.resolver

        if self._silent:
            raise NoAnswer(self._silent)
        try:
            self._resolver = self._resolver or _opened(self._servers)
            found = self._resolver.resolve(f"{name}.", kind, raise_on_no_answer=False, lifetime=LIFETIME)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.resolver.LifetimeTimeout, dns.resolver.NoResolverConfiguration) as error:
            self._silent = "no name server answers"
            raise NoAnswer(self._silent, cause=str(error)) from None
        except dns.resolver.NoNameservers as error:
            raise NoAnswer("the name servers fail or refuse the query", cause=str(error)) from None
        except dns.exception.DNSException:
            raise NoAnswer(f"{name} is not a domain name") from None
        records: list[Any] = list(found.rrset or ())
        if kind == "MX":
            return tuple(each.exchange.to_text(omit_final_dot=True) for each in sorted(records, key=_preference))
        return tuple(b"".join(each.strings).decode("utf-8", "replace") for each in records)  # RFC 7208 3.3


def _preference(record: Any) -> int:
    return int(record.preference)


def _opened(servers: Sequence[tuple[str, int]] | None) -> dns.resolver.Resolver:
    import dns.nameserver  # late: see above
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=servers is None)
    resolver.timeout = TIMEOUT
    if servers is not None:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in servers]
    return resolver
