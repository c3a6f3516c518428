"""The operator's log: what strangers wrote never makes a line of its own."""

from __future__ import annotations

import json
import logging

import pytest

from mailgate.system import maillog


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="mailgate.mail")
    return caplog


def test_untrusted_text_is_quoted(lines: pytest.LogCaptureFixture):
    maillog.refused(peer="192.0.2.1", sender="a\r\nroot\x1b[31m", recipient='x" y', code=550, reason="5.1.1 no")
    [record] = lines.records
    said = record.getMessage()
    assert said.startswith("refused ")
    assert "\n" not in said
    assert "\r" not in said
    assert "\x1b" not in said
    assert '"x\\" y"' in said


def test_the_values_hang_on_the_record_and_fit_json(lines: pytest.LogCaptureFixture):
    maillog.accepted(inbox_id=7, source="smtp", sender=None, recipients=("a@b", "c@d"), size=10)
    [record] = lines.records
    values = record.__dict__["mail"]
    assert json.loads(json.dumps(values)) == {
        "event": "accepted",
        "inbox": 7,
        "source": "smtp",
        "recipients": "a@b, c@d",
        "size": 10,
    }


def test_long_values_are_cut(lines: pytest.LogCaptureFixture):
    maillog.failed(outbox_id=1, ticket=2, recipient="a@b", message_id="<1@x>", answer="x" * 10_000, attempts=1)
    assert len(lines.records[0].getMessage()) < 600


def test_every_event_has_a_line(lines: pytest.LogCaptureFixture):
    maillog.session_error(peer="192.0.2.1")
    maillog.sent(outbox_id=1, ticket=None, kind="reply", recipient="a@b", message_id="<1@x>", answer="ok", seconds=0.12)
    maillog.deferred(outbox_id=1, ticket=2, recipient="a@b", message_id="<1@x>", answer="450", attempts=1, pause=60.04)
    maillog.relay_down(relay="relay", answer="554 no", failures=1, pause=5)
    maillog.relay_up(relay="relay")
    events = [record.__dict__["mail"]["event"] for record in lines.records]
    assert events == ["session-error", "sent", "deferred", "relay-down", "relay-up"]
    assert "seconds=0.12" in lines.text
    assert lines.text.count('message_id="<1@x>"') == 2


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("2.0.0 Ok: queued as 4fJx2Y3zqBz1B", "4fJx2Y3zqBz1B"),
        ("OK id=1uPq3R-0000000AbC-1x2y", "1uPq3R-0000000AbC-1x2y"),
        ("2.0.0 Ok: queued as 17A", "17A"),
        ("2.6.0 <a@b> [InternalId=98765432, Hostname=x] Queued mail for delivery", "98765432"),
        ("ok", None),
    ],
)
def test_the_id_that_the_relay_gave_a_mail(lines: pytest.LogCaptureFixture, answer: str, found: str | None) -> None:
    maillog.sent(outbox_id=1, ticket=2, kind="reply", recipient="a@b", message_id="<1@x>", answer=answer, seconds=1)
    assert lines.records[0].__dict__["mail"].get("queue_id") == found


def test_a_silent_log_costs_nothing(lines: pytest.LogCaptureFixture):
    lines.set_level(logging.CRITICAL, logger="mailgate.mail")
    maillog.relay_up(relay="relay")
    assert lines.records == []
