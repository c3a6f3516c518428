"""The explanation of a due time, line by line: `tickets show` and `due_explained`.

Tells what `sla.clock` counts and counts nothing of its own. A ticket keeps the due time of the configuration
under which it last changed: another one is told, not explained by hours that did not make it. In the desk's
time zone, and bounded: the middle of a long story is summed up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailgate.rules.sla.calendar import DAY, Calendar, calendar_of
from mailgate.rules.sla.clock import Stretch, due_time, plan_of, running, until
from mailgate.rules.text.moments import ENGLISH
from mailgate.settings import Config, SlaPlan
from mailgate.ticket import Ticket

HEAD, TAIL = 8, 4  # lines shown at the beginning and end of a long explanation


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    text: str
    worked: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class _Words:
    """Times as text, with the year where it is not that of the first line."""

    zone: ZoneInfo
    year: int

    def day(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return ENGLISH.short_day(local) if local.year == self.year else ENGLISH.day(local)

    def moment(self, at: datetime) -> str:
        return f"{self.day(at)} {self._time(at)}"

    def zoned(self, at: datetime) -> str:
        return f"{self.moment(at)} {at.astimezone(self.zone).tzname()}"

    def span(self, start: datetime, end: datetime) -> str:
        if self.day(start) == self.day(end):
            return f"{self.moment(start)}-{self._time(end)}"
        return f"{self.moment(start)} - {self.moment(end)}"

    def _time(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M}"


def duration(length: timedelta) -> str:
    """A length of working time as people write it: "8 h", "1 h 30 min", "45 s"."""
    seconds = round(length / timedelta(seconds=1))
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def explain_due(ticket: Ticket, config: Config) -> tuple[str, ...]:
    """The lines that explain the ticket's due time."""
    words = _Words(config.desk.timezone, ticket.sla_started_at.astimezone(config.desk.timezone).year)
    plan = plan_of(ticket, config)
    calendar = calendar_of(config.schedules[plan.schedule])
    stretches = running(ticket, plan)
    due = due_time(ticket, plan, calendar, stretches)
    if ticket.due_manual:
        return ("due time set by hand", *_outcome(ticket, ticket.due_manual, words))
    if ticket.due_at and ticket.due_at != due:
        by = ("due time by an earlier configuration", *_outcome(ticket, ticket.due_at, words))
        return (*by, f"by the present one {f'due {words.zoned(due)}' if due else 'not due'}, from its next change on")
    if plan.resolve is None:
        return (f"{plan.name}: no time to resolve",)
    reopened = ", when it was reopened" if ticket.reopened else ""
    head = (
        f"{plan.name}: {duration(plan.resolve)} of {calendar.name}",
        f"from {words.zoned(ticket.sla_started_at)}{reopened}",
    )
    if due:
        story = _story(ticket, plan, calendar, stretches, due, words)
        return (*head, *_bounded(story), *_outcome(ticket, due, words))
    if stretches and stretches[-1].end is None:
        return (*head, f"never due: {calendar.name} has not that many hours in ten years")
    since = ticket.status_log[-1].since if ticket.status_log else ticket.sla_started_at
    left = plan.resolve - until(calendar, stretches, since)
    story = _story(ticket, plan, calendar, stretches, since, words)
    still = f"stands still while {ticket.status} since {words.zoned(since)}, {duration(left)} left"
    return (*head, *_bounded(story), still)


def _outcome(ticket: Ticket, due: datetime, words: _Words) -> Iterator[str]:
    yield f"due {words.zoned(due)}"
    if ticket.resolved_at:
        yield f"resolved {words.zoned(ticket.resolved_at)}, {'in time' if ticket.resolved_at <= due else 'too late'}"


def _story(
    ticket: Ticket, plan: SlaPlan, calendar: Calendar, stretches: tuple[Stretch, ...], end: datetime, words: _Words
) -> list[_Line]:
    lines = list(_pauses(ticket, plan, end, words))
    for stretch in stretches:
        if stretch.start < end:
            until_then = min(stretch.end or end, end)
            lines += _worked(stretch.start, until_then, calendar, words)
            lines += _holidays(stretch.start, until_then, calendar, words)
    return sorted(lines, key=lambda line: line.at)


def _worked(start: datetime, end: datetime, calendar: Calendar, words: _Words) -> Iterator[_Line]:
    for opens, closes in calendar.spans(start, end):
        yield _Line(opens, f"{words.span(opens, closes)}: {duration(closes - opens)}", closes - opens)


def _holidays(start: datetime, end: datetime, calendar: Calendar, words: _Words) -> Iterator[_Line]:
    """Days on which the schedule would have had hours, in its own time zone."""
    last = end.astimezone(calendar.zone).date()
    noon = start.astimezone(calendar.zone).replace(hour=12, minute=0, second=0, microsecond=0)
    while noon.date() <= last:
        name = calendar.holiday(noon.date())
        if name and calendar.keeps_hours(noon.date()):
            named = "" if name == "holiday" else f" ({name})"
            local = words.day(noon.replace(tzinfo=words.zone))  # the schedule's date, whatever the desk's zone
            yield _Line(noon, f"{local}: holiday{named}")
        noon += DAY


def _pauses(ticket: Ticket, plan: SlaPlan, end: datetime, words: _Words) -> Iterator[_Line]:
    log = ticket.status_log
    for span, following in pairwise(log):
        if span.status in plan.pause and span.since < end:
            length = duration(following.since - span.since)
            yield _Line(span.since, f"{words.span(span.since, following.since)}: paused {length} while {span.status}")


def _bounded(lines: list[_Line]) -> list[str]:
    if len(lines) <= HEAD + TAIL + 1:
        return [line.text for line in lines]
    middle = lines[HEAD:-TAIL]
    worked = sum((line.worked for line in middle), timedelta())
    between = f"… {len(middle)} more lines like these: {duration(worked)}"
    return [*(line.text for line in lines[:HEAD]), between, *(line.text for line in lines[-TAIL:])]
