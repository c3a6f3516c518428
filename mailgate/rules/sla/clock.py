"""The SLA clock of a ticket: its due time, and the deadlines at which something has to happen.

A pure function of the ticket and the configuration: whatever changed (topic, department,
plan, status, a due time by hand), computing it again gives the new times. It does not
depend on the present time; which steps have fired is recorded in the ticket.

The rules, osTicket's grace period made exact:

- The resolve clock runs from `sla_started_at` through the plan's schedule and stands
  still in the plan's `pause` statuses. While it stands still nothing falls due; a due
  time that passed before the pause stays passed.
- A finished ticket keeps the due time that it would have met or missed had its clock run
  on from there, so that "resolved in time" is `resolved_at <= due_at`. Nothing fires.
- A due time set by hand is the 100 % and holds through pauses, on its date as set; the
  other steps lie in the working time between start and it, in proportion.
- Response targets run through the same hours and pauses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

from mailgate.rules.sla.calendar import Calendar, calendar_of
from mailgate.settings import Config, SlaPlan
from mailgate.ticket import Status, StatusSpan, Ticket

OVERDUE = "100%"  # the step that sets the overdue flag and sends `overdue`, also in a plan that does not list it
FIRST_RESPONSE = "first_response"
NEXT_RESPONSE = "next_response"
WAKE = "wake"
CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Deadline:
    """What has to happen to a ticket, and when: a ladder step, a missed response, a wake-up, the closing."""

    step: str  # a `Step.label`, or one of the names above
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A ticket's times. None where there is no target, or the clock stands still before it."""

    due_at: datetime | None
    first_response_by: datetime | None
    next_response_by: datetime | None
    deadlines: tuple[Deadline, ...]  # those that have not fired, in order of time


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which the clock runs; `end` is None for the one that has not ended."""

    start: datetime
    end: datetime | None


def clock(ticket: Ticket, config: Config) -> Clock:
    """The times of `ticket` as it stands."""
    plan = plan_of(ticket, config)
    calendar = calendar_of(config.schedules[plan.schedule])
    stretches = running(ticket, plan)
    due = due_time(ticket, plan, calendar, stretches)
    first = _first_response(ticket, plan, calendar, stretches)
    next_ = _next_response(ticket, plan, calendar, stretches)
    waiting: list[Deadline] = []
    if ticket.status.active and stretches and stretches[-1].end is None:
        waiting += _ladder(ticket, plan, calendar, stretches, due)
        waiting += [Deadline(FIRST_RESPONSE, first)] if first and not ticket.first_response_at else []
        waiting += [Deadline(NEXT_RESPONSE, next_)] if next_ else []
        waiting = [deadline for deadline in waiting if deadline.step not in ticket.escalated]
    if ticket.status is Status.PENDING and ticket.wake_at:
        waiting.append(Deadline(WAKE, ticket.wake_at))
    if ticket.status is Status.RESOLVED and ticket.resolved_at:
        waiting.append(Deadline(CLOSE, ticket.resolved_at + config.tickets.close_resolved_after))
    deadlines = tuple(sorted(waiting, key=lambda deadline: deadline.at))
    return Clock(due_at=due, first_response_by=first, next_response_by=next_, deadlines=deadlines)


def plan_of(ticket: Ticket, config: Config) -> SlaPlan:
    """The ticket's SLA plan."""
    return plan_called(ticket.sla, config)


def plan_called(name: str, config: Config) -> SlaPlan:
    """The SLA plan of this name; for a name that is gone, the plan that was called so, else the default."""
    found = config.slas.get(name)
    renamed = (plan for plan in config.slas.values() if name in plan.was)
    return found or next(renamed, None) or config.slas[config.defaults.sla or "Default SLA"]


def running(ticket: Ticket, plan: SlaPlan) -> tuple[Stretch, ...]:
    """The stretches since `sla_started_at` in which the ticket was in no paused status.

    A finished ticket's clock is taken to run on, as described above.
    """
    log = ticket.status_log or (StatusSpan(ticket.status, ticket.sla_started_at),)
    stretches: list[Stretch] = []
    for span, following in zip_longest(log, log[1:]):
        if span.status.active and span.status in plan.pause:
            continue
        carried_on = bool(stretches) and stretches[-1].end == span.since
        start = stretches.pop().start if carried_on else span.since
        stretches.append(Stretch(start, following.since if following else None))
    return tuple(stretches)


def due_time(ticket: Ticket, plan: SlaPlan, calendar: Calendar, stretches: tuple[Stretch, ...]) -> datetime | None:
    """When the ticket has to be resolved."""
    if ticket.due_manual:
        return ticket.due_manual
    return after(calendar, stretches, plan.resolve) if plan.resolve is not None else None


def after(calendar: Calendar, stretches: tuple[Stretch, ...], working: timedelta) -> datetime | None:
    """When `working` time has passed in the stretches; None when they end before, or it never has."""
    for stretch in stretches:
        if stretch.end is None:
            return calendar.add(stretch.start, working)
        worked = calendar.worked(stretch.start, stretch.end)
        if working <= worked:
            return calendar.add(stretch.start, working)
        working -= worked
    return None


def until(calendar: Calendar, stretches: tuple[Stretch, ...], end: datetime) -> timedelta:
    """Working time in the stretches up to `end`."""
    worked = (calendar.worked(stretch.start, min(stretch.end or end, end)) for stretch in stretches)
    return sum(worked, timedelta())


def _first_response(
    ticket: Ticket, plan: SlaPlan, calendar: Calendar, stretches: tuple[Stretch, ...]
) -> datetime | None:
    if ticket.first_response_at:
        return ticket.first_response_by  # as it stood when it was met or missed
    return after(calendar, stretches, plan.first_response) if plan.first_response is not None else None


def _next_response(
    ticket: Ticket, plan: SlaPlan, calendar: Calendar, stretches: tuple[Stretch, ...]
) -> datetime | None:
    since = ticket.waiting_since
    if plan.next_response is None or not ticket.first_response_at or not since:
        return None
    later = tuple(
        Stretch(max(stretch.start, since), stretch.end)
        for stretch in stretches
        if stretch.end is None or stretch.end > since
    )
    return after(calendar, later, plan.next_response)


def _ladder(
    ticket: Ticket, plan: SlaPlan, calendar: Calendar, stretches: tuple[Stretch, ...], due: datetime | None
) -> Iterator[Deadline]:
    if due is None:
        return
    yield Deadline(OVERDUE, due)
    whole = until(calendar, stretches, due) if ticket.due_manual else plan.resolve
    if not whole:  # set by hand to a time before any work: there is nothing to have a share of
        return
    for label, share in {step.label: step.at for step in plan.escalate if step.label != OVERDUE}.items():
        at = after(calendar, stretches, whole * share)
        if at:
            yield Deadline(label, at)
