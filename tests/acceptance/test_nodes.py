"""Two nodes on one PostgreSQL database: each mail is one ticket, whatever node dies or stands still."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

from tests.acceptance.nodes import SHORT, Site, mail, play, site
from tests.dovecot import Dovecot
from tests.postgresql import cluster
from tests.waiting import wait_until


def test_each_mail_is_one_ticket_whatever_node_is_killed_or_stopped(tmp_path: Path) -> None:
    with Dovecot() as dovecot, site(tmp_path, cluster(), "ab", dovecot, SHORT) as found:
        chance = random.Random(7)
        figures = play(found, dovecot, chance, by_smtp=50, in_folder=30, pause=0.5, still=7.0)
        assert figures["tickets"] == 40


def test_what_a_dead_node_did_alone_another_one_does(tmp_path: Path) -> None:
    with Dovecot() as dovecot, site(tmp_path, cluster(), "ab", dovecot, SHORT) as found:
        wait_until(lambda: found.holder("mailbox support") and found.holder("clock"))
        first = found.holder("mailbox support")
        other = "b" if first == "a" else "a"
        dovecot.deliver([mail("one", 0)])
        wait_until(lambda: found.first.sql("SELECT 1 FROM ticket"))
        go_on = found.stop(first)
        dovecot.deliver([mail("two", 0, "outages@bank.example")])
        three = mail("three0", 0, "outages@bank.example")
        wait_until(lambda: found.is_taken(three, [other], "outages@bank.example"))  # once no transaction stands still
        wait_until(lambda: found.nodes[other].sql("SELECT 1 FROM ticket WHERE subject = 'About two'"))
        wait_until(lambda: found.nodes[other].sql("SELECT 1 FROM ticket WHERE overdue = 1"))
        assert {found.holder("mailbox support"), found.holder("clock")} == {other}
        go_on()
        assert found.nodes[first].ended() == 75, "it was taken for dead, and ends"
        found.start(first)
        found.await_stillness()
        found.check({"one": 1, "two": 1, "three0": 1})


def test_a_large_mail_is_worked_by_another_node_than_took_it(tmp_path: Path) -> None:
    with site(tmp_path, cluster(), "ab") as found:
        stopped = found.nodes["a"].stop_worker()
        large = mail("large", 0, more=f"-- \r\n{'x' * 70}\r\n" + f"{'y' * 70}\r\n" * 5000)
        assert found.is_taken(large, ["a"])
        wait_until(lambda: found.first.sql("SELECT 1 FROM ticket"))
        assert found.first.sql("SELECT count(*) FROM raw WHERE file IS NOT NULL") == [(1,)]
        os.kill(stopped, signal.SIGCONT)
        found.await_stillness()


def test_status_shows_every_node_and_a_reload_reaches_all(tmp_path: Path) -> None:
    with site(tmp_path, cluster(), "ab", patch=SHORT) as found:
        first, second = found.nodes["a"], found.nodes["b"]
        wait_until(lambda: found.holder("clock"))
        known = first.look("status")
        assert [(node["name"], node["alive"]) for node in known["nodes"]] == [("a", True), ("b", True)]
        assert known["nodes"][0]["config"] == known["nodes"][1]["config"]
        assert [lease["resource"] for lease in known["leases"]] == ["clock"]
        assert "different" not in str(known["problems"])
        for world in (first, second):
            text = world.file.read_text()
            world.file.write_text(text.replace('name = "First Bank Help Desk"', 'name = "Second Bank"'))
        first.cli("reload")
        wait_until(lambda: "reloaded: " in second.log_text(), second.log_text)
        second.file.write_text(second.file.read_text().replace('name = "Second Bank"', 'name = "Third Bank"'))
        second.cli("reload")
        wait_until(lambda: "different configurations" in str(first.look("status", codes=(0, 1))["problems"]))
        wait_until(lambda: first.log_text().count("reloaded: ") == 2, first.log_text)


GATE = """
import asyncio, pathlib
from mailgate.daemon.database_tasks import Membership
renew = Membership.renew
async def renews_when_it_may(self):
    while not pathlib.Path("{gate}").exists():
        await asyncio.sleep(0.05)
    await renew(self)
Membership.renew = renews_when_it_may
"""


def test_a_reload_reaches_a_node_that_has_read_its_configuration_and_nothing_else_yet(tmp_path: Path) -> None:
    gate, url = tmp_path / "gate", cluster().url(cluster().empty_database(), tcp=True)
    with Site(tmp_path, url, "ab", patch=SHORT + GATE.format(gate=gate)) as found:
        first, second = found.nodes["a"], found.nodes["b"]
        gate.touch()
        found.start("a")
        wait_until(lambda: found.holder("clock"))
        first.cli("reload")
        wait_until(lambda: found.first.sql("SELECT 1 FROM meta WHERE key = 'reloads' AND value = '1'"))
        gate.unlink()
        found.start("b")
        second.file.write_text(second.file.read_text().replace('name = "First Bank Help Desk"', 'name = "Second Bank"'))
        first.cli("reload")
        wait_until(lambda: first.log_text().count("reloaded: ") == 2, first.log_text)
        gate.touch()
        wait_until(lambda: "reloaded: [desk]" in second.log_text(), second.log_text)
        assert second.log_text().count("reloaded: ") == 1, "the one before its start was none of its own"
