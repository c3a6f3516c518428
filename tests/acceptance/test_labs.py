"""The labs, end to end: SMTP in, the real process, a real SMTP server out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import labs
from tests.acceptance.labs import ELLIOT, KAREN, MARCUS, SOFIA
from tests.acceptance.people import Program, apple, gmail, mutt, outlook
from tests.acceptance.world import World, desk, wait_until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The labs' desk; the hour of Sev-A is four seconds."""
    with World(tmp_path, desk(sev_a="4s")) as world:
        world.start()
        yield world


def test_the_outage(world: World) -> None:
    labs.outage(world, world.step)


@pytest.mark.parametrize("program", [gmail, outlook, apple, mutt])
def test_the_upgrade(world: World, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever mail program everybody has, commands are read and quotes are not."""
    for person in (labs.CARLA, labs.ELLIOT, labs.MARCUS):
        monkeypatch.setattr(person, "program", program)
    labs.upgrade(world, world.step)


def test_the_laptop(world: World) -> None:
    labs.laptop(world, world.step)


def test_what_is_resolved_closes_after_a_while_in_silence(tmp_path: Path) -> None:
    """The clock closes it; nobody gets mail for that, and a later answer still opens it again."""
    with World(tmp_path, desk(more='\n[tickets]\nclose_resolved_after = "1s"\n')) as world:
        world.start()
        news = world.step(KAREN.writes("A question", "Where is the form?"))
        number, alert = news.only(KAREN.email).ticket, news.only(MARCUS.email)
        news = world.step(MARCUS.answers(alert, "#resolved\n\nOn the first page."))
        told = news.only(KAREN.email)
        assert told.kind == "reply"
        wait_until(lambda: world.ticket(number)["status"] == "closed", 10)
        assert world.settle().kinds == {}
        assert labs.story(world.ticket(number))[-1] == ("status-changed", "clock", "resolved long enough")
        news = world.step(KAREN.answers(told, "Which first page?"))
        assert news.kinds == {MARCUS.email: ["new-message"]}
        assert world.ticket(number)["status"] == "open"


def test_what_came_due_meanwhile_is_told_right_after_the_start(world: World) -> None:
    """The daemon was down when the time ran out: the alerts come once, at once, and not again."""
    news = world.step(KAREN.writes("The portal is down", "Nobody can log in.", to="outages@bank.example"))
    number = news.only(KAREN.email).ticket
    assert world.end().code == 0
    ((due,),) = world.sql("SELECT due_at FROM ticket WHERE number = ?", number)
    wait_until(lambda: time.time() > due + 0.5, 10)
    world.start()
    began = time.monotonic()
    news = world.wait_for(SOFIA.email, "overdue")
    assert time.monotonic() - began < 2
    assert news.kinds == {SOFIA.email: ["overdue"], ELLIOT.email: ["overdue"]}
    assert world.end().code == 0
    world.start()
    time.sleep(1.2)  # two ticks of the clock
    assert world.settle().kinds == {}
