"""The benchmarks can be started, and say which mark was missed. They measure on a quiet machine, not in a test."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import PARTS
from benchmarks.chart import chart
from benchmarks.client import message
from benchmarks.results import Line, Spread, at_least, at_most, table
from mailgate.reading.parse import parse

LINES = [
    Line("bare <aiosmtpd>", "700 /s"),
    at_least("a ratio", Spread.of([0.4, 0.6, 0.2]), 0.5),
    at_most("a start", Spread.of([0.2]), 0.25, "s", 2),
]


def test_the_table_tells_what_was_reached_and_what_missed():
    bare, ratio, start = table(LINES).splitlines()
    assert bare.endswith("700 /s")
    assert ratio.endswith("0.40 (0.20-0.60)  >= 0.5      MISSED (80%)")
    assert start.endswith("0.20 s  <= 0.25 s   reached")


def test_the_chart_has_a_bar_for_each_mark():
    root = ET.fromstring(chart(LINES, "what <is> reached"))
    assert [bar.get("class") for bar in root.findall(".//{*}rect")] == ["missed", "good"]
    assert root.findtext("{*}title") == "what <is> reached"


@pytest.mark.parametrize("shape", ["plain", "alt", "attach"])
def test_the_mails_are_as_they_are_called(shape: str):
    mail = message("run", 7, shape)
    assert mail.endswith(b"\r\n.\r\n")
    assert b"\r\n.\r\n" not in mail[:-5]
    found = parse(mail.removesuffix(b".\r\n"))
    assert found.subject == "Printer 7 in room 7 does not print"


def test_every_part_says_how_long_it_takes():
    assert all(minutes > 0 for _, minutes in PARTS.values())
