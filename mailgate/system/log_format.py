"""The form of the log on standard error: text or JSON, a record a line, times in UTC (RFC 3339)."""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import UTC, datetime

FORMATS = ("text", "json")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextFormatter(logging.Formatter):
    """`2026-11-30T08:00:00.000Z INFO message`; a traceback follows on lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - as in logging
        """The time in UTC."""
        return _time(record)


class JsonFormatter(logging.Formatter):
    """One object a record: `time`, `level`, `message`, the values of a mail's event, and `exception`, a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        values = {"time": _time(record), "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            values["exception"] = self.formatException(record.exc_info)
        return json.dumps({**values, **getattr(record, "mail", {})})


def formatter(name: str) -> logging.Formatter:
    """The formatter of a name in `FORMATS`."""
    return JsonFormatter() if name == "json" else TextFormatter()


class EventCounter(logging.Handler):
    """Counts the events of the mail log (`mailgate.system.maillog`) in this process, by name."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        self.counts[getattr(record, "mail", {}).get("event", "")] += 1
