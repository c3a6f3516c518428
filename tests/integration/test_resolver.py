"""The resolver with a name server on loopback."""

from __future__ import annotations

import pytest

from mailgate.connect import resolver
from mailgate.connect.resolver import NoAnswer, Resolver
from tests.dns_server import DnsServer

LONG = "v=DKIM1; p=" + "A" * 700


def test_records_are_found_and_missing_ones_are_none() -> None:
    with DnsServer({"bank.example MX": ["20 b.example", "10 a.example"], "bank.example TXT": ["v=spf1 mx"]}) as server:
        found = Resolver([server.address])
        assert found.look_up("bank.example", "MX") == ("a.example", "b.example")
        assert found.look_up("bank.example", "TXT") == ("v=spf1 mx",)
        assert found.look_up("other.example", "TXT") == ()
        server.code = 3
        assert found.look_up("other.example", "TXT") == ()


def test_a_long_answer_comes_by_tcp() -> None:
    with DnsServer({"s1._domainkey.bank.example TXT": [LONG]}) as server:
        assert Resolver([server.address]).look_up("s1._domainkey.bank.example", "TXT") == (LONG,)
        assert [each.split()[0] for each in server.asked] == ["udp", "tcp"]


def test_names_beyond_ascii_are_asked_for_as_a_labels() -> None:
    with DnsServer({"xn--mnchen-3ya.example TXT": ["here"]}) as server:
        assert Resolver([server.address]).look_up("münchen.example", "TXT") == ("here",)


@pytest.mark.parametrize("name", ["a..b", "x" * 300])
def test_what_is_no_name_has_no_answer(name: str) -> None:
    with pytest.raises(NoAnswer, match="not a domain name"):
        Resolver([]).look_up(name, "TXT")


@pytest.mark.parametrize("code", [2, 5])
def test_an_error_of_the_server_is_no_answer(code: int) -> None:
    with DnsServer({}, code) as server, pytest.raises(NoAnswer, match="fail or refuse"):
        Resolver([server.address]).look_up("bank.example", "TXT")


def test_the_next_server_is_asked_and_silence_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "TIMEOUT", 0.2)
    with DnsServer({}) as silent, DnsServer({"bank.example TXT": ["here"]}) as server:
        silent.silent = True
        monkeypatch.setattr(resolver, "LIFETIME", 20.0)
        assert Resolver([silent.address, server.address]).look_up("bank.example", "TXT") == ("here",)
        monkeypatch.setattr(resolver, "LIFETIME", 0.5)
        lone = Resolver([silent.address])
        with pytest.raises(NoAnswer, match="no name server answers"):
            lone.look_up("bank.example", "TXT")
        asked = len(silent.asked)
        with pytest.raises(NoAnswer, match="no name server answers"):
            lone.look_up("bank.example", "MX")
        assert len(silent.asked) == asked


def test_the_name_servers_of_the_system_are_the_default() -> None:
    with pytest.raises(NoAnswer, match="not a domain name"):
        Resolver().look_up("a..b", "TXT")
