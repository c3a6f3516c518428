"""The labs end to end: mail by SMTP to the real daemon, which delivers to a real SMTP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import labs
from tests.acceptance.labs import ELLIOT, KAREN, MARCUS, SOFIA
from tests.acceptance.people import Program, apple, gmail, mutt, outlook
from tests.acceptance.world import World, desk
from tests.waiting import wait_until, wait_until_time


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The desk of the labs; Sev-A is four seconds instead of an hour."""
    with World(tmp_path, desk(sev_a="4s")) as world:
        world.start()
        yield world


@pytest.mark.both
def test_lab_1_outage(world: World) -> None:
    labs.outage(world, world.step)


@pytest.mark.parametrize("program", [gmail, outlook, apple, mutt])
def test_lab_2_upgrade(world: World, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every mail client, commands are read and quotes are ignored."""
    for person in (labs.CARLA, labs.ELLIOT, labs.MARCUS):
        monkeypatch.setattr(person, "program", program)
    labs.upgrade(world, world.step)


@pytest.mark.both
def test_lab_3_laptop(world: World) -> None:
    labs.laptop(world, world.step)


def test_a_resolved_ticket_is_closed_after_a_while_without_a_notice(tmp_path: Path) -> None:
    """A later reply still reopens it."""
    with World(tmp_path, desk(more='\n[tickets]\nclose_resolved_after = "1s"\n')) as world:
        world.start()
        news = world.step(KAREN.writes("A question", "Where is the form?"))
        number, alert = news.only(KAREN.email).ticket, news.only(MARCUS.email)
        news = world.step(MARCUS.answers(alert, "#resolved\n\nOn the first page."))
        told = news.only(KAREN.email)
        assert told.kind == "reply"
        wait_until(lambda: world.ticket(number)["status"] == "closed", world.log_text)
        assert world.settle().kinds == {}
        assert labs.events(world.ticket(number))[-1] == ("status-changed", "clock", "resolved long enough")
        news = world.step(KAREN.answers(told, "Which first page?"))
        assert news.kinds == {MARCUS.email: ["new-message"]}
        assert world.ticket(number)["status"] == "open"


def test_a_ticket_that_went_overdue_while_the_daemon_was_down_is_alerted_at_the_start(tmp_path: Path) -> None:
    """The alerts are sent once, and not again at the next start."""
    with World(tmp_path, desk(sev_a="1s")) as world:
        mail = KAREN.writes("The portal is down", "Nobody can log in.", to="outages@bank.example")
        world.cli("ingest", "--recipient", "outages@bank.example", stdin=mail.as_bytes())
        ((due,),) = world.sql("SELECT due_at FROM ticket")
        wait_until_time(due)
        world.start()
        news = world.wait_for(SOFIA.email, "overdue")
        assert news.kinds[SOFIA.email] == news.kinds[ELLIOT.email] == ["new-ticket", "overdue"]
        assert world.end() == 0

        world.start()
        second = KAREN.writes("The portal is down, too", "As above.", to="outages@bank.example")
        number = world.step(second).only(KAREN.email).ticket
        assert {got.ticket for got in world.wait_for(SOFIA.email, "overdue")[SOFIA.email]} == {number}


@pytest.mark.alone
def test_a_ticket_is_overdue_within_a_second_of_its_time(tmp_path: Path) -> None:
    """The fastest of three, by the clock of the daemon."""
    with World(tmp_path, desk(sev_a="1s")) as world:
        world.start()
        for number in range(3):
            world.step(KAREN.writes(f"Outage {number}", "Nobody can log in.", to="outages@bank.example"))
            world.wait_for(SOFIA.email, "overdue")
        late = world.sql("SELECT event.at - due_at FROM event JOIN ticket ON number = ticket WHERE kind = 'overdue'")
        assert len(late) == 3
        assert min(late)[0] < 1.0
