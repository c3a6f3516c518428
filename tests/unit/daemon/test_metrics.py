"""The page for Prometheus, by the rules of its text format."""

from __future__ import annotations

import re

from mailgate.daemon.metrics import COUNTED, HELP, Sample, text

LINE = re.compile(r'[a-z_]+(\{([a-z_]+="(\\\\|\\"|\\n|[^"\\\n])*",?)+\})? -?[0-9.e+-]+')


def test_each_name_stands_together_below_its_help_and_type() -> None:
    page = text(
        [
            Sample("mailgate_queue", 3, (("queue", "inbox"),)),
            Sample("mailgate_ready", True),
            Sample("mailgate_queue", 123_456_789, (("queue", "outbox"),)),
            Sample("mailgate_sent_total", 7),
        ]
    )
    assert page.splitlines() == [
        f"# HELP mailgate_queue {HELP['mailgate_queue']}",
        "# TYPE mailgate_queue gauge",
        'mailgate_queue{queue="inbox"} 3',
        'mailgate_queue{queue="outbox"} 123456789',
        f"# HELP mailgate_ready {HELP['mailgate_ready']}",
        "# TYPE mailgate_ready gauge",
        "mailgate_ready 1",
        f"# HELP mailgate_sent_total {HELP['mailgate_sent_total']}",
        "# TYPE mailgate_sent_total counter",
        "mailgate_sent_total 7",
    ]
    assert page.endswith("\n")


def test_what_a_label_says_cannot_break_the_page() -> None:
    page = text([Sample("mailgate_way_in_connected", 1, (("way", 'a"b\\c\nd'),))])
    assert page.splitlines()[2] == 'mailgate_way_in_connected{way="a\\"b\\\\c\\nd"} 1'
    assert LINE.fullmatch(page.splitlines()[2])


def test_every_counted_event_has_its_help() -> None:
    assert {f"mailgate_{event}_total" for event in COUNTED} == {name for name in HELP if name.endswith("_total")}
    assert not [each for each in HELP.values() if "\n" in each or "\\" in each]
