"""Reports as many kinds of mail server write them: who failed, and nobody else."""

from __future__ import annotations

import pytest

from mailgate.mail import Envelope
from mailgate.reading.parse import parse
from mailgate.reasons import Screen
from mailgate.rules.screening.classify import classify
from tests.samples import samples

REPORTS = samples("bounces.txt")
ORDINARY = samples("no-bounces.txt")
NULL = Envelope("", ("support@bank.example",))


def failed(name: str) -> list[str]:
    return sorted(filter(None, REPORTS[name].facts["failed"].split(", ")))


@pytest.mark.parametrize("name", REPORTS)
def test_who_failed(name: str) -> None:
    mail = parse(REPORTS[name].text.encode(), NULL)
    assert mail.bounce is not None
    assert sorted(each.email for each in mail.bounce.recipients) == failed(name)
    assert mail.bounce.kind == REPORTS[name].facts["kind"]
    assert classify(mail, NULL, lambda _: False, frozenset()).kind is Screen.BOUNCE


@pytest.mark.parametrize("name", REPORTS)
def test_the_same_fetched_without_its_envelope(name: str) -> None:
    """Over IMAP from a server that keeps no Return-Path: where it is a report still, it is about the same."""
    found = parse(REPORTS[name].text.encode()).bounce
    assert found is None or sorted(each.email for each in found.recipients) == failed(name)


@pytest.mark.parametrize("name", ORDINARY)
def test_no_report(name: str) -> None:
    """Machines and postmasters write much that is no report of a failure, with a null sender where they do."""
    sender = Envelope("somebody@client.example", ("support@bank.example",))
    for envelope in (sender, NULL) if ORDINARY[name].facts["null"] == "yes" else (sender,):
        assert parse(ORDINARY[name].text.encode(), envelope).bounce is None
