"""The report from a database against a count that walks minute by minute, over weeks with a clock change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from mailgate.config.load import load
from mailgate.desk.report import read_figures
from mailgate.store.db import open_reader, open_writer
from mailgate.store.tickets import report_rows, tickets
from mailgate.ticket import Actor, Address, Change, Event, EventKind, Status, Ticket

BY_ANN = Actor.agent("ann")
CONFIG = """
[desk]
name = "Help Desk"
timezone = "Europe/Berlin"
[address."support@bank.example"]
name = "Support"
[smtp]
[relay]
[department.Maintenance]
[agent.ann]
name = "Ann Lee"
email = ["ann@bank.example"]
[agent.bob]
name = "Bob Ray"
email = ["bob@bank.example"]
[team.Banking]
members = ["bob"]
[schedule.Berlin]
timezone = "Europe/Berlin"
hours = { mon-fri = ["01:00-12:00", "13:00-17:00"], sun = "01:00-05:00" }
holidays = ["2026-03-27", "2026-10-26"]
[schedule."New York"]
timezone = "America/New_York"
hours = { mon-sat = "22:00-06:00" }
[sla.B]
resolve = "8h"
schedule = "Berlin"
[sla.N]
resolve = "8h"
schedule = "New York"
was = ["Old"]
"""
MINUTE = timedelta(minutes=1)
NOBODY = "Default SLA"
SPRING, AUTUMN = datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 10, 12, tzinfo=UTC)
LENGTH = 21 * 1440  # minutes


def is_open(at: datetime, plan: str) -> bool:
    """Whether the wall shows opening hours in the minute that begins."""
    if plan == NOBODY:
        return True
    if plan == "B":
        wall = at.astimezone(ZoneInfo("Europe/Berlin"))
        if f"{wall:%m-%d}" in ("03-27", "10-26") or wall.weekday() == 5:
            return False
        return 1 <= wall.hour < 5 if wall.weekday() == 6 else 1 <= wall.hour < 17 and wall.hour != 12
    wall = at.astimezone(ZoneInfo("America/New_York"))
    night_of = wall if wall.hour >= 22 else wall - timedelta(days=1)
    return (wall.hour >= 22 or wall.hour < 6) and night_of.weekday() != 6


def open_minutes(start: datetime) -> dict[str, list[int]]:
    """Open minutes before each minute since `start`, by plan."""
    plans = {
        plan: list(accumulate((is_open(start + n * MINUTE, plan) for n in range(LENGTH)), initial=0))
        for plan in ("B", "N", NOBODY)
    }
    return plans | {"Old": plans["N"]}


@pytest.fixture(scope="module")
def walls() -> dict[datetime, dict[str, list[int]]]:
    return {start: open_minutes(start) for start in (SPRING, AUTUMN)}


def event(kind: EventKind, at: datetime, after=None, by: Actor = BY_ANN, before=None) -> Event:
    return Event(kind=kind, by=by, at=at, before=before, after=after)


def life(draw: random.Random, number: int, start: datetime) -> tuple[Ticket, list[Event]]:
    """A ticket that is opened, answered, moved, ended and opened again at random minutes."""
    minute = draw.randrange(LENGTH // 2)
    plan = draw.choice(["B", "N", NOBODY, "Old"])
    place = {"department": draw.choice(["Support", "Maintenance"]), "topic": "General Inquiry"}
    place |= {"priority": draw.choice(["Low", "High"]), "sla": plan, "status": "open", "assignee": None}
    events = [event(EventKind.OPENED, start + minute * MINUTE, dict(place), by=Actor.requester("k@x.example"))]
    status = "open"
    for _ in range(draw.randrange(9)):
        minute += draw.choice([0, 1, 50, 700, 3000])
        if minute >= LENGTH:
            break
        at, choice = start + minute * MINUTE, draw.randrange(6)
        if choice == 0:
            events.append(event(EventKind.REPLIED, at, by=Actor.agent(draw.choice(["ann", "bob"]))))
        elif choice == 1:
            events.append(event(EventKind.TRANSFERRED, at, draw.choice(["Support", "Maintenance"])))
        elif choice == 2:
            plan = draw.choice(["B", "N", NOBODY])
            events.append(event(EventKind.SLA_CHANGED, at, plan))
        elif choice == 3:
            events.append(event(EventKind.NOTED, at))
        else:
            status = draw.choice([one for one in ("open", "pending", "resolved", "closed") if one != status])
            events.append(event(EventKind.STATUS_CHANGED, at, status))
    ticket = Ticket(
        number=number,
        subject="x",
        status=Status(status),
        requester=Address("k@x.example"),
        department="Support",
        topic="General Inquiry",
        priority="Low",
        sla=plan,
        address="support@bank.example",
        created_at=events[0].at,
        updated_at=events[-1].at,
        sla_started_at=events[0].at,
    )
    return ticket, events


def slowly(lives, start: datetime, since: datetime, until: datetime, walls) -> dict[str, list[tuple[float, float]]]:
    """(elapsed, business) minutes of each resolution and first answer in the period."""
    found: dict[str, list[tuple[float, float]]] = {"resolution": [], "answer": []}

    def note(what: str, began: datetime, at: datetime, plan: str) -> None:
        if since <= at < until:
            first, last = ((moment - start) // MINUTE for moment in (began, at))
            found[what].append((last - first, walls[plan][last] - walls[plan][first]))

    for _, events in lives:
        began, plan, working, answered = events[0].at, events[0].after["sla"], True, False
        for one in events:
            if one.kind is EventKind.SLA_CHANGED:
                plan = one.after
            if one.kind is EventKind.REPLIED and not answered:
                answered = True
                note("answer", events[0].at, one.at, plan)
            if one.kind is EventKind.STATUS_CHANGED:
                works = one.after in ("open", "pending")
                if works and not working:
                    began = one.at
                if working and not works:
                    note("resolution", began, one.at, plan)
                working = works
    return found


def agree(times, pairs: list[tuple[float, float]]) -> None:
    assert times.count == len(pairs)
    for spread, minutes in ((times.elapsed, [p[0] for p in pairs]), (times.business, [p[1] for p in pairs])):
        if not minutes:
            assert (spread.median, spread.p90) == (None, None)
            continue
        assert spread.median == median(minutes) * 60
        within = [value for value in minutes if value * 60 <= spread.p90]
        below = [value for value in minutes if value * 60 < spread.p90]
        assert len(below) < 0.9 * len(minutes) <= len(within)


def backlog(lives, end: datetime) -> int:
    """How many tickets are open or pending at the end of a minute's walk."""
    count = 0
    for _, events in lives:
        status = ""
        for one in events:
            if one.at < end:
                status = "open" if one.kind is EventKind.OPENED else status
                status = str(one.after) if one.kind is EventKind.STATUS_CHANGED else status
        count += status in ("open", "pending")
    return count


