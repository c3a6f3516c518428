"""The log on standard error: text or JSON, a record a line, times in UTC (RFC 3339); it never waits for its reader."""

from __future__ import annotations

import json
import logging
import select
from collections import Counter
from datetime import UTC, datetime
from io import UnsupportedOperation
from typing import TextIO

FORMATS = ("text", "json")
_PATIENCE = 200  # milliseconds that a line waits for a reader who was not found missing before
_PIECE = 1_000  # characters; a pipe that takes anything takes so much: PIPE_BUF (pipe(7)) is 4096 bytes


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


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes records to a stream; never waits long for its reader.

    A pipe whose reader has stopped would hold up whoever logs, and with that the mail. What it does not take is
    dropped, and counted for when it is read again. A stream without a descriptor, as in memory, takes everything.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._poll = select.poll()
        self._waits = True
        try:
            self._poll.register(stream.fileno(), select.POLLOUT)
        except UnsupportedOperation:
            self._waits = False
        self._dropped = 0  # lines since the reader stopped
        self._broken_off = False  # the last line was not written to its end

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or count it as dropped."""
        try:
            if self._dropped and self._takes():
                lines, self._dropped = self._dropped, 0
                self._write(self.format(_of_dropped(lines)))
            if not self._write(self.format(record)):
                self._dropped += 1
        except Exception:
            self.handleError(record)

    def _takes(self) -> bool:
        """True when the stream takes a piece now; also where it is broken, for the write to tell."""
        return not self._waits or bool(self._poll.poll(0 if self._dropped else _PATIENCE))

    def _write(self, text: str) -> bool:
        line = f"{chr(10) if self._broken_off else ''}{text}{self.terminator}"
        for at in range(0, len(line), _PIECE):
            if not self._takes():
                self._broken_off = self._broken_off or at > 0
                return False
            self.stream.write(line[at : at + _PIECE])
            self.flush()
        self._broken_off = False
        return True


def _of_dropped(lines: int) -> logging.LogRecord:
    text = f"{lines} {'record' if lines == 1 else 'records'} dropped: the reader of the log had stopped reading"
    return logging.LogRecord("mailgate", logging.WARNING, "", 0, text, None, None)
