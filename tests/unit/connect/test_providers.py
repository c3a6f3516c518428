"""The table of providers holds together."""

from __future__ import annotations

import pytest

from mailgate.connect.providers import NAMES, PROVIDERS, Provider, by_domain, by_mx


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.key)
def test_every_provider_is_reached_by_tls_alone(provider: Provider) -> None:
    assert {provider.imap.tls, provider.smtp.tls} <= {"implicit", "starttls"}
    assert provider.page.startswith("https://")
    assert provider.password in ("none", "app", "own")
    assert provider.password != "none" or provider.oauth2
    if provider.oauth2:
        ends = provider.oauth2
        assert all(
            url.startswith("https://") for url in (ends.token_url, ends.authorize_url, ends.device_url or "https://")
        )


def test_the_names_are_those_of_the_interface() -> None:
    assert {"microsoft", "google", "fastmail", "custom"} <= set(NAMES)


def test_the_limits_of_microsoft_are_kept() -> None:
    assert (PROVIDERS["microsoft"].max_connections, PROVIDERS["microsoft"].max_per_minute) == (1, 30)


@pytest.mark.parametrize(
    ("domain", "key"),
    [("gmail.com", "google"), ("Outlook.com", "microsoft"), ("fastmail.fm", "fastmail"), ("bank.example", "")],
)
def test_a_provider_is_known_by_its_own_domains(domain: str, key: str) -> None:
    found = by_domain(domain)
    assert (found.key if found else "") == key


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("bank-example.mail.protection.outlook.com.", "microsoft"),
        ("ASPMX.L.GOOGLE.COM", "google"),
        ("smtp.google.com", "google"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("mx.zoho.com", "zoho"),
        ("notgoogle.com", ""),
        ("mx.bank.example", ""),
    ],
)
def test_a_provider_is_known_by_the_mail_servers_of_a_domain(host: str, key: str) -> None:
    found = by_mx((host,))
    assert (found.key if found else "") == key


def test_no_mail_servers_are_nobodys() -> None:
    assert by_mx(()) is None
