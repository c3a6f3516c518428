"""`join`: a storm of alarms with one subject is one ticket."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.desk import CONFIG, Bench, to

MONITOR = "Nagios <nagios@mon.example>"


RULES = """
[[rule]]
name = "Monitoring"
when = { from = "nagios@mon.example" }
then = { join = "24h", priority = "High" }
"""


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, CONFIG + RULES)


def test_a_storm_of_alarms_is_one_ticket(bench):
    for full in range(80, 100):
        bench.send(MONITOR, f"{full} % of /var", subject=f"PROBLEM: web{full % 3} disk {full}% full")
    assert bench.numbers() == [1001]
    assert len(bench.thread()) == 20
    assert bench.thread()[-1] == ("message", "99 % of /var")
    assert "ticket: 1001" in bench.way()


def test_another_subject_sender_or_day_is_another_ticket(bench):
    bench.send(MONITOR, "x", subject="PROBLEM: disk 91% full")
    bench.send(MONITOR, "x", subject="PROBLEM: load 12")
    bench.send("karen@client.example", "x", subject="PROBLEM: disk 91% full")
    assert bench.numbers() == [1001, 1002, 1003]
    bench.now += timedelta(hours=25)
    bench.send(MONITOR, "x", subject="PROBLEM: disk 92% full")
    assert bench.numbers() == [1001, 1002, 1003, 1004]


def test_an_alarm_after_the_all_clear_opens_its_ticket_again(bench):
    opened = bench.send(MONITOR, "x", subject="disk 91% full")
    bench.send("elliot@bank.example", "#resolved", answers=to(opened, "elliot@bank.example"))
    mails = bench.send(MONITOR, "x", subject="disk 92% full")
    assert bench.numbers() == [1001]
    assert (bench.ticket().status, bench.ticket().reopened) == ("open", 1)
    assert "elliot@bank.example" in {mail.to for mail in mails}
