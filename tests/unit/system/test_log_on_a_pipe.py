"""The log on a pipe that nobody reads."""

from __future__ import annotations

import io
import logging
import os
import threading
from contextlib import suppress

import pytest

from mailgate.system.log_format import LogHandler
from tests.waiting import PATIENCE


@pytest.fixture
def pipe():
    """Descriptors of a pipe: to read, not blocking, and to write."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as reader, os.fdopen(writing, "w", encoding="utf-8") as writer:
        yield reader, writer
        with suppress(BrokenPipeError):
            writer.close()


def log(handler, *texts):
    """Log lines in a thread, which must come to its end."""

    def work():
        for text in texts:
            handler.emit(logging.LogRecord("mailgate", logging.INFO, "", 0, text, None, None))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the log waits for its reader"


def read(reader):
    data = b""
    while piece := reader.read(1_000_000):
        data += piece
    return data.decode().splitlines()


def test_lines_come_as_they_are(pipe):
    reader, writer = pipe
    log(LogHandler(writer), "one", "zwei ä", "x" * 20_000)
    assert read(reader) == ["one", "zwei ä", "x" * 20_000]


def test_what_a_full_pipe_does_not_take_is_dropped_and_counted(pipe):
    reader, writer = pipe
    handler = LogHandler(writer)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    lines = [f"{number} {'ü' * 3_000}" for number in range(100)]  # more than any pipe holds
    log(handler, *lines)
    taken = read(reader)
    assert taken[:2] == [f"INFO {line}" for line in lines[:2]]
    log(handler, "after it")
    lost = len(lines) - sum(f"INFO {line}" in taken for line in lines)
    told = f"WARNING {lost} records dropped: the reader of the log had stopped reading"
    assert [line for line in read(reader) if line] == [told, "INFO after it"]
    log(handler, "and on")
    assert read(reader) == ["INFO and on"]


def test_a_reader_that_is_gone_ends_nobody(pipe, capsys):
    reader, writer = pipe
    reader.close()
    log(LogHandler(writer), "one", "two")
    assert "BrokenPipeError" in capsys.readouterr().err


def test_a_stream_without_a_descriptor_takes_everything() -> None:
    memory = io.StringIO()
    log(LogHandler(memory), "one", "two")
    assert [line.split()[-1] for line in memory.getvalue().splitlines()] == ["one", "two"]
