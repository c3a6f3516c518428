"""The log: text or JSON, in UTC, a record a line; and its events counted."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from mailgate.system import maillog
from mailgate.system.log_format import EventCounter, formatter


def record(message: str, *, error: bool = False) -> logging.LogRecord:
    info = None
    if error:
        try:
            raise ValueError("no")
        except ValueError:
            info = sys.exc_info()
    made = logging.LogRecord("mailgate", logging.WARNING, "", 0, message, None, info)
    made.created = 1_795_996_800.5
    return made


def test_text_has_the_time_in_utc() -> None:
    assert formatter("text").format(record("it began")) == "2026-11-30T00:00:00.500Z WARNING it began"
    assert formatter("text").format(record("it failed", error=True)).endswith("ValueError: no")


def test_json_is_one_line_with_the_values_of_a_mail() -> None:
    made = record("sent a=1\nb")
    made.mail = {"event": "sent", "outbox": 7}
    line = formatter("json").format(made)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-11-30T00:00:00.500Z",
        "level": "warning",
        "message": "sent a=1\nb",
        "event": "sent",
        "outbox": 7,
    }
    assert "ValueError: no" in json.loads(formatter("json").format(record("x", error=True)))["exception"]


def test_events_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="mailgate.mail")
    counter = EventCounter()
    maillog.log.addHandler(counter)
    try:
        maillog.relay_up(relay="a")
        maillog.relay_up(relay="b")
        maillog.processed(1, None, "", ())
    finally:
        maillog.log.removeHandler(counter)
    assert counter.counts == {"relay-up": 2, "processed": 1}
