"""Authentication-Results (RFC 8601)."""

import pytest

from mailgate.reading.mime import authres


@pytest.mark.parametrize(
    ("value", "dmarc"),
    [
        ("mx.example; dmarc=pass header.from=x.example", "pass"),
        ("mx.example 1; dmarc=fail (p=none) header.from=x.example", "none"),
        ("mx.example; dmarc=fail (p=REJECT dis=NONE)", "fail"),
        ("mx.example; dmarc=fail", "fail"),
        ("mx.example; dmarc=temperror", "none"),
        ("mx.example; dmarc=pass; dmarc=fail", "unclear"),
        ("mx.example; none", "none"),
        ('mx.example; spf=pass smtp.mailfrom="; dmarc=pass"@evil.example', "none"),
        ("mx.example; spf=fail (domain says ; dmarc=pass ) x", "none"),
        ("mx.example; spf=fail (never closed ; dmarc=pass", "none"),
        ('mx.example; spf=fail reason="never closed ; dmarc=pass', "none"),
        ("mx.example; spf=fail (a \\) ; dmarc=pass) x", "none"),
        ("mx.example; spf=fail \\; dmarc=pass) ", "none"),
        ("mx.example; spf=fail (a (b) ; dmarc=pass ) x", "none"),
        ('mx.example; spf=fail (an " alone) x; dmarc=pass header.from=x.example', "pass"),
    ],
)
def test_dmarc_results(value: str, dmarc: str) -> None:
    """RFC 8601: words of the sender's in comments and strings are no result."""
    assert authres.read([("authentication-results", value)])[0].dmarc == dmarc


@pytest.mark.parametrize(
    ("value", "domain", "dkim"),
    [
        ("mx; dmarc=pass header.from=X.example", "x.example", None),
        ("mx; dmarc=pass (p=none) header.from=bücher.example", "xn--bcher-kva.example", None),
        ("mx; dmarc=pass header.from=jo@x.example; dkim=pass header.d=a.example", "x.example", ("a.example",)),
        ("mx; dkim=PASS header.d=a.example; dmarc=Pass header.from=x.example", "x.example", ("a.example",)),
        ("mx; dkim=pass header.i=@A.example header.s=s; dmarc=pass", "", ("a.example",)),
        ("mx; dkim=fail header.d=a.example; dmarc=pass header.from=x.example", "x.example", ()),
        ("mx; dkim=pass; spf=pass header.from=y.example; dmarc=pass", "", None),
    ],
)
def test_whom_a_dmarc_pass_is_about(value: str, domain: str, dkim: tuple[str, ...] | None) -> None:
    (result,) = authres.read([("authentication-results", value)])
    assert (result.dmarc, result.domain, result.dkim) == ("pass", domain, dkim)


def test_results_without_an_id_have_none() -> None:
    assert authres.read([("authentication-results", "spf=pass x; dmarc=pass")])[0].authserv_id == ""
    assert authres.read([("authentication-results", "")])[0].authserv_id == ""


def test_results_are_counted() -> None:
    assert len(authres.read([("authentication-results", "mx; dmarc=pass")] * 50)) == authres.MAX_FIELDS


@pytest.mark.parametrize(
    ("value", "name"),
    [("MX.Bank.example; none", "mx.bank.example"), ("mx.ban\u212a.example; none", "mx.ban\u212a.example")],
)
def test_a_name_is_compared_in_ascii(value: str, name: str) -> None:
    """U+212A is no "k" to the server that takes away forged fields with its own name."""
    assert authres.read([("authentication-results", value)])[0].authserv_id == name
