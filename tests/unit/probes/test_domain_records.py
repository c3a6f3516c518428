"""SPF, DKIM and DMARC records of a domain, and what is said of them."""

from __future__ import annotations

import pytest

from mailgate.connect.providers import PROVIDERS
from mailgate.probes.domain_records import Policy, discover, dkim_key, dkim_of_provider, dmarc, spf, walk
from mailgate.probes.stage import State

MICROSOFT = PROVIDERS["microsoft"]


@pytest.mark.parametrize(
    ("texts", "state", "text", "hint"),
    [
        (["google-site-verification=x", "v=spf1 mx -all"], State.OK, "v=spf1 mx -all", ""),
        ([], State.WARNING, "no SPF record", '"v=spf1 mx ~all"'),
        (["v=spf10 mx"], State.WARNING, "no SPF record", "publish at bank.example"),
        (["v=spf1 mx", "v=spf1 a"], State.FAILED, "several", "leave one"),
        (["v=spf1 mx +all"], State.WARNING, "allows every server", "~all"),
        (["V=SPF1 mx all"], State.WARNING, "allows every server", "~all"),
    ],
)
def test_spf(texts: list[str], state: State, text: str, hint: str) -> None:
    stage = spf("bank.example", texts, None)
    assert stage.state is state
    assert text in stage.text
    assert hint in stage.hint


def test_spf_names_the_provider_that_sends() -> None:
    include = "include:spf.protection.outlook.com"
    assert include in spf("bank.example", [], MICROSOFT).hint
    assert spf("bank.example", [f"v=spf1 {include} -all"], MICROSOFT).state is State.OK
    assert spf("bank.example", ["v=spf1 redirect=other.example"], MICROSOFT).state is State.OK
    missing = spf("bank.example", ["v=spf1 mx -all"], MICROSOFT)
    assert (missing.state, missing.hint) == (State.WARNING, f"add {include}")
    assert spf("bank.example", ["v=spf1 mx -all"], PROVIDERS["gmx"]).state is State.OK


def test_dkim_of_our_own_key() -> None:
    assert dkim_key("bank.example", "s1", ["v=DKIM1; k=rsa; p=MIIB Ij"], "MIIBIj").state is State.OK
    for texts in ([], ["v=DKIM1; p=other"], ["v=DKIM1"]):
        stage = dkim_key("bank.example", "s1", texts, "MIIBIj")
        assert stage.state is State.FAILED
        assert stage.hint == 'publish at s1._domainkey.bank.example (TXT): "v=DKIM1; k=rsa; p=MIIBIj"'


def test_dkim_of_a_provider() -> None:
    assert dkim_of_provider("bank.example", ["selector1"], MICROSOFT).text == "selector1._domainkey.bank.example"
    assert dkim_of_provider("bank.example", [], MICROSOFT).hint == "turn on DKIM for bank.example at Microsoft 365"
    for provider in (None, PROVIDERS["gmx"]):
        assert dkim_of_provider("bank.example", [], provider).state is State.OK


def test_dmarc() -> None:
    assert dmarc("bank.example", Policy("bank.example", "reject", reports=True)).text == "reject"
    found = dmarc("a.bank.example", Policy("bank.example", "none", reports=False))
    assert found.text == "none, of bank.example, without reports"
    missing = dmarc("bank.example", None)
    assert missing.state is State.WARNING
    assert '"v=DMARC1; p=none; rua=mailto:postmaster@bank.example"' in missing.hint


def test_the_walk_asks_eight_names_at_most() -> None:
    assert walk("bank.example") == ["bank.example", "example"]
    assert walk("example") == ["example"]
    long = walk("a.b.c.d.e.f.g.h.i.mail.bank.example")
    assert long[:3] == [
        "a.b.c.d.e.f.g.h.i.mail.bank.example",
        "f.g.h.i.mail.bank.example",
        "g.h.i.mail.bank.example",
    ]
    assert (len(long), long[-1]) == (8, "example")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"a.bank.example": "v=DMARC1; p=reject; rua=mailto:a@b.c"}, Policy("a.bank.example", "reject", reports=True)),
        ({"bank.example": "v=DMARC1; p=reject"}, Policy("bank.example", "reject", reports=False)),
        ({"bank.example": "v=DMARC1; p=reject; sp=quarantine"}, Policy("bank.example", "quarantine", reports=False)),
        ({"bank.example": "v=DMARC1"}, Policy("bank.example", "none", reports=False)),
        ({"bank.example": "v=DMARC1; p=unknown"}, Policy("bank.example", "none", reports=False)),
        ({"example": "v=DMARC1; p=reject; psd=y"}, Policy("example", "reject", reports=False)),
        (
            {"bank.example": "v=DMARC1; p=none", "example": "v=DMARC1; p=reject; psd=y"},
            Policy("bank.example", "none", reports=False),
        ),
        (
            {"bank.example": "v=DMARC1; p=none; psd=n", "example": "v=DMARC1; p=reject"},
            Policy("bank.example", "none", reports=False),
        ),
        (
            {"bank.example": "v=DMARC1; p=none", "example": "v=DMARC1; p=reject"},
            Policy("example", "reject", reports=False),
        ),
        ({"bank.example": "v=DMARC2; p=reject"}, None),
        ({"bank.example": "v=DMARC1; p=reject\nv=DMARC1; p=none"}, None),
        ({}, None),
    ],
)
def test_the_policy_that_applies(records: dict[str, str], expected: Policy | None) -> None:
    def look_up(name: str) -> list[str]:
        found = records.get(name.removeprefix("_dmarc."))
        return found.split("\n") if found else []

    assert discover("a.bank.example", look_up) == expected


def test_a_public_suffix_decides_where_the_organisation_says_nothing() -> None:
    records = {
        "_dmarc.mail.bank.example": ["v=DMARC1; p=none"],
        "_dmarc.example": ["v=DMARC1; p=reject; psd=y"],
    }
    assert discover("a.mail.bank.example", lambda name: records.get(name, [])) == Policy(
        "example", "reject", reports=False
    )