@pytest.mark.seeds(*range(12))
def test_the_report_of_a_database_equals_a_walk_by_minutes(tmp_path, walls, seed):
    draw = random.Random(seed)
    start = draw.choice([SPRING, AUTUMN])
    lives = [life(draw, number, start) for number in range(1, 41)]
    (tmp_path / "config.toml").write_text(CONFIG)
    config, _ = load(tmp_path / "config.toml")
    db = open_writer(tmp_path / "x.db")
    with db.transaction():
        for ticket, events in lives:
            tickets.save(db, Change(before=None, after=ticket, events=tuple(events)), ())
    until = start + LENGTH * MINUTE
    since = start + draw.randrange(LENGTH // 2) * MINUTE
    report = read_figures(db, config, since, until).report()
    slow = slowly(lives, start, since, until, walls[start])
    agree(report.totals.resolution, slow["resolution"])
    agree(report.totals.first_response, slow["answer"])
    berlin = ZoneInfo("Europe/Berlin")
    for day, count in zip(report.days, report.totals.backlog, strict=True):
        midnight = datetime(day.year, day.month, day.day, tzinfo=berlin) + timedelta(days=1)
        assert count == backlog(lives, min(midnight.astimezone(UTC), until))
    for department, found in report.by["department"].items():
        assert found.opened == sum(
            events[0].after["department"] == department and since <= events[0].at for _, events in lives
        )
    db.close()


def test_tickets_that_were_done_before_the_period_are_not_read(tmp_path):
    db = open_writer(tmp_path / "x.db")
    old, done = life(random.Random(1), 1, SPRING)
    with db.transaction():
        ended = event(EventKind.STATUS_CHANGED, SPRING + timedelta(days=20), "closed")
        tickets.save(db, Change(before=None, after=old, events=(*done, ended)), ())
        db.run("UPDATE ticket SET status = 'closed'")
    assert report_rows.concerned(db, SPRING) == [1]
    assert report_rows.concerned(db, SPRING + timedelta(days=21)) == []
    db.run("UPDATE ticket SET status = 'pending'")
    assert report_rows.concerned(db, SPRING + timedelta(days=21)) == [1]
    db.close()


def test_what_is_read_is_the_database_of_one_moment(tmp_path):
    writer = open_writer(tmp_path / "x.db")
    ticket, events = life(random.Random(1), 1, SPRING)
    with writer.transaction():
        tickets.save(writer, Change(before=None, after=ticket, events=tuple(events)), ())
    reader = open_reader(tmp_path / "x.db")
    with reader.snapshot():
        assert report_rows.concerned(reader, SPRING) == [1]
        with writer.transaction():
            writer.run("DELETE FROM event")
        assert len(next(iter(report_rows.pasts(reader, [1])))[1]) > 0
    assert next(iter(report_rows.pasts(reader, [1])))[1] == []
    with writer.transaction(), writer.snapshot():
        writer.run("DELETE FROM deadline")
    reader.close()
    writer.close()
